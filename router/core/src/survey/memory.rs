//! What was seen before: from symptoms of single looks to what begins, goes on, and is over.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{About, Condition, Settings, Symptom};
use crate::hash::keyed;

pub use super::said::{Said, State};

/// How often it is said again that something goes on: each is an entry in the journal, 48 a day.
pub(super) const AGAIN: SignedDuration = SignedDuration::from_mins(30);
/// More is not remembered at once; the worst is.
const MOST: usize = 1_000;
/// So many pods of one ReplicaSet, or of what else makes them, are told of one condition.
const MOST_OF_ONE: usize = 3;

/// The conditions that could not be looked at, and why.
pub type Blind = BTreeMap<Condition, String>;

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    episodes: BTreeMap<Id, Episode>,
    left_out: usize,
}

/// One condition of one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Id {
    condition: Condition,
    uid: String,
}

/// From when it was first seen until it has been gone for long enough.
#[derive(Clone, Debug)]
struct Episode {
    about: About,
    seen: String,
    since: Timestamp,
    seen_at: Timestamp,
    /// In which of its half hours it was last told; none while it is waited whether it holds.
    told: Option<i64>,
}

impl Memory {
    /// Takes in what one look has shown, and says what is to be told of it. What could not be looked at neither begins
    /// nor ends, and goes on to be told.
    pub fn observe(
        &mut self,
        mut symptoms: Vec<Symptom>,
        blind: &Blind,
        settings: &Settings,
        at: Timestamp,
    ) -> Vec<Said> {
        // By name at last, so that every worker comes to the same of too many.
        symptoms.sort_by(|one, other| {
            (one.condition, one.since, &one.about).cmp(&(other.condition, other.since, &other.about))
        });
        let more = self.take_in(symptoms, at);
        let mut said = Vec::new();
        let mut over = Vec::new();
        for (id, episode) in &mut self.episodes {
            let is_blind = blind.contains_key(&id.condition);
            if is_blind && episode.told.is_some() {
                episode.seen_at = at;
            }
            let gone = at.duration_since(episode.seen_at);
            if gone >= id.condition.gone() && gone > SignedDuration::ZERO {
                over.push(id.clone());
                continue;
            }
            if let Some(state) = episode.due(id, at) {
                let others =
                    more.get(&(id.condition, episode.about.owner.as_deref().unwrap_or_default().to_owned()));
                said.push(episode.said(id.condition, state, others.copied().unwrap_or(0), settings, at));
            }
        }
        for id in over {
            let Some(episode) = self.episodes.remove(&id) else { continue };
            if episode.told.is_some() {
                said.push(episode.said(id.condition, State::Over, 0, settings, at));
            }
        }
        said
    }

    /// What is told now, by condition, and how much more is remembered that holds not yet for long enough.
    pub fn told(&self) -> BTreeMap<Condition, usize> {
        let mut told = BTreeMap::new();
        for (id, _) in self.episodes.iter().filter(|(_, episode)| episode.told.is_some()) {
            *told.entry(id.condition).or_default() += 1;
        }
        told
    }

    /// How many symptoms of the last look there was no room for.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// How many more of each owner have what some of its own are told of.
    fn take_in(&mut self, symptoms: Vec<Symptom>, at: Timestamp) -> BTreeMap<(Condition, String), usize> {
        self.left_out = 0;
        let (mut more, mut of_owner) = (BTreeMap::new(), self.of_owners());
        for Symptom { condition, about, since, seen } in symptoms {
            let owner = (condition, about.owner.clone().unwrap_or_default());
            let is_owned = about.owner.is_some();
            let is_full = self.episodes.len() >= MOST;
            match self.episodes.entry(Id { condition, uid: about.uid.clone() }) {
                Entry::Occupied(mut known) => {
                    let episode = known.get_mut();
                    (episode.about, episode.seen, episode.seen_at) = (about, seen, at);
                }
                Entry::Vacant(new) => {
                    let of_one = of_owner.entry(owner.clone()).or_insert(0_usize);
                    if is_owned && *of_one >= MOST_OF_ONE {
                        *more.entry(owner).or_insert(0) += 1;
                        continue;
                    }
                    if is_full {
                        self.left_out += 1;
                        continue;
                    }
                    *of_one += 1;
                    // No clock of a cluster makes it older than a year, or younger than now.
                    let since = since.map_or(at, |since| since.min(at));
                    new.insert(Episode { about, seen, since, seen_at: at, told: None });
                }
            }
        }
        more
    }

    fn of_owners(&self) -> BTreeMap<(Condition, String), usize> {
        let mut of_owners = BTreeMap::new();
        for (id, episode) in &self.episodes {
            if let Some(owner) = &episode.about.owner {
                *of_owners.entry((id.condition, owner.clone())).or_insert(0) += 1;
            }
        }
        of_owners
    }

    /// The UIDs of what is told, for who has to know whether something is known.
    pub fn known(&self) -> BTreeSet<(Condition, &str)> {
        self.episodes.keys().map(|id| (id.condition, id.uid.as_str())).collect()
    }
}

impl Episode {
    /// What is to be said of one that is there.
    fn due(&mut self, id: &Id, at: Timestamp) -> Option<State> {
        let turn = turn(id, at);
        match self.told {
            // What was not seen by this very look has not held until now.
            None if self.seen_at == at && at.duration_since(self.since) >= id.condition.hold() => {
                self.told = Some(turn);
                Some(State::Begins)
            }
            Some(told) if told != turn => {
                self.told = Some(turn);
                Some(State::GoesOn)
            }
            None | Some(_) => None,
        }
    }

    fn said(
        &self,
        condition: Condition,
        state: State,
        more: usize,
        settings: &Settings,
        at: Timestamp,
    ) -> Said {
        let level = condition.level(settings.place(self.about.namespace.as_deref()));
        let seen = match more {
            0 => self.seen.clone(),
            more => format!("{} {more} more of the same owner have it, too.", self.seen),
        };
        Said { condition, about: self.about.clone(), level, state, since: self.since, seen, at }
    }
}

/// In which half hour of its own a time lies: those of different episodes begin at different times.
fn turn(id: &Id, at: Timestamp) -> i64 {
    let own = keyed("turn", &[id.condition.as_str(), &id.uid]);
    let own = i64::from_str_radix(&own[..8], 16).unwrap_or_default();
    (at.as_second() + own.rem_euclid(AGAIN.as_secs())).div_euclid(AGAIN.as_secs())
}
