//! The zones that a calendar names: by their names in the IANA database, else by the rules that stand in the calendar itself.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::component::Component;
use super::moment::civil;
use super::rule::Rule;
use crate::zone::Zone;

/// The zones of a calendar.
#[derive(Debug)]
pub(super) struct Zones<'z> {
    /// Where days and times without a zone are.
    pub(super) floating: &'z TimeZone,
    own: BTreeMap<String, TimeZone>,
}

impl<'z> Zones<'z> {
    /// Those that a calendar describes.
    pub(super) fn of(calendar: &[Component], floating: &'z TimeZone) -> Self {
        let described = calendar.iter().filter(|part| part.name == "VTIMEZONE");
        let own = described.filter_map(|part| {
            let id = part.value("TZID")?.to_owned();
            let located = part.value("X-LIC-LOCATION").and_then(iana);
            Some((id, located.or_else(|| ruled(part))?))
        });
        Self { floating, own: own.collect() }
    }

    /// The zone of that name.
    pub(super) fn named(&self, id: &str) -> Option<TimeZone> {
        iana(id).or_else(|| self.own.get(id).cloned())
    }
}

/// `Europe/Berlin`, also behind whatever a program puts before it: `/example.org/2026/Europe/Berlin`.
fn iana(id: &str) -> Option<TimeZone> {
    let parts: Vec<_> = id.split('/').filter(|part| !part.is_empty()).collect();
    let known = |count: usize| {
        let name = parts.get(parts.len().checked_sub(count)?..)?.join("/");
        Zone::named(&name).ok().map(|zone| zone.time_zone().clone())
    };
    match id.starts_with('/') {
        true => [3, 2].into_iter().find_map(known),
        false => known(parts.len()),
    }
}

/// A zone by its rules, as Outlook writes them: summer time from that Sunday to that, or none.
fn ruled(zone: &Component) -> Option<TimeZone> {
    let last =
        |name: &str| zone.parts.iter().filter(|part| part.name == name).max_by_key(|part| begins(part));
    let standard = last("STANDARD").or_else(|| last("DAYLIGHT"))?;
    let offset = |part: &Component, name: &str| part.value(name).and_then(offset);
    let base = format!("<X>{}", posix_offset(offset(standard, "TZOFFSETTO")?));
    let summer = last("DAYLIGHT").filter(|summer| summer.value("RRULE").is_some());
    let text = match summer.filter(|_| standard.name == "STANDARD") {
        None => base.replace("<X>", "<XXX>"),
        Some(summer) => format!(
            "<XXX>{}<YYY>{},{},{}",
            posix_offset(offset(standard, "TZOFFSETTO")?),
            posix_offset(offset(summer, "TZOFFSETTO")?),
            changes(summer)?,
            changes(standard)?,
        ),
    };
    TimeZone::posix(&text).ok()
}

fn begins(part: &Component) -> String {
    part.value("DTSTART").unwrap_or_default().to_owned()
}

/// `+0100` in seconds.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (_, Some(digits)) => (-1, digits),
        (None, None) => return None,
    };
    let part = |from: usize| -> Option<i32> { digits.get(from..from + 2)?.parse().ok() };
    let seconds = if digits.len() == 6 { part(4)? } else { 0 };
    (digits.len() == 4 || digits.len() == 6).then_some(())?;
    Some(sign * (part(0)? * 3_600 + part(2)? * 60 + seconds))
}

/// POSIX counts westward.
fn posix_offset(seconds: i32) -> String {
    let sign = if seconds > 0 { "-" } else { "" };
    let seconds = seconds.abs();
    format!("{sign}{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// When a clock is changed: `M3.5.0/02:00:00`, the last Sunday of March at two.
fn changes(part: &Component) -> Option<String> {
    let (at, _) = civil(part.value("DTSTART")?)?;
    let rule: Rule = part.value("RRULE")?.parse().ok()?;
    let (month, nth, weekday) = rule.each_year()?;
    let week = if nth == -1 { 5 } else { nth };
    let weekday = weekday.to_sunday_zero_offset();
    (1..=5)
        .contains(&week)
        .then(|| format!("M{month}.{week}.{weekday}/{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::oncall::ical::component::calendar;

    const OUTLOOK: &str = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\nBEGIN:STANDARD\n\
        DTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\n\
        END:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
        RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:India\n\
        BEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n\
        BEGIN:VTIMEZONE\nTZID:Broken\nEND:VTIMEZONE\nEND:VCALENDAR\n";

    #[test]
    fn a_zone_is_that_of_its_name_or_of_the_rules_in_the_calendar() {
        let parts = calendar(OUTLOOK).expect("a calendar");
        let utc = TimeZone::UTC;
        let zones = Zones::of(&parts, &utc);
        let shown = |id: &str, at: &str| {
            let at: Timestamp = at.parse().expect("a time");
            zones.named(id).map(|zone| at.to_zoned(zone).datetime().to_string())
        };
        for at in
            ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-07-01T12:00:00Z", "2026-10-25T01:00:00Z"]
        {
            let berlin = shown("Europe/Berlin", at);
            assert!(berlin.is_some(), "{at}");
            assert_eq!(shown("W. Europe Standard Time", at), berlin, "{at}");
            assert_eq!(shown("/example.org/2026/Europe/Berlin", at), berlin, "{at}");
        }
        assert_eq!(shown("India", "2026-07-01T12:00:00Z"), shown("Asia/Kolkata", "2026-07-01T12:00:00Z"));
        assert_eq!(
            (shown("Broken", "2026-07-01T12:00:00Z"), shown("Nowhere", "2026-07-01T12:00:00Z")),
            (None, None)
        );
    }
}
