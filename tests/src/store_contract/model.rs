//! Random operations, against maps in memory that do the same.

use std::collections::{BTreeMap, BTreeSet};

use watchfire::store::{Committed, Error, Seen, Store};
use watchfire_core::ids::{EffectId, EventId, IncidentKey};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::state::{Key, Record, State};

use super::builders::{at, changing, closed, done, entry, incident, record};
use super::looking::{about, face};
use super::records::events_of;
use super::wakes::{due, waking};

const HOUR: i64 = 60 * 60;
const EFFECTS: [&str; 3] = ["page:a", "page:b", "page:c"];

/// Numbers that look random and are the same in every run, by splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// An incident's record.
struct Known {
    /// How many changes there had been of any when it was changed.
    version: u64,
    /// When that was.
    changed: i64,
    open: bool,
    wake_at: Option<i64>,
}

#[derive(Default)]
struct Model {
    entries: BTreeMap<EventId, (Entry, i64)>,
    records: BTreeMap<Key, Known>,
    changes: u64,
}

impl Model {
    /// What a state loaded now must be committed with.
    fn version(&self, key: &Key) -> Option<u64> {
        self.records.get(key).map(|known| known.version)
    }

    fn commit(&mut self, key: &Key, version: Option<u64>, entry: &Entry, seconds: i64) -> Committed {
        if self.entries.contains_key(&entry.decision.event) {
            return Committed::AlreadyDecided;
        }
        if self.version(key) != version {
            return Committed::Stale;
        }
        self.changes += 1;
        let to = &entry.decision.changes[key];
        let Record::Incident(incident) = to else { panic!("{key} is an incident's") };
        let wake_at = incident.escalate_at.map(|wake_at| wake_at.as_second() - at(0).as_second());
        let known = Known { version: self.changes, changed: seconds, open: incident.open, wake_at };
        self.records.insert(key.clone(), known);
        let kept = changing(entry.clone(), []);
        self.entries.insert(entry.decision.event.clone(), (kept, seconds));
        Committed::Yes
    }

    fn settle(&mut self, event: &EventId, outcomes: &[(EffectId, Outcome)]) -> bool {
        let Some((entry, _)) = self.entries.get_mut(event) else { return false };
        let known: BTreeSet<_> = entry.decision.effects.iter().map(|effect| &effect.id).collect();
        if outcomes.iter().any(|(effect, _)| !known.contains(effect)) {
            return false;
        }
        for (effect, outcome) in outcomes {
            entry.outcomes.entry(effect.clone()).or_insert_with(|| outcome.clone());
        }
        true
    }

    fn due(&self, now: i64) -> Vec<EventId> {
        let pending = self.entries.values().filter(|(entry, _)| entry.pending().next().is_some());
        let due: BTreeSet<_> = pending
            .filter(|(_, next)| *next <= now)
            .map(|(entry, next)| (*next, entry.decision.event.clone()))
            .collect();
        due.into_iter().map(|(_, event)| event).collect()
    }

    fn wakes(&self, now: i64) -> Vec<(i64, Key)> {
        let wakes = self.records.iter().filter_map(|(key, known)| Some((known.wake_at?, key.clone())));
        let mut due: Vec<_> = wakes.filter(|(wake_at, _)| *wake_at <= now).collect();
        due.sort_by_key(|(wake_at, key)| (*wake_at, key.to_string()));
        due
    }

    /// The events of entries that are so, the oldest first.
    fn events(&self, is_so: impl Fn(&Entry) -> bool) -> Vec<EventId> {
        let entries = self.entries.values().map(|(entry, _)| entry).filter(|entry| is_so(entry));
        let sorted: BTreeSet<_> =
            entries.map(|entry| (entry.decision.at, entry.decision.event.clone())).collect();
        sorted.into_iter().map(|(_, event)| event).collect()
    }

    fn prune(&mut self, before: i64) {
        self.entries
            .retain(|_, (entry, _)| entry.pending().next().is_some() || entry.decision.at >= at(before));
        self.records.retain(|_, known| known.open || known.changed >= before);
    }
}

async fn load(store: &Store, key: &Key) -> State {
    let mut state = State::default();
    store.load(std::slice::from_ref(key), &mut state).await.unwrap();
    state
}

