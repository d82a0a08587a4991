//! What the embedded store is asked.

use jiff::Timestamp;
use redb::ReadableTable;
use serde::de::IgnoredAny;
use watchfire_core::decision::Decision;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::journal::Entry;
use watchfire_core::state::{Key, Record, State};

use super::Embedded;
use super::earlier::with_cause;
use super::open::{Known, Rows, Show};
use super::tables::Snapshot;
use crate::store::line::line;
use crate::store::row::{Kept, from_row};
use crate::store::{Error, Glance, Seen};

/// In bytes: what of the journal is sent at a time.
const LINES: usize = 64 * 1024;

impl Embedded {
    pub(in crate::store) async fn find_first(&self, events: &[EventId]) -> Result<Option<Entry>, Error> {
        self.ask(|tables| {
            for event in events {
                let Some(decided) = tables.events()?.get(event.as_str())? else { continue };
                let key = (decided.value(), event.as_str());
                let Some(row) = tables.entries()?.get(key)? else { continue };
                return entry(tables, key, row.value()).map(Some);
            }
            Ok(None)
        })
        .await
    }

    pub(in crate::store) async fn named(&self, name: &str, most: usize) -> Result<Vec<EventId>, Error> {
        let delivered = EventId::named(name);
        self.ask(|tables| {
            let mut found = Vec::new();
            if tables.events()?.get(name)?.is_some() {
                found.push(EventId::new(name));
            }
            for row in tables.events()?.range(delivered.as_str()..)? {
                let (id, _) = row?;
                if found.len() >= most || !id.value().starts_with(&delivered) {
                    break;
                }
                let id = EventId::new(id.value());
                // Another name may begin so.
                if id.is_named(name) {
                    found.push(id);
                }
            }
            Ok(found)
        })
        .await
    }

    pub(in crate::store) async fn beginning(
        &self,
        beginning: &str,
        most: usize,
    ) -> Result<Vec<EventId>, Error> {
        let beginning = EventId::beginning(beginning);
        self.ask(|tables| {
            let rows = tables.events()?.range(beginning.as_str()..)?.take(most);
            let ids: Result<Vec<_>, Error> = rows.map(|row| Ok(row?.0.value().to_owned())).collect();
            let ids = ids?.into_iter().take_while(|id| id.starts_with(&beginning));
            Ok(ids.map(EventId::new).collect())
        })
        .await
    }

    pub(in crate::store) async fn load(&self, keys: &[Key], into: &mut State) -> Result<(), Error> {
        self.ask(|tables| {
            for key in keys {
                if into.has_read(key) {
                    continue;
                }
                let text = key.to_string();
                match tables.records()?.get(text.as_str())? {
                    Some(row) => {
                        let (version, changed, record) = row.value();
                        let read = || from_row(record, || text.clone());
                        let record = self.0.place.parsed.of(key, version, read)?;
                        let changed = Timestamp::from_microsecond(changed).unwrap_or(Timestamp::MIN);
                        into.insert_changed(key.clone(), version, changed, record);
                    }
                    None => into.insert(key.clone(), 0, None),
                }
            }
            Ok(())
        })
        .await
    }

