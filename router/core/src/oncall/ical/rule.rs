//! When something recurs: a RRULE, read strictly, and the times that come of it.

use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, ToSpan as _};

use super::moment::{Shape, civil};

/// So many turns of a rule with a count are looked through.
const MOST_TURNS: u32 = 100_000;
/// A rule comes to no more times in the span that is looked at.
const MOST_TIMES: usize = 10_000;

/// How often something recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Day,
    Week,
    Month,
    Year,
}

/// The last time that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// On the rule's own clock; of a day all of it.
    Local(DateTime, Shape),
    /// In UTC.
    Utc(DateTime),
}

/// A RRULE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    every: Every,
    interval: u32,
    count: Option<u32>,
    pub(super) until: Option<Until>,
    months: Vec<i8>,
    days_of_month: Vec<i8>,
    /// Weekdays, of each the how manyth; none for every one.
    weekdays: Vec<(Option<i8>, Weekday)>,
    /// Which of a turn's times count, from its beginning or its end.
    positions: Vec<i16>,
    week_begins: Weekday,
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut rule = Self {
            every: Every::Day,
            interval: 1,
            count: None,
            until: None,
            months: Vec::new(),
            days_of_month: Vec::new(),
            weekdays: Vec::new(),
            positions: Vec::new(),
            week_begins: Weekday::Monday,
        };
        let mut said: Vec<String> = Vec::new();
        for part in text.trim().trim_end_matches(';').split(';') {
            let (name, value) = part.split_once('=').ok_or("its RRULE cannot be read")?;
            let name = name.trim().to_ascii_uppercase();
            rule.read(&name, value.trim())
                .ok_or_else(|| format!("its RRULE has a {} that is not read", known(&name)))?;
            if said.contains(&name) {
                return Err(format!("its RRULE has {} twice", known(&name)));
            }
            said.push(name);
        }
        let is_plain = rule.weekdays.iter().all(|(nth, _)| nth.is_none());
        let is_fitting = match rule.every {
            Every::Day => is_plain,
            Every::Week => is_plain && rule.days_of_month.is_empty(),
            Every::Month | Every::Year => true,
        };
        match said.iter().any(|name| name == "FREQ")
            && is_fitting
            && !(rule.count.is_some() && rule.until.is_some())
        {
            true => Ok(rule),
            false => Err("its RRULE does not fit together".to_owned()),
        }
    }
}

/// A part's name, if it is one that there is; of others nothing is repeated.
fn known(name: &str) -> &str {
    const NAMES: [&str; 14] = [
        "FREQ",
        "INTERVAL",
        "COUNT",
        "UNTIL",
        "BYMONTH",
        "BYMONTHDAY",
        "BYDAY",
        "BYSETPOS",
        "WKST",
        "BYHOUR",
        "BYMINUTE",
        "BYSECOND",
        "BYYEARDAY",
        "BYWEEKNO",
    ];
    if NAMES.contains(&name) { name } else { "part" }
}

