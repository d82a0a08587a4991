//! What is watched for in whose namespaces, and from where on it is too much.

use std::collections::BTreeSet;

use super::{Condition, Place};

/// What a look goes by.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Namespaces of production; with `*` at the beginning or end, all that end or begin so.
    pub production: Vec<String>,
    /// Namespaces that are not looked at, written alike.
    pub ignored: Vec<String>,
    /// What is not looked for.
    pub off: BTreeSet<Condition>,
    /// From where on it is too much.
    pub thresholds: Thresholds,
}

/// From where on it is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Of a node's processors, in percent of what pods can have.
    pub cpu_percent: u8,
    /// Of a node's memory, likewise.
    pub memory_percent: u8,
    /// Of a volume, in percent of its capacity.
    pub volume_percent: u8,
    /// Of a quota, in percent.
    pub quota_percent: u8,
    /// More restarts of a pod than that in ten minutes.
    pub restarts: u32,
    /// An answer of the API server that takes longer than that, in milliseconds.
    pub api_millis: u32,
    /// So many nodes that are not ready are several.
    pub nodes: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            cpu_percent: 85,
            memory_percent: 85,
            volume_percent: 90,
            quota_percent: 90,
            restarts: 5,
            api_millis: 2_000,
            nodes: 2,
        }
    }
}

/// Namespaces that are production to whoever says nothing else.
pub const PRODUCTION: [&str; 7] =
    ["prod", "production", "prod-*", "production-*", "*-prod", "*-production", "kube-system"];

impl Default for Settings {
    fn default() -> Self {
        Self {
            production: PRODUCTION.map(str::to_owned).to_vec(),
            ignored: Vec::new(),
            off: BTreeSet::new(),
            thresholds: Thresholds::default(),
        }
    }
}

impl Settings {
    /// Whether a namespace is production. What is in none is.
    pub fn place(&self, namespace: Option<&str>) -> Place {
        match namespace {
            Some(namespace) if !is_among(&self.production, namespace) => Place::Elsewhere,
            Some(_) | None => Place::Production,
        }
    }

    /// Whether a namespace is looked at.
    pub fn looks_at(&self, namespace: &str) -> bool {
        !is_among(&self.ignored, namespace)
    }

    /// Whether it is looked for.
    pub fn looks_for(&self, condition: Condition) -> bool {
        !self.off.contains(&condition)
    }
}

fn is_among(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (None, Some(beginning)) => name.starts_with(beginning),
        (None, None) => name == pattern,
    })
}
