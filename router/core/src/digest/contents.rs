//! What the lines of an edition come to, bounded however many there are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{DigestDays, DigestLine, DigestRecord, count};
use crate::ids::IncidentKey;
use crate::priority::Priority;

/// The lines that are listed, and how many there are of each family: gathered from an edition's rows in any order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// The most urgent, and of those the first that came; at most [`Contents::MOST_LINES`].
    listed: BTreeMap<Place, DigestLine>,
    /// How many incidents there are, listed or not.
    pub total: u64,
    /// How many of each family, listed or not; beyond [`super::MOST_FAMILIES`] names under [`super::OTHER`].
    pub families: BTreeMap<String, u64>,
    /// The same by the day on which each was counted, the last [`DigestDays::MOST`] of them.
    pub days: BTreeMap<Date, BTreeMap<String, u64>>,
}

/// Where a line stands among the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    priority: Priority,
    since: Timestamp,
    incident: IncidentKey,
}

impl Contents {
    /// More lines than this are counted, not listed.
    pub const MOST_LINES: usize = 200;

    /// One more line, about an incident of which there is none yet.
    pub fn add(&mut self, incident: IncidentKey, line: DigestLine) {
        self.total += line.incidents;
        count(&mut self.families, &line.family, line.incidents);
        count(self.days.entry(line.day).or_default(), &line.family, line.incidents);
        while self.days.len() > DigestDays::MOST {
            self.days.pop_first();
        }
        self.list(incident, line);
    }

    /// With what the first version has left in the record, which counted it by day itself.
    pub fn with_record(mut self, record: &DigestRecord) -> Self {
        let DigestRecord { lines, more, families, .. } = record;
        self.total += lines.len() as u64 + more;
        families.iter().for_each(|(family, more)| count(&mut self.families, family, *more));
        lines.iter().for_each(|(incident, line)| self.list(incident.clone(), line.clone()));
        self
    }

    /// The lines that are listed, the most urgent first.
    pub fn listed(&self) -> impl Iterator<Item = (&IncidentKey, &DigestLine)> {
        self.listed.iter().map(|(place, line)| (&place.incident, line))
    }

    /// How many are counted and not listed.
    pub fn more(&self) -> u64 {
        self.total.saturating_sub(self.listed.values().map(|line| line.incidents).sum())
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// A more urgent line takes the place of a lesser one.
    fn list(&mut self, incident: IncidentKey, line: DigestLine) {
        let place = Place { priority: line.priority, since: line.since, incident };
        self.listed.insert(place, line);
        if self.listed.len() > Self::MOST_LINES {
            self.listed.pop_last();
        }
    }
}
