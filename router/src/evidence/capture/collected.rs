//! The files of a bundle as they come in, and what did not come.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Captured;
use crate::evidence::digest::sha256;
use crate::evidence::manifest::{FileEntry, folder};
use crate::evidence::place::{Place, Put};
use crate::failure::Failure;

/// A bundle under construction: every file is stored as soon as it is there.
pub(super) struct Collected<'a> {
    place: &'a Place,
    folder: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, FileEntry>,
    missing: BTreeSet<String>,
    underway: BTreeSet<String>,
}

impl<'a> Collected<'a> {
    pub(super) fn new(place: &'a Place, id: &str) -> Self {
        Self { place, folder: folder(id), state: Mutex::default() }
    }

    /// Waits for a file's content and stores it; where there is none, it is on the list of what is missing.
    pub(super) async fn item(&self, file: String, content: impl Future<Output = Result<Vec<u8>, String>>) {
        self.state().underway.insert(file.clone());
        match content.await {
            Ok(content) => self.keep(&file, content).await,
            Err(reason) => self.lacks(format!("{file}: {reason}")),
        }
        self.state().underway.remove(&file);
    }

    /// Stores a file; where that fails, it is missing.
    pub(super) async fn keep(&self, file: &str, content: Vec<u8>) {
        self.state().underway.insert(file.to_owned());
        if let Err(failure) = self.save(file, content).await {
            self.lacks(format!("{file}: {failure}"));
        }
        self.state().underway.remove(file);
    }

    /// Stores a file. One that an earlier attempt has stored stays, and counts: it is closer to the event.
    pub(super) async fn save(&self, file: &str, content: Vec<u8>) -> Result<(), Failure> {
        let key = format!("{}{file}", self.folder);
        let mut entry = entry(file, &content);
        if self.place.put(&key, content).await? == Put::Exists {
            let stored = self.place.get(&key).await?;
            let stored = stored.ok_or_else(|| Failure::transient(format!("{key}: it was removed")))?;
            entry = self::entry(file, &stored);
        }
        self.state().files.insert(file.to_owned(), entry);
        Ok(())
    }

    /// Notes that something is not there, or not all of it, and why.
    pub(super) fn lacks(&self, what: String) {
        self.state().missing.insert(what);
    }

    pub(super) fn has(&self, file: &str) -> bool {
        self.state().files.contains_key(file)
    }

    /// What is there, and what is not; what is still under way is not.
    pub(super) fn finish(&self) -> Captured {
        let State { files, mut missing, underway } = std::mem::take(&mut *self.state());
        missing.extend(underway.into_iter().map(|file| format!("{file}: not had in time")));
        Captured { files: files.into_values().collect(), missing: missing.into_iter().collect() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file as the manifest lists it.
pub(in crate::evidence) fn entry(file: &str, content: &[u8]) -> FileEntry {
    FileEntry { bytes: content.len() as u64, name: file.to_owned(), sha256: sha256(content) }
}
