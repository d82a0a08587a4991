//! The tables of the embedded store, and how their rows are written.
//!
//! What is large or grows at the end is keyed by time, so that a group of commits touches few pages; what
//! is looked up by name is small. Times are microseconds since 1970.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use redb::{
    ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata as _, Table, TableDefinition, Value,
    WriteTransaction,
};
use serde::{Deserialize, Serialize};
use watchfire_core::ids::EffectId;
#[cfg(doc)]
use watchfire_core::state::Record;

use super::copy::Copying;
use super::open::Changed;
use crate::store::Error;
#[cfg(doc)]
use crate::store::row::Kept;

/// The newest schema that this version can read, and the one it writes.
pub(in crate::store) const SCHEMA: u64 = 5;

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// The row of `meta` that has the last version.
const VERSION: &str = "version";
const EVENTS: TableDefinition<'_, &str, i64> = TableDefinition::new("events");
const ENTRIES: TableDefinition<'_, (i64, &str), &[u8]> = TableDefinition::new("entries");
const OUTCOMES: TableDefinition<'_, (i64, &str), &[u8]> = TableDefinition::new("outcomes");
const UNSETTLED: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("unsettled");
const DUE: TableDefinition<'_, (i64, &str), ()> = TableDefinition::new("due");
const RECORDS: TableDefinition<'_, &str, (u64, i64, &[u8])> = TableDefinition::new("records");
const AGING: TableDefinition<'_, (i64, &str), ()> = TableDefinition::new("aging");
const WAKES: TableDefinition<'_, (i64, &str), ()> = TableDefinition::new("wakes");
const WAKE_OF: TableDefinition<'_, &str, i64> = TableDefinition::new("wake_of");
const OPEN: TableDefinition<'_, &str, ()> = TableDefinition::new("open");
const TIMELINE: TableDefinition<'_, (&str, i64, &str), ()> = TableDefinition::new("timeline");
const SPOOL: TableDefinition<'_, u64, (i64, &str)> = TableDefinition::new("spool");
const EXPRESS: TableDefinition<'_, u64, ()> = TableDefinition::new("express");

