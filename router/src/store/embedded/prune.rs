//! Removing what nobody needs any more.

use jiff::Timestamp;
use redb::ReadableTable;

use super::Embedded;
use super::tables::{Snapshot, Tables};
use crate::store::Error;

impl Embedded {
    pub(in crate::store) async fn prune(&self, before: Timestamp, most: usize) -> Result<u64, Error> {
        // The search is long and holds nobody up; the writer only checks what was found.
        let old = self.read_long(move |tables| Old::find(tables, before.as_microsecond(), most)).await?;
        if old.entries.is_empty() && old.records.is_empty() {
            return Ok(0);
        }
        self.write(move |tables| old.remove(tables)).await
    }
}

struct Old {
    /// By time of the decision and event.
    entries: Vec<(i64, String)>,
    /// By key, each with the version it was found at.
    records: Vec<(String, u64)>,
}

impl Old {
    fn find(tables: &Snapshot, before: i64, most: usize) -> Result<Self, Error> {
        let mut old = Old { entries: Vec::new(), records: Vec::new() };
        for row in tables.entries.range(..(before, ""))? {
            if old.entries.len() == most {
                return Ok(old);
            }
            let (key, _) = row?;
            let (decided, event) = key.value();
            if tables.unsettled.get(event)?.is_none() {
                old.entries.push((decided, event.to_owned()));
            }
        }
        for row in tables.records.iter()? {
            if old.entries.len() + old.records.len() == most {
                break;
            }
            let (key, record) = row?;
            let (version, changed, _) = record.value();
            if changed < before {
                old.records.push((key.value().to_owned(), version));
            }
        }
        Ok(old)
    }

    fn remove(self, tables: &mut Tables<'_>) -> Result<u64, Error> {
        let mut removed = 0;
        for (decided, event) in &self.entries {
            let key = (*decided, event.as_str());
            // Another prune may have been there first. What is settled never becomes unsettled.
            removed += u64::from(tables.entries.remove(key)?.is_some());
            tables.events.remove(event.as_str())?;
            tables.outcomes.remove(key)?;
        }
        for (key, version) in &self.records {
            let now = tables.records.get(key.as_str())?.map(|row| row.value().0);
            if now == Some(*version) {
                tables.records.remove(key.as_str())?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
