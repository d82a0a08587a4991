//! Maintenance windows that come again: each a cron line, a time zone and a length.

mod cron;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use crate::zone::Zone;

pub use cron::{Cron, CronError};

/// A maintenance window that comes again, such as the second Tuesday of each month from 22:00 for 4 hours.
///
/// It lasts as long as it says, whatever the wall clock does meanwhile. Occurrences that overlap or touch are
/// one, from the first one's start to the last one's end.
#[derive(Clone, Debug, PartialEq)]
pub struct RecurringWindow {
    name: String,
    cron: Cron,
    zone: Zone,
    lasts: SignedDuration,
}

/// Why there can be no such window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// No length.
    #[error("expected `hours` or `minutes` or both, more than 0 together")]
    NoLength,
    /// Too long.
    #[error("expected at most 30 days, found {} hours", .0.as_hours())]
    TooLong(SignedDuration),
    /// One goes over into the next, again and again.
    #[error(
        "expected a window that ends within 30 days: lasting {} minutes, each `{cron}` goes over into the next",
        .lasts.as_mins()
    )]
    Endless {
        /// When it begins.
        cron: String,
        /// How long it lasts.
        lasts: SignedDuration,
    },
}

impl RecurringWindow {
    /// No window is longer, nor any row of them that goes over one into the next.
    pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
    /// No row is longer than so many occurrences.
    const LONGEST_ROW: usize = 500;
    /// So many occurrences, or those of twelve years, are tried for being in a row that does not end.
    const TRIED: usize = 1_000;

    /// A window of that length.
    ///
    /// # Errors
    /// A length of nothing, or of more than 30 days; occurrences that follow one another without a break for
    /// longer than that, or 500 times.
    pub fn new(
        name: impl Into<String>,
        cron: Cron,
        zone: Zone,
        lasts: SignedDuration,
    ) -> Result<RecurringWindow, WindowError> {
        if lasts <= SignedDuration::ZERO {
            return Err(WindowError::NoLength);
        }
        if lasts > Self::LONGEST {
            return Err(WindowError::TooLong(lasts));
        }
        let window = Self { name: name.into(), cron, zone, lasts };
        if window.is_endless() {
            return Err(WindowError::Endless { cron: window.cron.to_string(), lasts });
        }
        Ok(window)
    }

    /// The length that a configuration gives in hours, in minutes or in both.
    ///
    /// # Errors
    /// Neither is given, or both are 0.
    pub fn length(hours: Option<u32>, minutes: Option<u32>) -> Result<SignedDuration, WindowError> {
        let minutes = i64::from(hours.unwrap_or(0)) * 60 + i64::from(minutes.unwrap_or(0));
        if minutes == 0 { Err(WindowError::NoLength) } else { Ok(SignedDuration::from_mins(minutes)) }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it begins.
    pub fn cron(&self) -> &Cron {
        &self.cron
    }

    /// Whose wall clock tells when it begins.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// How long one occurrence lasts.
    pub fn lasts(&self) -> SignedDuration {
        self.lasts
    }

    /// Start and end of the occurrence that goes on at that moment. The start belongs to it, the end does not.
    pub fn at(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let start = self.occurrence_after(self.start_of_one_ending(now)?)?;
        (start <= now).then(|| self.row_of(start))
    }

    /// Start and end of the first occurrence that begins strictly after that moment.
    pub fn next(&self, after: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (start, end) = self.row_of(self.occurrence_after(after)?);
        if start > after {
            return Some((start, end));
        }
        // It only goes on from one that had begun before.
        Some(self.row_of(self.occurrence_after(end)?))
    }

    fn occurrence_after(&self, moment: Timestamp) -> Option<Timestamp> {
        self.cron.after(moment, &self.zone)
    }

    fn start_of_one_ending(&self, end: Timestamp) -> Option<Timestamp> {
        end.checked_sub(self.lasts).ok()
    }

    fn end_of(&self, start: Timestamp) -> Timestamp {
        start.checked_add(self.lasts).unwrap_or(Timestamp::MAX)
    }

    /// Start and end of all that goes over into this occurrence and out of it.
    fn row_of(&self, occurrence: Timestamp) -> (Timestamp, Timestamp) {
        let mut start = occurrence;
        for _ in 0..Self::LONGEST_ROW {
            // One second earlier, as one that ends just when this one starts belongs to it.
            let second = SignedDuration::from_secs(1);
            let earliest = self.start_of_one_ending(start).and_then(|at| at.checked_sub(second).ok());
            match earliest.and_then(|earliest| self.occurrence_after(earliest)) {
                Some(earlier) if earlier < start => start = earlier,
                Some(_) | None => break,
            }
        }
        (start, self.end_of_row(start).0)
    }

    /// The end of the row in which an occurrence stands, and how many of it there are from there on.
    fn end_of_row(&self, start: Timestamp) -> (Timestamp, usize) {
        let mut end = self.end_of(start);
        let mut last = start;
        let mut count = 1;
        while count <= Self::LONGEST_ROW {
            match self.occurrence_after(last) {
                Some(next) if next <= end => (last, end) = (next, self.end_of(next)),
                Some(_) | None => break,
            }
            count += 1;
        }
        (end, count)
    }

    fn is_endless(&self) -> bool {
        let moment = |civil| self.zone.time_zone().to_timestamp(civil).expect("every zone has these years");
        let mut tried = 0;
        let mut from = moment(cron::START);
        while let Some(first) = self.occurrence_after(from) {
            if tried >= Self::TRIED || first >= moment(cron::END) {
                break;
            }
            let (end, count) = self.end_of_row(first);
            if count > Self::LONGEST_ROW || end.duration_since(first) > Self::LONGEST {
                return true;
            }
            tried += count;
            from = end;
        }
        false
    }
}