macro_rules! tables {
    ($($(#[$doc:meta])+ $name:ident: $definition:ident, $key:ty => $value:ty;)+) => {
        /// All tables, open for writing.
        pub(crate) struct Tables<'t> {
            $($(#[$doc])+ pub(crate) $name: Table<'t, $key, $value>,)+
            /// The last version that was given, where one was.
            version: Option<u64>,
            /// What was given one.
            changed: Vec<Changed>,
        }

        impl<'t> Tables<'t> {
            pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Error> {
                Ok(Self { $($name: transaction.open_table($definition)?,)+ version: None, changed: Vec::new() })
            }

            /// Puts in a row as [`Snapshot::rows`] gave it; false where there is no such table.
            pub(super) fn put(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<bool, Error> {
                match table {
                    $(stringify!($name) => {
                        self.$name.insert(<$key as Value>::from_bytes(key), <$value as Value>::from_bytes(value))?;
                    })+
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }

        /// Rows of each table, for whoever makes a copy of what is no file.
        #[allow(dead_code, reason = "not everyone has all of them")]
        impl Copying {
            $($(#[$doc])+ pub(in crate::store) fn $name<'v>(
                &mut self,
                key: <$key as Value>::SelfType<'v>,
                value: <$value as Value>::SelfType<'v>,
            ) {
                let key = <$key as Value>::as_bytes(&key);
                self.row(stringify!($name), key.as_ref(), <$value as Value>::as_bytes(&value).as_ref());
            })+
        }

        /// All tables at one moment, each opened when it is first asked for: most questions are about one or two.
        pub(crate) struct Snapshot {
            transaction: ReadTransaction,
            $($name: OnceCell<ReadOnlyTable<$key, $value>>,)+
        }

        impl Snapshot {
            pub(super) fn new(transaction: ReadTransaction) -> Self {
                Self { transaction, $($name: OnceCell::new(),)+ }
            }

            /// Opens every table, to see that it can be.
            pub(super) fn prove(&self) -> Result<(), Error> {
                $(self.$name()?;)+
                Ok(())
            }

            $($(#[$doc])+
            pub(crate) fn $name(&self) -> Result<&ReadOnlyTable<$key, $value>, Error> {
                if let Some(table) = self.$name.get() {
                    return Ok(table);
                }
                let table = self.transaction.open_table($definition)?;
                Ok(self.$name.get_or_init(|| table))
            })+

            /// Shows every row, as bytes, table by table and in the order of keys.
            pub(in crate::store) fn rows(
                &self,
                show: &mut dyn FnMut(&'static str, &[u8], &[u8]) -> Result<(), Error>,
            ) -> Result<(), Error> {
                $(for row in self.$name()?.iter()? {
                    let (key, value) = row?;
                    let (key, value) = (key.value(), value.value());
                    let key = <$key as Value>::as_bytes(&key);
                    let value = <$value as Value>::as_bytes(&value);
                    show(stringify!($name), key.as_ref(), value.as_ref())?;
                })+
                Ok(())
            }

            /// What each table has and takes. Reads all of it.
            pub(super) fn sizes(&self) -> Result<Vec<Size>, Error> {
                Ok(vec![$({
                    let table = self.$name()?;
                    let stats = table.stats()?;
                    let taken = stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
                    Size { name: stringify!($name), rows: table.len()?, bytes: stats.stored_bytes(), taken }
                },)+])
            }
        }
    };
}

tables! {
    /// `schema`, and `version`: the last one given to a record.
    meta: META, &'static str => u64;
    /// By event: when it was decided.
    events: EVENTS, &'static str => i64;
    /// By time of the decision and event: a [`Kept`].
    entries: ENTRIES, (i64, &'static str) => &'static [u8];
    /// By time of the decision and event: the outcomes by effect. No row as long as there are none.
    outcomes: OUTCOMES, (i64, &'static str) => &'static [u8];
    /// By event: an [`Unsettled`]. No row where every effect has its outcome.
    unsettled: UNSETTLED, &'static str => &'static [u8];
    /// Next try and event, of every row of `unsettled`.
    due: DUE, (i64, &'static str) => ();
    /// By key: version, time of the decision that changed it last, and a `Record`.
    records: RECORDS, &'static str => (u64, i64, &'static [u8]);
    /// When it is to be asked next whether it is still needed, and key, of every row of `records`. A
    /// change to a record leaves this as it is.
    aging: AGING, (i64, &'static str) => ();
    /// When a tick is to look at a record, and its key.
    wakes: WAKES, (i64, &'static str) => ();
    /// By key: the time under which it stands in `wakes`.
    wake_of: WAKE_OF, &'static str => i64;
    /// The keys of records that are open, see [`Record::is_open`].
    open: OPEN, &'static str => ();
    /// By incident, time of the decision and event: what was decided about an incident.
    timeline: TIMELINE, (&'static str, i64, &'static str) => ();
    /// By sequence: when it was sent, and the message.
    spool: SPOOL, u64 => (i64, &'static str);
    /// By sequence: the messages in `spool` that are in the express lane.
    express: EXPRESS, u64 => ();
}

impl Tables<'_> {
    /// A version that no record has had, for what the record with that key is from now on.
    pub(super) fn next_version(&mut self, key: &str) -> Result<u64, Error> {
        let last = match self.version {
            Some(last) => last,
            None => self.meta.get(VERSION)?.map_or(0, |row| row.value()),
        };
        let version = last + 1;
        self.version = Some(version);
        self.changed.push((version, key.to_owned()));
        Ok(version)
    }

    /// Writes down the last version that was given, before the transaction is committed; the answer is what was given one.
    pub(super) fn finish(mut self) -> Result<Vec<Changed>, Error> {
        if let Some(version) = self.version {
            self.meta.insert(VERSION, version)?;
        }
        Ok(self.changed)
    }
}

impl Snapshot {
    /// The last version that was given to any record.
    pub(in crate::store) fn last_version(&self) -> Result<u64, Error> {
        Ok(self.meta()?.get(VERSION)?.map_or(0, |row| row.value()))
    }
}

/// What a table has.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Size {
    /// Its name.
    pub(crate) name: &'static str,
    /// How many rows.
    pub(crate) rows: u64,
    /// In bytes, of what is in its rows.
    pub(crate) bytes: u64,
    /// In bytes, of its pages.
    pub(crate) taken: u64,
}

/// What is left to do for an event.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct Unsettled {
    pub(in crate::store) next_try: i64,
    pub(in crate::store) effects: BTreeSet<EffectId>,
}
