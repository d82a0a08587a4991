//! Evidence in a bucket: encrypted by KMS, under Object Lock, never overwritten.
//!
//! - Permissions: `s3:PutObject` and `s3:GetObject` on the keys, `s3:PutObjectRetention` too where
//!   `retain_days` is given, `s3:ListBucket` on the bucket, `kms:GenerateDataKey` and `kms:Decrypt` on the
//!   key. Without `s3:ListBucket`, S3 answers 403 instead of 404 for what is not there.
//! - Idempotency: every object is put with `If-None-Match: *`.
//! - Transient: 5xx, throttling, no connection, no answer in time, expired credentials, a clock that is
//!   off, a conflict with another writer, and a missing permission (403), which can be mended. Permanent:
//!   every other 4xx, such as a bucket that does not exist or has no Object Lock.

mod page;

use std::time::Duration;

use anyhow::Context as _;
use axum::body::Bytes;
use axum::http::Method;
use jiff::{SignedDuration, Timestamp};

use super::Put;
use crate::aws::call::{Answer, Ask, CallError, Caller, Patience, Refusal, Service};
use crate::clients::Clients;
use crate::evidence::config::{Retention, S3Config};
use crate::evidence::digest::sha256_base64;
use crate::evidence::{chain, now};
use crate::failure::Failure;
use page::Page;

// One lost answer must not make a log missing for good: unlike a page, a capture is not repeated.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(3),
    in_all: Duration::from_secs(10),
    attempts: 3,
    wait: Duration::from_millis(100),
};

/// A bucket.
#[derive(Debug)]
pub(in crate::evidence) struct S3 {
    caller: Caller,
    bucket: String,
    prefix: String,
    kms_key: Option<String>,
    lock: Option<Lock>,
}

/// Object Lock: how strictly, and how long from now.
#[derive(Clone, Copy, Debug)]
struct Lock {
    mode: &'static str,
    keep: SignedDuration,
}

impl S3 {
    pub(super) async fn new(config: S3Config, clients: &Clients) -> anyhow::Result<Self> {
        let S3Config { bucket, prefix, kms_key, retain_days, retention } = config;
        let caller = Caller::new(clients, Service::S3, None).await;
        let caller = caller.with_context(|| format!("s3://{bucket}"))?.in_bucket(&bucket);
        let mode = match retention {
            Retention::Governance => "GOVERNANCE",
            Retention::Compliance => "COMPLIANCE",
        };
        let keep = |days: u32| SignedDuration::from_hours(24 * i64::from(days));
        let lock = retain_days.map(|days| Lock { mode, keep: keep(days) });
        Ok(Self { caller, bucket, prefix, kms_key, lock })
    }

    pub(super) fn address(&self, key: &str) -> String {
        format!("s3://{}/{}{key}", self.bucket, self.prefix)
    }

    pub(super) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<Put, Failure> {
        let sum = sha256_base64(&bytes);
        let mut headers = vec![
            ("content-type", "application/octet-stream"),
            ("if-none-match", "*"),
            ("x-amz-checksum-sha256", &sum),
            ("x-amz-server-side-encryption", "aws:kms"),
        ];
        let kms_key = self.kms_key.as_deref();
        headers.extend(kms_key.map(|key| ("x-amz-server-side-encryption-aws-kms-key-id", key)));
        let locked = self.lock.map(|Lock { mode, keep }| (mode, after(now(), keep)));
        if let Some((mode, until)) = &locked {
            headers.push(("x-amz-object-lock-mode", mode));
            headers.push(("x-amz-object-lock-retain-until-date", until));
        }
        let ask = Ask::Object {
            method: Method::PUT,
            key: &self.whole(key),
            query: &[],
            headers: &headers,
            body: bytes.into(),
        };
        match self.caller.call(&ask, PATIENCE).await {
            Ok(_) => Ok(Put::Stored),
            Err(CallError::Refused(Refusal { status: 412, .. })) => Ok(Put::Exists),
            Err(error) => Err(self.failure(key, &error)),
        }
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        match self.ask(&self.whole(key), &[]).await {
            Ok(answer) => Ok(Some(answer.into_bytes())),
            Err(error) if error.code() == "NoSuchKey" => Ok(None),
            Err(error) => Err(self.failure(key, &error)),
        }
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, Failure> {
        let (mut keys, mut next) = (Vec::new(), None::<String>);
        loop {
            let more: Vec<_> = next.iter().map(|next| ("continuation-token", next.as_str())).collect();
            let page = self.page(folder, &more).await?;
            keys.extend(page.keys.iter().filter_map(|key| Some(key.strip_prefix(&self.prefix)?.to_owned())));
            match page.next {
                None => return Ok(keys),
                Some(same) if next.as_ref() == Some(&same) => {
                    let reason = format!("{}: the list does not go on", self.address(folder));
                    return Err(Failure::transient(reason));
                }
                Some(following) => next = Some(following),
            }
        }
    }

    /// By asking whether there is a link after a given number, and then halving: a long chain needs some
    /// thirty short answers the first time, and two later.
    pub(super) async fn last_link(&self, known: u64) -> Result<u64, Failure> {
        let (mut low, mut step) = (known, 1);
        while let Some(found) = self.link_after(low + step - 1).await? {
            low = found;
            step *= 2;
        }
        let mut high = low + step - 1;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.link_after(middle).await? {
                Some(found) => low = found,
                None => high = middle,
            }
        }
        Ok(low)
    }

