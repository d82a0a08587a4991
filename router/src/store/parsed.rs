//! What every decision reads and hardly any changes, kept as it was parsed: the silences.

use std::sync::{Mutex, PoisonError};

use watchfire_core::state::{Key, Record};

use crate::store::Error;

/// The silences at the version at which they were last read. A version is never used again, so whoever finds it
/// unchanged needs neither the row nor the parser.
#[derive(Default)]
pub(super) struct Parsed(Mutex<Option<(u64, Record)>>);

impl Parsed {
    /// The record at that version; `read` where it is another, or of another kind.
    pub(super) fn of(
        &self,
        key: &Key,
        version: u64,
        read: impl FnOnce() -> Result<Record, Error>,
    ) -> Result<Record, Error> {
        if *key != Key::Silences {
            return read();
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((known, record)) if *known == version => Ok(record.clone()),
            Some(_) | None => {
                let record = read()?;
                *kept = Some((version, record.clone()));
                Ok(record)
            }
        }
    }

    /// Forgets it: the file was opened again, and may have lost the last of its versions.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use watchfire_core::silence::{Silences, SilencesRecord};

    use super::*;

    #[test]
    fn silences_are_parsed_once_for_each_version_and_again_when_the_file_was_opened_anew() {
        let parsed = Parsed::default();
        let mut parses = 0;
        let mut ask = |parsed: &Parsed, key: &Key, version| {
            let read = || {
                parses += 1;
                Ok(Record::Silences(Silences::from(SilencesRecord::default())))
            };
            parsed.of(key, version, read).expect("it can be read");
            parses
        };
        let versions = [1, 1, 1, 2, 2].map(|version| ask(&parsed, &Key::Silences, version));
        assert_eq!(versions, [1, 1, 1, 2, 2]);
        assert_eq!(
            [1, 1].map(|version| ask(&parsed, &Key::Switch, version)),
            [3, 4],
            "the others are not kept"
        );
        parsed.forget();
        assert_eq!([2, 2].map(|version| ask(&parsed, &Key::Silences, version)), [5, 5]);
    }
}
