//! A decision, and the records that it changes, in one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;
use tokio::try_join;
use watchfire_core::decision::Decision;
use watchfire_core::ids::IncidentKey;
use watchfire_core::journal::Entry;
use watchfire_core::state::{Key, Record, State};

use super::hands::in_nobodys_hands;
use super::item::Item;
use super::objects::{AT, Said};
use super::request::{Condition, Write};
use super::rows::{NET, change, fits, is_at, own_records, shared};
use super::table::{Reason, Table, Transacted, Written, random, wait};
use super::{DynamoDb, places};
use crate::aws::call::CallError;
use crate::store::row::{Kept, to_row};
use crate::store::{Committed, Error};

/// So many writes are in a transaction at most.
const MOST_WRITES: usize = 100;
/// In bytes, of all of them.
const MOST_BYTES: usize = 4 * 1024 * 1024 - 64 * 1024;
/// So often it is tried again because another was at the same records.
const CONFLICTS: u32 = 5;
/// The same where it was at a record: then that is read again.
const CONFLICTS_AT_RECORDS: u32 = 1;
const AFTER_CONFLICT: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];
/// What is not begun by then is decided anew: what was merged before it may be no longer so. With the time that its last
/// call may take, a line of the digest is written ten seconds after it was seen that its edition is open, or never.
const WITHIN: Duration = Duration::from_secs(5);

/// How a decision is kept.
struct How {
    said: Said,
    /// At that second the table may remove it.
    expires: i64,
    /// Whether what is left to do is in this worker's hands.
    keeps: bool,
}

/// What a commit writes.
struct Commit {
    /// Tells this commit from any other of the same event.
    id: String,
    /// The decision itself, which is nobody's without its head.
    body: Write,
    /// What is new and harmless by itself, each by itself: in a transaction it would cost twice as much.
    alone: Vec<Write>,
    /// What there is no room for beside the others, and what is harmless by itself.
    before: Vec<Write>,
    with: Vec<Write>,
}

/// What the reasons of a cancelled transaction come to.
#[derive(Debug, PartialEq, Eq)]
enum Judged {
    Over(Committed),
    /// Another transaction was at the same items. So often it is tried again as it is: who is at a record changes it.
    Conflict {
        again: u32,
    },
    /// There was no room.
    NoRoom,
    /// It will never be taken.
    Refused(String),
}

impl DynamoDb {
    pub(in crate::store) async fn commit(&self, read: &State, entry: &Entry) -> Result<Committed, Error> {
        let decision = &entry.decision;
        let merged = decision.merges.iter().map(|(key, _)| key);
        if let Some(key) = decision.changes.keys().chain(merged).find(|key| !read.has_read(key)) {
            return Err(Error::Unread(key.clone()));
        }
        let Entry { decision: _, raw, sha256, outcomes: _ } = entry;
        let said = self.said(to_row(&Kept { decision, raw, sha256 })).await?;
        let how = How { said, expires: (decision.at + self.0.keep + NET).as_second(), keeps: self.0.keeps };
        let mut commit = Commit::new(read, entry, how)?;
        let end = Instant::now() + WITHIN;
        let body = commit.body.clone().when(Condition::Absent);
        let (merged, has_body) = try_join!(self.merge(decision), is_written(&self.0.table, &body))?;
        if !merged {
            return Ok(Committed::Stale);
        }
        if !has_body {
            // Somebody else decides the same at the same moment, or this process did.
            commit.with.push(commit.body.clone());
        }
        if !all_written(&self.0.table, &commit.alone).await? {
            return Ok(Committed::Stale);
        }
        for hundred in commit.before.chunks(MOST_WRITES) {
            match write(&self.0.table, hundred, None, end).await? {
                Committed::Yes => {}
                other @ (Committed::Stale | Committed::AlreadyDecided) => return Ok(other),
            }
        }
        let committed = write(&self.0.table, &commit.with, Some(&commit.id), end).await?;
        if committed == Committed::Yes && self.0.keeps && entry.pending_ids().next().is_some() {
            self.0.hands.committed(&decision.event, commit.id, decision.at);
        }
        Ok(committed)
    }
}

