//! What the table is asked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::de::IgnoredAny;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::journal::Entry;
use watchfire_core::state::{Key, Record, State};

use super::item::Item;
use super::places::{self, Place};
use super::request::{Order, Range};
use super::rows::{Head, Row, whole};
use super::sorted::Sorted;
use super::{DUE, DynamoDb, OPEN, TIMELINE};
use crate::store::row::{Kept, from_row};
use crate::store::{Error, Glance, Seen};

/// So many are read at a time.
const PAGE: usize = 100;
/// In microseconds: a line of the digest that was decided in the instant in which its edition was closed is written by
/// then. What a closed edition comes to is gathered once.
const LAST_LINES: i64 = 10_000_000;

impl DynamoDb {
    pub(in crate::store) async fn find_first(&self, events: &[EventId]) -> Result<Option<Entry>, Error> {
        let table = &self.0.table;
        for event in events {
            let head = table.get(&places::head(event)).await?;
            let Some(head) = head.as_ref().map(Head::read).transpose()?.flatten() else { continue };
            let body = match table.get(&head.body()).await? {
                Some(body) => Some(self.filled(body).await?),
                None => None,
            };
            if let Some(entry) = head.entry(body.as_ref())? {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    pub(in crate::store) async fn named(&self, name: &str, most: usize) -> Result<Vec<EventId>, Error> {
        let own = self.0.table.get(&places::head(&EventId::new(name))).await?;
        let own = own.as_ref().map(Head::read).transpose()?.flatten();
        let mut found: Vec<EventId> = own.into_iter().map(|head| head.event).collect();
        let delivered = EventId::named(name);
        let range = Range::Beginning(delivered.clone());
        let mut all = Sorted::of(vec![places::heads_of(&delivered)], None, &range, Order::Forward, PAGE);
        while found.len() < most
            && let Some(head) = all.next(&self.0.table).await?
        {
            // Another name may begin so.
            let head = Head::read(&head)?.filter(|head| head.event.is_named(name));
            found.extend(head.map(|head| head.event));
        }
        Ok(found)
    }

    pub(in crate::store) async fn beginning(
        &self,
        beginning: &str,
        most: usize,
    ) -> Result<Vec<EventId>, Error> {
        let range = Range::Beginning(EventId::beginning(beginning));
        let mut all = Sorted::all(None, "E#", &range, Order::Forward, PAGE.min(most));
        let mut found = Vec::new();
        while found.len() < most
            && let Some(head) = all.next(&self.0.table).await?
        {
            found.extend(Head::read(&head)?.map(|head| head.event));
        }
        Ok(found)
    }

    pub(in crate::store) async fn load(&self, keys: &[Key], into: &mut State) -> Result<(), Error> {
        let wanted: BTreeMap<String, &Key> =
            keys.iter().filter(|key| !into.has_read(key)).map(|key| (key.to_string(), key)).collect();
        let rows = self.rows(wanted.keys()).await?;
        for (text, key) in wanted {
            match rows.get(&text) {
                Some(row) => {
                    let read = || from_row(&row.body, || text.clone());
                    let record = self.0.parsed.of(key, row.version, read)?;
                    into.insert_changed(key.clone(), row.version, row.changed_at(), record);
                }
                None => into.insert(key.clone(), 0, None),
            }
        }
        Ok(())
    }

    /// The records as they are now, by key; without those that there are not.
    pub(super) async fn rows(
        &self,
        keys: impl Iterator<Item = &String>,
    ) -> Result<BTreeMap<String, Row>, Error> {
        let places: BTreeMap<String, Place> = keys.map(|key| (key.clone(), places::record(key))).collect();
        let table = &self.0.table;
        let found = match places.iter().next() {
            Some((key, place)) if places.len() == 1 => {
                let item = table.get(place).await?;
                return item.map(|item| Ok((key.clone(), Row::read(&item)?))).into_iter().collect();
            }
            Some(_) | None => table.get_all(&places.values().cloned().collect::<Vec<_>>()).await?,
        };
        let there = places.into_iter().filter_map(|(key, Place { pk, sk, name: _ })| {
            found.get(&(pk, sk)).map(|item| Row::read(item).map(|row| (key, row)))
        });
        there.collect()
    }

    pub(in crate::store) async fn fold_records<T: Send + 'static>(
        &self,
        beginning: &str,
        mut gathered: T,
        mut look: impl FnMut(&mut T, &str, Record) + Send + 'static,
    ) -> Result<T, Error> {
        let mut all = records_of(None, 'R', beginning);
        while let Some(item) = all.next(&self.0.table).await? {
            if let Some((name, record)) = understood(&item, beginning) {
                look(&mut gathered, &name, record);
            }
        }
        Ok(gathered)
    }

    pub(in crate::store) async fn keys(&self, beginning: &str, most: usize) -> Result<Vec<String>, Error> {
        let mut all = some_records_of(None, 'R', beginning, PAGE.min(most));
        let found = all.take(most, &self.0.table).await?;
        Ok(found.iter().filter_map(places::key_of).collect())
    }

    pub(in crate::store) async fn fold_open<T: Send + 'static>(
        &self,
        beginning: &str,
        mut gathered: T,
        mut look: impl FnMut(&mut T, &str, &Record) + Send + 'static,
    ) -> Result<T, Error> {
        let mut all = records_of(Some(OPEN), 'O', beginning);
        loop {
            let hints = all.take(PAGE, &self.0.table).await?;
            if hints.is_empty() {
                return Ok(gathered);
            }
            // An index says what was: whether it still is so, the table says.
            for item in self.behind(&hints).await? {
                let open = understood(&item, beginning).filter(|(_, record)| record.is_open());
                if let Some((name, record)) = open {
                    look(&mut gathered, &name, &record);
                }
            }
        }
    }

    /// The items that an index has shown, as they are now and in its order; without those that have gone.
    pub(super) async fn behind(&self, hints: &[Item]) -> Result<Vec<Item>, Error> {
        let places: Vec<Place> = hints.iter().filter_map(Place::of).collect();
        let mut found = self.0.table.get_all(&places).await?;
        Ok(places.into_iter().filter_map(|Place { pk, sk, name: _ }| found.remove(&(pk, sk))).collect())
    }

    pub(in crate::store) async fn due(&self, now: Timestamp, most: usize) -> Result<Vec<EventId>, Error> {
        let due = self.hinted("D#", now, most, |head| {
            let head = Head::read(head)?;
            let is_due = |head: &Head| head.due.is_some_and(|due| due <= now.as_microsecond());
            Ok(head.filter(is_due).map(|head| head.event))
        });
        due.await
    }

    pub(in crate::store) async fn wakes(
        &self,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<(Timestamp, Key)>, Error> {
        let wakes = self.hinted("W#", now, most, |item| {
            let Some(key) = places::key_of(item) else { return Ok(None) };
            let row = Row::read(item)?;
            // What cannot be understood holds up no other.
            let Ok(Some(record)) = row.record(&key) else { return Ok(None) };
            let wake_at = record.wake_at().filter(|at| *at <= now);
            let Some((at, key)) = wake_at.zip(Key::parse(&key)) else { return Ok(None) };
            let is_open_to_lines = matches!(key, Key::DigestEdition(_))
                && row.changed.saturating_add(LAST_LINES) > now.as_microsecond();
            Ok((!is_open_to_lines).then_some((at, key)))
        });
        wakes.await
    }

    /// What the index of what is due shows up to now, as it is in the table.
    async fn hinted<T>(
        &self,
        partitions: &str,
        now: Timestamp,
        most: usize,
        read: impl Fn(&Item) -> Result<Option<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        let until = Range::Before(places::after(now));
        let mut all = Sorted::all(Some(DUE), partitions, &until, Order::Forward, PAGE.min(most));
        let mut found = Vec::new();
        while found.len() < most {
            let hints = all.take(PAGE.min(most - found.len()), &self.0.table).await?;
            if hints.is_empty() {
                break;
            }
            for item in self.behind(&hints).await? {
                found.extend(read(&item)?);
            }
        }
        Ok(found)
    }

    pub(in crate::store) async fn changed_after(&self, now: Timestamp) -> Result<Vec<Key>, Error> {
        let mut found = Vec::new();
        let kinds = places::KINDS.iter().map(|kind| format!("{kind}/"));
        for kind in kinds.chain(places::SINGLE.iter().map(|kind| (*kind).to_owned())) {
            let mut all = records_of(None, 'R', &kind);
            while let Some(item) = all.next(&self.0.table).await? {
                if item.number("changed").is_some_and(|changed| changed > now.as_microsecond()) {
                    found.extend(places::key_of(&item).and_then(|key| Key::parse(&key)));
                }
            }
        }
        Ok(found)
    }

    pub(in crate::store) async fn timeline(
        &self,
        incident: &IncidentKey,
        most: usize,
    ) -> Result<Vec<Entry>, Error> {
        let line = vec![places::line_of(incident)];
        let mut all = Sorted::of(line, Some(TIMELINE), &Range::All, Order::Backward, PAGE.min(most));
        let mut latest = Vec::new();
        while latest.len() < most {
            let hints = all.take(PAGE.min(most - latest.len()), &self.0.table).await?;
            if hints.is_empty() {
                break;
            }
            latest.extend(self.entries(self.behind(&hints).await?).await?);
        }
        let mut entries = latest.into_iter().collect::<Result<Vec<Entry>, Error>>()?;
        // Those of one moment in the order of their events.
        entries
            .sort_by_cached_key(|entry| (entry.decision.at.as_microsecond(), entry.decision.event.clone()));
        Ok(entries)
    }

    pub(in crate::store) async fn recent(&self, most: usize) -> Result<Vec<Entry>, Error> {
        let mut all = Sorted::all(None, "T#", &Range::All, Order::Backward, PAGE.min(most));
        let mut entries = Vec::new();
        while entries.len() < most {
            let bodies = all.take(PAGE.min(most - entries.len()), &self.0.table).await?;
            if bodies.is_empty() {
                break;
            }
            entries.extend(self.entries(bodies).await?);
        }
        entries.into_iter().collect()
    }

    /// The decisions in these, each with what became of it; without those that have gone.
    pub(super) async fn entries(&self, bodies: Vec<Item>) -> Result<Vec<Result<Entry, Error>>, Error> {
        let heads = self.heads(&bodies).await?;
        let bodies = self.all_filled(bodies).await?;
        let entries = bodies.iter().zip(heads).filter_map(|(body, head)| {
            let entry = Head::read(&head?).and_then(|head| match head {
                Some(head) => head.entry(Some(body)),
                None => Ok(None),
            });
            entry.transpose()
        });
        Ok(entries.collect())
    }

    /// What became of the decisions in these; none of one that was not committed.
    pub(super) async fn heads(&self, bodies: &[Item]) -> Result<Vec<Option<Item>>, Error> {
        let event = |body| places::event_of_body(body).map(|event| places::head(&event));
        let places: Vec<Option<Place>> = bodies.iter().map(event).collect();
        // What was decided anew has several bodies and one head.
        let asked: BTreeSet<Place> = places.iter().flatten().cloned().collect();
        let found = self.0.table.get_all(&asked.into_iter().collect::<Vec<_>>()).await?;
        let head = |(place, body): (Option<Place>, &Item)| {
            let Place { pk, sk, .. } = place?;
            found.get(&(pk, sk)).filter(|head| is_of(head, body)).cloned()
        };
        Ok(places.into_iter().zip(bodies).map(head).collect())
    }

    pub(in crate::store) async fn fold_faces<T: Send + 'static>(
        &self,
        since: Timestamp,
        mut gathered: T,
        mut look: impl FnMut(&mut T, Seen) + Send + 'static,
    ) -> Result<T, Error> {
        let range = Range::From(places::time(since.as_microsecond()));
        let mut all = Sorted::all(None, "T#", &range, Order::Forward, PAGE);
        loop {
            let bodies = all.take(PAGE, &self.0.table).await?;
            if bodies.is_empty() {
                return Ok(gathered);
            }
            let heads = self.heads(&bodies).await?;
            let bodies = self.all_filled(bodies).await?;
            for (body, head) in bodies.iter().zip(heads).filter(|(_, head)| head.is_some()) {
                // One that cannot be understood looks like nothing.
                let kept = from_row::<Kept<Glance, IgnoredAny>>(&whole(body, head.as_ref()), String::new);
                let Ok(kept) = kept else { continue };
                kept.decision.seen().into_iter().for_each(|seen| look(&mut gathered, seen));
            }
        }
    }
}

/// Whether it is the head of that body: what was decided when the body was written, and not anew later.
fn is_of(head: &Item, body: &Item) -> bool {
    let place =
        places::event_of(head).zip(head.number("decided")).map(|(event, at)| places::body(&event, at));
    place
        .is_some_and(|place| [Some(place.pk.as_str()), Some(&place.sk)] == [body.text("pk"), body.text("sk")])
}

/// All records of a kind, or those whose keys begin so; a kind is written whole.
pub(super) fn records_of(index: Option<&'static str>, letter: char, beginning: &str) -> Sorted {
    some_records_of(index, letter, beginning, PAGE)
}

/// The same, of each partition so many at a time.
fn some_records_of(index: Option<&'static str>, letter: char, beginning: &str, page: usize) -> Sorted {
    match beginning.split_once('/') {
        Some((kind, rest)) => {
            let range = if rest.is_empty() { Range::All } else { Range::Beginning(rest.to_owned()) };
            Sorted::all(index, &format!("{letter}#{kind}#"), &range, Order::Forward, page)
        }
        None => {
            let only = vec![format!("{letter}#{beginning}")];
            Sorted::of(only, index, &Range::All, Order::Forward, page)
        }
    }
}

/// A record by what its key has beside that beginning; none where it cannot be understood.
fn understood(item: &Item, beginning: &str) -> Option<(String, Record)> {
    let key = places::key_of(item)?;
    let name = key.strip_prefix(beginning)?.to_owned();
    let record = Row::read(item).and_then(|row| row.record(&key)).ok()??;
    Some((name, record))
}
