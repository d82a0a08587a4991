//! Changes to records that many change: made before the decision's transaction, where they would be in everybody's way.
//!
//! Who wants to change the same record at the same time is collected, so that all of them take one write.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::time::Instant;
use watchfire_core::decision::Decision;
use watchfire_core::ids::EventId;
use watchfire_core::state::{Key, Merge, Record};

use super::item::Item;
use super::request::Write;
use super::rows::{self, Row, change, fits};
use super::table::{Written, wait};
use super::{DynamoDb, places};
use crate::store::Error;

/// So long it is tried, whoever else writes the record; then it has to be decided anew.
const WITHIN: Duration = Duration::from_secs(5);
const AFTER_CONFLICT: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];
/// So long the timer of a bundle whose time has come is let go first, at least and at most: it writes all of it, and would
/// never find it as it has read it. The longer it has not come to that, the longer: it may take its time to write.
const TIMER_FIRST: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(150)];

/// Who waits for a change of which record; a record that is in it has its task.
#[derive(Default)]
pub(super) struct Combined(Mutex<HashMap<String, Vec<Waiting>>>);

/// What one decision changes of one record.
struct Waiting {
    at: Timestamp,
    /// Each with the number by which it is known when it comes again, if it is made once only.
    merges: Vec<(Option<u64>, Merge)>,
    answer: oneshot::Sender<Result<bool, Error>>,
}

/// What the changes that wait come to.
struct Merged {
    record: Option<Record>,
    seen: Vec<u64>,
    /// The latest decision that has changed something; none where none has.
    changed: Option<Timestamp>,
    /// For each that waits whether there is room for it.
    made: Vec<bool>,
}

impl Combined {
    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Vec<Waiting>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is the first, so that somebody has to begin.
    fn add(&self, key: &str, waiting: Waiting) -> bool {
        let mut all = self.waiting();
        match all.get_mut(key) {
            Some(others) => {
                others.push(waiting);
                false
            }
            None => {
                all.insert(key.to_owned(), vec![waiting]);
                true
            }
        }
    }

    /// All who wait by now; nobody is left to wait where that is none.
    fn take(&self, key: &str) -> Vec<Waiting> {
        let mut all = self.waiting();
        let taken = all.get_mut(key).map(std::mem::take).unwrap_or_default();
        if taken.is_empty() {
            all.remove(key);
        }
        taken
    }
}

impl DynamoDb {
    /// Makes what a decision merges; false where it has to be decided anew.
    pub(super) async fn merge(&self, decision: &Decision) -> Result<bool, Error> {
        let mut by_key: BTreeMap<&Key, Vec<(Option<u64>, Merge)>> = BTreeMap::new();
        for (key, merge) in &decision.merges {
            by_key.entry(key).or_default().push((number(&decision.event, merge), merge.clone()));
        }
        let made =
            by_key.into_iter().map(|(key, merges)| self.merge_into(key.to_string(), merges, decision.at));
        Ok(try_join_all(made).await?.into_iter().all(|is_made| is_made))
    }

    async fn merge_into(
        &self,
        key: String,
        merges: Vec<(Option<u64>, Merge)>,
        at: Timestamp,
    ) -> Result<bool, Error> {
        let (answer, made) = oneshot::channel();
        if self.0.combined.add(&key, Waiting { at, merges, answer }) {
            // In a task of its own: whoever began may go away, and the others still wait.
            let store = self.clone();
            tokio::spawn(async move { store.combine(&key).await });
        }
        made.await.unwrap_or(Err(Error::Stopped))
    }

    async fn combine(&self, key: &str) {
        loop {
            let waiting = self.0.combined.take(key);
            if waiting.is_empty() {
                return;
            }
            let made = self.merge_all(key, &waiting).await;
            for (index, Waiting { answer, .. }) in waiting.into_iter().enumerate() {
                // Who has gone away does not hear it.
                let _ = answer.send(made.clone().map(|made| made.get(index).copied().unwrap_or_default()));
            }
        }
    }

    /// For each that waits whether it was made.
    async fn merge_all(&self, key: &str, waiting: &[Waiting]) -> Result<Vec<bool>, Error> {
        let table = &self.0.table;
        let place = places::record(key);
        let read = |item: Option<Item>| item.map_or_else(|| Ok(Row::none()), |item| Row::read(&item));
        let mut row = read(table.get(&place).await?)?;
        let begun = Instant::now();
        while begun.elapsed() < timer_first(&row, key, waiting)? {
            wait(LOOK_AGAIN[0], LOOK_AGAIN[1]).await;
            row = read(table.get(&place).await?)?;
        }
        loop {
            let Merged { record, seen, changed, made } = merged(row.record(key)?, &row.seen, waiting);
            let (Some(record), Some(changed)) = (record, changed) else { return Ok(made) };
            let write = changing(key, &record, &row, changed).set("seen", rows::seen(&seen));
            fits(&write, || key.to_owned())?;
            match table.write(&write).await? {
                Written::Yes => return Ok(made),
                Written::No(now) => row = read(now)?,
            }
            if begun.elapsed() >= WITHIN {
                return Ok(vec![false; waiting.len()]);
            }
            wait(AFTER_CONFLICT[0], AFTER_CONFLICT[1]).await;
        }
    }
}

