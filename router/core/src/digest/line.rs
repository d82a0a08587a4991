//! What a digest says about one incident, or about several of which nothing is known but their number.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::incident::IncidentRecord;
use crate::priority::Priority;
use crate::text::clean;

/// A line of an edition.
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
    /// How many incidents it stands for: one, where they are not others that were counted and never listed.
    pub incidents: u64,
    /// The day on which it is counted, see [`Calendar::day_from_opening`](crate::calendar::Calendar::day_from_opening).
    pub day: Date,
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
            incidents: 1,
            day: Date::default(),
        }
    }
}

impl DigestLine {
    /// What it says of an incident that is put into it now.
    pub(crate) fn of(record: &IncidentRecord, now: Timestamp) -> Self {
        Self {
            priority: record.priority,
            family: record.family.clone(),
            title: record.title.clone(),
            subject: record.subject.clone(),
            since: now,
            events: record.events,
            open: true,
            ..Self::default()
        }
    }

    /// The line where the edition has one about this incident already: the newer with the earlier beginning, the
    /// higher priority, and the day on which it was first counted.
    pub fn after(self, known: &DigestLine) -> DigestLine {
        DigestLine {
            priority: self.priority.min(known.priority),
            since: self.since.min(known.since),
            held: self.held.or_else(|| known.held.clone()),
            day: known.day,
            ..self
        }
    }

    /// The same, so short that a row of it stays small whatever an event says.
    pub(crate) fn bounded(self) -> DigestLine {
        DigestLine {
            family: clean(&self.family, 80),
            title: clean(&self.title, 120),
            subject: clean(&self.subject, 100),
            held: self.held.map(|held| clean(&held, 100)),
            ..self
        }
    }
}
