//! What the embedded store is told.
//!
//! Everything that can be prepared is prepared by the caller's task, so that the one writer only compares
//! versions and moves bytes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use redb::ReadableTable;
use watchfire_core::decision::Decision;
use watchfire_core::ids::{EffectId, EventId};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::state::{Key, Merge, Record, State};

use super::Embedded;
use super::tables::{Tables, Unsettled};
use crate::store::row::{Kept, from_row, to_row};
use crate::store::{Committed, Error};

impl Embedded {
    pub(in crate::store) async fn commit(&self, read: &State, entry: &Entry) -> Result<Committed, Error> {
        let commit = Commit::new(read, entry)?;
        self.write(move |tables| commit.apply(tables)).await
    }

    pub(in crate::store) async fn settle(
        &self,
        event: &EventId,
        outcomes: &[(EffectId, Outcome)],
    ) -> Result<(), Error> {
        let (event, outcomes) = (event.clone(), outcomes.to_vec());
        self.write(move |tables| settle(tables, &event, outcomes)).await
    }

    pub(in crate::store) async fn postpone(&self, event: &EventId, until: Timestamp) -> Result<(), Error> {
        let event = event.clone();
        self.write(move |tables| {
            if tables.events.get(event.as_str())?.is_none() {
                return Err(Error::UnknownEvent(event));
            }
            next_try(tables, &event, until)
        })
        .await
    }

    pub(in crate::store) async fn hasten(&self, now: Timestamp) -> Result<(), Error> {
        self.write(move |tables| {
            let later = (now.as_microsecond() + 1, "");
            let events: Result<Vec<_>, Error> =
                tables.due.range(later..)?.map(|row| Ok(EventId::new(row?.0.value().1))).collect();
            events?.iter().try_for_each(|event| match next_try(tables, event, now) {
                // One that cannot be read holds up no other.
                Err(Error::Corrupt { .. }) => Ok(()),
                moved => moved,
            })
        })
        .await
    }
}

struct Commit {
    event: EventId,
    decided: i64,
    entry: Vec<u8>,
    outcomes: Option<Vec<u8>>,
    unsettled: Option<Vec<u8>>,
    conditions: Vec<(String, u64)>,
    changes: Vec<Change>,
    merges: Vec<Merged>,
    incident: Option<String>,
}

/// A record as it is from now on.
struct Change {
    key: String,
    record: Vec<u8>,
    before: Standing,
    after: Standing,
}

/// What `wakes`, `wake_of` and `open` say of a record.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Standing {
    wake_at: Option<i64>,
    is_open: bool,
}

/// A record that others may have changed meanwhile.
struct Merged {
    key: String,
    /// What it comes to on the record as it was read; none where it stays as it is.
    change: Option<Change>,
    /// The version of that; none where it could not be made on it.
    version: Option<u64>,
    /// What is to be done anew on any other.
    merges: Vec<Merge>,
}

impl Commit {
    fn new(read: &State, entry: &Entry) -> Result<Self, Error> {
        let Entry { decision, raw, sha256, outcomes } = entry;
        let merged = decision.merges.iter().map(|(key, _)| key);
        if let Some(key) = decision.changes.keys().chain(merged).find(|key| !read.has_read(key)) {
            return Err(Error::Unread(key.clone()));
        }
        let decided = decision.at.as_microsecond();
        let effects = entry.pending_ids().cloned().collect();
        let unsettled = Unsettled { next_try: decided, effects };
        Ok(Self {
            event: decision.event.clone(),
            decided,
            entry: to_row(&Kept { decision, raw, sha256 }),
            outcomes: (!outcomes.is_empty()).then(|| to_row(outcomes)),
            unsettled: (!unsettled.effects.is_empty()).then(|| to_row(&unsettled)),
            conditions: decision.conditions(read).map(|(key, version)| (key.to_string(), version)).collect(),
            changes: decision
                .changes
                .iter()
                .map(|(key, to)| Change::new(key, read.record(key), to))
                .collect(),
            merges: Merged::all(read, decision),
            incident: decision.incident.as_ref().map(ToString::to_string),
        })
    }

    fn apply(self, tables: &mut Tables<'_>) -> Result<Committed, Error> {
        let event = self.event.as_str();
        if tables.events.get(event)?.is_some() {
            return Ok(Committed::AlreadyDecided);
        }
        for (key, version) in &self.conditions {
            if version_of(tables, key)? != *version {
                return Ok(Committed::Stale);
            }
        }
        let mut changes = self.changes;
        let at = Timestamp::from_microsecond(self.decided).unwrap_or(Timestamp::MAX);
        for merged in self.merges {
            let Some(change) = merged.apply(tables, at)? else { return Ok(Committed::Stale) };
            changes.extend(change);
        }
        tables.events.insert(event, self.decided)?;
        tables.entries.insert((self.decided, event), self.entry.as_slice())?;
        if let Some(outcomes) = &self.outcomes {
            tables.outcomes.insert((self.decided, event), outcomes.as_slice())?;
        }
        if let Some(unsettled) = &self.unsettled {
            tables.unsettled.insert(event, unsettled.as_slice())?;
            tables.due.insert((self.decided, event), ())?;
        }
        if let Some(incident) = &self.incident {
            tables.timeline.insert((incident.as_str(), self.decided, event), ())?;
        }
        for Change { key, record, before, after } in &changes {
            if before.wake_at != after.wake_at {
                wake(tables, key, after.wake_at)?;
            }
            if before.is_open != after.is_open {
                mark_open(tables, key, after.is_open)?;
            }
            let version = tables.next_version(key)?;
            let row = (version, self.decided, record.as_slice());
            let is_new = tables.records.insert(key.as_str(), row)?.is_none();
            if is_new {
                tables.aging.insert((self.decided, key.as_str()), ())?;
            }
        }
        Ok(Committed::Yes)
    }
}

