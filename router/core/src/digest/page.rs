//! The digest as a page: a title that counts, a list per family against a week before, and what is gone.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use super::{Contents, DigestDays, DigestLine, OTHER};
use crate::calendar::{Calendar, spoken};
use crate::ids::{EventId, IncidentKey};
use crate::notice::{List, Notice};
use crate::priority::Priority;
use crate::text::clean;

/// An edition as it is said.
#[derive(Clone, Copy, Debug)]
pub struct Edition<'e> {
    /// Since when it was written.
    pub from: Timestamp,
    /// What is in it.
    pub contents: &'e Contents,
    /// The last days, those of this edition among them.
    pub days: &'e DigestDays,
}

impl Edition<'_> {
    /// What there is to say now, as one page. `current` has the events of each incident and whether it is
    /// open, as they are now; of an incident that is not in it the line tells. What is compared are the days
    /// from opening to opening with the same days a week before; nothing is compared before the first week
    /// has been counted, nor over more than seven days.
    pub fn notice(
        &self,
        current: &BTreeMap<IncidentKey, (u64, bool)>,
        calendar: &Calendar,
        incident: &IncidentKey,
        event: &EventId,
        now: Timestamp,
    ) -> Notice {
        let lines = self.contents.listed().map(|(key, line)| {
            let (events, open) = current.get(key).copied().unwrap_or((line.events, line.open));
            DigestLine { events, open, ..line.clone() }
        });
        let lines: Vec<DigestLine> = lines.collect();
        let before = self.week_before(calendar, now);
        Notice {
            title: clean(&self.title(calendar, now), 200),
            description: self.description(&lines, calendar, now),
            why: "the digest is due".to_owned(),
            family: "digest".to_owned(),
            lists: self.lists(&lines, before.as_ref()),
            at: Some(now),
            ..Notice::empty(Priority::P3, incident, event)
        }
    }

    /// `9 incidents since Friday 09:00: 4 failed-control, 3 iam-activity, 2 other`.
    fn title(&self, calendar: &Calendar, now: Timestamp) -> String {
        let families = self.largest_first();
        // A third that is the last is called by its name, not `other`.
        let named = if families.len() == 3 { 3 } else { 2 };
        let mut parts: Vec<String> =
            families.iter().take(named).map(|(family, count)| format!("{count} {family}")).collect();
        let other: u64 = families.iter().skip(named).map(|(_, count)| count).sum();
        if other > 0 {
            parts.push(format!("{other} other"));
        }
        let since = spoken(calendar.zone(), self.from, now);
        let title = format!("{} since {since}", incidents(self.contents.total));
        if parts.is_empty() { title } else { format!("{title}: {}", parts.join(", ")) }
    }

    fn description(&self, lines: &[DigestLine], calendar: &Calendar, now: Timestamp) -> String {
        let day = |at| calendar.local(at).strftime("%A %F %H:%M").to_string();
        let open = lines.iter().filter(|line| line.open).count();
        let more = match self.contents.more() {
            0 => String::new(),
            more => format!(" {more} more are counted and not listed."),
        };
        let (from, to, zone) = (day(self.from), day(now), calendar.zone());
        let listed = incidents(lines.iter().map(|line| line.incidents).sum());
        format!("From {from} to {to}, {zone}: {listed}, {open} still open.{more}")
    }

    /// A list per family, the one with the most urgent first and of those the largest; and one of what there was
    /// a week before and is no longer.
    fn lists(&self, lines: &[DigestLine], before: Option<&BTreeMap<String, u64>>) -> Vec<List> {
        let mut by_family: BTreeMap<&str, Vec<&DigestLine>> = BTreeMap::new();
        for line in lines {
            let known = self.contents.families.contains_key(&line.family);
            by_family.entry(if known { &line.family } else { OTHER }).or_default().push(line);
        }
        for lines in by_family.values_mut() {
            lines.sort_by_key(|line| (line.priority, !line.open, line.since));
        }
        let mut families: Vec<_> = self
            .largest_first()
            .into_iter()
            .map(|(family, count)| (family, count, by_family.remove(family).unwrap_or_default()))
            .collect();
        families.sort_by_key(|(_, _, lines)| lines.first().map_or(Priority::P3, |line| line.priority));
        let list = |(family, count, lines): (&str, u64, Vec<&DigestLine>)| {
            let shown = &lines[..lines.len().min(List::MOST_LINES)];
            let more = count.saturating_sub(shown.iter().map(|line| line.incidents).sum());
            List::new(&head(family, count, before), shown.iter().map(|line| line_text(line)), more)
        };
        let mut lists: Vec<List> = families.into_iter().map(list).collect();
        lists.extend(self.gone(before));
        lists
    }

    fn gone(&self, before: Option<&BTreeMap<String, u64>>) -> Option<List> {
        let gone = before?.iter().filter(|(family, _)| !self.contents.families.contains_key(*family));
        let mut gone: Vec<(&String, &u64)> = gone.collect();
        gone.sort_by_key(|(family, count)| (Reverse(**count), *family));
        let lines = gone.into_iter().map(|(family, count)| format!("gone: {family} (last week {count})"));
        let list = List::new("No longer:", lines, 0);
        (!list.lines.is_empty()).then_some(list)
    }

    fn largest_first(&self) -> Vec<(&str, u64)> {
        let mut families: Vec<(&str, u64)> =
            self.contents.families.iter().map(|(family, count)| (family.as_str(), *count)).collect();
        families.sort_by_key(|(family, count)| (Reverse(*count), *family));
        families
    }

    /// The new incidents by family on the same days a week before; none where they are not all known.
    fn week_before(&self, calendar: &Calendar, now: Timestamp) -> Option<BTreeMap<String, u64>> {
        let first = calendar.day_from_opening(self.from);
        // A digest is sent when a day has just begun, and tells of the days before it.
        let last = calendar.day_from_opening(now).yesterday().ok()?.max(first);
        let earlier = |date: Date| date.checked_sub(Span::new().days(7)).ok();
        let (from, to) = (earlier(first)?, earlier(last)?);
        if to >= first || self.days.counted_from? > from {
            return None;
        }
        let mut families = BTreeMap::new();
        for (family, count) in self.days.days.range(from..=to).flat_map(|(_, families)| families) {
            *families.entry(family.clone()).or_default() += count;
        }
        Some(families)
    }
}