    pub(in crate::store) async fn fold_records<T: Send + 'static>(
        &self,
        beginning: &str,
        mut gathered: T,
        mut look: impl FnMut(&mut T, &str, Record) + Send + 'static,
    ) -> Result<T, Error> {
        let beginning = beginning.to_owned();
        self.read_long(move |tables| {
            for row in tables.records()?.range(beginning.as_str()..)? {
                let (key, row) = row?;
                let Some(name) = key.value().strip_prefix(&beginning) else { break };
                understood(name, row.value().2)
                    .into_iter()
                    .for_each(|record| look(&mut gathered, name, record));
            }
            Ok(gathered)
        })
        .await
    }

    pub(in crate::store) async fn keys(&self, beginning: &str, most: usize) -> Result<Vec<String>, Error> {
        self.ask(|tables| {
            let mut found = Vec::new();
            for row in tables.records()?.range(beginning..)?.take(most) {
                let key = row?.0;
                match key.value().starts_with(beginning) {
                    true => found.push(key.value().to_owned()),
                    false => break,
                }
            }
            Ok(found)
        })
        .await
    }

    pub(in crate::store) async fn fold_open<T: Send + 'static>(
        &self,
        beginning: &str,
        mut gathered: T,
        mut look: impl FnMut(&mut T, &str, &Record) + Send + 'static,
    ) -> Result<T, Error> {
        let (beginning, place) = (beginning.to_owned(), self.0.place.clone());
        self.read_long(move |tables| {
            let rows = Open { tables, beginning: &beginning };
            place.open.look(&beginning, &rows, |name, record| look(&mut gathered, name, record))?;
            Ok(gathered)
        })
        .await
    }

    pub(in crate::store) async fn due(&self, now: Timestamp, most: usize) -> Result<Vec<EventId>, Error> {
        self.ask(|tables| {
            let rows = tables.due()?.range(..(now.as_microsecond() + 1, ""))?;
            rows.take(most).map(|row| Ok(EventId::new(row?.0.value().1))).collect()
        })
        .await
    }

    pub(in crate::store) async fn wakes(
        &self,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<(Timestamp, Key)>, Error> {
        self.ask(|tables| {
            let mut found = Vec::new();
            for row in tables.wakes()?.range(..(now.as_microsecond() + 1, ""))?.take(most) {
                let (row, _) = row?;
                let (at, key) = row.value();
                let is_current = tables.wake_of()?.get(key)?.is_some_and(|of| of.value() == at);
                let at = Timestamp::from_microsecond(at).unwrap_or(now);
                found.extend(Key::parse(key).filter(|_| is_current).map(|key| (at, key)));
            }
            Ok(found)
        })
        .await
    }

    pub(in crate::store) async fn changed_after(&self, now: Timestamp) -> Result<Vec<Key>, Error> {
        let now = now.as_microsecond();
        self.read_long(move |tables| {
            let mut found = Vec::new();
            for row in tables.records()?.iter()? {
                let (key, row) = row?;
                if row.value().1 > now {
                    found.extend(Key::parse(key.value()));
                }
            }
            Ok(found)
        })
        .await
    }

    pub(in crate::store) async fn timeline(
        &self,
        incident: &IncidentKey,
        most: usize,
    ) -> Result<Vec<Entry>, Error> {
        let incident = incident.to_string();
        self.read_long(move |tables| {
            let rows = tables.timeline()?.range((incident.as_str(), i64::MIN, "")..)?;
            let mut found = std::collections::VecDeque::new();
            for row in rows {
                let (row, _) = row?;
                let (of, decided, event) = row.value();
                if of != incident {
                    break;
                }
                if found.len() == most {
                    found.pop_front();
                }
                found.push_back((decided, event.to_owned()));
            }
            let mut entries = Vec::with_capacity(found.len());
            for (decided, event) in found {
                let key = (decided, event.as_str());
                if let Some(row) = tables.entries()?.get(key)? {
                    entries.push(entry(tables, key, row.value())?);
                }
            }
            Ok(entries)
        })
        .await
    }

    pub(in crate::store) async fn fold_faces<T: Send + 'static>(
        &self,
        since: Timestamp,
        mut gathered: T,
        mut look: impl FnMut(&mut T, Seen) + Send + 'static,
    ) -> Result<T, Error> {
        self.read_long(move |tables| {
            for row in tables.entries()?.range((since.as_microsecond(), "")..)? {
                let (_, value) = row?;
                // One that cannot be understood looks like nothing.
                let kept = from_row::<Kept<Glance, IgnoredAny>>(value.value(), String::new);
                let Ok(kept) = kept else { continue };
                kept.decision.seen().into_iter().for_each(|seen| look(&mut gathered, seen));
            }
            Ok(gathered)
        })
        .await
    }

    pub(in crate::store) async fn recent(&self, most: usize) -> Result<Vec<Entry>, Error> {
        self.read_long(move |tables| {
            let rows = tables.entries()?.iter()?.rev().take(most);
            rows.map(|row| {
                let (key, value) = row?;
                entry(tables, key.value(), value.value())
            })
            .collect()
        })
        .await
    }
}

/// What cannot be understood is left out of what is gathered.
/// The open records whose keys begin so.
struct Open<'o> {
    tables: &'o Snapshot,
    beginning: &'o str,
}

impl Rows for Open<'_> {
    fn last(&self) -> Result<u64, Error> {
        self.tables.last_version()
    }

    fn each(&self, show: &mut Show<'_>) -> Result<(), Error> {
        for row in self.tables.open()?.range(self.beginning..)? {
            let (key, _) = row?;
            let Some(name) = key.value().strip_prefix(self.beginning) else { break };
            let Some(row) = self.tables.records()?.get(key.value())? else { continue };
            let (version, _, record) = row.value();
            show(name, version, &|| understood(name, record));
        }
        Ok(())
    }

    fn one(&self, name: &str) -> Result<Option<Known>, Error> {
        let key = format!("{}{name}", self.beginning);
        if self.tables.open()?.get(key.as_str())?.is_none() {
            return Ok(None);
        }
        let Some(row) = self.tables.records()?.get(key.as_str())? else { return Ok(None) };
        let (version, _, record) = row.value();
        Ok(understood(name, record).map(|record| Known { version, record }))
    }
}

fn understood(name: &str, row: &[u8]) -> Option<Record> {
    from_row(row, || name.to_owned()).ok()
}

fn entry(tables: &Snapshot, key: (i64, &str), row: &[u8]) -> Result<Entry, Error> {
    let what = || format!("the decision about event {}", key.1);
    let Kept { decision, raw, sha256 } = from_row::<Kept<Decision, String>>(row, what)?;
    let outcomes = match tables.outcomes()?.get(key)? {
        Some(row) => from_row(row.value(), || format!("what became of event {}", key.1))?,
        None => Default::default(),
    };
    Ok(Entry { decision: with_cause(decision, &raw), raw, sha256, outcomes })
}

/// Sends every decision with what became of it, a line of JSON each, the oldest first. What cannot be understood is a
/// line that says so; the answer is how many those are.
pub(crate) fn journal(
    tables: &Snapshot,
    send: &mut dyn FnMut(Vec<u8>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut unread = 0;
    let mut lines = Vec::new();
    for row in tables.entries()?.iter()? {
        let (key, value) = row?;
        let entry = entry(tables, key.value(), value.value());
        unread += u64::from(entry.is_err());
        lines.extend(line(key.value().1, entry)?.into_bytes());
        if lines.len() >= LINES {
            send(std::mem::take(&mut lines))?;
        }
    }
    send(lines)?;
    Ok(unread)
}
