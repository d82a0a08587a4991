//! Which permissions of the Kubernetes API each step really needs, in three roles, and which none may ever have.
//!
//! What, instead of what, why, price: written down by hand beside the steps, instead of one broad role; a
//! cluster's owner grants what is used and no more; a step that asks for something new changes it here, and
//! a test with a server that refuses everything else says so.

use std::collections::BTreeSet;

use super::recipe::repertoire;
use crate::act::{DENY_POLICY, StepName};
use crate::action::{ActionName, Role};
use crate::mitigation::Mitigation;
use strum::IntoStaticStr;

/// Something that may be done with a kind of object. `escalate`, `bind` and `impersonate` cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Verb {
    /// One object is read.
    Get,
    /// All are read.
    List,
    /// Changes are followed.
    Watch,
    /// One is made.
    Create,
    /// One is changed.
    Patch,
    /// One is taken away.
    Delete,
}

/// A permission, as a rule of a role has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// The namespace that it is limited to; none for the whole cluster.
    pub namespace: Option<&'static str>,
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The resource, or `resource/subresource`; what begins with a `/` is a path of the API server that is no resource.
    pub resource: &'static str,
    /// The objects that it is limited to; none for all.
    pub names: BTreeSet<&'static str>,
    /// What may be done.
    pub verbs: BTreeSet<Verb>,
}

/// The roles that a cluster's owner grants one by one, in the order in which they are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// Reads: context, evidence, checks.
    Read,
    /// Changes what can be undone while the suspect goes on running.
    Quarantine,
    /// Ends pods: scaling and pausing, eviction, deletion.
    Destructive,
    /// Asks who somebody is, and what they may.
    People,
    /// Reads what only the watch of the cluster looks at.
    Watch,
    /// Reads what only the report of health looks at.
    Health,
}

/// What is to be granted: each permission once, in order, the verbs of equal objects joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Of [`Part::Read`].
    pub read: Vec<Permission>,
    /// Of [`Part::Quarantine`].
    pub quarantine: Vec<Permission>,
    /// Of [`Part::Destructive`].
    pub destructive: Vec<Permission>,
    /// Of [`Part::People`].
    pub people: Vec<Permission>,
    /// Of [`Part::Watch`]; none where nothing is watched.
    pub watch: Vec<Permission>,
    /// Of [`Part::Health`]; none where no report is configured.
    pub health: Vec<Permission>,
}

/// What must be refused, as (group, resource, verb): with any of it Watchfire could read secrets, become a
/// pod or a node, give itself more, or take off what limits it.
pub const FORBIDDEN: [(&str, &str, &str); 49] = [
    ("", "secrets", "get"),
    ("", "secrets", "list"),
    ("", "secrets", "watch"),
    ("", "configmaps", "list"),
    ("", "pods", "create"),
    ("", "replicationcontrollers", "create"),
    (APPS, "deployments", "create"),
    (APPS, "daemonsets", "create"),
    (APPS, "daemonsets", "patch"),
    (APPS, "statefulsets", "create"),
    (APPS, "replicasets", "create"),
    (BATCH, "jobs", "create"),
    (BATCH, "cronjobs", "create"),
    // By a WebSocket, what was a POST is a GET.
    ("", "pods/exec", "create"),
    ("", "pods/exec", "get"),
    ("", "pods/attach", "create"),
    ("", "pods/attach", "get"),
    ("", "pods/portforward", "create"),
    ("", "pods/portforward", "get"),
    ("", "pods/proxy", "create"),
    ("", "pods/proxy", "get"),
    ("", "services/proxy", "create"),
    ("", "services/proxy", "get"),
    ("", "nodes/proxy", "create"),
    ("", "nodes/proxy", "get"),
    ("", "pods/ephemeralcontainers", "patch"),
    ("", "serviceaccounts/token", "create"),
    ("", "users", "impersonate"),
    ("", "groups", "impersonate"),
    ("", "serviceaccounts", "impersonate"),
    (RBAC, "roles", "create"),
    (RBAC, "roles", "patch"),
    (RBAC, "roles", "escalate"),
    (RBAC, "roles", "bind"),
    (RBAC, "rolebindings", "create"),
    (RBAC, "rolebindings", "patch"),
    (RBAC, "clusterroles", "create"),
    (RBAC, "clusterroles", "patch"),
    (RBAC, "clusterroles", "escalate"),
    (RBAC, "clusterroles", "bind"),
    (RBAC, "clusterrolebindings", "create"),
    (RBAC, "clusterrolebindings", "patch"),
    ("certificates.k8s.io", "certificatesigningrequests/approval", "patch"),
    (ADMISSION, "validatingadmissionpolicies", "patch"),
    (ADMISSION, "validatingadmissionpolicies", "delete"),
    (ADMISSION, "validatingadmissionpolicybindings", "patch"),
    (ADMISSION, "validatingadmissionpolicybindings", "delete"),
    (ADMISSION, "mutatingwebhookconfigurations", "create"),
    (ADMISSION, "validatingwebhookconfigurations", "create"),
];

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const APPS: &str = "apps";
const BATCH: &str = "batch";
const KEDA: &str = "keda.sh";
const VELERO: &str = "velero.io";
const NETWORKING: &str = "networking.k8s.io";
const AWS: &str = "networking.k8s.aws";
const UPSTREAM: &str = "policy.networking.k8s.io";