impl Change {
    fn new(key: &Key, before: Option<&Record>, after: &Record) -> Self {
        Self::of(key.to_string(), before, after)
    }

    fn of(key: String, before: Option<&Record>, after: &Record) -> Self {
        let before = before.map(Standing::of).unwrap_or_default();
        Self { key, record: to_row(after), before, after: Standing::of(after) }
    }
}

impl Standing {
    fn of(record: &Record) -> Self {
        let wake_at = record.wake_at().map(|at| at.as_microsecond());
        Self { wake_at, is_open: record.is_open() }
    }
}

impl Merged {
    fn all(read: &State, decision: &Decision) -> Vec<Self> {
        let mut all: BTreeMap<&Key, Vec<Merge>> = BTreeMap::new();
        for (key, merge) in &decision.merges {
            all.entry(key).or_default().push(merge.clone());
        }
        let merged = all.into_iter().map(|(key, merges)| {
            let known = read.record(key);
            // Where it comes to nothing on what was read, what there is now is asked.
            let prepared = on(known.cloned(), &merges, decision.at);
            let version = prepared.as_ref().map(|_| read.version(key));
            let change =
                prepared.filter(|after| Some(after) != known).map(|after| Change::new(key, known, &after));
            Self { key: key.to_string(), change, version, merges }
        });
        merged.collect()
    }

    /// What it comes to on what there is, if that is a change; none where it has to be decided anew.
    fn apply(self, tables: &Tables<'_>, at: Timestamp) -> Result<Option<Option<Change>>, Error> {
        let key = self.key.as_str();
        let found: Option<Record> = match tables.records.get(key)? {
            Some(row) if Some(row.value().0) == self.version => return Ok(Some(self.change)),
            None if self.version == Some(0) => return Ok(Some(self.change)),
            Some(row) => Some(from_row(row.value().2, || key.to_owned())?),
            None => None,
        };
        let Some(record) = on(found.clone(), &self.merges, at) else { return Ok(None) };
        let found = found.as_ref();
        Ok(Some((Some(&record) != found).then(|| Change::of(self.key, found, &record))))
    }
}

pub(super) fn mark_open(tables: &mut Tables<'_>, key: &str, is_open: bool) -> Result<(), Error> {
    if is_open {
        tables.open.insert(key, ())?;
    } else {
        tables.open.remove(key)?;
    }
    Ok(())
}

/// What they come to, one after the other; none where it has to be decided anew.
fn on(mut record: Option<Record>, merges: &[Merge], at: Timestamp) -> Option<Record> {
    for merge in merges {
        record = Some(merge.on(record.as_ref(), at)?);
    }
    record
}

fn version_of(tables: &Tables<'_>, key: &str) -> Result<u64, Error> {
    Ok(tables.records.get(key)?.map_or(0, |row| row.value().0))
}

/// Moves a record's time to another, or to none.
pub(super) fn wake(tables: &mut Tables<'_>, key: &str, at: Option<i64>) -> Result<(), Error> {
    let before = tables.wake_of.get(key)?.map(|row| row.value());
    if before == at {
        return Ok(());
    }
    if let Some(before) = before {
        tables.wakes.remove((before, key))?;
        tables.wake_of.remove(key)?;
    }
    if let Some(at) = at {
        tables.wakes.insert((at, key), ())?;
        tables.wake_of.insert(key, at)?;
    }
    Ok(())
}

fn settle(tables: &mut Tables<'_>, event: &EventId, outcomes: Vec<(EffectId, Outcome)>) -> Result<(), Error> {
    let Some(decided) = tables.events.get(event.as_str())?.map(|row| row.value()) else {
        return Err(Error::UnknownEvent(event.clone()));
    };
    let key = (decided, event.as_str());
    let mut known: BTreeMap<EffectId, Outcome> = match tables.outcomes.get(key)? {
        Some(row) => from_row(row.value(), || format!("what became of event {event}"))?,
        None => BTreeMap::new(),
    };
    let mut left = unsettled(tables, event)?;
    let before = known.len();
    for (effect, outcome) in outcomes {
        if known.contains_key(&effect) {
            continue;
        }
        if !left.as_mut().is_some_and(|left| left.effects.remove(&effect)) {
            return Err(Error::UnknownEffect(event.clone(), effect));
        }
        known.insert(effect, outcome);
    }
    if known.len() == before {
        return Ok(());
    }
    tables.outcomes.insert(key, to_row(&known).as_slice())?;
    match left {
        Some(left) if left.effects.is_empty() => {
            tables.unsettled.remove(event.as_str())?;
            tables.due.remove((left.next_try, event.as_str()))?;
        }
        Some(left) => {
            tables.unsettled.insert(event.as_str(), to_row(&left).as_slice())?;
        }
        None => {}
    }
    Ok(())
}

/// Moves the next try of what is left to do for an event.
fn next_try(tables: &mut Tables<'_>, event: &EventId, at: Timestamp) -> Result<(), Error> {
    let Some(mut unsettled) = unsettled(tables, event)? else { return Ok(()) };
    tables.due.remove((unsettled.next_try, event.as_str()))?;
    unsettled.next_try = at.as_microsecond();
    tables.due.insert((unsettled.next_try, event.as_str()), ())?;
    tables.unsettled.insert(event.as_str(), to_row(&unsettled).as_slice())?;
    Ok(())
}

fn unsettled(tables: &Tables<'_>, event: &EventId) -> Result<Option<Unsettled>, Error> {
    match tables.unsettled.get(event.as_str())? {
        Some(row) => from_row(row.value(), || format!("what is left to do for event {event}")).map(Some),
        None => Ok(None),
    }
}
