//! What a rule counts before anybody hears of it: when the latest came of each that it tells apart, and what they were.
//!
//! Whatever is counted by, somebody else may choose it, as many of them as they like. So a rule has a fixed number of
//! records, each for those whose hash falls there, and each of those has a place of its own, by its whole hash: nobody is
//! counted with strangers. What is over makes room. Where there is none, whoever comes is not counted, and is told.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hash::keyed;
use crate::ids::{IncidentKey, RuleName, TallyKey};
use crate::incident::LedTo;
use crate::rules::Threshold;
use crate::text::clean;

/// So many records a rule has.
const RECORDS: u32 = 1024;

/// Those that fall into one record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TallyRecord {
    /// By the whole hash of what is counted by; at most [`TallyRecord::MOST`].
    pub counted: BTreeMap<String, Tally>,
}

/// What came of one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// When the latest came, no more than the rule asks for.
    pub recent: VecDeque<Timestamp>,
    /// The latest of them in words; at most [`Tally::MOST_NAMED`].
    pub named: VecDeque<Counted>,
    /// The incidents that a page has named when there were enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<IncidentKey>,
    /// The latest of those pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<LedTo>,
}

/// One that was counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// When.
    pub at: Timestamp,
    /// The incident that it belongs to.
    pub incident: IncidentKey,
    /// What it is about, in a line.
    pub line: String,
}

/// Where one that is counted by has its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) record: TallyKey,
    whole: String,
}

impl Place {
    /// By a rule, and the values that are to be equal.
    pub(crate) fn of(rule: &RuleName, values: &[&str]) -> Self {
        let whole = keyed("tally", values);
        let start = u32::from_str_radix(&whole[..8], 16).unwrap_or_default();
        let record = TallyKey::new(format!("{rule}-{:04}", start % RECORDS));
        Self { record, whole }
    }
}

/// How many there are by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not as many as the rule asks for.
    Below(u32),
    /// As many, or more.
    Reached,
    /// As many, and a page has named this incident then.
    Named,
    /// There are too many others to count it.
    NoRoom,
}

impl Tally {
    /// So many are remembered in words.
    pub const MOST_NAMED: usize = 16;

    fn forget(&mut self, threshold: &Threshold, now: Timestamp) {
        let is_over = |at: Timestamp| now.duration_since(at) >= threshold.within;
        self.recent.retain(|at| !is_over(*at));
        self.named.retain(|counted| !is_over(counted.at));
        if self.recent.len() < threshold.count as usize {
            self.told.clear();
            self.page = None;
        }
    }
}

impl TallyRecord {
    /// So many that are counted by have room in one record.
    pub const MOST: usize = 16;

    /// What has been over for long makes room.
    pub(crate) fn forget(&mut self, threshold: &Threshold, now: Timestamp) {
        self.counted.values_mut().for_each(|tally| tally.forget(threshold, now));
        self.counted.retain(|_, tally| !tally.recent.is_empty());
    }

    /// One more.
    pub(crate) fn count(&mut self, place: &Place, threshold: &Threshold, counted: Counted) -> Standing {
        let Counted { at: now, incident, line } = counted;
        self.forget(threshold, now);
        if !self.counted.contains_key(&place.whole) && self.counted.len() >= Self::MOST {
            return Standing::NoRoom;
        }
        let tally = self.counted.entry(place.whole.clone()).or_default();
        tally.recent.push_back(now);
        tally.recent.drain(..tally.recent.len().saturating_sub(threshold.count as usize));
        let line = clean(&line, 160);
        tally.named.push_back(Counted { at: now, incident: incident.clone(), line });
        tally.named.drain(..tally.named.len().saturating_sub(Tally::MOST_NAMED));
        self.standing(place, threshold, &incident)
    }

    /// How many there are for that incident, by when it was last forgotten.
    pub(crate) fn standing(&self, place: &Place, threshold: &Threshold, incident: &IncidentKey) -> Standing {
        let tally = self.counted.get(&place.whole);
        let so_far = tally.map_or(0, |tally| u32::try_from(tally.recent.len()).unwrap_or(u32::MAX));
        match so_far < threshold.count {
            true => Standing::Below(so_far),
            false if tally.is_some_and(|tally| tally.told.contains(incident)) => Standing::Named,
            false => Standing::Reached,
        }
    }

    /// What led to it, the oldest first.
    pub(crate) fn named(&self, place: &Place) -> impl Iterator<Item = &Counted> {
        self.counted.get(&place.whole).into_iter().flat_map(|tally| &tally.named)
    }

    /// The page that has named what led to it; none while there are not as many.
    pub(crate) fn page(&self, place: &Place) -> Option<&LedTo> {
        self.counted.get(&place.whole)?.page.as_ref()
    }

