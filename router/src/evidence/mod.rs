//! Evidence about pods: captured before anything is done to them, kept where nobody alters it, proved.
//!
//! The format of a bundle and of the chain over all bundles is in `router/docs/evidence.md`.

mod capture;
mod chain;
mod config;
pub(crate) mod digest;
mod list;
mod manifest;
mod place;
mod report;
mod verify;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

pub use config::{Config, DirectoryConfig, Retention, S3Config, To};
pub use list::Listed;
pub use manifest::{FileEntry, Manifest};
pub use report::{Head, Report, Wrong};

use crate::clients::Clients;
use crate::clock::Clock;
use crate::failure::Failure;
use capture::{Captured, Limits};
use chain::{Chain, Linked};
use place::{Place, Put};

/// Captures, keeps and proves evidence in one place.
#[derive(Debug)]
pub struct Evidence {
    place: Place,
    chain: Chain,
    within: Duration,
    limits: Limits,
}

/// What is to be captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The bundle's id, and the idempotency key: `[a-z0-9-]`, at most 128.
    pub id: String,
    /// The incident it belongs to.
    pub incident: String,
    /// The pods, by name and UID.
    pub pods: Vec<PodRef>,
    /// The node, where it is not only that of the pods.
    pub node: Option<String>,
    /// The event as it was delivered.
    pub finding: String,
    /// The decision about it.
    pub decision: serde_json::Value,
    /// The time of the decision.
    pub at: Timestamp,
}

/// One pod and no other of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodRef {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its UID.
    pub uid: String,
}

/// Evidence that is stored and has its link in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The folder's path or address.
    pub place: String,
    /// The sum of the manifest's bytes.
    pub manifest_sha256: String,
    /// The number of its link.
    pub sequence: u64,
    /// How many files there are beside the manifest.
    pub files: usize,
    /// Their sizes together.
    pub bytes: u64,
    /// What could not be had, each with its reason.
    pub missing: Vec<String>,
    /// Nothing was captured now: it had been stored before.
    pub already: bool,
}

/// What to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// One bundle and its link.
    Bundle(String),
    /// All of them, and the chain.
    All,
}

impl Evidence {
    /// Reaches for nothing yet.
    ///
    /// # Errors
    /// A configuration with a value out of its range, or a bucket without a region.
    pub async fn new(config: Config, clients: &Clients) -> anyhow::Result<Self> {
        let mut mistakes = Vec::new();
        config.check(&mut |member, message| mistakes.push(format!("evidence{member}: {message}")));
        anyhow::ensure!(mistakes.is_empty(), "{}", mistakes.join("; "));
        let Config { to, within_seconds, log_lines, log_bytes } = config;
        let place = Place::new(to, clients).await?;
        let within = Duration::from_secs(within_seconds.into());
        Ok(Self { place, chain: Chain::default(), within, limits: Limits { log_lines, log_bytes } })
    }

    /// Captures, stores and links. Asked again, it answers with what is stored. May be dropped at any await.
    ///
    /// # Errors
    /// Transient where it was not stored, or not in time; permanent where it cannot be. A capture that lacks
    /// something is stored all the same, and says so.
    pub async fn keep(&self, cluster: &kube::Client, request: &Request) -> Result<Kept, Failure> {
        if !manifest::is_id(&request.id) {
            let id = request.id.escape_debug();
            return Err(Failure::permanent(format!("`{id}` cannot be the name of a bundle")));
        }
        let start = Instant::now();
        match timeout_at(start + self.within, Box::pin(self.keep_from(start, cluster, request))).await {
            Ok(kept) => kept,
            Err(_) => {
                let place = self.place.name(&manifest::folder(&request.id));
                let seconds = self.within.as_secs();
                Err(Failure::transient(format!("{place}: not stored within {seconds} s")))
            }
        }
    }

    async fn keep_from(
        &self,
        start: Instant,
        cluster: &kube::Client,
        request: &Request,
    ) -> Result<Kept, Failure> {
        let key = manifest::folder(&request.id) + manifest::NAME;
        let mut already = true;
        let bytes = match self.place.get(&key).await? {
            Some(bytes) => bytes,
            None => {
                let bytes = self.capture(start, cluster, request).await?.canonical();
                match self.place.put(&key, bytes.clone()).await? {
                    Put::Stored => {
                        already = false;
                        bytes
                    }
                    // Another worker captured the same at the same time; its manifest is the one.
                    Put::Exists => self.stored(&key).await?,
                }
            }
        };
        self.link(request, &key, &bytes, already).await
    }

    async fn stored(&self, key: &str) -> Result<Vec<u8>, Failure> {
        let gone = || Failure::transient(format!("{}: it was removed", self.place.name(key)));
        self.place.get(key).await?.ok_or_else(gone)
    }

    /// Everything but the manifest is stored afterwards.
    async fn capture(
        &self,
        start: Instant,
        cluster: &kube::Client,
        request: &Request,
    ) -> Result<Manifest, Failure> {
        let captured_at = now();
        let chain_after = self.chain.last(&self.place).await?;
        // What is left is for the manifest and the link: some five short requests.
        let deadline = start + self.within * 3 / 4;
        // Large, and of a depth that a thread's stack need not have.
        let captured =
            Box::pin(capture::capture(cluster, &self.place, request, self.limits, deadline)).await?;
        let Captured { files, missing } = self.with_earlier(&request.id, captured).await?;
        let Request { id, incident, pods, node, finding: _, decision: _, at } = request.clone();
        let tool = concat!("watchfire ", env!("CARGO_PKG_VERSION")).to_owned();
        let requested_at = at;
        Ok(Manifest {
            captured_at,
            chain_after,
            files,
            id,
            incident,
            missing,
            node,
            pods,
            requested_at,
            tool,
        })
    }

    /// Adds what an attempt that came to no manifest has stored, and this one could not have.
    async fn with_earlier(&self, id: &str, captured: Captured) -> Result<Captured, Failure> {
        let Captured { mut files, mut missing } = captured;
        for key in self.place.list(&manifest::folder(id)).await? {
            let Some((_, name)) = manifest::parse_key(&key) else { continue };
            if name == manifest::NAME || files.iter().any(|file| file.name == name) {
                continue;
            }
            files.push(capture::entry(name, &self.stored(&key).await?));
            missing.retain(|text| !text.starts_with(&format!("{name}: ")));
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Captured { files, missing })
    }

    async fn link(&self, request: &Request, key: &str, bytes: &[u8], already: bool) -> Result<Kept, Failure> {
        let id = &request.id;
        let read = Manifest::read(bytes);
        let manifest =
            read.map_err(|error| Failure::permanent(format!("{}: {error}", self.place.name(key))))?;
        let manifest_sha256 = digest::sha256(bytes);
        let after = manifest.chain_after;
        let Linked { sequence, manifest_sha256: linked, gap } =
            self.chain.append(&self.place, id, &manifest_sha256, after).await?;
        if linked != manifest_sha256 {
            let reason = format!("{}: altered, its link says {linked}", self.place.name(key));
            return Err(Failure::permanent(reason));
        }
        let (files, bytes) = (manifest.files.len(), manifest.bytes());
        let mut missing = manifest.missing;
        missing.extend(gap.map(|gap| format!("link {gap} of the chain: it was removed")));
        let place = self.place.name(&manifest::folder(id));
        Ok(Kept { place, manifest_sha256, sequence, files, bytes, missing, already })
    }
}

/// The time, for what is stored; never for what is decided.
fn now() -> Timestamp {
    Clock::System.now()
}