/// What operators look at.
async fn looks_like(store: &Store, model: &Model, now: i64) {
    for key in ["0", "1", "2"].map(IncidentKey::new) {
        let told = store.timeline(&key, usize::MAX).await.unwrap();
        let told: Vec<_> = told.into_iter().map(|entry| entry.decision.event).collect();
        let expected = model.events(|entry| entry.decision.incident.as_ref() == Some(&key));
        assert_eq!(told, expected, "timeline of {key} at {now}");
    }
    let since = now - 50 * HOUR;
    let look =
        |seen: &mut Vec<EventId>, found: Seen| seen.extend(found.face.subject.cluster.map(EventId::new));
    let seen = store.fold_faces(at(since), Vec::new(), look).await.unwrap();
    let expected = model.events(|entry| entry.decision.face.is_some() && entry.decision.at >= at(since));
    assert_eq!(seen, expected, "faces at {now}");
    let look = |seen: &mut Vec<Key>, key: &str, _: Record| seen.push(incident(key));
    let seen = store.fold_records("incident/", Vec::new(), look).await.unwrap();
    assert_eq!(seen, model.records.keys().cloned().collect::<Vec<_>>(), "records at {now}");
}

pub async fn random_operations_do_what_a_map_would_do(open: impl AsyncFn() -> Store) {
    let mut dice = Dice(2);
    let mut model = Model::default();
    let mut store = open().await;
    // A state that was read some time ago, to be stale with.
    let mut old = (incident("0"), load(&store, &incident("0")).await, None);
    for now in (0..300).map(|hours| hours * HOUR) {
        let event = EventId::new(dice.below(40).to_string());
        match dice.below(16) {
            0..6 => {
                if dice.below(4) > 0 {
                    let key = incident(&dice.below(3).to_string());
                    old = (key.clone(), load(&store, &key).await, model.version(&key));
                }
                let (key, read, version) = &old;
                let effects = &EFFECTS[..dice.below(4) as usize];
                let events = events_of(read, key).unwrap_or(0) + 1;
                let next = match dice.below(4) {
                    0 => record(events),
                    1 => waking(events, now + dice.below(40) as i64 * HOUR),
                    _ => closed(events),
                };
                let Key::Incident(incident) = key else { panic!("{key} is no incident") };
                let mut entry = about(entry(event.as_str(), now, effects), incident.as_str());
                entry.decision.face = (dice.below(2) > 0).then(|| face(event.as_str()));
                let entry = changing(entry, [(key.clone(), next)]);
                let answer = store.commit(read, &entry).await.unwrap();
                assert_eq!(answer, model.commit(key, *version, &entry, now), "commit {event} at {now}");
            }
            6..10 => {
                let first = dice.below(3) as usize;
                let outcomes: Vec<_> = EFFECTS[first..].iter().map(|effect| done(effect, now)).collect();
                let settled = match store.settle(&event, &outcomes).await {
                    Ok(()) => true,
                    Err(Error::UnknownEvent(_) | Error::UnknownEffect(..)) => false,
                    Err(error) => panic!("{error}"),
                };
                assert_eq!(settled, model.settle(&event, &outcomes), "settle {event} at {now}");
            }
            10..12 => {
                let until = now + dice.below(60) as i64 * HOUR;
                let known = store.postpone(&event, at(until)).await.is_ok();
                let place = model.entries.get_mut(&event);
                assert_eq!(known, place.is_some(), "postpone {event} at {now}");
                place.into_iter().for_each(|(_, next)| *next = until);
            }
            12 => {
                let before = now - 100 * HOUR;
                while store.prune(at(before), 1 + dice.below(5) as usize).await.unwrap() > 0 {}
                model.prune(before);
                for key in ["0", "1", "2"].map(incident) {
                    let is_there = events_of(&load(&store, &key).await, &key).is_some();
                    assert_eq!(is_there, model.records.contains_key(&key), "{key} at {now}");
                }
            }
            13 => {
                drop(store);
                store = open().await;
            }
            _ => {
                let entry = model.entries.get(&event).map(|(entry, _)| entry.clone());
                assert_eq!(store.find(&event).await.unwrap(), entry, "find {event} at {now}");
                assert_eq!(store.due(at(now), usize::MAX).await.unwrap(), model.due(now), "due at {now}");
                assert_eq!(due(&store, now, usize::MAX).await, model.wakes(now), "wakes at {now}");
                looks_like(&store, &model, now).await;
            }
        }
    }
    assert!(!model.entries.is_empty());
    let recent: BTreeMap<_, _> = store
        .recent(99)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| (entry.decision.event.clone(), entry))
        .collect();
    let expected = model.entries.into_iter().map(|(event, (entry, _))| (event, entry)).collect();
    assert_eq!(recent, expected);
}
