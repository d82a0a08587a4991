//! How an object of the cluster is named so that no other is meant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An object of the cluster. The UID is part of its identity: a later object of the same name is not it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ObjectRef {
    /// Such as `Pod`.
    pub kind: String,
    /// Its namespace; empty for one that is in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
}
