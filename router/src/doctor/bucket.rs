//! The bucket of evidence: whether it is there, and keeps what it is given, unread and unaltered.

use axum::body::Bytes;
use axum::http::Method;

use super::PATIENCE;
use crate::aws::call::{Answer, Ask, CallError, Caller, Service};
use crate::clients::Clients;
use crate::evidence::S3Config;
use crate::finding::Finding;

const TERRAFORM: &str = "infra/terraform/modules/evidence has it";

pub(super) async fn look(config: &S3Config, clients: &Clients, findings: &mut Vec<Finding>) {
    let bucket = &config.bucket;
    let prefix = config.prefix.as_str();
    let list = [("list-type", "2"), ("max-keys", "1"), ("prefix", prefix)];
    match ask(bucket, &list, clients).await {
        Ok(_) => findings.push(Finding::ok(format!("the bucket {bucket} is there"))),
        Err(error) if error.code() == "NoSuchBucket" => {
            findings.push(Finding::fail(
                format!("there is no bucket {bucket}: nothing is contained without evidence"),
                format!("set evidence.to.s3.bucket to one that is there, or make it: {TERRAFORM}"),
            ));
            return;
        }
        Err(error) => {
            findings.push(Finding::untold(&format!("the bucket {bucket}"), "s3:ListBucket", &error))
        }
    }
    let (locked, encrypted, blocked) = tokio::join!(
        ask(bucket, &[("object-lock", "")], clients),
        ask(bucket, &[("encryption", "")], clients),
        ask(bucket, &[("publicAccessBlock", "")], clients),
    );
    findings.push(lock(config, locked));
    findings.push(encryption(encrypted));
    findings.push(public(blocked));
}

async fn ask(bucket: &str, query: &[(&str, &str)], clients: &Clients) -> Result<Answer, CallError> {
    let ask = Ask::Object { method: Method::GET, key: "", query, headers: &[], body: Bytes::new() };
    Caller::new(clients, Service::S3, None).await?.in_bucket(bucket).call(&ask, PATIENCE).await
}

/// Whether nobody can delete or change what is in it.
fn lock(config: &S3Config, answer: Result<Answer, CallError>) -> Finding {
    let path = |name: &'static str| ["ObjectLockConfiguration", "Rule", "DefaultRetention", name];
    let read = answer.and_then(|answer| {
        let xml = answer.xml()?;
        let is_on = xml.text(&["ObjectLockConfiguration", "ObjectLockEnabled"]).as_deref() == Some("Enabled");
        let [mode, days, years] = ["Mode", "Days", "Years"].map(|name| xml.text(&path(name)));
        let lasts = days.map(|days| format!("{days} days")).or(years.map(|years| format!("{years} years")));
        Ok((is_on, mode.zip(lasts)))
    });
    match (read, config.retain_days) {
        (Ok((true, _)), Some(days)) => {
            Finding::ok(format!("Object Lock is on, and what is stored is kept for {days} days"))
        }
        (Ok((true, Some((mode, lasts)))), None) => {
            Finding::ok(format!("Object Lock is on, by default {mode} for {lasts}"))
        }
        (Ok((true, None)), None) => Finding::warn(
            "Object Lock is on, and nothing says for how long: evidence can be deleted",
            "set evidence.to.s3.retain_days, or the bucket's default retention",
        ),
        (Ok((false, _)), days) => unlocked(days),
        (Err(error), days) if error.code() == "ObjectLockConfigurationNotFoundError" => unlocked(days),
        (Err(error), _) => Finding::untold("Object Lock", "s3:GetBucketObjectLockConfiguration", &error),
    }
}

fn unlocked(retain_days: Option<u32>) -> Finding {
    match retain_days {
        Some(_) => Finding::fail(
            "the bucket has no Object Lock, and evidence.to.s3.retain_days asks for it: nothing is stored",
            format!("take evidence.to.s3.retain_days out, or make a bucket with Object Lock: {TERRAFORM}"),
        ),
        None => Finding::warn(
            "the bucket has no Object Lock: evidence can be deleted",
            format!("make a bucket with Object Lock: {TERRAFORM}"),
        ),
    }
}

fn encryption(answer: Result<Answer, CallError>) -> Finding {
    let path =
        ["ServerSideEncryptionConfiguration", "Rule", "ApplyServerSideEncryptionByDefault", "SSEAlgorithm"];
    let set = format!("encrypt the bucket by a key of KMS: {TERRAFORM}");
    match answer.and_then(|answer| answer.xml_text(&path)) {
        Ok(algorithm) if algorithm.starts_with("aws:kms") => {
            Finding::ok(format!("it is encrypted, by {algorithm}"))
        }
        Ok(algorithm) => Finding::warn(format!("it is encrypted by {algorithm}, not by a key of KMS"), set),
        Err(error) if error.code() == "ServerSideEncryptionConfigurationNotFoundError" => {
            Finding::warn("it has no encryption of its own", set)
        }
        Err(error) => Finding::untold("its encryption", "s3:GetEncryptionConfiguration", &error),
    }
}

fn public(answer: Result<Answer, CallError>) -> Finding {
    const FOUR: [&str; 4] =
        ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let open = || {
        let found = "its public access is not blocked in all four ways";
        Finding::fail(found, format!("block it: {TERRAFORM}"))
    };
    let read = answer.and_then(|answer| {
        let xml = answer.xml()?;
        let is_set =
            |name: &&str| xml.text(&["PublicAccessBlockConfiguration", *name]).as_deref() == Some("true");
        Ok(FOUR.iter().all(is_set))
    });
    match read {
        Ok(true) => Finding::ok("public access is blocked"),
        Ok(false) => open(),
        Err(error) if error.code() == "NoSuchPublicAccessBlockConfiguration" => open(),
        Err(error) => Finding::untold("its public access", "s3:GetBucketPublicAccessBlock", &error),
    }
}