    /// What led to it, for the page that is told now; from now on it is known which incidents that names.
    pub(crate) fn tell(&mut self, place: &Place, page: LedTo) -> VecDeque<Counted> {
        let Some(tally) = self.counted.get_mut(&place.whole) else { return VecDeque::new() };
        tally.page = Some(page);
        for counted in &tally.named {
            if !tally.told.contains(&counted.incident) {
                tally.told.push(counted.incident.clone());
            }
        }
        tally.told.drain(..tally.told.len().saturating_sub(2 * Tally::MOST_NAMED));
        tally.named.clone()
    }

    /// What has happened has happened by now.
    pub(crate) fn as_of(&mut self, now: Timestamp) {
        for tally in self.counted.values_mut() {
            let named = tally.named.iter_mut().map(|counted| &mut counted.at);
            tally.recent.iter_mut().chain(named).for_each(|at| *at = (*at).min(now));
            tally.page.iter_mut().for_each(|page| page.as_of(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builders::at;
    use crate::ids::EventId;
    use crate::incident::LeadingPage;
    use jiff::SignedDuration;

    const THREE: Threshold = Threshold { count: 3, within: SignedDuration::from_mins(10), per: Vec::new() };

    fn counted(minute: i64, incident: &str) -> Counted {
        Counted {
            at: at("2026-11-25T09:00:00Z") + SignedDuration::from_mins(minute),
            incident: IncidentKey::new(incident),
            line: format!("about {incident}"),
        }
    }

    fn page(minute: i64) -> LedTo {
        let Counted { at, incident, .. } = counted(minute, "c");
        LedTo { incident, by: EventId::new("event-c"), at, from: at, page: LeadingPage::Told }
    }

    fn place(value: &str) -> Place {
        Place::of(&RuleName::new("logins"), &[value])
    }

    #[test]
    fn it_is_reached_by_as_many_within_the_time_and_by_no_strangers() {
        let (anna, mut record) = (place("anna"), TallyRecord::default());
        let bob = Place { record: anna.record.clone(), ..place("bob") };
        let table = [
            (0, &anna, Standing::Below(1)),
            (1, &bob, Standing::Below(1)),
            (4, &anna, Standing::Below(2)),
            (5, &bob, Standing::Below(2)),
            // The first of hers is ten minutes ago.
            (10, &anna, Standing::Below(2)),
            (13, &anna, Standing::Reached),
            (14, &bob, Standing::Below(2)),
        ];
        for (minute, place, expected) in table {
            assert_eq!(record.count(place, &THREE, counted(minute, "i")), expected, "{minute}");
        }
    }

    #[test]
    fn an_incident_that_the_page_named_is_not_told_again_while_there_are_as_many() {
        let (place, mut record) = (place("anna"), TallyRecord::default());
        for (minute, incident) in [(0, "a"), (1, "b"), (2, "c")] {
            record.count(&place, &THREE, counted(minute, incident));
        }
        let named: Vec<_> = record.tell(&place, page(2)).into_iter().map(|counted| counted.line).collect();
        assert_eq!(named, ["about a", "about b", "about c"]);
        assert_eq!(record.page(&place), Some(&page(2)));
        assert_eq!(record.count(&place, &THREE, counted(3, "a")), Standing::Named);
        assert_eq!(record.count(&place, &THREE, counted(4, "d")), Standing::Reached);
        assert_eq!(record.count(&place, &THREE, counted(30, "a")), Standing::Below(1));
        assert_eq!(record.page(&place), None);
    }

    #[test]
    fn however_many_come_the_record_is_bounded_and_whoever_has_no_room_is_told() {
        let mut record = TallyRecord::default();
        let many = Threshold { count: 100, ..THREE };
        let of = |value: usize| Place { record: place("x").record, ..place(&value.to_string()) };
        for value in 0..TallyRecord::MOST {
            let long = Counted { line: "x".repeat(5_000), ..counted(0, &"i".repeat(70)) };
            for _ in 0..200 {
                record.count(&of(value), &many, long.clone());
            }
        }
        assert_eq!(record.count(&of(99), &many, counted(1, "late")), Standing::NoRoom);
        assert_eq!(record.counted.len(), TallyRecord::MOST);
        let size = serde_json::to_string(&record).expect("JSON").len();
        assert!(size < 120_000, "{size}");
        // What is over makes room.
        assert_eq!(record.count(&of(99), &many, counted(10, "late")), Standing::Below(1));
        assert_eq!(record.counted.len(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_no_count_and_lets_none_last() {
        let (place, mut record) = (place("anna"), TallyRecord::default());
        record.count(&place, &THREE, counted(1_440, "a"));
        record.count(&place, &THREE, counted(1_441, "a"));
        record.as_of(counted(0, "a").at);
        assert_eq!(record.count(&place, &THREE, counted(9, "a")), Standing::Reached);
        assert_eq!(record.count(&place, &THREE, counted(11, "a")), Standing::Below(2));
    }
}