    /// The first link with a greater number.
    async fn link_after(&self, sequence: u64) -> Result<Option<u64>, Failure> {
        let more = [("max-keys", "1"), ("start-after", &self.whole(&chain::key(sequence)))];
        let page = self.page(chain::folder(), &more).await?;
        let key = page.keys.first();
        Ok(key.and_then(|key| chain::parse_key(key.strip_prefix(&self.prefix)?)))
    }

    /// Of the keys that begin with the folder.
    async fn page(&self, folder: &str, more: &[(&str, &str)]) -> Result<Page, Failure> {
        let prefix = self.whole(folder);
        let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix.as_str())];
        query.extend(more);
        let answer = self.ask("", &query).await.and_then(|answer| Page::read(&answer));
        answer.map_err(|error| self.failure(folder, &error))
    }

    async fn ask(&self, key: &str, query: &[(&str, &str)]) -> Result<Answer, CallError> {
        let ask = Ask::Object { method: Method::GET, key, query, headers: &[], body: Bytes::new() };
        self.caller.call(&ask, PATIENCE).await
    }

    /// The key in the bucket.
    fn whole(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn failure(&self, key: &str, error: &CallError) -> Failure {
        let reason = format!("{}: {error}", self.address(key));
        if is_transient(error) { Failure::transient(reason) } else { Failure::permanent(reason) }
    }
}

fn after(at: Timestamp, keep: SignedDuration) -> String {
    let until = at.checked_add(keep).unwrap_or(Timestamp::MAX);
    until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn is_transient(error: &CallError) -> bool {
    let again = ["TokenRefreshRequired", "ConditionalRequestConflict", "OperationAborted"];
    error.is_transient() || again.contains(&error.code())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_status_has_its_fate() {
        let table = [
            (301, "PermanentRedirect", false),
            (400, "AuthorizationHeaderMalformed", false),
            (400, "InvalidRequest", false),
            (400, "BadDigest", false),
            (400, "KMS.DisabledException", false),
            (400, "KMS.NotFoundException", false),
            (404, "NoSuchBucket", false),
            (409, "InvalidBucketState", false),
            (400, "ExpiredToken", true),
            (400, "RequestTimeout", true),
            (400, "TokenRefreshRequired", true),
            (400, "KMS.ThrottlingException", true),
            (403, "AccessDenied", true),
            (403, "RequestTimeTooSkewed", true),
            (403, "InvalidAccessKeyId", true),
            (409, "ConditionalRequestConflict", true),
            (409, "OperationAborted", true),
            (429, "TooManyRequests", true),
            (500, "InternalError", true),
            (503, "SlowDown", true),
            (503, "ServiceUnavailable", true),
        ];
        for (status, code, transient) in table {
            let refusal = Refusal { status, code: code.to_owned(), ..Refusal::default() };
            assert_eq!(is_transient(&CallError::Refused(refusal)), transient, "{status} {code}");
        }
    }

    #[test]
    fn an_object_is_kept_for_whole_days_from_now() {
        let at = "2026-11-20T02:58:11Z".parse().unwrap();
        assert_eq!(after(at, SignedDuration::from_hours(24 * 365)), "2027-11-20T02:58:11Z");
        assert_eq!(after(Timestamp::MAX, SignedDuration::from_hours(24)), "9999-12-30T22:00:00Z");
    }
}
