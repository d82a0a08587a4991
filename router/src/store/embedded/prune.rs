//! Removing what nobody needs any more.

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use redb::ReadableTable;
use serde::Deserialize;
use serde::de::IgnoredAny;
use watchfire_core::digest::EditionNumber;
use watchfire_core::ids::IncidentKey;
use watchfire_core::state::{Key, Record};

use super::Embedded;
use super::tables::{Snapshot, Tables};
use super::write::{mark_open, wake};
use crate::store::Error;
use crate::store::needed::{Needed, needed};
use crate::store::row::{Kept, from_row};

/// Microseconds after which an old record that is still needed is looked at again: what is kept for years
/// is read once a day, not at every call.
const LOOK_AGAIN: i64 = 24 * 60 * 60 * 1_000_000;

impl Embedded {
    pub(in crate::store) async fn prune(&self, before: Timestamp, most: usize) -> Result<u64, Error> {
        let before = before.as_microsecond();
        loop {
            // The search is long and holds nobody up; the writer only checks what was found.
            let old = self.read_long(move |tables| Old::find(tables, before, most)).await?;
            if old.entries.is_empty() && old.records.is_empty() {
                return Ok(0);
            }
            let removed = self.write(move |tables| old.remove(tables)).await?;
            // Where all that was found is needed, there may be something behind it.
            if removed > 0 {
                return Ok(removed);
            }
        }
    }
}

struct Old {
    /// By time of the decision and event; with the incident that it was about.
    entries: Vec<(i64, String, Option<IncidentKey>)>,
    /// By the time in `aging` and key.
    records: Vec<(i64, String, Fate)>,
}

/// What is to become of an old record.
enum Fate {
    /// It is removed, if it is still at this version.
    Removed(u64),
    /// It is looked at again at this time.
    Kept(i64),
}

impl Old {
    fn find(tables: &Snapshot, before: i64, most: usize) -> Result<Self, Error> {
        let mut old = Old { entries: Vec::new(), records: Vec::new() };
        for row in tables.entries()?.range(..(before, ""))? {
            if old.entries.len() == most {
                return Ok(old);
            }
            let (key, row) = row?;
            let (decided, event) = key.value();
            if tables.unsettled()?.get(event)?.is_none() {
                old.entries.push((decided, event.to_owned(), about(row.value())));
            }
        }
        for row in tables.aging()?.range(..(before, ""))?.take(most - old.entries.len()) {
            let (row, _) = row?;
            let (time, key) = row.value();
            old.records.push((time, key.to_owned(), fate(tables, key, before)?));
        }
        Ok(old)
    }

    fn remove(self, tables: &mut Tables<'_>) -> Result<u64, Error> {
        let mut removed = 0;
        for (decided, event, incident) in &self.entries {
            let key = (*decided, event.as_str());
            if let Some(incident) = incident {
                tables.timeline.remove((incident.as_str(), *decided, event.as_str()))?;
            }
            // Another prune may have been there first. What is settled never becomes unsettled.
            removed += u64::from(tables.entries.remove(key)?.is_some());
            tables.events.remove(event.as_str())?;
            tables.outcomes.remove(key)?;
        }
        for (time, key, fate) in &self.records {
            let key = key.as_str();
            match fate {
                Fate::Removed(version) => {
                    let now = tables.records.get(key)?.map(|row| row.value().0);
                    if now == Some(*version) {
                        tables.records.remove(key)?;
                        wake(tables, key, None)?;
                        mark_open(tables, key, false)?;
                        tables.next_version(key)?;
                        tables.aging.remove((*time, key))?;
                        removed += 1;
                    }
                }
                Fate::Kept(until) => {
                    if tables.aging.remove((*time, key))?.is_some() {
                        tables.aging.insert((*until, key), ())?;
                    }
                }
            }
        }
        Ok(removed)
    }
}

/// The incident that an entry is about; none if it is about none, or cannot be understood.
fn about(entry: &[u8]) -> Option<IncidentKey> {
    #[derive(Deserialize)]
    struct Decided {
        incident: Option<IncidentKey>,
    }
    let kept: Kept<Decided, IgnoredAny> = from_row(entry, String::new).ok()?;
    kept.decision.incident
}

fn fate(tables: &Snapshot, key: &str, before: i64) -> Result<Fate, Error> {
    let row = tables.records()?.get(key)?.expect("a row of `aging` goes with its record");
    let (version, changed, record) = row.value();
    if changed >= before {
        return Ok(Fate::Kept(changed));
    }
    let is_needed = match from_row(record, || key.to_owned()).map(|record| needed(key, &record)) {
        Ok(Needed::Yes) => true,
        Ok(Needed::No) => false,
        Ok(Needed::WhileOpen(incident)) => is_open(tables, &Key::Incident(incident))?,
        Ok(Needed::UntilSaid(edition)) => is_to_be_said(tables, edition)?,
        // What cannot be read is not removed, and does not stop the others.
        Err(_) => true,
    };
    Ok(if is_needed { Fate::Kept(before + LOOK_AGAIN) } else { Fate::Removed(version) })
}

/// Whether somebody is to get the edition that a line of a digest is in; what cannot be read is not lost by it.
fn is_to_be_said(tables: &Snapshot, number: EditionNumber) -> Result<bool, Error> {
    for key in [Key::Digest, Key::DigestEdition(number)] {
        let text = key.to_string();
        let Some(row) = tables.records()?.get(text.as_str())? else { continue };
        match from_row(row.value().2, || text.clone()) {
            Ok(Record::Digest(written)) if written.edition != number => {}
            Ok(record) if record.wake_at().is_none() => {}
            Ok(_) | Err(_) => return Ok(true),
        }
    }
    Ok(false)
}

fn is_open(tables: &Snapshot, key: &Key) -> Result<bool, Error> {
    let key = key.to_string();
    let Some(row) = tables.records()?.get(key.as_str())? else { return Ok(false) };
    Ok(match from_row(row.value().2, || key.clone()) {
        Ok(Record::Incident(incident)) => incident.open,
        Ok(
            Record::Finding(_)
            | Record::Annotations(_)
            | Record::Triage(_)
            | Record::TriageSpent(_)
            | Record::Target(_)
            | Record::Switch(_)
            | Record::Budget(_)
            | Record::Approval(_)
            | Record::PageDraft(_)
            | Record::Bundle(_)
            | Record::Silences(_)
            | Record::Inhibition(_)
            | Record::Limit(_)
            | Record::Tally(_)
            | Record::Storm(_)
            | Record::Digest(_)
            | Record::DigestLine(_)
            | Record::DigestEdition(_)
            | Record::DigestDays(_)
            | Record::DigestContents(_)
            | Record::Audit(_)
            | Record::AuditHead(_),
        )
        | Err(_) => true,
    })
}
