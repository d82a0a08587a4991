//! What the items of the table say: of a decision a small one that changes and a large one that does not, and records.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use watchfire_core::decision::Decision;
use watchfire_core::ids::{EffectId, EventId, FindingKey, IncidentKey};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::state::{Key, Record};

use super::item::Item;
use super::objects::lost;
use super::places::{self, Place};
use super::request::{Condition, Write};
use crate::store::Error;
use crate::store::row::{Kept, from_row, to_row};

/// In bytes: DynamoDB takes 400 KB, of which a change takes as much as it adds.
const MOST: usize = 390 * 1024;
/// So long after it is old, what nobody has removed is removed by the table itself.
pub(super) const NET: SignedDuration = SignedDuration::from_hours(24 * 30);
/// In bytes: for each that is begun, a unit is paid.
const KILOBYTE: usize = 1024;
/// In bytes: what is left of a kilobyte is for outcomes.
const FULL: usize = 724;
/// In a head: what of its body there was no room for.
const REST: &str = "rest";
/// In a body: that there is more in its head.
const MORE: &str = "more";
/// Of so many decisions a record remembers that they were merged into it.
const REMEMBERED: usize = 100;

/// What became of a decision.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    pub(super) event: EventId,
    /// When it was decided.
    pub(super) decided: i64,
    /// Changes with each change of it.
    pub(super) revision: u64,
    pub(super) outcomes: BTreeMap<EffectId, Outcome>,
    /// What has no outcome yet.
    pub(super) pending: BTreeSet<String>,
    /// When that is tried next.
    pub(super) due: Option<i64>,
    /// What of its body stands here.
    pub(super) rest: Vec<u8>,
}

/// A record as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// 0 where there is none.
    pub(super) version: u64,
    /// When a decision changed it last.
    pub(super) changed: i64,
    pub(super) body: Vec<u8>,
    /// Which decisions were merged into it last.
    pub(super) seen: Vec<u64>,
    /// Whether it stands among those of which it is asked whether they are still needed.
    pub(super) is_marked: bool,
}

impl Head {
    /// None where it has expired.
    pub(super) fn read(item: &Item) -> Result<Option<Self>, Error> {
        let event = places::event_of(item);
        let what = || format!("what became of event {}", event.clone().unwrap_or_else(|| EventId::new("?")));
        let (Some(event), Some(decided), Some(expires)) =
            (event.clone(), item.number("decided"), item.number("ttl"))
        else {
            return Err(corrupt(what(), "it has no time"));
        };
        if expires <= Timestamp::now().as_second() {
            return Ok(None);
        }
        let outcomes = match item.bytes("outcomes") {
            Some(row) => from_row(row, what)?,
            None => BTreeMap::new(),
        };
        let rest = item.bytes(REST).unwrap_or_default().to_vec();
        let revision = item.number("revision").unwrap_or_default().unsigned_abs();
        let (pending, due) = (item.set("pending"), item.number("due"));
        Ok(Some(Self { event, decided, revision, outcomes, pending, due, rest }))
    }

    /// Where its decision is.
    pub(super) fn body(&self) -> Place {
        places::body(&self.event, self.decided)
    }

    /// All of the body.
    pub(super) fn row(&self, body: &Item) -> Option<Vec<u8>> {
        body.bytes("body").map(|row| [row, &self.rest].concat())
    }

    /// The decision with what became of it; none where that is gone.
    pub(super) fn entry(self, body: Option<&Item>) -> Result<Option<Entry>, Error> {
        let what = || format!("the decision about event {}", self.event);
        if let Some(error) = body.and_then(lost) {
            return Err(error);
        }
        let Some(row) = body.and_then(|body| self.row(body)) else { return Ok(None) };
        let Kept { decision, raw, sha256 } = from_row::<Kept<Decision, String>>(&row, what)?;
        Ok(Some(Entry { decision, raw, sha256, outcomes: self.outcomes }))
    }
}

impl Row {
    /// One that is not there.
    pub(super) fn none() -> Self {
        Self { version: 0, changed: 0, body: Vec::new(), seen: Vec::new(), is_marked: false }
    }

    pub(super) fn read(item: &Item) -> Result<Self, Error> {
        let what = || places::key_of(item).unwrap_or_else(|| "a record".to_owned());
        let (Some(version), Some(changed), Some(body)) =
            (item.number("version"), item.number("changed"), item.bytes("body"))
        else {
            return Err(corrupt(what(), "it has no version, time or content"));
        };
        let seen = item.bytes("seen").unwrap_or_default().as_chunks().0;
        Ok(Self {
            version: version.unsigned_abs(),
            changed,
            body: body.to_vec(),
            seen: seen.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect(),
            is_marked: item.text("timeline_pk").is_some(),
        })
    }