impl Commit {
    fn new(read: &State, entry: &Entry, how: How) -> Result<Self, Error> {
        let Entry { decision, raw: _, sha256: _, outcomes: _ } = entry;
        let id = format!("{:016x}", random());
        let [head, body] = decided(entry, &id, how);
        let mut with = vec![head];
        let at = decision.at.as_microsecond();
        let (mut alone, mut own, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (key, version) in decision.conditions(read) {
            let text = key.to_string();
            let Some(record) = decision.changes.get(key) else {
                with.push(Write::check(&places::record(&text)).when(is_at(version)));
                continue;
            };
            let write = change(&text, record, version, at);
            fits(&write, || text)?;
            match key {
                _ if version == 0 && goes_alone(decision, key, read) => alone.push(write),
                _ if is_harmless(decision, key, record) => others.push(write),
                _ => own.push(write),
            }
        }
        with.extend(own);
        // One for the body, if it has to go with them.
        let room = MOST_WRITES.saturating_sub(with.len() + 1);
        let before = if others.len() > room { others.split_off(room) } else { Vec::new() };
        with.extend(others);
        let bytes = with.iter().chain([&body]).map(Write::size).sum();
        let writes = with.len() + 1;
        if writes > MOST_WRITES {
            return Err(Error::TooMany { writes, most: MOST_WRITES });
        }
        let about = || format!("the decision about event {}", decision.event);
        fits(&body, about).map_err(with_a_bucket)?;
        if bytes > MOST_BYTES {
            return Err(Error::TooLarge { what: about(), bytes, most: MOST_BYTES, instead: None });
        }
        Ok(Self { id, body, alone, before, with })
    }
}

/// A decision: what became of it so far, which changes, and it with its event, which stay as they are.
fn decided(entry: &Entry, commit: &str, how: How) -> [Write; 2] {
    let How { said, expires, keeps } = how;
    let Decision { event, at, .. } = &entry.decision;
    let places = [places::head(event), places::body(event, at.as_microsecond())];
    let head = head(entry, places[0].item().with("commit", commit).with("ttl", expires));
    let head = if keeps { head } else { in_nobodys_hands(head) };
    let body = body(entry, places[1].item().with("ttl", expires));
    let (head, body) = match said {
        Said::Here(row) => shared(head, body.with("body", row)),
        Said::At(address) => (head, body.with(AT, address)),
    };
    let now = jiff::Timestamp::now().as_second();
    [Write::put(&places[0], head).when(Condition::AbsentAt(now)).telling(), Write::put(&places[1], body)]
}

pub(super) fn with_a_bucket(error: Error) -> Error {
    match error {
        Error::TooLarge { what, bytes, most, instead: _ } => {
            let instead = Some("; `store.dynamodb.bucket` names a bucket for what is larger");
            Error::TooLarge { what, bytes, most, instead }
        }
        error => error,
    }
}

fn head(entry: &Entry, item: Item) -> Item {
    let Decision { event, at, .. } = &entry.decision;
    let decided = at.as_microsecond();
    let pending: BTreeSet<String> = entry.pending_ids().map(ToString::to_string).collect();
    let outcomes = (!entry.outcomes.is_empty()).then(|| to_row(&entry.outcomes));
    let mut item = item.with("decided", decided).with("revision", 1_u64).with_any("outcomes", outcomes);
    if !pending.is_empty() {
        item = item.with("due", decided);
        item = item.with_all(places::due(event, decided));
    }
    item.with_set("pending", pending)
}

fn body(entry: &Entry, item: Item) -> Item {
    let decision = &entry.decision;
    // What it is about says the decision itself.
    let own = own_records(decision.incident.as_ref(), decision.finding.as_ref());
    let changes = decision.changes.keys().map(ToString::to_string).filter(|key| !own.contains(key)).collect();
    let item = item.with_set("changes", changes);
    match &decision.incident {
        Some(incident) => {
            let line = places::in_timeline(incident, decision.at.as_microsecond());
            item.with_all(line)
        }
        None => item,
    }
}

/// Whether a record may be written although its decision is not: a line of the digest, and that an incident of another
/// waits elsewhere. What is decided anew writes it again.
fn is_harmless(decision: &Decision, key: &Key, record: &Record) -> bool {
    let is_own = |incident: &IncidentKey| decision.incident.as_ref() == Some(incident);
    match (key, record) {
        (Key::DigestLine(..), Record::DigestLine(_)) => true,
        (Key::Incident(incident), Record::Incident(_)) => !is_own(incident),
        (_, _) => false,
    }
}

/// Whether a record that there was not is harmless before its decision is: the own line of the digest, and what the page
/// of an incident would say that there is not yet, for which nobody asks.
fn goes_alone(decision: &Decision, key: &Key, read: &State) -> bool {
    let Some(own) = &decision.incident else { return false };
    let is_new = || read.version(&Key::Incident(own.clone())) == 0;
    match key {
        Key::DigestLine(_, incident) => incident == own,
        Key::PageDraft(incident) => incident == own && is_new(),
        _ => false,
    }
}

/// Each by itself, whatever becomes of the others; whether all of them were as they were read.
async fn all_written(table: &Table, writes: &[Write]) -> Result<bool, Error> {
    Ok(try_join_all(writes.iter().map(|write| is_written(table, write))).await?.into_iter().all(|is| is))
}

/// Not where it is there in another way, or another's transaction is at it. That it is there as it was to be is an answer
/// that was lost.
async fn is_written(table: &Table, write: &Write) -> Result<bool, Error> {
    match table.write(&write.clone().telling()).await {
        Ok(Written::Yes) => Ok(true),
        Ok(Written::No(there)) => Ok(there.is_some_and(|there| write.has_made(&there))),
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes all of it or nothing; with the commit's id where the first is the head of a decision.
async fn write(
    table: &Table,
    writes: &[Write],
    commit: Option<&str>,
    end: Instant,
) -> Result<Committed, Error> {
    let (mut conflicts, mut throttled) = (0, Duration::from_millis(50));
    loop {
        if Instant::now() >= end {
            return given_up(table, writes, commit).await;
        }
        let reasons = match table.transact(writes).await? {
            Transacted::Yes => return Ok(Committed::Yes),
            Transacted::Cancelled(reasons) => reasons,
        };
        match judge(&reasons, commit) {
            Judged::Over(committed) => return Ok(committed),
            Judged::Conflict { again } if conflicts < again => {
                conflicts += 1;
                wait(AFTER_CONFLICT[0], AFTER_CONFLICT[1]).await;
            }
            Judged::Conflict { again: _ } => return given_up(table, writes, commit).await,
            Judged::NoRoom if Instant::now() + throttled < end => {
                wait(Duration::ZERO, throttled).await;
                throttled *= 2;
            }
            Judged::NoRoom => {
                let none = CallError::NoAnswer("it has no room for a transaction".to_owned());
                return Err(Error::Unavailable(Arc::new(none)));
            }
            Judged::Refused(why) => return Err(Error::Refused(Arc::new(CallError::NoAnswer(why)))),
        }
    }
}

/// What it comes to when it is not tried any more: what was tried may have been done, and its answer lost.
async fn given_up(table: &Table, writes: &[Write], commit: Option<&str>) -> Result<Committed, Error> {
    let (Some(head), Some(commit)) = (writes.first(), commit) else { return Ok(Committed::Stale) };
    Ok(match table.get(head.place()).await? {
        Some(head) if head.text("commit") == Some(commit) => Committed::Yes,
        Some(_) => Committed::AlreadyDecided,
        None => Committed::Stale,
    })
}

/// The first that counts, by what it is worth: an event that is decided stays so, whatever else is wrong.
fn judge(reasons: &[Reason], commit: Option<&str>) -> Judged {
    let is = |reason: &Reason, code: &str| reason.code.as_deref() == Some(code);
    let any = |code: &str| reasons.iter().any(|reason| is(reason, code));
    let head = reasons.first().filter(|_| commit.is_some());
    if let Some(head) = head.filter(|head| is(head, "ConditionalCheckFailed")) {
        // Our own, whose answer was lost.
        let is_ours = commit.is_some() && head.item.as_ref().and_then(|head| head.text("commit")) == commit;
        return Judged::Over(if is_ours { Committed::Yes } else { Committed::AlreadyDecided });
    }
    if head.is_some_and(|head| is(head, "TransactionConflict")) {
        return Judged::Conflict { again: CONFLICTS };
    }
    if any("ConditionalCheckFailed") {
        return Judged::Over(Committed::Stale);
    }
    if any("TransactionConflict") {
        return Judged::Conflict { again: CONFLICTS_AT_RECORDS };
    }
    if any("ThrottlingError") || any("ProvisionedThroughputExceeded") {
        return Judged::NoRoom;
    }
    let told = reasons.iter().filter(|reason| !is(reason, "None"));
    let told = told.map(|reason| {
        let [code, message] = [&reason.code, &reason.message].map(|text| text.as_deref().unwrap_or_default());
        format!("{code}: {message}")
    });
    Judged::Refused(told.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: &str) -> Reason {
        Reason { code: Some(code.to_owned()), ..Reason::default() }
    }

    fn of(commit: &str) -> Reason {
        let item = Some(Item::default().with("commit", commit));
        Reason { item, ..reason("ConditionalCheckFailed") }
    }

    #[test]
    fn every_reason_has_its_answer() {
        let none = || reason("None");
        let failed = || reason("ConditionalCheckFailed");
        let conflict = || reason("TransactionConflict");
        let over = Judged::Over;
        let table = [
            (vec![of("another"), none(), none()], over(Committed::AlreadyDecided)),
            (vec![of("ours"), none(), failed()], over(Committed::Yes)),
            // It has gone since.
            (vec![failed(), none(), failed()], over(Committed::AlreadyDecided)),
            (vec![none(), none(), failed()], over(Committed::Stale)),
            (vec![none(), conflict(), failed()], over(Committed::Stale)),
            (vec![conflict(), none(), failed()], Judged::Conflict { again: CONFLICTS }),
            (vec![none(), none(), conflict()], Judged::Conflict { again: CONFLICTS_AT_RECORDS }),
            (vec![none(), reason("ThrottlingError"), none()], Judged::NoRoom),
            (vec![none(), reason("ProvisionedThroughputExceeded"), none()], Judged::NoRoom),
            (
                vec![none(), reason("ValidationError"), none()],
                Judged::Refused("ValidationError: ".to_owned()),
            ),
            (Vec::new(), Judged::Refused(String::new())),
        ];
        for (reasons, expected) in table {
            assert_eq!(judge(&reasons, Some("ours")), expected, "{reasons:?}");
        }
        assert_eq!(judge(&[failed()], None), over(Committed::Stale), "of what is written before");
    }
}
