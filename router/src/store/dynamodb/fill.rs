//! A table filled with what is in a file, while nobody works on either.
//!
//! Until all of it is there and was read back, the table says that it is being filled, and nobody opens it. What is put
//! again is the same, so that whoever is broken off begins again.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{bail, ensure};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use redb::{ReadableTable as _, ReadableTableMetadata as _};
use serde::Deserialize;
use serde::de::IgnoredAny;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::state::Record;

use super::format::{self, COPYING};
use super::item::Item;
use super::objects::{AT, Said};
use super::places;
use super::request::{Order, Range, Write};
use super::rows::{NET, fits};
use super::sorted::Sorted;
use super::{Config, DynamoDb, definition};
use crate::clients::Clients;
use crate::store::Error;
use crate::store::embedded::{Looked, Unsettled, look_at};
use crate::store::row::{Kept, from_row};
use crate::store::sums::Sums;

/// So many rows are read from the file at a time, and so many are put at a time.
const BATCH: usize = 1_000;
const SIDE_BY_SIDE: usize = 32;
/// What was written so lately was written by somebody who may still be there.
const LATELY: SignedDuration = SignedDuration::from_mins(1);

/// One decision, as a file has it.
struct Decided {
    event: String,
    at: i64,
    row: Vec<u8>,
    outcomes: Option<Vec<u8>>,
    unsettled: Option<Unsettled>,
}

impl DynamoDb {
    /// Makes an empty table the store that is in a file, and says what is in it then.
    ///
    /// # Errors
    /// Why it is not begun, or what is not there as it should be.
    pub(in crate::store) async fn fill(
        from: &Path,
        clients: &Clients,
        config: &Config,
        keep: SignedDuration,
    ) -> anyhow::Result<Sums> {
        let looked = look_at(from)?;
        let waiting = looked.tables.spool()?.len()?;
        ensure!(
            waiting == 0,
            "{waiting} messages wait in the embedded queue of {}, and a table has none: let the worker take them first",
            from.display()
        );
        let store = Self(Arc::new(Self::reach(clients, config, keep).await?));
        definition::look_at(&store.0.table).await?;
        store.begin(&from.display().to_string(), looked.tables.last_version()?).await?;
        let expires = (Timestamp::now() + keep + NET).as_second();
        store.fill_decisions(&looked, expires).await?;
        store.fill_records(&looked).await?;
        let (wanted, found) = (looked.sums()?, store.sums().await?);
        let different = wanted.different(&found);
        if !different.is_empty() {
            bail!(
                "what is in the table is not what is in {}: {}; nobody opens it as it is: delete the table, make it anew and \
                 copy again",
                from.display(),
                different.join(", ")
            );
        }
        store.0.table.write(&Write::update(&format::place()).remove(COPYING)).await?;
        Ok(found)
    }

    /// What is in the table.
    pub(in crate::store) async fn sums(&self) -> Result<Sums, Error> {
        let (_, sums) = self.copy(None).await?;
        Ok(sums)
    }

    /// Refuses where somebody seems to work on the table.
    pub(in crate::store) async fn is_left_alone(&self) -> anyhow::Result<()> {
        let since = Timestamp::now() - LATELY;
        let refuse = |what: &str| {
            bail!(
                "{what} less than a minute ago: stop its workers, have no Lambda called and no operator at it, and try again"
            )
        };
        if self.recent(1).await?.first().is_some_and(|entry| entry.decision.at > since) {
            return refuse("something was decided on the table");
        }
        let pinged = self.0.table.get(&places::ping()).await?;
        if pinged.and_then(|item| item.number("at")).is_some_and(|at| at > since.as_microsecond()) {
            return refuse("a worker was asked whether it can write to the table, and could,");
        }
        let mut due = Sorted::all(Some(super::DUE), "D#", &Range::All, Order::Forward, 100);
        loop {
            let hints = due.take(100, &self.0.table).await?;
            if hints.is_empty() {
                return Ok(());
            }
            let is_held = |head: &Item| head.number("held").is_some_and(|held| held > since.as_microsecond());
            if self.behind(&hints).await?.iter().any(is_held) {
                return refuse("a worker had something of the table in its hands");
            }
        }
    }

    /// Marks an empty table as one that is being filled, or finds that it was begun before.
    async fn begin(&self, of: &str, version: u64) -> anyhow::Result<()> {
        let table = &self.0.table;
        let found = table.get(&format::place()).await?;
        match found.as_ref().and_then(|item| item.text(COPYING)) {
            Some(begun) if begun == of => return Ok(()),
            Some(begun) => bail!(
                "a copy of {begun} into the table {} is not finished: finish that, or delete the table and make it anew",
                table.name
            ),
            None => {}
        }
        ensure!(
            self.is_empty().await?,
            "the table {} is not empty, and nothing was changed: a copy goes into one that was just made",
            table.name
        );
        table.write(&Write::put(&format::place(), format::copying(of, version))).await?;
        Ok(())
    }

    async fn is_empty(&self) -> Result<bool, Error> {
        let kinds = places::KINDS
            .iter()
            .map(|kind| Sorted::all(None, &format!("R#{kind}#"), &Range::All, Order::Forward, 1));
        let single = places::SINGLE
            .iter()
            .map(|kind| Sorted::of(vec![format!("R#{kind}")], None, &Range::All, Order::Forward, 1));
        let decisions = ["E#", "T#"].map(|kind| Sorted::all(None, kind, &Range::All, Order::Forward, 1));
        for mut all in decisions.into_iter().chain(kinds).chain(single) {
            if all.next(&self.0.table).await?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn fill_decisions(&self, looked: &Looked, expires: i64) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let batch = decisions_after(looked, after.as_ref())?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = Some((last.at, last.event.clone()));
            let put = stream::iter(batch).map(|decided| self.put_decision(decided, expires));
            put.buffer_unordered(SIDE_BY_SIDE).try_collect::<()>().await?;
        }
    }

