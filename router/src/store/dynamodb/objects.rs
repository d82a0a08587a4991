//! What is larger than a row: decisions about large events, in a bucket of S3, each under the sum of what it says.
//!
//! - Permissions: `s3:PutObject`, `s3:GetObject` and `s3:DeleteObject` on the keys; `kms:GenerateDataKey` and
//!   `kms:Decrypt` where the bucket encrypts by a key of its own.
//! - Idempotency: the name is the sum, so that what is put again is the same object.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;
use watchfire_core::ids::EventId;

use super::item::Item;
use super::{DynamoDb, places};
use crate::aws::call::{Ask, CallError, Caller, Patience, Refusal, Service};
use crate::clients::Clients;
use crate::evidence::digest::{sha256, sha256_base64};
use crate::store::Error;

/// In a body: the address of what it says, where that is in a bucket.
pub(super) const AT: &str = "at";
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(3),
    in_all: Duration::from_secs(10),
    attempts: 3,
    wait: Duration::from_millis(100),
};

/// In bytes: larger ones go to a bucket, if there is one; what else is in the item has the rest of its room.
const MOST_IN_A_ROW: usize = 350 * 1024;

/// What a decision says with its event.
pub(super) enum Said {
    /// As it stands in its row.
    Here(Vec<u8>),
    /// In a bucket, at that address.
    At(String),
}

/// The way to buckets.
pub(super) struct Objects {
    /// To any of them; or why there is none.
    caller: Result<Caller, CallError>,
    /// Where new ones are put: bucket and prefix; none where there is no place for them.
    to: Option<(String, String)>,
}

/// A bucket and a key in it.
struct Address<'a> {
    bucket: &'a str,
    key: &'a str,
}

impl<'a> Address<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (bucket, key) = text.strip_prefix("s3://")?.split_once('/')?;
        Some(Self { bucket, key })
    }
}

impl Objects {
    pub(super) async fn new(clients: &Clients, region: Option<&str>, to: Option<(String, String)>) -> Self {
        Self { caller: Caller::new(clients, Service::S3, region).await, to }
    }

    /// Puts it there, looks that it is there, and says where.
    async fn put(&self, row: &[u8]) -> Result<String, Error> {
        let Some((bucket, prefix)) = &self.to else { return Err(gone("a bucket", "none is configured")) };
        let address = format!("s3://{bucket}/{prefix}{}", sha256(row));
        let sum = sha256_base64(row);
        let headers = [
            ("content-type", "application/octet-stream"),
            ("if-none-match", "*"),
            ("x-amz-checksum-sha256", &sum),
        ];
        match self.call(Method::PUT, &address, &headers, Bytes::copy_from_slice(row)).await {
            // What has that name already is looked at as what was just put.
            Ok(_) | Err(CallError::Refused(Refusal { status: 412, .. })) => {}
            Err(error) => return Err(unavailable(&address, error)),
        }
        match self.get(&address).await? {
            Some(_) => Ok(address),
            None => Err(gone(&address, "it is not what was put there")),
        }
    }

    /// What was put there; none where that was removed or altered.
    pub(super) async fn get(&self, address: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.call(Method::GET, address, &[], Bytes::new()).await {
            Ok(row) if address.ends_with(&sha256(&row)) => Ok(Some(row)),
            // What was altered holds up no more than what was removed.
            Ok(_) => Ok(None),
            Err(error) if error.code() == "NoSuchKey" => Ok(None),
            Err(error) => Err(unavailable(address, error)),
        }
    }

    /// Removes it; what is not there is removed.
    pub(super) async fn delete(&self, address: &str) -> Result<(), Error> {
        match self.call(Method::DELETE, address, &[], Bytes::new()).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == "NoSuchKey" => Ok(()),
            Err(error) => Err(unavailable(address, error)),
        }
    }

    async fn call(
        &self,
        method: Method,
        address: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Vec<u8>, CallError> {
        let no_address = || CallError::NoAnswer("no address of a bucket".to_owned());
        let Address { bucket, key } = Address::parse(address).ok_or_else(no_address)?;
        let caller = self.caller.clone()?.in_bucket(bucket);
        let ask = Ask::Object { method, key, query: &[], headers, body };
        Ok(caller.call(&ask, PATIENCE).await?.into_bytes())
    }
}

impl DynamoDb {
    /// Has a place for what a decision says; where that is a bucket, it is there before anything says so.
    pub(super) async fn said(&self, row: Vec<u8>) -> Result<Said, Error> {
        match row.len() > MOST_IN_A_ROW && self.0.objects.to.is_some() {
            true => self.0.objects.put(&row).await.map(Said::At),
            false => Ok(Said::Here(row)),
        }
    }

    /// The same with what of it stands in a bucket; what is not there any more is not in it.
    pub(super) async fn filled(&self, body: Item) -> Result<Item, Error> {
        let Some(address) = body.text(AT) else { return Ok(body) };
        Ok(match self.0.objects.get(address).await? {
            Some(row) => body.with("body", row),
            None => body,
        })
    }

    pub(super) async fn all_filled(&self, bodies: Vec<Item>) -> Result<Vec<Item>, Error> {
        let mut filled = Vec::with_capacity(bodies.len());
        for body in bodies {
            filled.push(self.filled(body).await?);
        }
        Ok(filled)
    }
}

/// What there is to say of a body whose object is gone; none where it has none, or has it.
pub(super) fn lost(body: &Item) -> Option<Error> {
    let address = body.text(AT).filter(|_| body.bytes("body").is_none())?;
    let event = places::event_of_body(body).unwrap_or_else(|| EventId::new("?"));
    Some(gone(&format!("the decision about event {event}"), &format!("{address} was removed or altered")))
}

fn gone(what: &str, why: &str) -> Error {
    let cause = Arc::new(io::Error::new(io::ErrorKind::NotFound, why));
    Error::Corrupt { what: what.to_owned(), cause }
}

fn unavailable(address: &str, error: CallError) -> Error {
    Error::Unavailable(Arc::new(io::Error::other(format!("{address}: {error}"))))
}
