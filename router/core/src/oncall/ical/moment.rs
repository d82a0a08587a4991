//! Dates and times of a calendar: on a clock somewhere, in UTC, or of a whole day.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::lines::Line;
use super::zones::Zones;

/// A date or a time, and the clock that it is on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moment {
    pub(super) at: DateTime,
    pub(super) zone: TimeZone,
    pub(super) shape: Shape,
}

/// What was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A day.
    Day,
    /// A time.
    Time,
}

impl Moment {
    /// When that is; an hour that a clock leaves out is as much later, of one that comes twice the first counts.
    pub(super) fn timestamp(&self) -> Option<Timestamp> {
        timestamp(self.at, &self.zone)
    }

    /// The same moment on another clock; a day is the same day there.
    pub(super) fn on(&self, zone: &TimeZone) -> Option<DateTime> {
        match self.shape {
            Shape::Day => Some(self.at),
            Shape::Time => Some(self.timestamp()?.to_zoned(zone.clone()).datetime()),
        }
    }
}

/// When a clock shows that.
pub(super) fn timestamp(at: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_zoned(at).compatible().ok().map(|zoned| zoned.timestamp())
}

/// The moments of a line, with commas between them.
pub(super) fn moments(line: &Line, zones: &Zones<'_>) -> Result<Vec<Moment>, String> {
    if line.parameter("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("PERIOD")) {
        return Err(format!("its {} has periods", line.name));
    }
    line.value.split(',').map(|text| moment(text, line, zones)).collect()
}

fn moment(text: &str, line: &Line, zones: &Zones<'_>) -> Result<Moment, String> {
    let name = &line.name;
    let unread = || format!("its {name} is no date or time");
    let text = text.trim();
    let (text, zone) = match (text.strip_suffix('Z'), line.parameter("TZID")) {
        (Some(text), _) => (text, TimeZone::UTC),
        (None, Some(id)) => {
            (text, zones.named(id).ok_or_else(|| format!("the zone of its {name} is not known"))?)
        }
        (None, None) => (text, zones.floating.clone()),
    };
    let (at, shape) = civil(text).ok_or_else(unread)?;
    // A day is a day wherever the calendar is read.
    let zone = if shape == Shape::Day { zones.floating.clone() } else { zone };
    Ok(Moment { at, zone, shape })
}

/// `20261130`, `20261130T090000`.
pub(super) fn civil(text: &str) -> Option<(DateTime, Shape)> {
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let number = |text: &str, from: usize, to: usize| -> Option<i16> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let part = |text: &str, from: usize| i8::try_from(number(text, from, from + 2)?).ok();
    if date.len() != 8 || time.is_some_and(|time| time.len() != 6) {
        return None;
    }
    let day = Date::new(number(date, 0, 4)?, part(date, 4)?, part(date, 6)?).ok()?;
    let Some(time) = time else { return Some((day.to_datetime(Time::midnight()), Shape::Day)) };
    // A leap second is the last one that a clock shows.
    let time = Time::new(part(time, 0)?, part(time, 2)?, part(time, 4)?.min(59), 0).ok()?;
    Some((day.to_datetime(time), Shape::Time))
}

/// A length of time, `P1DT12H`, `P2W`; days and weeks by the clock.
pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let (mut seconds, mut is_time, mut is_some) = (0_i64, false, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|_| !is_time) {
            (rest, is_time) = (time, true);
            continue;
        }
        let end = rest.find(|sign: char| !sign.is_ascii_digit())?;
        let number: u32 = rest[..end].parse().ok()?;
        let unit = match (rest.as_bytes()[end], is_time) {
            (b'W', false) => 7 * 86_400,
            (b'D', false) => 86_400,
            (b'H', true) => 3_600,
            (b'M', true) => 60,
            (b'S', true) => 1,
            (_, _) => return None,
        };
        seconds = seconds.checked_add(i64::from(number) * unit)?;
        (rest, is_some) = (&rest[end + 1..], true);
    }
    is_some.then(|| SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_or_a_time_is_read_whole_or_not() {
        let at = |text: &str| civil(text).map(|(at, shape)| (at.to_string(), shape));
        assert_eq!(at("20261130"), Some(("2026-11-30T00:00:00".to_owned(), Shape::Day)));
        assert_eq!(at("20261130T235960"), Some(("2026-11-30T23:59:59".to_owned(), Shape::Time)));
        for wrong in [
            "",
            "2026",
            "20261301",
            "20260229",
            "20261130T",
            "20261130T24000",
            "20261130T240000",
            "2026113０",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_length_of_time_is_read_whole_or_not() {
        let seconds = |text: &str| duration(text).map(|long| long.as_secs());
        assert_eq!(seconds("P1DT12H"), Some(129_600));
        assert_eq!(seconds("P2W"), Some(1_209_600));
        assert_eq!(seconds("+PT5M1S"), Some(301));
        for wrong in ["", "P", "PT", "-P1D", "P1H", "PT1D", "P1", "1D", "PTT1H", "P99999999999D"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
