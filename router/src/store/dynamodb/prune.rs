//! Removing what nobody needs any more.
//!
//! A decision says which records it has changed: with it they are looked at. Those that are still needed, and those that
//! no decision speaks for, are marked with a time at which they are looked at again.

use jiff::Timestamp;
use watchfire_core::digest::EditionNumber;
use watchfire_core::ids::EventId;
use watchfire_core::state::{Key, Record};

use super::item::Item;
use super::objects::AT;
use super::places::{self, Place};
use super::request::{Condition, Order, Range, Write};
use super::rows::{NET, Row, changes_of, is_at};
use super::sorted::Sorted;
use super::table::Written;
use super::{DynamoDb, TIMELINE};
use crate::store::Error;
use crate::store::needed::{Needed, needed};

/// In microseconds: what is still needed is looked at again a day later.
const LOOK_AGAIN: i64 = 24 * 60 * 60 * 1_000_000;
/// So many are looked at together.
const PAGE: usize = 50;

/// How far one call has come.
struct Pruning {
    before: i64,
    /// So many may still be removed.
    room: usize,
    removed: u64,
    /// Marks that were moved on: there may be something behind them.
    moved: bool,
}

impl DynamoDb {
    pub(in crate::store) async fn prune(&self, before: Timestamp, most: usize) -> Result<u64, Error> {
        let before = before.as_microsecond();
        loop {
            let mut pruning = Pruning { before, room: most, removed: 0, moved: false };
            self.prune_entries(&mut pruning).await?;
            self.prune_marked(&mut pruning).await?;
            if pruning.removed > 0 || !pruning.moved {
                return Ok(pruning.removed);
            }
        }
    }

    async fn prune_entries(&self, pruning: &mut Pruning) -> Result<(), Error> {
        let old = Range::Before(places::time(pruning.before));
        let mut all = Sorted::all(None, "T#", &old, Order::Forward, PAGE.min(pruning.room));
        while pruning.room > 0 {
            let bodies = all.take(PAGE.min(pruning.room), &self.0.table).await?;
            if bodies.is_empty() {
                break;
            }
            let heads = self.heads(&bodies).await?;
            let bodies = self.all_filled(bodies).await?;
            for (body, head) in bodies.iter().zip(heads) {
                if pruning.room == 0 {
                    break;
                }
                self.prune_entry(body, head.as_ref(), pruning).await?;
            }
        }
        Ok(())
    }

    async fn prune_entry(
        &self,
        body: &Item,
        head: Option<&Item>,
        pruning: &mut Pruning,
    ) -> Result<(), Error> {
        let (Some(place), Some(event)) = (Place::of(body), places::event_of_body(body)) else {
            return Ok(());
        };
        let is_pending = head.is_some_and(|head| !head.set("pending").is_empty());
        if is_pending {
            self.keep(&event, &place, body).await?;
        } else {
            pruning.room = pruning.room.saturating_sub(1);
        }
        let changes = changes_of(body, head);
        for (key, row) in self.rows(changes.iter()).await? {
            self.prune_record(&key, &row, pruning).await?;
        }
        if is_pending {
            return Ok(());
        }
        // The small one first: without it the other is nobody's, and is found again.
        if head.is_some() {
            let gone = Write::delete(&places::head(&event)).when(Condition::Lacks("pending"));
            if matches!(self.0.table.write(&gone).await?, Written::No(_)) {
                return Ok(());
            }
        }
        if let Some(address) = body.text(AT) {
            self.0.objects.delete(address).await?;
        }
        self.0.table.write(&Write::delete(&place)).await?;
        pruning.removed += 1;
        Ok(())
    }

    /// The table does not remove what is pending, however old it is.
    async fn keep(&self, event: &EventId, place: &Place, body: &Item) -> Result<(), Error> {
        let now = Timestamp::now();
        let is_soon = body.number("ttl").is_some_and(|expires| expires < (now + NET / 2).as_second());
        if is_soon {
            let later = (now + NET).as_second();
            for place in [&places::head(event), place] {
                self.0.table.write(&Write::update(place).set("ttl", later).when(Condition::Present)).await?;
            }
        }
        Ok(())
    }