fn incidents(count: u64) -> String {
    if count == 1 { "1 incident".to_owned() } else { format!("{count} incidents") }
}

/// `failed-control: 4 new (last week 9, down)`.
fn head(family: &str, count: u64, before: Option<&BTreeMap<String, u64>>) -> String {
    let trend = before.map(|before| match before.get(family).copied().unwrap_or(0) {
        0 => " (last week none, new)".to_owned(),
        earlier if earlier > count => format!(" (last week {earlier}, down)"),
        earlier if earlier < count => format!(" (last week {earlier}, up)"),
        earlier => format!(" (last week {earlier}, the same)"),
    });
    format!("{family}: {count} new{}", trend.unwrap_or_default())
}

/// `[P3] title (subject): 3 events, still open; held by silence s-7`; where it stands for several, the title has
/// their number.
fn line_text(line: &DigestLine) -> String {
    let DigestLine { priority, family: _, title, subject, since: _, events, open, held, incidents, day: _ } =
        line;
    let subject = match subject.as_str() {
        subject if subject.is_empty() || title.contains(subject) => String::new(),
        subject => format!(" ({subject})"),
    };
    let events = if *events == 1 { "1 event".to_owned() } else { format!("{events} events") };
    let open = if *open { "still open" } else { "over" };
    let held = held.as_ref().map(|held| format!("; held by {held}")).unwrap_or_default();
    if *incidents > 1 {
        return format!("[{priority}] {title}{subject}{held}");
    }
    format!("[{priority}] {title}{subject}: {events}, {open}{held}")
}