    /// What it says; none where there is none.
    pub(super) fn record(&self, key: &str) -> Result<Option<Record>, Error> {
        match self.version {
            0 => Ok(None),
            _ => from_row(&self.body, || key.to_owned()).map(Some),
        }
    }

    pub(super) fn changed_at(&self) -> Timestamp {
        Timestamp::from_microsecond(self.changed).unwrap_or(Timestamp::MIN)
    }
}

/// A record as it is from now on, if it is at that version.
pub(super) fn change(key: &str, record: &Record, from: u64, at: i64) -> Write {
    let due = record.wake_at().map(|due| places::wake(key, due.as_microsecond()));
    let open = record.is_open().then(|| places::open(key));
    Write::update(&places::record(key))
        .set("version", version())
        .set("changed", at)
        .set("body", to_row(record))
        .set_both(["due_pk", "due_sk"], due)
        .set_both(["open_pk", "open_sk"], open)
        .when(is_at(from))
}

/// Moves the last bytes of a body to its head where they would cost it another kilobyte, and the head nothing: what
/// is written is paid by the kilobyte, and twice.
pub(super) fn shared(mut head: Item, mut body: Item) -> (Item, Item) {
    let over = body.size() % KILOBYTE;
    let is_worth_it = body.size() > KILOBYTE && over > 0 && head.size() + REST.len() + over <= FULL;
    if !is_worth_it {
        return (head, body);
    }
    // That there is more, says the body itself.
    let rest = body.cut("body", over + MORE.len() + 1);
    body = body.with(MORE, "");
    head = head.with(REST, rest);
    (head, body)
}

/// All of a body.
pub(super) fn whole(body: &Item, head: Option<&Item>) -> Vec<u8> {
    let rest = head.and_then(|head| head.bytes(REST)).unwrap_or_default();
    [body.bytes("body").unwrap_or_default(), rest].concat()
}

/// The records of what a decision is about, whether it has changed them or not.
pub(super) fn own_records(incident: Option<&IncidentKey>, finding: Option<&FindingKey>) -> BTreeSet<String> {
    let of_incident =
        incident.map(|incident| [Key::Incident(incident.clone()), Key::PageDraft(incident.clone())]);
    let of_finding = finding.map(|finding| Key::Finding(finding.clone()));
    of_incident.into_iter().flatten().chain(of_finding).map(|key| key.to_string()).collect()
}

/// The records that the decision in a body may have changed.
pub(super) fn changes_of(body: &Item, head: Option<&Item>) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct About {
        incident: Option<IncidentKey>,
        finding: Option<FindingKey>,
    }
    let mut changes = body.set("changes");
    let row = whole(body, head);
    if let Ok(Kept { decision: About { incident, finding }, .. }) =
        from_row::<Kept<About, IgnoredAny>>(&row, String::new)
    {
        changes.extend(own_records(incident.as_ref(), finding.as_ref()));
    }
    changes
}

/// What a condition on a version is.
pub(super) fn is_at(version: u64) -> Condition {
    if version == 0 { Condition::Absent } else { Condition::Is("version", version.into()) }
}

/// The last of those that were merged, as they are kept.
pub(super) fn seen(seen: &[u64]) -> Vec<u8> {
    let last = &seen[seen.len().saturating_sub(REMEMBERED)..];
    last.iter().flat_map(|id| id.to_le_bytes()).collect()
}

/// A version that no record has had.
pub(super) fn version() -> u64 {
    // Nobody counts: that would be one item that every decision of every worker changes.
    (super::table::random() >> 1).max(1)
}

/// Refuses what the table would refuse.
pub(super) fn fits(write: &Write, what: impl FnOnce() -> String) -> Result<(), Error> {
    let bytes = write.size();
    let too_large = |what| Error::TooLarge { what, bytes, most: MOST, instead: None };
    if bytes > MOST { Err(too_large(what())) } else { Ok(()) }
}

pub(super) fn corrupt(what: String, why: &str) -> Error {
    Error::Corrupt { what, cause: Arc::new(io::Error::new(io::ErrorKind::InvalidData, why)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_leaves_to_its_head_what_would_cost_another_kilobyte() {
        let head = || Item::default().with("pk", "x".repeat(200));
        let body = |bytes: usize| Item::default().with("body", vec![7; bytes]);
        for (bytes, is_moved) in [(900, false), (1_020, false), (1_021, true), (1_400, true), (1_700, false)]
        {
            let (shared_head, shared_body) = shared(head(), body(bytes));
            assert_eq!(shared_body.text(MORE).is_some(), is_moved, "{bytes}");
            assert_eq!(whole(&shared_body, Some(&shared_head)), vec![7; bytes]);
            assert!(shared_head.size() <= FULL, "{bytes}");
            assert!(!is_moved || shared_body.size() <= KILOBYTE, "{bytes}");
        }
    }
}
