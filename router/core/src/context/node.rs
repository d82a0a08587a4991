//! A node: the few of its fields that finding it and telling about it need.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A node as last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// The EC2 instance's id, from `spec.providerID` (`aws:///<zone>/<instance>`).
    pub instance: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Its instance type.
    pub instance_type: Option<String>,
    /// Its node pool or node group.
    pub pool: Option<String>,
    /// Whether EKS Auto Mode made it.
    pub auto_mode: bool,
    /// Whether its `Ready` condition is true.
    pub ready: bool,
    /// Whether it is cordoned.
    pub unschedulable: bool,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// When its `Ready` condition became what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_since: Option<Timestamp>,
    /// The conditions of it that should not be true, such as `MemoryPressure`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pressures: Vec<String>,
    /// Whether it is on its way out: deleted, or given up by Karpenter or Auto Mode.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_leaving: bool,
    /// What pods can have of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Room>,
    /// Its kubelet's version, such as `v1.33.1-eks-1a2b3c4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubelet: Option<String>,
    /// When it was seen to be gone; it is remembered for a while.
    pub gone_at: Option<Timestamp>,
}

/// How much of a machine there is, or is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Thousandths of a processor.
    pub cpu_millis: u64,
    /// Bytes.
    pub memory: u64,
}
