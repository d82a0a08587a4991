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
    /// When it was seen to be gone; it is remembered for a while.
    pub gone_at: Option<Timestamp>,
}
