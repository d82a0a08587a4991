//! Where evidence is kept: things are put where nothing is, read and listed, never altered or removed.
//!
//! The futures of AWS clients are large, and a capture has many at once: each is on the heap.

mod directory;
mod s3;

use super::config::To;
use crate::clients::Clients;
use crate::failure::Failure;
use directory::Directory;
use s3::S3;

/// A place; keys are paths with `/` from its root.
#[derive(Debug)]
pub(super) enum Place {
    Directory(Directory),
    S3(S3),
}

/// What became of putting something where nothing must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It is there, on disk or in the bucket.
    Stored,
    /// Something was there already, and is as it was.
    Exists,
}

impl Place {
    /// Reaches for nothing yet.
    pub(super) async fn new(to: To, clients: &Clients) -> anyhow::Result<Self> {
        Ok(match to {
            To::Directory(config) => Place::Directory(Directory::new(config)),
            To::S3(config) => Place::S3(S3::new(config, clients).await?),
        })
    }

    /// What a person would call the thing at that key.
    pub(super) fn name(&self, key: &str) -> String {
        match self {
            Place::Directory(directory) => directory.path(key).display().to_string(),
            Place::S3(s3) => s3.address(key),
        }
    }

    /// Puts it there if nothing is there, as a whole or not at all.
    pub(super) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<Put, Failure> {
        match self {
            Place::Directory(directory) => directory.put(key, bytes).await,
            Place::S3(s3) => Box::pin(s3.put(key, bytes)).await,
        }
    }

    /// What is there, if anything.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Place::Directory(directory) => directory.get(key).await,
            Place::S3(s3) => Box::pin(s3.get(key)).await,
        }
    }

    /// Every key that begins with the folder, in order.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, Failure> {
        match self {
            Place::Directory(directory) => directory.list(folder).await,
            Place::S3(s3) => Box::pin(s3.list(folder)).await,
        }
    }

    /// The greatest number of a link; none is less than `known`.
    pub(super) async fn last_link(&self, known: u64) -> Result<u64, Failure> {
        match self {
            Place::Directory(directory) => directory.last_link().await,
            Place::S3(s3) => Box::pin(s3.last_link(known)).await,
        }
    }
}