impl Rule {
    /// One part; none where it is not read.
    fn read(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "FREQ" => {
                self.every = match value.to_ascii_uppercase().as_str() {
                    "DAILY" => Every::Day,
                    "WEEKLY" => Every::Week,
                    "MONTHLY" => Every::Month,
                    "YEARLY" => Every::Year,
                    _ => return None,
                }
            }
            "INTERVAL" => self.interval = number(value, 1..=100_000)?,
            "COUNT" => self.count = Some(number(value, 1..=1_000_000)?),
            "UNTIL" => {
                let (text, is_utc) = value.strip_suffix('Z').map_or((value, false), |text| (text, true));
                let (at, shape) = civil(text)?;
                self.until = Some(if is_utc { Until::Utc(at) } else { Until::Local(at, shape) });
            }
            "BYMONTH" => self.months = list(value, |text| number(text, 1..=12))?,
            "BYMONTHDAY" => self.days_of_month = list(value, |text| signed(text, 31))?,
            "BYDAY" => self.weekdays = list(value, nth_weekday)?,
            "BYSETPOS" => self.positions = list(value, |text| signed(text, 366))?,
            "WKST" => self.week_begins = weekday(value)?,
            _ => return None,
        }
        Some(())
    }

    /// Of a rule that has one time a year, by a month and a weekday in it: which, and the how manyth.
    pub(super) fn each_year(&self) -> Option<(i8, i8, Weekday)> {
        let Self { every: Every::Year, interval: 1, months, days_of_month, weekdays, positions, .. } = self
        else {
            return None;
        };
        match (&months[..], &weekdays[..]) {
            ([month], [(Some(nth), weekday)]) if days_of_month.is_empty() && positions.is_empty() => {
                Some((*month, *nth, *weekday))
            }
            (_, _) => None,
        }
    }

    /// The times from `low` to `high`, of something that first begins at `start`; all on its own clock.
    ///
    /// # Errors
    /// There are too many to look through.
    pub(super) fn times(
        &self,
        start: DateTime,
        low: DateTime,
        high: DateTime,
    ) -> Result<Vec<DateTime>, String> {
        let mut times = Vec::new();
        let mut left = self.count;
        // What is counted is counted from its beginning.
        let first = if left.is_some() { 0 } else { self.turns_before(start, low) };
        for turn in first.. {
            if left.is_some() && turn > MOST_TURNS {
                return Err("its RRULE has too many times to count".to_owned());
            }
            let Some(begins) = self.turn(start.date(), turn) else { break };
            if begins.to_datetime(start.time()) > high {
                break;
            }
            for day in self.days(start.date(), begins) {
                let at = day.to_datetime(start.time());
                if at < start {
                    continue;
                }
                if left == Some(0) {
                    return Ok(times);
                }
                left = left.map(|left| left - 1);
                if (low..=high).contains(&at) {
                    times.push(at);
                }
                if times.len() > MOST_TIMES {
                    return Err("its RRULE has too many times".to_owned());
                }
            }
        }
        Ok(times)
    }

    /// How many turns are surely over before that.
    fn turns_before(&self, start: DateTime, low: DateTime) -> u32 {
        let (start, low) = (start.date(), low.date());
        let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
        let days = (low - start).get_days();
        let passed = match self.every {
            Every::Day => i64::from(days),
            Every::Week => i64::from(days) / 7,
            Every::Month => months(low) - months(start),
            Every::Year => i64::from(low.year()) - i64::from(start.year()),
        };
        u32::try_from(passed / i64::from(self.interval) - 1).unwrap_or_default()
    }

    /// The first day of that turn; none behind the end of time.
    fn turn(&self, start: Date, turn: u32) -> Option<Date> {
        let passed = i64::from(turn) * i64::from(self.interval);
        match self.every {
            Every::Day => start.checked_add(Span::new().try_days(passed).ok()?).ok(),
            Every::Week => {
                let back = start.weekday().since(self.week_begins);
                let week = start.checked_sub(i64::from(back).days()).ok()?;
                week.checked_add(Span::new().try_weeks(passed).ok()?).ok()
            }
            Every::Month => start.first_of_month().checked_add(Span::new().try_months(passed).ok()?).ok(),
            Every::Year => start.first_of_year().checked_add(Span::new().try_years(passed).ok()?).ok(),
        }
    }

    /// The days of a turn, in their order.
    fn days(&self, start: Date, begins: Date) -> Vec<Date> {
        let is_weekday = |date: &Date| {
            self.weekdays.is_empty() || self.weekdays.iter().any(|(_, weekday)| *weekday == date.weekday())
        };
        let mut days: Vec<Date> = match self.every {
            Every::Day => {
                let is_day = |date: &Date| self.days_of_month.is_empty() || self.is_day_of_month(*date);
                [begins].into_iter().filter(is_weekday).filter(is_day).collect()
            }
            Every::Week => {
                let week = (0..7).filter_map(|day| begins.checked_add(day.days()).ok());
                let is_own = |date: &Date| !self.weekdays.is_empty() || date.weekday() == start.weekday();
                week.filter(is_weekday).filter(is_own).collect()
            }
            Every::Month => self.days_of(start, begins),
            Every::Year => self.days_of_year(start, begins),
        };
        days.retain(|date| self.months.is_empty() || self.months.contains(&date.month()));
        days.sort();
        days.dedup();
        if self.positions.is_empty() {
            return days;
        }
        let at = |position: &i16| match *position {
            position if position > 0 => days.get(usize::try_from(position).ok()? - 1),
            position => days.get(days.len().checked_sub(usize::from(position.unsigned_abs()))?),
        };
        let mut kept: Vec<_> = self.positions.iter().filter_map(at).copied().collect();
        kept.sort();
        kept.dedup();
        kept
    }

    /// Of the month that begins then.
    fn days_of(&self, start: Date, begins: Date) -> Vec<Date> {
        let all = each_day(begins..=begins.last_of_month());
        match (self.days_of_month.is_empty(), self.weekdays.is_empty()) {
            (true, true) => all.into_iter().filter(|date| date.day() == start.day()).collect(),
            (true, false) => self.nth(&all),
            (false, true) => all.into_iter().filter(|date| self.is_day_of_month(*date)).collect(),
            (false, false) => self.nth(&all).into_iter().filter(|date| self.is_day_of_month(*date)).collect(),
        }
    }

    /// Of the year that begins then.
    fn days_of_year(&self, start: Date, begins: Date) -> Vec<Date> {
        let months = |wanted: &[i8]| -> Vec<Date> {
            let begin = wanted.iter().filter_map(|month| Date::new(begins.year(), *month, 1).ok());
            begin.flat_map(|month| self.days_of(start, month)).collect()
        };
        match (self.months.is_empty(), self.days_of_month.is_empty(), self.weekdays.is_empty()) {
            (false, _, _) => months(&self.months),
            (true, true, true) => months(&[start.month()]),
            (true, true, false) => self.nth(&each_day(begins..=begins.last_of_year())),
            (true, false, _) => months(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        }
    }

    /// Those of these days, which are a month or a year, that are the weekdays asked for.
    fn nth(&self, days: &[Date]) -> Vec<Date> {
        let mut found = Vec::new();
        for (nth, weekday) in &self.weekdays {
            let of_it: Vec<_> = days.iter().filter(|date| date.weekday() == *weekday).copied().collect();
            match *nth {
                None => found.extend(of_it),
                Some(nth) => {
                    let from_behind = of_it.len().checked_sub(usize::from(nth.unsigned_abs()));
                    let index = if nth > 0 { Some(usize::from(nth.unsigned_abs()) - 1) } else { from_behind };
                    found.extend(index.and_then(|index| of_it.get(index)));
                }
            }
        }
        found.sort();
        found
    }

    fn is_day_of_month(&self, date: Date) -> bool {
        let from_behind = date.day() - date.days_in_month() - 1;
        self.days_of_month.iter().any(|day| *day == date.day() || *day == from_behind)
    }
}