const SEE: [Verb; 3] = [Verb::Get, Verb::List, Verb::Watch];

/// What these steps need, with what context needs, and evidence if it is taken.
pub fn permissions(steps: &BTreeSet<StepName>, evidence: Evidence) -> Permissions {
    let mut read = of_context();
    match evidence {
        Evidence::Taken => read.extend(of_evidence()),
        Evidence::None => {}
    }
    let mut permissions = Permissions { read, ..Permissions::default() };
    for step in steps {
        let (part, changes) = of_step(*step);
        match part {
            Part::Read => permissions.read.extend(changes),
            Part::Quarantine => permissions.quarantine.extend(changes),
            Part::Destructive => permissions.destructive.extend(changes),
            Part::People => permissions.people.extend(changes),
            Part::Watch => permissions.watch.extend(changes),
            Part::Health => permissions.health.extend(changes),
        }
    }
    let Permissions { read, quarantine, destructive, people, watch, health } = permissions;
    let [read, quarantine, destructive, people, watch, health] =
        [read, quarantine, destructive, people, watch, health].map(joined);
    Permissions { read, quarantine, destructive, people, watch, health }
}

/// What it takes to let in whom the cluster knows by its tokens.
fn of_people() -> Vec<Permission> {
    let ask = |group, resource| Permission::to(&[Verb::Create], group, resource);
    vec![ask("authentication.k8s.io", "tokenreviews"), ask("authorization.k8s.io", "subjectaccessreviews")]
}

/// What the watch of the cluster reads beyond the context: lists, and nothing that may not be seen by whoever sees pods.
pub fn of_watch() -> Vec<Permission> {
    let list = |group, resource| Permission::to(&[Verb::List], group, resource);
    vec![
        list("", "resourcequotas"),
        list("external-secrets.io", "externalsecrets"),
        list("cert-manager.io", "certificates"),
        list("metrics.k8s.io", "nodes"),
    ]
}

/// What the report of health reads beyond the context: lists of what says how it is, and the API server's own figures, which
/// show no object.
pub fn of_health() -> Vec<Permission> {
    let list = |group, resource| Permission::to(&[Verb::List], group, resource);
    let more = [
        list("", "persistentvolumeclaims"),
        list(VELERO, "backups"),
        list(VELERO, "schedules"),
        list(VELERO, "backupstoragelocations"),
        Permission::to(&[Verb::Get], "", "/metrics"),
    ];
    of_watch().into_iter().chain(more).collect()
}

/// Whether evidence is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// It is: container logs are read.
    Taken,
    /// It is not.
    None,
}

/// What the context of an event reads.
pub fn of_context() -> Vec<Permission> {
    let see = |group, resource| Permission::to(&SEE, group, resource);
    vec![
        see("", "pods"),
        see("", "nodes"),
        see("", "namespaces"),
        see("", "services"),
        see("", "serviceaccounts"),
        see("", "events"),
        see("discovery.k8s.io", "endpointslices"),
        see(APPS, "replicasets"),
        see(APPS, "deployments"),
        see(APPS, "statefulsets"),
        see(APPS, "daemonsets"),
        see(BATCH, "jobs"),
        see(BATCH, "cronjobs"),
        see("autoscaling", "horizontalpodautoscalers"),
        see("policy", "poddisruptionbudgets"),
        see(KEDA, "scaledobjects"),
        see(NETWORKING, "networkpolicies"),
        see(AWS, "clusternetworkpolicies"),
        see(AWS, "policyendpoints"),
        see(UPSTREAM, "adminnetworkpolicies"),
        see(UPSTREAM, "clusternetworkpolicies"),
        enforcement(),
    ]
}

/// What evidence reads beyond the context.
pub fn of_evidence() -> Vec<Permission> {
    vec![Permission::to(&[Verb::Get], "", "pods/log")]
}

