//! The cluster's objects as far as they are used: what is not named here is skipped while it is read.
//!
//! An object of the API server is some kilobytes, most of it about how it was made. Reading only these
//! fields, instead of whole objects that are cut down afterwards, keeps 10,000 pods small even while the
//! first list arrives. Everything is optional: a field that is missing must not cost the whole list.

mod listed;
mod network;
mod node;
mod pod;
mod scaling;
mod selector;
mod storage;
mod workload;

pub(super) use listed::{Certificates, ExternalSecrets, ExternalSecretsBeta, NodeUsage, Quotas};
pub(super) use network::{AdminPolicy, EndpointSlice, NetworkPolicy, Rule, Service, admin};
pub(super) use node::{Account, Nodes, Space};
pub(super) use pod::Pods;
pub(super) use scaling::{Budget, Hpa, Scaled, TargetRef};
pub(super) use selector::LabelSelector;
pub(super) use storage::{BackupPlaces, Backups, Claims, Schedules};
pub(super) use workload::{CronJobs, DaemonSets, Deployments, Jobs, ReplicaSets, StatefulSets};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{OwnerReference, Time};
use kube::api::ObjectMeta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use watchfire_core::context::Owner;

/// Which resource it is, and which of its fields are read.
pub(super) trait Kind: Clone + Debug + Send + Sync + 'static {
    const GROUP: &'static str;
    const VERSION: &'static str;
    const KIND: &'static str;
    const PLURAL: &'static str;
    /// Whether nothing but the metadata is asked for.
    const METADATA_ONLY: bool = false;
    /// `NamespaceResourceScope` or `ClusterResourceScope`.
    type Scope;
    type Spec: DeserializeOwned + Default + Clone + Debug + Send + Sync + 'static;
    type Status: DeserializeOwned + Default + Clone + Debug + Send + Sync + 'static;
}

/// An object of that kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(bound = "")]
pub(super) struct Object<K: Kind> {
    #[serde(default, deserialize_with = "metadata")]
    pub(super) metadata: ObjectMeta,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) spec: K::Spec,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(super) status: K::Status,
}

impl<K: Kind> kube::Resource for Object<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn kind((): &()) -> Cow<'_, str> {
        K::KIND.into()
    }

    fn group((): &()) -> Cow<'_, str> {
        K::GROUP.into()
    }

    fn version((): &()) -> Cow<'_, str> {
        K::VERSION.into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::PLURAL.into()
    }

    fn metadata_api() -> bool {
        K::METADATA_ONLY
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// A field that is left out and one that is `null` are the same.
pub(super) fn null_is_default<'de, D, T>(input: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

/// Metadata without managed fields, which are often the half of an object.
pub(super) fn metadata<'de, D: Deserializer<'de>>(input: D) -> Result<ObjectMeta, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Fields {
        name: Option<String>,
        namespace: Option<String>,
        uid: Option<String>,
        resource_version: Option<String>,
        labels: Option<BTreeMap<String, String>>,
        annotations: Option<BTreeMap<String, String>>,
        owner_references: Option<Vec<OwnerReference>>,
        creation_timestamp: Option<Time>,
        deletion_timestamp: Option<Time>,
        generation: Option<i64>,
    }
    let fields = Fields::deserialize(input)?;
    Ok(ObjectMeta {
        name: fields.name,
        namespace: fields.namespace,
        uid: fields.uid,
        resource_version: fields.resource_version,
        labels: fields.labels,
        annotations: fields.annotations,
        owner_references: fields.owner_references,
        creation_timestamp: fields.creation_timestamp,
        deletion_timestamp: fields.deletion_timestamp,
        generation: fields.generation,
        ..ObjectMeta::default()
    })
}

/// The controller among the owners; without one the first owner.
pub(super) fn owner(metadata: &mut ObjectMeta) -> Option<Owner> {
    let mut owners = metadata.owner_references.take()?;
    let at = owners.iter().position(|owner| owner.controller == Some(true)).unwrap_or(0);
    if at >= owners.len() {
        return None;
    }
    let OwnerReference { api_version, kind, name, uid, .. } = owners.swap_remove(at);
    Some(Owner { api_version, kind, name, uid })
}

/// A count as the API writes it, which may be left out and is never negative.
pub(super) fn count(number: Option<i64>) -> Option<u32> {
    number.map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}