/// The record as it is from now on. No decision says that it has made it, so that it is marked, to be asked for when it
/// is old.
fn changing(key: &str, record: &Record, row: &Row, changed: Timestamp) -> Write {
    let at = changed.as_microsecond();
    let write = change(key, record, row.version, at).telling();
    match row.is_marked {
        true => write,
        false => write.set_all(places::mark(key, at)),
    }
}

/// How long its timer goes first: where it is a bundle that is to be said by now.
fn timer_first(row: &Row, key: &str, waiting: &[Waiting]) -> Result<Duration, Error> {
    if !matches!(Key::parse(key), Some(Key::Bundle(_))) {
        return Ok(Duration::ZERO);
    }
    let Some(Record::Bundle(bundle)) = row.record(key)? else { return Ok(Duration::ZERO) };
    let now = waiting.iter().map(|waiting| waiting.at).max();
    let overdue =
        bundle.due_at.zip(now).and_then(|(due, now)| Duration::try_from(now.duration_since(due)).ok());
    let [least, most] = TIMER_FIRST;
    Ok(overdue.map_or(Duration::ZERO, |overdue| overdue.clamp(least, most)))
}

/// One after the other, each on what those before it have left; all changes of one decision or none of them.
fn merged(found: Option<Record>, seen: &[u64], waiting: &[Waiting]) -> Merged {
    let mut merged = Merged { record: found, seen: seen.to_vec(), changed: None, made: Vec::new() };
    for Waiting { at, merges, answer: _ } in waiting {
        let (mut record, mut new) = (merged.record.clone(), Vec::<u64>::new());
        let is_made = merges.iter().all(|(number, merge)| {
            if number.is_some_and(|number| merged.seen.contains(&number)) {
                return true;
            }
            let Some(after) = merge.on(record.as_ref(), *at) else { return false };
            if record.as_ref() != Some(&after) {
                new.extend(number);
                record = Some(after);
            }
            true
        });
        merged.made.push(is_made);
        if is_made && record != merged.record {
            merged.record = record;
            merged.seen.extend(new);
            merged.changed = merged.changed.max(Some(*at));
        }
    }
    merged
}

/// By which a change that counts is known when the same event is decided again; none for one that may be made again.
fn number(event: &EventId, merge: &Merge) -> Option<u64> {
    let name = || format!("{}\n{merge:?}", event.as_str());
    let of_both = merge.counts().then(|| digest(&SHA256, name().as_bytes()))?;
    of_both.as_ref().first_chunk().map(|first| u64::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use watchfire_core::ids::IncidentKey;
    use watchfire_core::noise::Quota;

    use super::*;

    fn waiting(event: &str, merges: &[Merge]) -> Waiting {
        let numbered = |merge: &Merge| (number(&EventId::new(event), merge), merge.clone());
        let merges = merges.iter().map(numbered).collect();
        Waiting { at: Timestamp::UNIX_EPOCH, merges, answer: oneshot::channel().0 }
    }

    fn spend() -> Merge {
        Merge::Spend(Quota::new(1, 2).unwrap())
    }

    #[test]
    fn what_comes_again_is_not_made_again_and_finds_room() {
        let first = merged(None, &[], &[waiting("a", &[spend()]), waiting("b", &[spend()])]);
        assert_eq!((first.made, first.seen.len()), (vec![true, true], 2));
        let again = [waiting("a", &[spend()]), waiting("c", &[spend()]), waiting("b", &[spend()])];
        let second = merged(first.record.clone(), &first.seen, &again);
        assert_eq!(second.made, [true, false, true]);
        assert_eq!((second.changed, &second.record), (None, &first.record));
    }

    #[test]
    fn all_changes_of_a_decision_are_made_or_none() {
        let cover = |incident: &str| Merge::Cover(IncidentKey::new(incident));
        let half = waiting("a", &[cover("i"), spend()]);
        let after = merged(None, &[], &[half, waiting("b", &[cover("j")])]);
        assert_eq!(after.made, [false, true]);
        let Some(Record::Inhibition(cover)) = after.record else { panic!("it is one") };
        assert_eq!(cover.by, [IncidentKey::new("j")].into());
    }

    #[test]
    fn what_comes_to_nothing_is_not_written() {
        let cover = Merge::Cover(IncidentKey::new("i"));
        let first = merged(None, &[], &[waiting("a", std::slice::from_ref(&cover))]);
        let second = merged(first.record, &first.seen, &[waiting("b", &[cover])]);
        assert_eq!((second.made, second.changed, second.seen), (vec![true], None, first.seen));
    }

    #[test]
    fn a_hundred_are_remembered() {
        let many: Vec<u64> = (0..150).collect();
        let kept = rows::seen(&many);
        assert_eq!(kept.len(), 800);
        assert_eq!(kept.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).min(), Some(50));
    }
}
