//! Open records as they were parsed: lists look at all of them, and hardly any has changed since somebody last looked.
//!
//! ```text
//! look -> the last version at this moment -> what has changed since the last look, if all of that is known -> these rows alone
//!                                         -> else every row, parsed where its version is another
//! ```
//!
//! Versions are given to records in order, one each, and never again. So whoever knows every change from one version to
//! another knows what else is as it was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use watchfire_core::state::Record;

use crate::store::Error;

/// So many of a kind are kept at most, of some kilobytes each; the others are parsed whenever they are looked at.
const MOST: usize = 20_000;
/// So many changes are remembered: those of some seconds at full speed.
const CHANGES: usize = 8_192;

/// A record that was given a version, by its key.
pub(crate) type Changed = (u64, String);

/// Takes the name and the version of a row, and how it is read.
pub(super) type Show<'s> = dyn FnMut(&str, u64, &dyn Fn() -> Option<Record>) + 's;

/// The open records of one kind, as they are at one moment; by the name behind what their keys begin with.
pub(super) trait Rows {
    /// The last version that was given to any record.
    fn last(&self) -> Result<u64, Error>;

    /// Shows the name and the version of each, in the order of keys, and how it is read.
    fn each(&self, show: &mut Show<'_>) -> Result<(), Error>;

    /// That one, where it is open and can be understood.
    fn one(&self, name: &str) -> Result<Option<Known>, Error>;
}

/// A record at the version at which it was last read.
pub(super) struct Known {
    pub(super) version: u64,
    pub(super) record: Record,
}

/// What is kept.
#[derive(Default)]
pub(super) struct OpenRecords(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// By what keys begin with.
    kinds: BTreeMap<String, Kind>,
    /// The last changes, in order and without a gap.
    changed: VecDeque<Changed>,
}

#[derive(Default)]
struct Kind {
    known: BTreeMap<Box<str>, Known>,
    /// The last version when it was looked at; none where some had no room.
    whole_at: Option<u64>,
}

impl OpenRecords {
    /// Looks at each, in the order of keys. Whoever looks meanwhile waits, and finds all of it parsed.
    pub(super) fn look(
        &self,
        beginning: &str,
        rows: &impl Rows,
        mut look: impl FnMut(&str, &Record),
    ) -> Result<(), Error> {
        let last = rows.last()?;
        let mut kept = self.kept();
        // A look that fails leaves nothing.
        let mut kind = kept.kinds.remove(beginning).unwrap_or_default();
        match kind.whole_at.and_then(|at| kept.changed_in(at, last, beginning)) {
            Some(names) => {
                kind.renew(names, rows)?;
                kind.known.iter().for_each(|(name, known)| look(name, &known.record));
            }
            None => kind = kind.anew(rows, &mut look)?,
        }
        kind.whole_at = kind.whole_at.map(|_| last);
        kept.kinds.insert(beginning.to_owned(), kind);
        Ok(())
    }

    /// Those have changed, and that is durable.
    pub(super) fn changed(&self, changed: Vec<Changed>) {
        let mut kept = self.kept();
        kept.changed.extend(changed);
        let over = kept.changed.len().saturating_sub(CHANGES);
        kept.changed.drain(..over);
    }

    /// Forgets all: the file was opened again, and may have lost the last of its versions.
    pub(super) fn forget(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The names of those that have changed after `at`, up to `last`; none where that is not all known.
    fn changed_in(&self, at: u64, last: u64, beginning: &str) -> Option<BTreeSet<Box<str>>> {
        let first = self.changed.front().map_or(u64::MAX, |(version, _)| *version);
        let newest = self.changed.back().map_or(0, |(version, _)| *version);
        let is_known = at == last || (at < last && first <= at + 1 && last <= newest);
        let since = self.changed.iter().rev().take_while(|(version, _)| *version > at);
        let until = since.filter(|(version, _)| *version <= last);
        let names = until.filter_map(|(_, key)| key.strip_prefix(beginning));
        is_known.then(|| names.map(Box::from).collect())
    }
}

impl Kind {
    /// Those names are read again.
    fn renew(&mut self, names: BTreeSet<Box<str>>, rows: &impl Rows) -> Result<(), Error> {
        for name in names {
            match rows.one(&name)? {
                Some(known) => self.known.insert(name, known),
                None => self.known.remove(&name),
            };
        }
        if self.known.len() > MOST {
            self.whole_at = None;
        }
        Ok(())
    }

    /// Every row is looked at, and read where it has not been at that version.
    fn anew(mut self, rows: &impl Rows, look: &mut impl FnMut(&str, &Record)) -> Result<Self, Error> {
        let mut known = BTreeMap::new();
        let mut whole_at = Some(0);
        rows.each(&mut |name, version, read| {
            let before = self.known.remove(name).filter(|known| known.version == version);
            let Some(now) = before.or_else(|| Some(Known { version, record: read()? })) else { return };
            look(name, &now.record);
            match known.len() < MOST {
                true => drop(known.insert(name.into(), now)),
                false => whole_at = None,
            }
        })?;
        Ok(Self { known, whole_at })
    }
}

#[cfg(test)]
mod tests;
