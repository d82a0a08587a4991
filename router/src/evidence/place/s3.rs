//! Evidence in a bucket: encrypted by KMS, under Object Lock, never overwritten.
//!
//! - Permissions: `s3:PutObject` and `s3:GetObject` on the keys, `s3:PutObjectRetention` too where
//!   `retain_days` is given, `s3:ListBucket` on the bucket, `kms:GenerateDataKey` and `kms:Decrypt` on the
//!   key. Without `s3:ListBucket`, S3 answers 403 instead of 404 for what is not there.
//! - Idempotency: every object is put with `If-None-Match: *`.
//! - Transient: 5xx, throttling, no connection, no answer in time, expired credentials, a clock that is
//!   off, a conflict with another writer, and a missing permission (403), which can be mended. Permanent:
//!   every other 4xx, such as a bucket that does not exist or has no Object Lock.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ObjectLockMode, ServerSideEncryption};
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};

use super::Put;
use crate::clients::{Clients, explain};
use crate::evidence::config::{Retention, S3Config};
use crate::evidence::digest::sha256_base64;
use crate::evidence::{chain, now};
use crate::failure::Failure;

const ATTEMPT: Duration = Duration::from_secs(3);
const OPERATION: Duration = Duration::from_secs(10);

/// A bucket.
#[derive(Debug)]
pub(in crate::evidence) struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
    kms_key: Option<String>,
    lock: Option<(ObjectLockMode, SignedDuration)>,
}

impl S3 {
    pub(super) async fn new(config: S3Config, clients: &Clients) -> Self {
        let S3Config { bucket, prefix, kms_key, retain_days, retention } = config;
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
        // One lost answer must not make a log missing for good: unlike a page, a capture is not repeated.
        let retry = RetryConfig::standard().with_initial_backoff(Duration::from_millis(100));
        let client = aws_sdk_s3::config::Builder::from(clients.aws().await)
            .timeout_config(timeouts)
            .retry_config(retry)
            .build();
        let mode = match retention {
            Retention::Governance => ObjectLockMode::Governance,
            Retention::Compliance => ObjectLockMode::Compliance,
        };
        let lock = retain_days.map(|days| (mode, SignedDuration::from_hours(24 * i64::from(days))));
        Self { client: Client::from_conf(client), bucket, prefix, kms_key, lock }
    }

    pub(super) fn address(&self, key: &str) -> String {
        format!("s3://{}/{}{key}", self.bucket, self.prefix)
    }

    pub(super) async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<Put, Failure> {
        let mut put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(format!("{}{key}", self.prefix))
            .if_none_match("*")
            .checksum_sha256(sha256_base64(&bytes))
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .set_ssekms_key_id(self.kms_key.clone())
            .body(ByteStream::from(bytes));
        if let Some((mode, keep)) = &self.lock {
            put = put.object_lock_mode(mode.clone()).object_lock_retain_until_date(after(now(), *keep));
        }
        match put.send().await {
            Ok(_) => Ok(Put::Stored),
            Err(error) if status(&error) == Some(412) => Ok(Put::Exists),
            Err(error) => Err(self.failure(key, &error)),
        }
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        let get = self.client.get_object().bucket(&self.bucket).key(format!("{}{key}", self.prefix));
        let answer = match get.send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => {
                return Ok(None);
            }
            Err(error) => return Err(self.failure(key, &error)),
        };
        // The limits above end with the headers.
        let body = tokio::time::timeout(OPERATION, answer.body.collect()).await;
        match body {
            Ok(Ok(body)) => Ok(Some(body.to_vec())),
            Ok(Err(error)) => Err(Failure::transient(format!("{}: {error}", self.address(key)))),
            Err(_) => Err(Failure::transient(format!("{}: not read in time", self.address(key)))),
        }
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<String>, Failure> {
        let list = self.client.list_objects_v2().bucket(&self.bucket);
        let mut pages = list.prefix(format!("{}{folder}", self.prefix)).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failure(folder, &error))?;
            let found = page.contents().iter().filter_map(|object| object.key());
            keys.extend(found.filter_map(|key| Some(key.strip_prefix(&self.prefix)?.to_owned())));
        }
        Ok(keys)
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
        let list = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(format!("{}{}", self.prefix, chain::folder()))
            .start_after(format!("{}{}", self.prefix, chain::key(sequence)))
            .max_keys(1);
        let page = list.send().await.map_err(|error| self.failure(chain::folder(), &error))?;
        let key = page.contents().first().and_then(|object| object.key());
        Ok(key.and_then(|key| chain::parse_key(key.strip_prefix(&self.prefix)?)))
    }

    fn failure<E>(&self, key: &str, error: &SdkError<E>) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let reason = format!("{}: {}", self.address(key), explain(error));
        let transient = match error {
            SdkError::ServiceError(answer) => {
                is_transient(answer.raw().status().as_u16(), answer.err().code().unwrap_or_default())
            }
            // No connection, no credentials, no answer in time, or one that is not S3's.
            _ => true,
        };
        if transient { Failure::transient(reason) } else { Failure::permanent(reason) }
    }
}

fn after(at: Timestamp, keep: SignedDuration) -> DateTime {
    DateTime::from_secs(at.as_second().saturating_add(keep.as_secs()))
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

fn is_transient(status: u16, code: &str) -> bool {
    let again =
        ["RequestTimeout", "RequestTimeTooSkewed", "ExpiredToken", "TokenRefreshRequired", "SlowDown"];
    let conflict = ["ConditionalRequestConflict", "OperationAborted"];
    let throttle = code.contains("Throttl");
    matches!(status, 403 | 408 | 429 | 500..) || throttle || again.contains(&code) || conflict.contains(&code)
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
            assert_eq!(is_transient(status, code), transient, "{status} {code}");
        }
    }

    #[test]
    fn an_object_is_kept_for_whole_days_from_now() {
        let at = "2026-11-20T02:58:11Z".parse().unwrap();
        let until = after(at, SignedDuration::from_hours(24 * 365));
        assert_eq!(until, DateTime::from_secs(1_826_679_491));
    }
}