fn each_day(days: RangeInclusive<Date>) -> Vec<Date> {
    days.start().series(1.day()).take_while(|date| date <= days.end()).collect()
}

fn list<T>(value: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let parts = value.split(',');
    (parts.clone().count() <= 366).then(|| parts.map(|part| read(part.trim())).collect())?
}

fn number<T: FromStr + PartialOrd>(text: &str, within: RangeInclusive<T>) -> Option<T> {
    text.parse().ok().filter(|number| within.contains(number))
}

/// A number other than 0, from the beginning or the end.
fn signed<T: FromStr + Copy + Into<i32>>(text: &str, most: i32) -> Option<T> {
    let number: T = text.strip_prefix('+').unwrap_or(text).parse().ok()?;
    (1..=most).contains(&number.into().abs()).then_some(number)
}

/// `MO`, `-1SU`.
fn nth_weekday(text: &str) -> Option<(Option<i8>, Weekday)> {
    let at = text.len().checked_sub(2)?;
    let (nth, day) = (text.get(..at)?, text.get(at..)?);
    let nth = if nth.is_empty() { None } else { Some(signed(nth, 53)?) };
    Some((nth, weekday(day)?))
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime {
        text.parse().expect("a time")
    }

    /// What another implementation makes of the same rules: a start, a rule, and its times up to 2027-06-30.
    const TABLE: &str = include_str!("rules.txt");

    #[test]
    fn rules_come_to_the_times_that_others_make_of_them() {
        let (mut rules, high) = (0, at("2027-06-30T23:59:59"));
        for line in TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (what, expected) = line.split_once(" = ").expect("a line");
            let (start, rule) = what.split_once(' ').expect("a start and a rule");
            let start = at(start);
            let rule: Rule = rule.parse().expect(what);
            let until = match rule.until {
                Some(Until::Local(at, Shape::Day)) => at.date().to_datetime(jiff::civil::Time::MAX),
                Some(Until::Local(at, Shape::Time) | Until::Utc(at)) => at,
                None => high,
            };
            let expected: Vec<_> = expected.split(' ').filter(|time| !time.is_empty()).map(at).collect();
            let found = |low: DateTime| -> Vec<_> {
                rule.times(start, low, high).expect(what).into_iter().filter(|at| *at <= until).collect()
            };
            assert_eq!(found(start), expected, "{what}");
            // From the middle on it is the same: nothing is missed by not beginning at the beginning.
            let low = at("2026-12-24T12:00:00");
            let later: Vec<_> = expected.iter().copied().filter(|at| *at >= low).collect();
            assert_eq!(found(low), later, "{what}");
            rules += 1;
        }
        assert!(rules >= 40, "{rules}");
    }

    #[test]
    fn what_is_not_read_is_said_and_nothing_of_it_is_repeated() {
        let table = [
            ("", "its RRULE cannot be read"),
            ("secret", "its RRULE cannot be read"),
            ("SECRET=x", "its RRULE has a part that is not read"),
            ("FREQ=HOURLY", "its RRULE has a FREQ that is not read"),
            ("FREQ=DAILY;BYHOUR=9", "its RRULE has a BYHOUR that is not read"),
            ("FREQ=DAILY;INTERVAL=0", "its RRULE has a INTERVAL that is not read"),
            ("FREQ=MONTHLY;BYDAY=0MO", "its RRULE has a BYDAY that is not read"),
            ("FREQ=MONTHLY;BYDAY=é", "its RRULE has a BYDAY that is not read"),
            ("FREQ=DAILY;COUNT=1;COUNT=2", "its RRULE has COUNT twice"),
            ("COUNT=1", "its RRULE does not fit together"),
            ("FREQ=WEEKLY;BYDAY=1MO", "its RRULE does not fit together"),
            ("FREQ=DAILY;COUNT=1;UNTIL=20270101", "its RRULE does not fit together"),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Rule>(), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_rule_that_never_comes_or_counts_for_ever_takes_no_time() {
        let never: Rule = "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30".parse().expect("a rule");
        assert_eq!(
            never.times(at("1970-01-01T00:00:00"), at("2026-01-01T00:00:00"), at("2026-03-01T00:00:00")),
            Ok(Vec::new())
        );
        let counted: Rule = "FREQ=DAILY;COUNT=1000000".parse().expect("a rule");
        let found =
            counted.times(at("0001-01-01T00:00:00"), at("2026-01-01T00:00:00"), at("2026-03-01T00:00:00"));
        assert_eq!(found, Err("its RRULE has too many times to count".to_owned()));
        let far: Rule = "FREQ=YEARLY;INTERVAL=100000".parse().expect("a rule");
        assert_eq!(
            far.times(at("2026-01-01T00:00:00"), at("2026-01-01T00:00:00"), at("9999-01-01T00:00:00"))
                .map(|all| all.len()),
            Ok(1)
        );
    }
}
