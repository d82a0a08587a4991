//! What a report goes by.

use crate::survey;

/// Namespaces of the system to whoever says nothing else; those that are not there are left out.
pub const SYSTEM: [&str; 8] = [
    "kube-system",
    "istio-system",
    "keda",
    "prometheus",
    "watchfire",
    "velero",
    "cert-manager",
    "external-secrets",
];

/// What a report goes by.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What is production, what is left out, and from where on it is too much: as the watch has it.
    pub survey: survey::Settings,
    /// Namespaces of the system.
    pub system: Vec<String>,
    /// Pods that were started again so often, and at last within a day, are told.
    pub restarts: u32,
    /// The newest backup may be so old, in hours.
    pub backup_hours: u32,
    /// The Prometheus that knows how full volumes are, where there is one.
    pub prometheus: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            survey: survey::Settings::default(),
            system: SYSTEM.map(str::to_owned).to_vec(),
            restarts: 5,
            backup_hours: 26,
            prometheus: None,
        }
    }
}
