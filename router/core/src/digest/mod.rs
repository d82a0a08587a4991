//! What the next digest will say: a line per incident, and how many there were of each family before.

mod page;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::IncidentKey;
use crate::notice::clean;
use crate::priority::Priority;

/// What has been put by for the next digest, bounded however much there is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DigestRecord {
    /// Since when: the last digest, or the first line of the first.
    pub from: Timestamp,
    /// When it is to be sent; none as long as there is nothing to send, or nobody to send it to.
    pub due_at: Option<Timestamp>,
    /// An incident each, at most [`DigestRecord::MOST_LINES`].
    pub lines: BTreeMap<IncidentKey, DigestLine>,
    /// Incidents beyond these, which are counted only: one that is added again counts again.
    pub more: u64,
    /// New incidents by family, those counted only among them; beyond [`DigestRecord::MOST_FAMILIES`] names
    /// under [`DigestRecord::OTHER`].
    pub families: BTreeMap<String, u64>,
    /// The same by day, the last [`DigestRecord::DAYS`] of them, sent or not.
    pub days: BTreeMap<Date, BTreeMap<String, u64>>,
    /// The first day that was ever counted: before it nothing is known.
    pub counted_from: Option<Date>,
    /// The latest day that had its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_on: Option<Date>,
    /// How many digests came on a day that had had one: after a clock was set back.
    #[serde(skip_serializing_if = "is_zero")]
    pub again: u32,
}

/// What a digest says about one incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DigestLine {
    /// The highest it had.
    pub priority: Priority,
    /// What happened.
    pub family: String,
    /// What happened to what, in a line.
    pub title: String,
    /// What it is about, in a line.
    pub subject: String,
    /// When it was first seen.
    pub since: Timestamp,
    /// How many events there were.
    pub events: u64,
    /// Whether it is still open.
    pub open: bool,
    /// What kept it from being said at once, such as a silence.
    pub held: Option<String>,
}

impl Default for DigestLine {
    fn default() -> Self {
        Self {
            priority: Priority::P3,
            family: String::new(),
            title: String::new(),
            subject: String::new(),
            since: Timestamp::default(),
            events: 0,
            open: false,
            held: None,
        }
    }
}

impl DigestRecord {
    /// One that says nothing yet.
    pub fn new(now: Timestamp) -> Self {
        Self { from: now, ..Self::default() }
    }

    /// More incidents than this are counted, not listed.
    pub const MOST_LINES: usize = 200;
    /// Families beyond so many are counted together.
    pub const MOST_FAMILIES: usize = 200;
    /// So many days are remembered: a week, the week before it, and the day of the digest.
    pub const DAYS: i64 = 15;
    /// What families beyond the most are counted under: no rule's family has a space in it.
    pub const OTHER: &str = "other families";

    /// Puts an incident by on a day, which is [`Calendar::day_from_opening`] of now. The same incident twice
    /// is one line, counted once: the newer line with the earlier beginning and the higher priority.
    ///
    /// [`Calendar::day_from_opening`]: crate::calendar::Calendar::day_from_opening
    pub fn add(&mut self, incident: &IncidentKey, line: DigestLine, date: Date) {
        let line = line.bounded();
        if let Some(known) = self.lines.get_mut(incident) {
            *known = DigestLine {
                priority: line.priority.min(known.priority),
                since: line.since.min(known.since),
                held: line.held.or(known.held.take()),
                ..line
            };
            return;
        }
        if self.from == Timestamp::default() {
            self.from = line.since;
        }
        count(&mut self.families, &line.family);
        count(self.days.entry(date).or_default(), &line.family);
        self.remember(date);
        if self.lines.len() < Self::MOST_LINES {
            self.lines.insert(incident.clone(), line);
        } else {
            self.more += 1;
        }
    }

    /// What tells the digest of that day from every other one.
    pub fn number(&self, date: Date) -> String {
        match self.had_one(date) {
            true => format!("{date}-{}", self.again + 1),
            false => date.to_string(),
        }
    }

    fn had_one(&self, date: Date) -> bool {
        self.sent_on.is_some_and(|last| date <= last)
    }

    /// Whether there is nothing to say: no incident since the last digest.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.more == 0
    }

    /// The record as it is after this one was sent, on a day which is [`Calendar::day_from_opening`] of now.
    ///
    /// [`Calendar::day_from_opening`]: crate::calendar::Calendar::day_from_opening
    pub fn next(&self, now: Timestamp, date: Date) -> DigestRecord {
        let mut next = DigestRecord {
            from: now,
            days: self.days.clone(),
            counted_from: self.counted_from,
            sent_on: self.sent_on.max(Some(date)),
            again: self.again + u32::from(self.had_one(date)),
            ..DigestRecord::default()
        };
        next.remember(date);
        next
    }

    /// Forgets the days that are too long before this one.
    fn remember(&mut self, date: Date) {
        self.counted_from = Some(self.counted_from.map_or(date, |from| from.min(date)));
        let newest = self.days.last_key_value().map_or(date, |(newest, _)| date.max(*newest));
        let oldest = newest.saturating_sub(jiff::Span::new().days(Self::DAYS - 1));
        self.days.retain(|day, _| *day >= oldest);
    }
}

impl DigestLine {
    /// The same, so short that a record of the most lines stays one that every store takes.
    fn bounded(self) -> DigestLine {
        DigestLine {
            family: clean(&self.family, 80),
            title: clean(&self.title, 120),
            subject: clean(&self.subject, 100),
            held: self.held.map(|held| clean(&held, 100)),
            ..self
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn count(families: &mut BTreeMap<String, u64>, family: &str) {
    let is_full = families.len() >= DigestRecord::MOST_FAMILIES && !families.contains_key(family);
    let name = if is_full { DigestRecord::OTHER } else { family };
    *families.entry(name.to_owned()).or_default() += 1;
}
