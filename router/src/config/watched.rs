//! The files behind a configuration, as they were when they were read: whether they have changed is asked of the system.
//!
//! A path is followed to the file it ends at, and the file's number, times and length are compared. So a ConfigMap or
//! a Secret counts as changed when Kubernetes swaps its `..data` link: whoever has inotify watch the file watches the
//! one that the link led to before.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::rules_files::PLAYBOOKS;

/// Files and folders, each with what the system said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watched(BTreeMap<PathBuf, Stamps>);

/// Of a file one; of a folder those of its rule files and playbooks, too. None for what is not there.
type Stamps = BTreeMap<PathBuf, Option<Stamp>>;

/// What is different when a file is another, or has other contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Watched {
    /// Looks at a path from now on.
    pub(crate) fn add(&mut self, path: &Path) {
        self.0.insert(path.to_owned(), stamps(path));
    }

    /// The same paths as they are now.
    pub(crate) fn again(&self) -> Self {
        Self(self.0.keys().map(|path| (path.clone(), stamps(path))).collect())
    }
}

fn stamps(path: &Path) -> Stamps {
    let mut stamps = Stamps::from([(path.to_owned(), stamp(path))]);
    let listed = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in listed(path).chain(listed(&path.join(PLAYBOOKS))) {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ["yaml", "yml", "md"].iter().any(|known| ending == *known)) {
            let stamp = stamp(&path);
            stamps.insert(path, stamp);
        }
    }
    stamps
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = std::fs::metadata(path).ok()?;
    Some(Stamp {
        file: (found.dev(), found.ino()),
        length: found.len(),
        modified: (found.mtime(), found.mtime_nsec()),
        changed: (found.ctime(), found.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_config_map_that_is_swapped_counts_as_changed_and_one_that_is_not_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for version in ["..1", "..2"] {
            std::fs::create_dir(at(version)).unwrap();
            std::fs::write(at(version).join("watchfire.yaml"), "the same\n").unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/watchfire.yaml", at("watchfire.yaml")).unwrap();
        let mut watched = Watched::default();
        watched.add(&at("watchfire.yaml"));
        assert_eq!(watched, watched.again());
        symlink("..2", at("..data_tmp")).unwrap();
        std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
        assert_ne!(watched, watched.again());
    }

    #[test]
    fn a_rule_file_that_comes_goes_or_changes_counts_and_its_neighbours_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.yaml"), "rules: []\n").unwrap();
        let look = || {
            let mut watched = Watched::default();
            watched.add(folder.path());
            watched
        };
        let before = look();
        std::fs::write(at("a.yaml"), "rules: [ ]\n").unwrap();
        let changed = before.again();
        assert_ne!(before, changed);
        std::fs::write(at("b.yml"), "rules: []\n").unwrap();
        let with_another = before.again();
        assert_ne!(changed, with_another);
        std::fs::remove_file(at("a.yaml")).unwrap();
        assert_ne!(with_another, before.again());
    }
}
