//! All of the table in one stream: its journal as lines, or a store of one file.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use watchfire_core::ids::EffectId;

use super::DynamoDb;
use super::item::Item;
use super::objects::lost;
use super::request::{Order, Range};
use super::rows::{Head, Row};
use super::sorted::Sorted;
use super::{format, places};
use crate::store::embedded::{Copying, SCHEMA, Unsettled};
use crate::store::line::line;
use crate::store::row::to_row;
use crate::store::sums::Sums;
use crate::store::{Error, Streamed};

/// A stream that nobody takes on is ended.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);
/// So many decisions are read at a time.
const PAGE: usize = 100;
/// In bytes: what of the journal is sent at a time.
const LINES: usize = 64 * 1024;

type Bits = mpsc::Sender<Result<Vec<u8>, Error>>;

impl DynamoDb {
    pub(in crate::store) async fn stream(
        &self,
        what: Streamed,
    ) -> Result<mpsc::Receiver<Result<Vec<u8>, Error>>, Error> {
        let (sender, bits) = mpsc::channel(4);
        let store = self.clone();
        tokio::spawn(async move {
            let streamed = match what {
                Streamed::Backup => match store.copy(Some(&sender)).await {
                    Ok((end, _)) => send(&sender, end).await,
                    Err(error) => Err(error),
                },
                Streamed::Journal => store.journal(&sender).await,
            };
            if let Err(error) = streamed {
                // Who has gone away does not hear it.
                let _ = sender.try_send(Err(error));
            }
        });
        Ok(bits)
    }

    async fn journal(&self, to: &Bits) -> Result<(), Error> {
        let mut all = Sorted::all(None, "T#", &Range::All, Order::Forward, PAGE);
        let mut lines = Vec::new();
        loop {
            let bodies = all.take(PAGE, &self.0.table).await?;
            if bodies.is_empty() {
                return send(to, lines).await;
            }
            let heads = self.heads(&bodies).await?;
            let bodies = self.all_filled(bodies).await?;
            for (body, head) in bodies.iter().zip(heads) {
                let Some(event) = places::event_of_body(body) else { continue };
                let entry = match head.as_ref().map(Head::read).transpose() {
                    Ok(head) => {
                        head.flatten().map(|head| head.entry(Some(body))).transpose().map(Option::flatten)
                    }
                    Err(error) => Err(error),
                };
                if let Some(entry) = entry.transpose() {
                    lines.extend(line(event.as_str(), entry)?.into_bytes());
                }
            }
            if lines.len() >= LINES {
                send(to, std::mem::take(&mut lines)).await?;
            }
        }
    }

    /// As the embedded store copies itself, so that `watchfire store backup` makes a store of it; the answer is the end of
    /// it, which makes it whole, and what is in all of it.
    pub(super) async fn copy(&self, to: Option<&Bits>) -> Result<(Vec<u8>, Sums), Error> {
        let mut copying = Copying::begin();
        let mut all = Sorted::all(None, "T#", &Range::All, Order::Forward, PAGE);
        loop {
            let bodies = all.take(PAGE, &self.0.table).await?;
            if bodies.is_empty() {
                break;
            }
            let heads = self.heads(&bodies).await?;
            let bodies = self.all_filled(bodies).await?;
            for (body, head) in bodies.iter().zip(heads) {
                copy_entry(&mut copying, body, head.as_ref())?;
            }
            copied(&mut copying, to).await?;
        }
        // A file that was copied into it may have given later versions than any that is still there.
        let format = self.0.table.get(&format::place()).await?;
        let mut last_version = format::version(format.as_ref());
        let kinds = places::KINDS.iter().map(|kind| format!("{kind}/"));
        for kind in kinds.chain(places::SINGLE.iter().map(|kind| (*kind).to_owned())) {
            let mut all = super::read::records_of(None, 'R', &kind);
            while let Some(item) = all.next(&self.0.table).await? {
                last_version = last_version.max(copy_record(&mut copying, &item)?);
                copied(&mut copying, to).await?;
            }
        }
        copying.meta("schema", SCHEMA);
        copying.meta("version", last_version);
        Ok(copying.end())
    }
}

fn copy_entry(copying: &mut Copying, body: &Item, item: Option<&Item>) -> Result<(), Error> {
    let Some(head) = item.map(Head::read).transpose()?.flatten() else { return Ok(()) };
    if let Some(error) = lost(body) {
        return Err(error);
    }
    let Some(row) = head.row(body) else { return Ok(()) };
    let event = head.event.as_str();
    copying.events(event, head.decided);
    copying.entries((head.decided, event), &row);
    if let Some(outcomes) = item.and_then(|item| item.bytes("outcomes")) {
        copying.outcomes((head.decided, event), outcomes);
    }
    if let Some(next_try) = head.due {
        let effects = head.pending.iter().map(|effect| EffectId::new(effect.as_str())).collect();
        copying.unsettled(event, &to_row(&Unsettled { next_try, effects }));
        copying.due((next_try, event), ());
    }
    let line = body.text("timeline_pk").and_then(|line| line.strip_prefix("I#"));
    line.into_iter().for_each(|incident| copying.timeline((incident, head.decided, event), ()));
    Ok(())
}

/// Returns the version.
fn copy_record(copying: &mut Copying, item: &Item) -> Result<u64, Error> {
    let Some(key) = places::key_of(item) else { return Ok(0) };
    let key = key.as_str();
    let row = Row::read(item)?;
    copying.records(key, (row.version, row.changed, &row.body));
    copying.aging((places::marked_at(item).unwrap_or(row.changed), key), ());
    // What cannot be understood is copied as it is.
    if let Ok(Some(record)) = row.record(key) {
        if let Some(at) = record.wake_at() {
            copying.wakes((at.as_microsecond(), key), ());
            copying.wake_of(key, at.as_microsecond());
        }
        if record.is_open() {
            copying.open(key, ());
        }
    }
    Ok(row.version)
}

async fn copied(copying: &mut Copying, to: Option<&Bits>) -> Result<(), Error> {
    match copying.full().zip(to) {
        Some((chunk, to)) => send(to, chunk).await,
        None => Ok(()),
    }
}

async fn send(to: &Bits, bit: Vec<u8>) -> Result<(), Error> {
    let sent = timeout(TAKEN_WITHIN, to.send(Ok(bit))).await;
    sent.ok().and_then(Result::ok).ok_or(Error::Silent)
}
