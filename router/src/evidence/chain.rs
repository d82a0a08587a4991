//! The chain over all bundles: numbered links, each with the sum of the one before.
//!
//! A link is made only where there is none of its number, and only by someone who has read every link
//! since its manifest was written. So any number of workers can append, and a bundle has one link.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::sha256;
use super::place::{Place, Put};
use crate::failure::Failure;

const FOLDER: &str = "chain/";
/// What comes before the first link.
pub(super) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A link, in canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) at: Timestamp,
    pub(super) bundle: String,
    pub(super) manifest_sha256: String,
    pub(super) previous: String,
    pub(super) sequence: u64,
}

impl Link {
    pub(super) fn canonical(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("it has no map")
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("it is not a link: {error}"))
    }
}

/// Where that link is.
pub(super) fn key(sequence: u64) -> String {
    format!("{FOLDER}{sequence:010}.json")
}

/// The folder of all links.
pub(super) fn folder() -> &'static str {
    FOLDER
}

/// The number of the link at that key.
pub(super) fn parse_key(key: &str) -> Option<u64> {
    let digits = key.strip_prefix(FOLDER)?.strip_suffix(".json")?;
    let sequence = digits.parse().ok()?;
    (self::key(sequence) == key && sequence > 0).then_some(sequence)
}

/// A bundle's place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Linked {
    pub(super) sequence: u64,
    /// The sum in the link, which is not that of the manifest if someone has altered either.
    pub(super) manifest_sha256: String,
    /// A link before it that should be there and is not.
    pub(super) gap: Option<u64>,
}

/// The end of the chain, as far as this process has seen it.
#[derive(Debug, Default)]
pub(super) struct Chain {
    seen: AtomicU64,
}

impl Chain {
    /// The number of the last link; 0 where there is none.
    pub(super) async fn last(&self, place: &Place) -> Result<u64, Failure> {
        let last = place.last_link(self.seen.load(Ordering::Relaxed)).await?;
        self.seen.fetch_max(last, Ordering::Relaxed);
        Ok(last)
    }

    /// The bundle's link: the one it has, or a new one. `after` is a number that all links of this bundle
    /// are greater than.
    pub(super) async fn append(
        &self,
        place: &Place,
        bundle: &str,
        manifest_sha256: &str,
        after: u64,
    ) -> Result<Linked, Failure> {
        let mut gap = None;
        let mut previous = NOTHING.to_owned();
        if after > 0 {
            match place.get(&key(after)).await? {
                Some(bytes) => previous = sha256(&bytes),
                // Someone has removed it. That is for `verify` to tell; evidence is kept all the same.
                None => gap = Some(after),
            }
        }
        let mut sequence = after + 1;
        loop {
            if let Some(bytes) = place.get(&key(sequence)).await? {
                if let Ok(link) = Link::read(&bytes)
                    && link.bundle == bundle
                {
                    return Ok(Linked { sequence, manifest_sha256: link.manifest_sha256, gap });
                }
                previous = sha256(&bytes);
                sequence += 1;
                continue;
            }
            let link = Link {
                at: super::now(),
                bundle: bundle.to_owned(),
                manifest_sha256: manifest_sha256.to_owned(),
                previous: previous.clone(),
                sequence,
            };
            match place.put(&key(sequence), link.canonical()).await? {
                Put::Stored => {
                    self.seen.fetch_max(sequence, Ordering::Relaxed);
                    return Ok(Linked { sequence, manifest_sha256: link.manifest_sha256, gap });
                }
                // Another was faster, or this one's own attempt that seemed to fail: read what is there.
                Put::Exists => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
