//! Lists of incidents: those that are wanted, the most urgent of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use watchfire_core::ids::IncidentKey;
use watchfire_core::incident::IncidentRecord;
use watchfire_core::pattern::Pattern;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record};

use super::Router;
use crate::store;

/// A list of incidents.
#[derive(Debug)]
pub struct Listed {
    /// Each by its key, with the shortest beginning of it that stands for it alone.
    pub incidents: Vec<(IncidentKey, IncidentRecord, String)>,
    /// How many more there are.
    pub more: usize,
    /// How many of each priority are wanted, listed or not.
    pub by_priority: BTreeMap<Priority, usize>,
}

/// What is gathered for one.
#[derive(Debug, Default)]
struct Gathered {
    first: BTreeMap<(Priority, Reverse<Timestamp>, IncidentKey), IncidentRecord>,
    more: usize,
    by_priority: BTreeMap<Priority, usize>,
}

impl Gathered {
    /// Counts one that is wanted, and keeps it where it is among the first `most`.
    fn take(&mut self, key: &str, record: &IncidentRecord, wanted: Wanted, most: usize) {
        let Self { first, more, by_priority } = self;
        if wanted == Wanted::No {
            return;
        }
        *by_priority.entry(record.priority).or_default() += 1;
        if wanted == Wanted::Counted {
            return;
        }
        let place = (record.priority, Reverse(record.opened_at), IncidentKey::new(key));
        let is_full = first.len() >= most;
        // Most of many are none of the first: they are not copied.
        if is_full && first.last_key_value().is_none_or(|(last, _)| *last < place) {
            *more += 1;
            return;
        }
        first.insert(place, record.clone());
        if is_full {
            first.pop_last();
            *more += 1;
        }
    }
}

/// Which incidents are looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// The open ones, however many others there are.
    Open,
    /// All that are known.
    All,
}

/// Whether an incident is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// In the list, where there is room for it.
    Listed,
    /// As one of its priority, and not in the list.
    Counted,
    /// Not at all.
    No,
}

impl From<bool> for Wanted {
    fn from(is_wanted: bool) -> Self {
        if is_wanted { Wanted::Listed } else { Wanted::No }
    }
}

impl Router {
    /// The incidents that are wanted, by key and record, the newest first and no more than `most`; and how many more
    /// there are, none of them more urgent than those, or as urgent and newer.
    ///
    /// # Errors
    /// The store's.
    pub async fn incidents<W: Into<Wanted>>(
        &self,
        most: usize,
        among: Among,
        is_wanted: impl Fn(&str, &IncidentRecord) -> W + Send + 'static,
    ) -> Result<Listed, store::Error> {
        let gather = move |gathered: &mut Gathered, key: &str, record: &Record| {
            if let Record::Incident(record) = record {
                gathered.take(key, record, is_wanted(key, record).into(), most);
            }
        };
        let none = Gathered::default();
        let Gathered { first, more, by_priority } = match among {
            Among::Open => self.store.fold_open(Key::INCIDENTS, none, gather).await?,
            Among::All => {
                let gather = move |gathered: &mut _, key: &str, record| gather(gathered, key, &record);
                self.store.fold_records(Key::INCIDENTS, none, gather).await?
            }
        };
        let mut newest: Vec<_> = first.into_iter().map(|((_, _, key), record)| (key, record)).collect();
        newest.sort_by_key(|(key, record)| (Reverse(record.opened_at), key.clone()));
        let keys: Vec<_> = newest.iter().map(|(key, _)| key.clone()).collect();
        let shorts = self.shorts(&keys).await?;
        let mut incidents = Vec::with_capacity(newest.len());
        for ((key, record), short) in newest.into_iter().zip(shorts) {
            let record = self.as_said(&record).await?;
            incidents.push((key, record, short));
        }
        Ok(Listed { incidents, more, by_priority })
    }

    /// The keys of those incidents that such a silence would match, by what was last known of them.
    ///
    /// # Errors
    /// The store's.
    pub async fn that_match(&self, pattern: Pattern) -> Result<BTreeSet<String>, store::Error> {
        let gather = move |found: &mut BTreeSet<String>, key: &str, record| {
            if let Record::PageDraft(page_draft) = record
                && pattern.matches(&page_draft.face.json())
            {
                found.insert(key.to_owned());
            }
        };
        self.store.fold_records(Key::PAGE_DRAFTS, BTreeSet::new(), gather).await
    }
}
