//! How many incidents each family had on the last days, so that a digest can say what has become more and what less.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::count;

/// New incidents by day and family, as far as their editions were said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DigestDays {
    /// The last [`DigestDays::MOST`] days.
    pub days: BTreeMap<Date, BTreeMap<String, u64>>,
    /// The first day that was ever counted: before it nothing is known.
    pub counted_from: Option<Date>,
}

impl DigestDays {
    /// So many days are remembered: a week, the week before it, and the day of the digest.
    pub const MOST: usize = 15;

    /// With what was counted elsewhere.
    pub fn with(mut self, days: &BTreeMap<Date, BTreeMap<String, u64>>, counted_from: Option<Date>) -> Self {
        for (day, families) in days {
            let known = self.days.entry(*day).or_default();
            families.iter().for_each(|(family, more)| count(known, family, *more));
        }
        let first = days.keys().next().copied();
        self.counted_from = [self.counted_from, counted_from, first].into_iter().flatten().min();
        self
    }

    /// On that day it was counted, whether or not there was anything; and the days that are too long before the
    /// newest are forgotten.
    pub fn up_to(mut self, day: Date) -> Self {
        self.counted_from = Some(self.counted_from.map_or(day, |from| from.min(day)));
        let newest = self.days.last_key_value().map_or(day, |(newest, _)| day.max(*newest));
        let oldest = newest.saturating_sub(jiff::Span::new().days(Self::MOST as i64 - 1));
        self.days.retain(|day, _| *day >= oldest);
        self
    }
}