    async fn put_decision(&self, decided: Decided, expires: i64) -> Result<(), Error> {
        let Decided { event, at, row, outcomes, unsettled } = decided;
        let event = EventId::new(event);
        let incident = incident_of(&row);
        let place = places::body(&event, at);
        let mut body = place.item().with("ttl", expires);
        if let Some(incident) = incident {
            body = body.with_all(places::in_timeline(&incident, at));
        }
        body = match self.said(row).await? {
            Said::Here(row) => body.with("body", row),
            Said::At(address) => body.with(AT, address),
        };
        let body = Write::put(&place, body);
        fits(&body, || format!("the decision about event {event}")).map_err(super::commit::with_a_bucket)?;
        let place = places::head(&event);
        let head = place.item().with("decided", at).with("revision", 1_u64).with("ttl", expires);
        let mut head = head.with_any("outcomes", outcomes);
        if let Some(Unsettled { next_try, effects }) = unsettled {
            head = head.with("due", next_try).with_all(places::due(&event, next_try));
            head = head.with_set("pending", effects.iter().map(ToString::to_string).collect());
        }
        // The body first: a head is what is found.
        self.0.table.write(&body).await?;
        self.0.table.write(&Write::put(&place, head)).await?;
        Ok(())
    }

    async fn fill_records(&self, looked: &Looked) -> anyhow::Result<()> {
        let mut asked_at = HashMap::new();
        for row in looked.tables.aging()?.iter().map_err(Error::from)? {
            let row = row.map_err(Error::from)?.0;
            let (at, key) = row.value();
            asked_at.insert(key.to_owned(), at);
        }
        let mut after = String::new();
        loop {
            let batch = records_after(looked, &after, &asked_at)?;
            let Some((last, _)) = batch.last() else { return Ok(()) };
            after.clone_from(last);
            let put = stream::iter(batch).map(async |(key, write)| {
                fits(&write, || key)?;
                self.0.table.write(&write).await.map(drop)
            });
            put.buffer_unordered(SIDE_BY_SIDE).try_collect::<()>().await?;
        }
    }
}

impl Looked {
    /// What is in the file, as a table that was filled from it says it.
    pub(in crate::store) fn sums(&self) -> Result<Sums, Error> {
        let mut sums = Sums::default();
        self.tables.rows(&mut |kind, key, value| {
            match kind {
                // However an earlier version wrote it.
                "unsettled" => {
                    let left: Unsettled = from_row(value, || "what is left to do".to_owned())?;
                    sums.add(kind, key, &crate::store::row::to_row(&left));
                }
                _ => sums.add(kind, key, value),
            }
            Ok(())
        })?;
        Ok(sums)
    }
}

/// The next decisions of a file, in the order of their times.
fn decisions_after(looked: &Looked, after: Option<&(i64, String)>) -> Result<Vec<Decided>, Error> {
    let tables = &looked.tables;
    let first = after.map_or((i64::MIN, ""), |(at, event)| (*at, event.as_str()));
    let (entries, outcomes, unsettled) = (tables.entries()?, tables.outcomes()?, tables.unsettled()?);
    let mut batch = Vec::new();
    for row in entries.range(first..)? {
        let (key, row) = row?;
        let (at, event) = key.value();
        if after.is_some() && (at, event) == first {
            continue;
        }
        let left = match unsettled.get(event)? {
            Some(left) => Some(from_row(left.value(), || format!("what is left to do for {event}"))?),
            None => None,
        };
        batch.push(Decided {
            event: event.to_owned(),
            at,
            row: row.value().to_vec(),
            outcomes: outcomes.get((at, event))?.map(|row| row.value().to_vec()),
            unsettled: left,
        });
        if batch.len() == BATCH {
            break;
        }
    }
    Ok(batch)
}

/// The next records of a file, by their keys, each as it is put.
fn records_after(
    looked: &Looked,
    after: &str,
    asked_at: &HashMap<String, i64>,
) -> Result<Vec<(String, Write)>, Error> {
    let mut batch = Vec::new();
    for row in looked.tables.records()?.range(after..)? {
        let (key, row) = row?;
        let key = key.value();
        if key == after {
            continue;
        }
        let (version, changed, body) = row.value();
        let asked_at = asked_at.get(key).copied().unwrap_or(changed);
        batch.push((key.to_owned(), put_record(key, (version, changed, body), asked_at)));
        if batch.len() == BATCH {
            break;
        }
    }
    Ok(batch)
}

fn put_record(key: &str, (version, changed, body): (u64, i64, &[u8]), asked_at: i64) -> Write {
    let place = places::record(key);
    let item = place.item().with("version", version).with("changed", changed).with("body", body.to_vec());
    // Of the decisions that changed it none says so in a copy.
    let mut item = item.with_all(places::mark(key, asked_at));
    // What cannot be understood is copied as it is.
    if let Ok(record) = from_row::<Record>(body, String::new) {
        if let Some(at) = record.wake_at() {
            item = item.with_all(places::wake(key, at.as_microsecond()));
        }
        if record.is_open() {
            item = item.with_all(places::open(key));
        }
    }
    Write::put(&place, item)
}

fn incident_of(row: &[u8]) -> Option<IncidentKey> {
    #[derive(Deserialize)]
    struct About {
        incident: Option<IncidentKey>,
    }
    from_row::<Kept<About, IgnoredAny>>(row, String::new).ok()?.decision.incident
}
