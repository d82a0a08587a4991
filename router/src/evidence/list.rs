//! The bundles in the order of the chain.

use jiff::Timestamp;
use serde::Serialize;

use super::Evidence;
use super::chain::{self, Link};
use super::manifest::{self, Manifest};

/// One bundle as `list` tells it; what cannot be read is left out, and `verify` says why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its number in the chain.
    pub sequence: u64,
    /// When it was linked.
    pub at: Timestamp,
    /// Its id.
    pub bundle: String,
    /// Its manifest, where it can be read.
    pub manifest: Option<Manifest>,
}

impl Evidence {
    /// All bundles that are linked.
    ///
    /// # Errors
    /// A place that cannot be read.
    pub async fn list(&self) -> anyhow::Result<Vec<Listed>> {
        let mut listed = Vec::new();
        for key in self.place.list(chain::folder()).await? {
            let Some(sequence) = chain::parse_key(&key) else { continue };
            let Some(bytes) = self.place.get(&key).await? else { continue };
            let Ok(Link { at, bundle, .. }) = Link::read(&bytes) else { continue };
            if !manifest::is_id(&bundle) {
                continue;
            }
            let manifest = self.place.get(&(manifest::folder(&bundle) + manifest::NAME)).await?;
            let manifest = manifest.and_then(|bytes| Manifest::read(&bytes).ok());
            listed.push(Listed { sequence, at, bundle, manifest });
        }
        Ok(listed)
    }
}