/// Which role a step belongs to, and what it needs beyond reading. What it reads, the context reads too:
/// a test holds that.
pub fn of_step(step: StepName) -> (Part, Vec<Permission>) {
    let patch = |group, resource| Permission::to(&[Verb::Patch], group, resource);
    match step {
        StepName::Preflight | StepName::VerifyScaled | StepName::VerifyGone | StepName::VerifyReleased => {
            (Part::Read, Vec::new())
        }
        StepName::VerifyIsolated => (Part::Read, vec![enforcement()]),
        StepName::Deny => (Part::Quarantine, applied(NETWORKING, "networkpolicies")),
        StepName::DenyAdmin => {
            let kinds = [
                (AWS, "clusternetworkpolicies"),
                (UPSTREAM, "adminnetworkpolicies"),
                (UPSTREAM, "clusternetworkpolicies"),
            ];
            (Part::Quarantine, kinds.into_iter().flat_map(|(group, kind)| applied(group, kind)).collect())
        }
        StepName::LiftDeny => {
            let mut all = applied(NETWORKING, "networkpolicies");
            all.push(Permission::to(&[Verb::Delete], NETWORKING, "networkpolicies").named(DENY_POLICY));
            (Part::Quarantine, all)
        }
        StepName::Isolate | StepName::Rejoin | StepName::Annotate => {
            (Part::Quarantine, vec![patch("", "pods")])
        }
        StepName::Restart => (Part::Quarantine, vec![patch(APPS, "deployments")]),
        StepName::Suspend | StepName::Resume => {
            (Part::Quarantine, vec![patch(BATCH, "jobs"), patch(BATCH, "cronjobs")])
        }
        StepName::Cordon | StepName::Uncordon => (Part::Quarantine, vec![patch("", "nodes")]),
        StepName::Scale => {
            let scaled = |resource, scale| [patch(APPS, resource), patch(APPS, scale)];
            let kinds = [
                scaled("deployments", "deployments/scale"),
                scaled("replicasets", "replicasets/scale"),
                scaled("statefulsets", "statefulsets/scale"),
            ];
            (Part::Destructive, kinds.into_iter().flatten().collect())
        }
        StepName::PauseScaler | StepName::ResumeScaler => {
            (Part::Destructive, vec![patch(KEDA, "scaledobjects")])
        }
        StepName::Evict => (Part::Destructive, vec![Permission::to(&[Verb::Create], "", "pods/eviction")]),
        StepName::Delete => (Part::Destructive, vec![Permission::to(&[Verb::Delete], "", "pods")]),
        // These are permissions of AWS, not of Kubernetes.
        StepName::RevokePod | StepName::RevokeRole | StepName::RestoreRole => (Part::Destructive, Vec::new()),
    }
}

/// The actions that may come of these, each with what may take its place, and the evidence before any containment.
pub fn reachable(
    named: impl IntoIterator<Item = ActionName>,
    mitigation: &Mitigation,
) -> BTreeSet<ActionName> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = named.into_iter().collect();
    while let Some(action) = next.pop() {
        if !reached.insert(action) {
            continue;
        }
        next.extend(repertoire(action, mitigation).instead);
        next.extend((action.role() == Role::Contain).then_some(ActionName::Evidence));
    }
    reached
}

/// The one ConfigMap that is read: whether EKS Auto Mode enforces network policies.
fn enforcement() -> Permission {
    let get = Permission::to(&[Verb::Get], "", "configmaps").named("amazon-vpc-cni");
    Permission { namespace: Some("kube-system"), ..get }
}

/// What server-side apply of our one policy needs. A creation cannot be limited to a name.
fn applied(group: &'static str, resource: &'static str) -> Vec<Permission> {
    vec![
        Permission::to(&[Verb::Create], group, resource),
        Permission::to(&[Verb::Patch], group, resource).named(DENY_POLICY),
    ]
}

/// In order, each object once.
fn joined(mut permissions: Vec<Permission>) -> Vec<Permission> {
    permissions.sort();
    let mut joined: Vec<Permission> = Vec::new();
    for permission in permissions {
        let same = joined.iter_mut().find(|other| other.object() == permission.object());
        match same {
            Some(other) => other.verbs.extend(permission.verbs),
            None => joined.push(permission),
        }
    }
    joined
}

impl Permissions {
    /// With what it takes to let in whom the cluster knows by its tokens.
    #[must_use]
    pub fn with_people(self) -> Self {
        Self { people: joined(of_people()), ..self }
    }

    /// With what the watch of the cluster reads.
    #[must_use]
    pub fn with_watch(self) -> Self {
        Self { watch: joined(of_watch()), ..self }
    }

    /// With what the report of health reads.
    #[must_use]
    pub fn with_health(self) -> Self {
        Self { health: joined(of_health()), ..self }
    }

    /// All of them, with their roles.
    pub fn all(&self) -> impl Iterator<Item = (Part, &Permission)> {
        let Self { read, quarantine, destructive, people, watch, health } = self;
        let with = |part: Part| move |permission| (part, permission);
        read.iter()
            .map(with(Part::Read))
            .chain(quarantine.iter().map(with(Part::Quarantine)))
            .chain(destructive.iter().map(with(Part::Destructive)))
            .chain(people.iter().map(with(Part::People)))
            .chain(watch.iter().map(with(Part::Watch)))
            .chain(health.iter().map(with(Part::Health)))
    }
}

impl Permission {
    fn to(verbs: &[Verb], group: &'static str, resource: &'static str) -> Self {
        let verbs = verbs.iter().copied().collect();
        Self { namespace: None, group, resource, names: BTreeSet::new(), verbs }
    }

    fn named(mut self, name: &'static str) -> Self {
        self.names.insert(name);
        self
    }

    /// The path of the API server that it is about; none of a resource.
    pub fn path(&self) -> Option<&'static str> {
        self.resource.starts_with('/').then_some(self.resource)
    }

    fn object(&self) -> (Option<&'static str>, &'static str, &'static str, &BTreeSet<&'static str>) {
        let Self { namespace, group, resource, names, verbs: _ } = self;
        (*namespace, group, resource, names)
    }
}

impl Verb {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Part {
    /// The word in the role's name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests;
