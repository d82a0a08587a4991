//! Open records as they were parsed: lists look at all of them, and hardly any has changed since somebody last looked.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::vec;

use watchfire_core::state::Record;

/// So many of a kind are kept at most, of some kilobytes each; the others are parsed whenever they are looked at.
const MOST: usize = 20_000;

/// What is kept, by what keys begin with, in the order of keys.
#[derive(Default)]
pub(super) struct OpenRecords(Mutex<BTreeMap<String, Vec<Known>>>);

/// A record at the version at which it was last read. A version is never used again.
struct Known {
    name: Box<str>,
    version: u64,
    record: Record,
}

/// One look at all of a kind, in the order of keys. Whoever looks meanwhile waits, and finds all of it parsed.
pub(super) struct Walk<'o> {
    beginning: &'o str,
    kept: MutexGuard<'o, BTreeMap<String, Vec<Known>>>,
    before: Peekable<vec::IntoIter<Known>>,
    now: Vec<Known>,
    /// One that has no room among them.
    extra: Option<Record>,
}

impl OpenRecords {
    /// Begins to look at those whose keys begin so.
    pub(super) fn walk<'o>(&'o self, beginning: &'o str) -> Walk<'o> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kept.remove(beginning).unwrap_or_default();
        let now = Vec::with_capacity(before.len());
        Walk { beginning, kept, before: before.into_iter().peekable(), now, extra: None }
    }

    /// Forgets all: the file was opened again, and may have lost the last of its versions.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Walk<'_> {
    /// The next record, which has that name behind the beginning and that version; `read` where it has not been read so.
    pub(super) fn next(
        &mut self,
        name: &str,
        version: u64,
        read: impl FnOnce() -> Option<Record>,
    ) -> Option<&Record> {
        while self.before.next_if(|known| *known.name < *name).is_some() {}
        let known = self.before.next_if(|known| *known.name == *name);
        let known = match known.filter(|known| known.version == version) {
            Some(known) => known,
            None => Known { name: name.into(), version, record: read()? },
        };
        match self.now.len() < MOST {
            true => {
                self.now.push(known);
                self.now.last().map(|known| &known.record)
            }
            false => Some(&*self.extra.insert(known.record)),
        }
    }

    /// Keeps what was seen. A look that ends before leaves nothing.
    pub(super) fn end(mut self) {
        self.kept.insert(self.beginning.to_owned(), self.now);
    }
}

#[cfg(test)]
mod tests {
    use watchfire_core::containment::SwitchRecord;

    use super::*;

    /// The names of those that are read in a look at these.
    fn look(open: &OpenRecords, rows: &[(&str, u64)]) -> Vec<String> {
        let (mut read, mut walk) = (Vec::new(), open.walk("incident/"));
        for (name, version) in rows {
            let known = walk.next(name, *version, || {
                read.push((*name).to_owned());
                (*name != "torn").then(|| Record::Switch(SwitchRecord::default()))
            });
            assert_eq!(known.is_some(), *name != "torn");
        }
        walk.end();
        read
    }

    #[test]
    fn a_record_is_read_again_when_its_version_is_another_and_what_was_closed_is_forgotten() {
        let open = OpenRecords::default();
        assert_eq!(look(&open, &[("a", 1), ("b", 2), ("d", 3)]), ["a", "b", "d"]);
        assert_eq!(look(&open, &[("a", 1), ("b", 4), ("c", 5), ("d", 3)]), ["b", "c"]);
        assert_eq!(look(&open, &[("a", 1), ("d", 3)]), [""; 0]);
        assert_eq!(look(&open, &[("b", 4), ("torn", 6)]), ["b", "torn"]);
        assert_eq!(look(&open, &[("b", 4), ("torn", 6)]), ["torn"], "what is not understood is not kept");
        open.forget();
        assert_eq!(look(&open, &[("b", 4)]), ["b"]);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let open = OpenRecords::default();
        let names: Vec<_> = (0..MOST + 2).map(|number| format!("{number:06}")).collect();
        let rows: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
        assert_eq!(look(&open, &rows).len(), MOST + 2);
        assert_eq!(look(&open, &rows), names[MOST..]);
    }

    #[test]
    fn a_look_that_fails_leaves_nothing_behind() {
        let open = OpenRecords::default();
        look(&open, &[("a", 1)]);
        drop(open.walk("incident/"));
        assert_eq!(look(&open, &[("a", 1)]), ["a"]);
    }
}
