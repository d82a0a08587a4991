//! What is the matter in the cluster, from what it shows of itself: crash loops, nodes that are not ready, full quotas.
//!
//! ```text
//! detectors   fn(&Pod | &Node | …, &Settings, at) -> symptoms      one file for each kind of object; nothing is copied
//! exempt      is it what Watchfire did itself, or a rollout?         then it is no symptom
//! Memory      observe(symptoms, what could not be looked at, at)     -> what begins, goes on, and is over
//! Said        -> the event of it, read as an alert of Prometheus is
//! ```
//!
//! Which conditions there are, how they are called, how bad each is and for how long it must hold stands in one list,
//! [`Condition`]. `watchfire health` asks the same detectors.

mod condition;
mod exempt;
mod job;
mod memory;
mod node;
mod pod;
mod quantity;
mod ready;
mod restarts;
mod said;
mod scaling;
mod server;
mod settings;
mod space;
#[cfg(test)]
mod tests;

pub use condition::{Condition, Level, Place};
pub use exempt::{Exempt, exempt};
pub use job::{Finished, jobs};
pub use memory::{Blind, Memory, Said, State};
pub use node::{Usage, node, nodes, usage};
pub use pod::{Subdued, pod};
pub use quantity::quantity;
pub use ready::{Readied, Readiness, readiness};
pub use restarts::{Restarts, WINDOW};
pub use scaling::{Guarded, Scaler, budget, scaler};
pub use server::{Probe, server};
pub use settings::{PRODUCTION, Settings, Thresholds};
pub use space::{Quota, Used, Volume, quota, volume};

use jiff::Timestamp;

/// That something is the matter with something, as one look shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Symptom {
    /// What.
    pub condition: Condition,
    /// With what.
    pub about: About,
    /// Since when, where the cluster says that.
    pub since: Option<Timestamp>,
    /// What was seen, in a sentence. What others wrote stands in it: hostile text.
    pub seen: String,
}

/// What a symptom is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// What it is.
    pub thing: Thing,
    /// Its namespace; none of what is in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What tells it from another of its name: its UID, or what it is where it has none.
    pub uid: String,
    /// The container, of a pod.
    pub container: Option<String>,
    /// The node that it runs on, of a pod.
    pub node: Option<String>,
    /// The UID of what makes more of its kind: the ReplicaSet of a pod.
    pub owner: Option<String>,
}

/// What a symptom can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A pod.
    Pod,
    /// A node.
    Node,
    /// Several nodes at once.
    Nodes,
    /// The API server.
    ApiServer,
    /// A claim of a volume.
    Claim,
    /// A Job that no CronJob made.
    Job,
    /// A CronJob, by the last of its Jobs.
    CronJob,
    /// A HorizontalPodAutoscaler.
    Autoscaler,
    /// A ScaledObject of KEDA.
    ScaledObject,
    /// A PodDisruptionBudget.
    Budget,
    /// A ResourceQuota.
    Quota,
    /// An ExternalSecret.
    ExternalSecret,
    /// A Certificate of cert-manager.
    Certificate,
}

impl Thing {
    /// The label that names it in an alert; none where the name of the alert says it.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Thing::Pod => Some("pod"),
            Thing::Node => Some("node"),
            Thing::Nodes | Thing::ApiServer => None,
            Thing::Claim => Some("persistentvolumeclaim"),
            Thing::Job => Some("job_name"),
            Thing::CronJob => Some("cronjob"),
            Thing::Autoscaler => Some("horizontalpodautoscaler"),
            Thing::ScaledObject => Some("scaledobject"),
            Thing::Budget => Some("poddisruptionbudget"),
            Thing::Quota => Some("resourcequota"),
            Thing::ExternalSecret => Some("externalsecret"),
            Thing::Certificate => Some("certificate"),
        }
    }
}

impl About {
    /// An object of a namespace.
    pub fn object(thing: Thing, namespace: &str, name: &str, uid: &str) -> Self {
        let [namespace, name, uid] = [namespace, name, uid].map(str::to_owned);
        Self { thing, namespace: Some(namespace), name, uid, container: None, node: None, owner: None }
    }

    /// What is in no namespace.
    pub fn of_cluster(thing: Thing, name: &str, uid: &str) -> Self {
        Self { namespace: None, ..Self::object(thing, "", name, uid) }
    }

    /// `namespace/name`, or the name of what is in none.
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Symptom {
    /// It holds since that time, by the cluster's own word.
    fn new(condition: Condition, about: About, since: Option<Timestamp>, seen: impl Into<String>) -> Self {
        Self { condition, about, since, seen: seen.into() }
    }
}

/// Longer words of others are cut.
const LONGEST: usize = 300;

/// What others wrote, fit for a sentence of ours.
fn said_by_others(text: &str) -> String {
    crate::text::clean(text.trim_end_matches('.'), LONGEST)
}
