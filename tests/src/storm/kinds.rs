//! The finding types of the storm, all of which GuardDuty has in GovCloud, and what the shipped rules make of them.

use watchfire_core::priority::Priority;

/// A finding type.
#[derive(Debug, PartialEq)]
pub struct Kind {
    /// As GuardDuty spells it.
    pub name: &'static str,
    /// GuardDuty's, 1.0 to 10.0.
    pub severity: f64,
    /// By the shipped rules.
    pub priority: Priority,
    /// By the shipped rules.
    pub family: &'static str,
    /// How frequent it is beside the others.
    pub(super) weight: u64,
}

const fn kind(
    name: &'static str,
    severity: f64,
    priority: Priority,
    family: &'static str,
    weight: u64,
) -> Kind {
    Kind { name, severity, priority, family, weight }
}

/// What most of the storm is made of.
pub(super) static ORDINARY: [Kind; 10] = [
    kind("Execution:Runtime/SuspiciousShellCreated", 2.0, Priority::P3, "suspicious-process", 24),
    kind("Execution:Runtime/SuspiciousCommand", 5.0, Priority::P2, "suspicious-process", 22),
    kind("DefenseEvasion:Runtime/ProcessInjection.Proc", 8.0, Priority::P1, "suspicious-process", 6),
    kind("Impact:Runtime/SuspiciousDomainRequest.Reputation", 2.0, Priority::P3, "malicious-domain", 12),
    kind("Impact:Runtime/AbusedDomainRequest.Reputation", 5.0, Priority::P2, "malicious-domain", 12),
    kind("Impact:Runtime/MaliciousDomainRequest.Reputation", 5.0, Priority::P1, "malicious-domain", 6),
    kind("PrivilegeEscalation:Kubernetes/PrivilegedContainer", 5.0, Priority::P2, "privileged-workload", 10),
    kind("PrivilegeEscalation:Runtime/DockerSocketAccessed", 5.0, Priority::P1, "container-escape", 3),
    kind("UnauthorizedAccess:Runtime/TorClient", 8.0, Priority::P1, "tor-client", 3),
    kind("UnauthorizedAccess:Runtime/MetadataDNSRebind", 8.0, Priority::P1, "metadata-rebind", 2),
];

/// The breaches within it, as many of each.
pub(super) static URGENT: [Kind; 3] = [
    kind("CryptoCurrency:Runtime/BitcoinTool.B", 8.0, Priority::P0, "crypto-mining", 1),
    kind("Execution:Runtime/ReverseShell", 8.0, Priority::P0, "command-and-control", 1),
    kind("PrivilegeEscalation:Runtime/RuncContainerEscape", 8.0, Priority::P0, "container-escape", 1),
];