    async fn prune_marked(&self, pruning: &mut Pruning) -> Result<(), Error> {
        let old = Range::Before(places::time(pruning.before));
        let mut all = Sorted::all(Some(TIMELINE), "A#", &old, Order::Forward, PAGE.min(pruning.room));
        let marked = all.take(pruning.room, &self.0.table).await?;
        for item in self.behind(&marked).await? {
            if let Some(key) = places::key_of(&item) {
                self.prune_record(&key, &Row::read(&item)?, pruning).await?;
            }
        }
        Ok(())
    }

    /// Removes it, or leaves it to be looked at again.
    async fn prune_record(&self, key: &str, row: &Row, pruning: &mut Pruning) -> Result<(), Error> {
        let Pruning { before, room, .. } = *pruning;
        if row.changed >= before {
            // The decision that changed it is looked at when it is old; nobody speaks for what was merged.
            let later = row.is_marked.then_some(row.changed);
            return self.mark(key, row, later, pruning).await;
        }
        // What cannot be understood is not removed, and does not stop the others.
        let record = row.record(key).ok().flatten();
        let is_open = record.as_ref().is_some_and(Record::is_open);
        let is_needed = match record {
            Some(record) => self.is_needed(key, &record).await?,
            None => true,
        };
        if is_needed {
            // What closes it speaks for it.
            let later = (!is_open || row.is_marked).then_some(before + LOOK_AGAIN);
            return self.mark(key, row, later, pruning).await;
        }
        if room == 0 {
            let now = (!row.is_marked).then_some(row.changed);
            return self.mark(key, row, now, pruning).await;
        }
        let gone = Write::delete(&places::record(key)).when(is_at(row.version));
        // Where it is gone, the answer to the first try was lost, or another was quicker.
        if matches!(self.0.table.write(&gone).await?, Written::Yes | Written::No(None)) {
            pruning.room -= 1;
            pruning.removed += 1;
        }
        Ok(())
    }

    /// Has it looked at at that time, if it is still as it was.
    async fn mark(&self, key: &str, row: &Row, at: Option<i64>, pruning: &mut Pruning) -> Result<(), Error> {
        let Some(at) = at else { return Ok(()) };
        let write = Write::update(&places::record(key)).set_all(places::mark(key, at));
        self.0.table.write(&write.when(is_at(row.version))).await?;
        pruning.moved |= row.is_marked;
        Ok(())
    }

    async fn is_needed(&self, key: &str, record: &Record) -> Result<bool, Error> {
        match needed(key, record) {
            Needed::Yes => Ok(true),
            Needed::No => Ok(false),
            Needed::WhileOpen(incident) => {
                let key = Key::Incident(incident).to_string();
                let rows = self.rows([&key].into_iter()).await?;
                Ok(rows.get(&key).is_some_and(|row| is_open(row, &key)))
            }
            Needed::UntilSaid(edition) => self.is_to_be_said(edition).await,
        }
    }

    /// Whether somebody is to get that edition of the digest; what cannot be read is not lost by it.
    async fn is_to_be_said(&self, number: EditionNumber) -> Result<bool, Error> {
        let keys = [Key::Digest, Key::DigestEdition(number)].map(|key| key.to_string());
        let rows = self.rows(keys.iter()).await?;
        Ok(rows.iter().any(|(key, row)| match row.record(key) {
            Ok(Some(Record::Digest(written))) if written.edition != number => false,
            Ok(Some(record)) => record.wake_at().is_some(),
            Ok(None) => false,
            Err(_) => true,
        }))
    }
}

/// What cannot be read counts as open.
fn is_open(row: &Row, key: &str) -> bool {
    match row.record(key) {
        Ok(Some(record)) => record.is_open(),
        Ok(None) => false,
        Err(_) => true,
    }
}
