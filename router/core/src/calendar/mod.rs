//! When people work: business days, opening hours and holidays in one time zone.

mod text;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::zone::Zone;
use text::CalendarText;

pub use text::CalendarError;

/// When people work. Read from configuration as a mapping of `time_zone`, `days`, `opens`, `closes` and
/// `holidays`, each with its default; UTC, Monday to Friday, 09:00 to 17:00, no holidays.
///
/// An hour that a clock going forward leaves out is taken as much later as it goes forward; one that a clock
/// going back repeats is taken at its first.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "CalendarText")]
pub struct Calendar {
    zone: Zone,
    /// Monday first; at least one of them.
    days: [bool; 7],
    opens: Time,
    closes: Closing,
    holidays: BTreeSet<Date>,
}

/// When a day of business ends; the moment itself is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// At that time of the day.
    At(Time),
    /// With the day itself: it is written `24:00`.
    WithTheDay,
}

impl Closing {
    fn is_after(self, time: Time) -> bool {
        match self {
            Closing::At(closes) => time < closes,
            Closing::WithTheDay => true,
        }
    }
}

impl fmt::Display for Closing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closing::At(closes) => write!(out, "{}", closes.strftime("%H:%M")),
            Closing::WithTheDay => out.write_str("24:00"),
        }
    }
}

impl JsonSchema for Calendar {
    fn schema_name() -> Cow<'static, str> {
        CalendarText::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        CalendarText::json_schema(generator)
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            zone: Zone::UTC,
            days: [true, true, true, true, true, false, false],
            opens: Time::constant(9, 0, 0, 0),
            closes: Closing::At(Time::constant(17, 0, 0, 0)),
            holidays: BTreeSet::new(),
        }
    }
}

impl Calendar {
    /// So many days are looked through for a business day; where all of them are holidays, the plain next day
    /// counts as one: an answer is never put off for ever.
    pub const FARTHEST_DAYS: usize = 366;

    /// A calendar from the texts of a configuration: a time zone's name, days such as `Mon`, hours such as
    /// `09:00`, dates such as `2026-12-25`.
    ///
    /// # Errors
    /// A text that is not one of these, no day at all, or closing before opening.
    pub fn new(
        zone: &str,
        days: &[&str],
        opens: &str,
        closes: &str,
        holidays: &[&str],
    ) -> Result<Calendar, CalendarError> {
        CalendarText::parse(zone, days, opens, closes, holidays)?.try_into()
    }

    /// At all times.
    pub fn always() -> Self {
        Self { days: [true; 7], opens: Time::midnight(), closes: Closing::WithTheDay, ..Self::default() }
    }

    /// Whether it is proven that within any of `narrow` it is within one of `wide`, too. Of what is not the same calendar, hours
    /// of another time zone count only where they are all of a week, and those of a calendar with holidays do not.
    pub fn cover(wide: &[Calendar], narrow: &[Calendar]) -> bool {
        let counted: Vec<_> = wide.iter().filter(|calendar| calendar.holidays.is_empty()).collect();
        let always = Self::always();
        narrow.iter().filter(|narrow| !wide.contains(narrow)).all(|narrow| {
            counted.iter().map(|calendar| calendar.zone.name()).any(|zone| {
                let of_zone: Vec<_> =
                    counted.iter().filter(|calendar| calendar.zone.name() == zone).copied().collect();
                // All of a week is that in every zone.
                let narrow = if zone == narrow.zone.name() { narrow } else { &always };
                (0..7).filter(|day| narrow.days[*day]).all(|day| narrow.is_covered_on(day, &of_zone))
            })
        })
    }

    fn is_covered_on(&self, day: usize, wide: &[&Calendar]) -> bool {
        let mut wide: Vec<_> = wide.iter().filter(|calendar| calendar.days[day]).collect();
        wide.sort_by_key(|calendar| calendar.opens);
        let mut until = self.opens;
        for Calendar { opens, closes, .. } in wide {
            match closes {
                Closing::At(_) | Closing::WithTheDay if *opens > until => return false,
                Closing::At(closes) => until = until.max(*closes),
                Closing::WithTheDay => return true,
            }
        }
        !self.closes.is_after(until)
    }

    /// Where its hours are those of the wall clock.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The civil day of a moment.
    pub fn date(&self, at: Timestamp) -> Date {
        self.local(at).date()
    }

    /// The day a moment belongs to where days are counted from opening to opening, weekends and holidays
    /// too: before the day's opening it is the day before.
    pub fn day_from_opening(&self, at: Timestamp) -> Date {
        let date = self.date(at);
        if at < self.moment(date, self.opens) { date.yesterday().unwrap_or(Date::MIN) } else { date }
    }

    /// Whether people work on that day.
    pub fn is_business_day(&self, date: Date) -> bool {
        self.works_on(date.weekday()) && !self.holidays.contains(&date)
    }

    /// Whether people work at that moment.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = self.local(at);
        self.is_business_day(local.date()) && self.opens <= local.time() && self.closes.is_after(local.time())
    }

    /// The first opening of a business day that is later than that moment.
    pub fn next_opening(&self, after: Timestamp) -> Timestamp {
        let opening = |date| self.moment(date, self.opens);
        let today = self.date(after);
        if self.is_business_day(today) && opening(today) > after {
            return opening(today);
        }
        opening(self.business_day_after(today))
    }

    /// The closing of the first business day that comes after that moment's own day: the time by which
    /// what is due on the next business day has to be answered.
    pub fn next_business_day_ends(&self, from: Timestamp) -> Timestamp {
        let day = self.business_day_after(self.date(from));
        match self.closes {
            Closing::At(closes) => self.moment(day, closes),
            Closing::WithTheDay => self.moment(day.tomorrow().unwrap_or(Date::MAX), Time::midnight()),
        }
    }

    /// The wall clock's time at a moment.
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.zone.time_zone().to_datetime(at)
    }

    fn works_on(&self, weekday: Weekday) -> bool {
        self.days[usize::from(weekday.to_monday_zero_offset().unsigned_abs())]
    }

    fn business_day_after(&self, date: Date) -> Date {
        let next = date.tomorrow().unwrap_or(Date::MAX);
        let mut days = next.series(jiff::Span::new().days(1)).take(Self::FARTHEST_DAYS);
        days.find(|day| self.is_business_day(*day)).unwrap_or(next)
    }

    fn moment(&self, date: Date, time: Time) -> Timestamp {
        let zone = self.zone.time_zone();
        // What lies beyond the year 9999 is never due.
        zone.to_timestamp(date.to_datetime(time)).unwrap_or(Timestamp::MAX)
    }
}

/// How a moment is written for readers in a zone: `Friday 09:00` within the six days before `now`, else with
/// its date.
pub(crate) fn spoken(zone: &Zone, at: Timestamp, now: Timestamp) -> String {
    let local = zone.time_zone().to_datetime(at);
    let near = now.duration_since(at) < SignedDuration::from_hours(6 * 24);
    local.strftime(if near { "%A %H:%M" } else { "%A %Y-%m-%d %H:%M" }).to_string()
}

#[cfg(test)]
mod tests;
