//! One event of a calendar: who, when, and when again.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::component::Component;
use super::lines::unescaped;
use super::moment::{Moment, Shape, duration, moments, timestamp};
use super::rule::{Rule, Until};
use super::zones::Zones;
use crate::oncall::Shift;
use crate::text::clean;

/// Nothing is longer than a year and a bit.
const LONGEST: SignedDuration = SignedDuration::from_hours(400 * 24);
/// So many dates are taken out of an event, or put into it.
const MOST_DATES: usize = 5_000;

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) uid: String,
    name: String,
    start: Moment,
    /// By the clock: a shift from Monday to Monday ends on Monday at the same hour, whatever summer time does.
    long: SignedDuration,
    rule: Option<Rule>,
    also: Vec<Moment>,
    not: Vec<Moment>,
    /// Which of the times of another event of the same id it stands for.
    pub(super) instead_of: Option<Moment>,
    is_cancelled: bool,
}

impl Event {
    /// Reads a `VEVENT`.
    ///
    /// # Errors
    /// Why it is not read, in a clause that repeats nothing of it.
    pub(super) fn read(part: &Component, zones: &Zones<'_>) -> Result<Self, String> {
        let single = |name: &str| -> Result<Option<Moment>, String> {
            let Some(line) = part.line(name) else { return Ok(None) };
            let mut all = moments(line, zones)?;
            if all.len() == 1 { Ok(all.pop()) } else { Err(format!("its {name} is more than one")) }
        };
        let several = |name: &str| -> Result<Vec<Moment>, String> {
            let lines = part.lines.iter().filter(|line| line.name == name);
            let all = lines.map(|line| moments(line, zones)).collect::<Result<Vec<_>, _>>()?.concat();
            if all.len() > MOST_DATES { Err(format!("it has too many {name}")) } else { Ok(all) }
        };
        let start = single("DTSTART")?.ok_or("it has no DTSTART")?;
        let long = long(part, &start, single("DTEND")?)?;
        if part.lines.iter().filter(|line| line.name == "RRULE").count() > 1 || part.line("EXRULE").is_some()
        {
            return Err("it has more rules than one".to_owned());
        }
        let instead_of = single("RECURRENCE-ID")?;
        let range = part.line("RECURRENCE-ID").and_then(|line| line.parameter("RANGE"));
        if range.is_some() {
            return Err("it changes all that come after it (RANGE)".to_owned());
        }
        let name = clean(&unescaped(part.value("SUMMARY").unwrap_or_default()), Shift::LONGEST_NAME);
        Ok(Self {
            uid: part.value("UID").unwrap_or_default().to_owned(),
            name: if name.is_empty() { "somebody without a name".to_owned() } else { name },
            rule: part.value("RRULE").filter(|_| instead_of.is_none()).map(str::parse).transpose()?,
            also: several("RDATE")?,
            not: several("EXDATE")?,
            is_cancelled: part
                .value("STATUS")
                .is_some_and(|status| status.trim().eq_ignore_ascii_case("CANCELLED")),
            start,
            long,
            instead_of,
        })
    }

    /// Its shifts that are not over at `from` and begin by `to`, but for the times that others stand for.
    ///
    /// # Errors
    /// It recurs too often.
    pub(super) fn shifts(
        &self,
        from: Timestamp,
        to: Timestamp,
        others: &[&Moment],
    ) -> Result<Vec<Shift>, String> {
        if self.is_cancelled {
            return Ok(Vec::new());
        }
        let zone = &self.start.zone;
        let mut starts = match &self.rule {
            None => vec![self.start.at],
            Some(rule) => {
                let day = SignedDuration::from_hours(24);
                let on_its_clock = |at: Timestamp| at.to_zoned(zone.clone()).datetime();
                let low = on_its_clock(from).saturating_sub(self.long.saturating_add(day));
                let mut times = rule.times(self.start.at, low, on_its_clock(to).saturating_add(day))?;
                times.retain(|at| rule.until.is_none_or(|until| is_by(*at, zone, until)));
                times
            }
        };
        starts.extend(self.also.iter().filter_map(|also| also.on(zone)));
        starts.sort();
        starts.dedup();
        let is_left_out = |at: DateTime| {
            let is_it = |other: &Moment| match (other.shape, self.start.shape) {
                (Shape::Day, _) => other.at.date() == at.date(),
                (Shape::Time, _) => other.timestamp() == timestamp(at, zone),
            };
            self.not.iter().any(is_it) || others.iter().any(|other| is_it(other))
        };
        let shift = |at: DateTime| {
            let end = at.checked_add(self.long).ok()?;
            let (start, end) = (timestamp(at, zone)?, timestamp(end, zone)?);
            (start <= to && end > from).then(|| Shift { name: self.name.clone(), start, end: Some(end) })
        };
        Ok(starts.into_iter().filter(|at| !is_left_out(*at)).filter_map(shift).collect())
    }
}

/// How long it is, by its own clock.
fn long(part: &Component, start: &Moment, end: Option<Moment>) -> Result<SignedDuration, String> {
    let long = match (end, part.value("DURATION")) {
        (Some(end), _) => {
            let end = end.on(&start.zone).ok_or("its DTEND is out of reach")?;
            end.duration_since(start.at)
        }
        (None, Some(text)) => duration(text.trim()).ok_or("its DURATION cannot be read")?,
        (None, None) if start.shape == Shape::Day => SignedDuration::from_hours(24),
        (None, None) => return Err("it has no end".to_owned()),
    };
    if long <= SignedDuration::ZERO {
        return Err("it ends before it begins".to_owned());
    }
    if long > LONGEST { Err("it is longer than 400 days".to_owned()) } else { Ok(long) }
}

fn is_by(at: DateTime, zone: &TimeZone, until: Until) -> bool {
    match until {
        Until::Local(until, Shape::Day) => at.date() <= until.date(),
        Until::Local(until, Shape::Time) => at <= until,
        Until::Utc(until) => timestamp(at, zone) <= timestamp(until, &TimeZone::UTC),
    }
}
