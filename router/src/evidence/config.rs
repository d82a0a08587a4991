//! `evidence:` in the configuration: where evidence is kept, and how much of it is captured.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::yaml::{Mistake, expected};

/// The part `evidence` of `watchfire.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Evidence")]
#[serde(deny_unknown_fields, expecting = "a mapping of to, within_seconds, log_lines, log_bytes")]
pub struct Config {
    /// Where it is kept.
    pub to: To,
    /// How long capturing and storing may take together, 1 to 60 seconds.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 60))]
    pub within_seconds: u16,
    /// Most lines of one container's log, the newest, 1 to 100,000.
    #[serde(default = "two_thousand")]
    #[schemars(range(min = 1, max = 100_000))]
    pub log_lines: u32,
    /// Most bytes of one container's log, 1,024 to 16,777,216.
    #[serde(default = "one_mebibyte")]
    #[schemars(range(min = 1_024, max = 16_777_216))]
    pub log_bytes: u32,
}

/// Where evidence is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "EvidencePlace")]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum To {
    /// A folder.
    Directory(DirectoryConfig),
    /// A bucket.
    S3(S3Config),
}

/// A folder; on a volume of its own if it is to outlive the pod.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Directory")]
#[serde(deny_unknown_fields, expecting = "a mapping of path")]
pub struct DirectoryConfig {
    /// Made as needed. Its file system must have hard links.
    pub path: PathBuf,
}

/// A bucket, in the region of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "S3")]
#[serde(deny_unknown_fields, expecting = "a mapping of bucket, prefix, kms_key, retain_days, retention")]
pub struct S3Config {
    /// Its name.
    #[schemars(length(min = 1))]
    pub bucket: String,
    /// What every key begins with, such as `evidence/`.
    #[serde(default)]
    #[schemars(regex(pattern = "^([^/].*/)?$"))]
    pub prefix: String,
    /// Id, ARN or alias of the KMS key; without one, AWS's own for S3.
    pub kms_key: Option<String>,
    /// How long nobody can delete an object, in days; the bucket must have Object Lock. Without it, the
    /// bucket's own default retention holds.
    #[schemars(range(min = 1, max = 36_500))]
    pub retain_days: Option<u32>,
    /// How strictly, where `retain_days` is given.
    #[serde(default)]
    pub retention: Retention,
}

/// The mode of Object Lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Retention {
    /// Who has `s3:BypassGovernanceRetention` can delete all the same.
    #[default]
    Governance,
    /// Nobody can, the account's root user included.
    Compliance,
}

impl Config {
    /// Says every value that is out of its range: the member's path from here, and what was expected.
    pub fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let Config { to, within_seconds, log_lines, log_bytes } = self;
        if !(1..=60).contains(within_seconds) {
            mistake(".within_seconds", expected("1 to 60").found(within_seconds.to_string()));
        }
        if !(1..=100_000).contains(log_lines) {
            mistake(".log_lines", expected("1 to 100000").found(log_lines.to_string()));
        }
        if !(1_024..=16_777_216).contains(log_bytes) {
            mistake(".log_bytes", expected("1024 to 16777216").found(log_bytes.to_string()));
        }
        match to {
            To::Directory(DirectoryConfig { path }) => {
                if path.as_os_str().is_empty() {
                    mistake(".to.directory.path", expected("a folder").found("nothing"));
                }
            }
            To::S3(S3Config { bucket, prefix, kms_key: _, retain_days, retention: _ }) => {
                if let Some(found) = no_bucket(bucket) {
                    mistake(".to.s3.bucket", expected("a bucket's name").found(found));
                }
                if prefix.split('/').any(|part| part == "." || part == "..") {
                    let plain = expected("a prefix without `.` and `..` between slashes");
                    mistake(".to.s3.prefix", plain.found(format!("`{prefix}`")));
                }
                if prefix.starts_with('/') || !(prefix.is_empty() || prefix.ends_with('/')) {
                    let folder = expected("a prefix that ends in `/` and does not begin with it");
                    mistake(".to.s3.prefix", folder.found(format!("`{prefix}`")));
                }
                if matches!(retain_days, Some(days) if !(1..=36_500).contains(days)) {
                    let days = retain_days.unwrap_or_default();
                    mistake(".to.s3.retain_days", expected("1 to 36500").found(days.to_string()));
                }
            }
        }
    }
}

/// What it is, if it is no bucket that evidence could be in. An access point is named by its alias.
fn no_bucket(name: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if name.is_empty() {
        Some("nothing".to_owned())
    } else if name.ends_with("--x-s3") {
        Some(format!("`{name}`, a directory bucket, which has no Object Lock"))
    } else if matches!(name, "." | "..") || !name.bytes().all(allowed) {
        Some(format!("`{}`", name.escape_debug()))
    } else {
        None
    }
}

fn five() -> u16 {
    5
}

fn two_thousand() -> u32 {
    2_000
}

fn one_mebibyte() -> u32 {
    1_048_576
}
