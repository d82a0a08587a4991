//! What was configured about acting on the cluster: how far Watchfire may go, and where never.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::ActionName;
use crate::budget::Budget;
use crate::context::{Cluster, Pod};
use crate::priority::Priority;
use crate::zone::Zone;

/// How far Watchfire goes, from doing nothing to doing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everything is planned, checked and shown; nothing is touched.
    #[default]
    Observe,
    /// A human approves each plan.
    Approve,
    /// It is done, except what cannot be undone or is not sure: that waits for a human.
    Enforce,
}

/// All that the guards and plans depend on besides the event, the context, the state and the time.
#[derive(Clone, Debug, PartialEq)]
pub struct Mitigation {
    /// Our cluster; none: nothing is ever done.
    pub cluster: Option<Cluster>,
    /// How far to go where nothing else is said.
    pub mode: Mode,
    /// How far to go with an action; the stricter of this and the namespace's holds.
    pub actions: BTreeMap<ActionName, Mode>,
    /// How far to go in a namespace.
    pub namespaces: BTreeMap<String, Mode>,
    /// What is never touched.
    pub protected: Protected,
    /// How many containments are done without a human.
    pub budget: Budget,
    /// How many people have to approve an action, where that is more than one; whoever asks for it is none of them.
    pub approvers: BTreeMap<ActionName, u8>,
    /// How much of a workload may be contained at once, in percent of the pods it wants; at least one pod.
    pub workload_percent: u32,
    /// The priorities at which even the last ready pod of a workload may be contained.
    pub last_ready_replica: BTreeSet<Priority>,
    /// How long an approval is waited for.
    pub approve_within: SignedDuration,
    /// What is done when a quarantine cannot be verified.
    pub if_not_verified: Option<ActionName>,
    /// After how long a quarantine ends by itself; none: when a human ends it.
    pub quarantine_ends_after: Option<SignedDuration>,
    /// How long verification may take.
    pub verify_within_seconds: u32,
    /// After how long an act that cannot be done is given up and paged.
    pub give_up_after: SignedDuration,
    /// Whether draining keeps PodDisruptionBudgets.
    pub drain_respects_budgets: bool,
    /// Whether there is a place for evidence. Without one nothing is contained.
    pub keeps_evidence: bool,
    /// Whether images are scanned in ECR.
    pub scans_images: bool,
    /// IAM roles by service account, `namespace/name`, for EKS Pod Identity.
    pub pod_identity_roles: BTreeMap<String, String>,
    /// The zone in which people read until when a plan waits: the calendar's.
    pub zone: Zone,
}

/// What is never touched, whatever a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// Namespaces.
    pub namespaces: BTreeSet<String>,
    /// Labels, on the pod: each with its value, or whatever its value.
    pub labels: BTreeMap<String, Option<String>>,
    /// The pod that Watchfire runs in, `namespace/name`.
    pub own_pod: Option<String>,
    /// The node that Watchfire runs on: it is not cordoned or drained.
    pub own_node: Option<String>,
}

impl Protected {
    /// Protected wherever nothing else is configured, and also then.
    pub const ALWAYS: [&str; 4] = ["kube-system", "kube-node-lease", "kube-public", "istio-system"];

    /// Why a pod is protected, in a clause.
    pub fn why(&self, pod: &Pod) -> Option<String> {
        if self.own_pod.as_ref() == Some(&pod.full_name()) {
            return Some("it is Watchfire itself".to_owned());
        }
        if self.namespaces.contains(&pod.namespace) {
            return Some(format!("the namespace {} is protected", pod.namespace));
        }
        let label = self.labels.iter().find(|(name, value)| match (pod.labels.get(*name), value) {
            (Some(found), Some(value)) => found == value,
            (found, None) => found.is_some(),
            (None, Some(_)) => false,
        });
        label.map(|(name, _)| format!("the label {name} protects it"))
    }
}

impl Default for Protected {
    fn default() -> Self {
        let namespaces = Self::ALWAYS.map(str::to_owned).into_iter().chain(["watchfire".to_owned()]);
        Self { namespaces: namespaces.collect(), labels: BTreeMap::new(), own_pod: None, own_node: None }
    }
}

impl Default for Mitigation {
    fn default() -> Self {
        Self {
            cluster: None,
            mode: Mode::Observe,
            actions: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            protected: Protected::default(),
            budget: Budget::default(),
            approvers: BTreeMap::new(),
            workload_percent: 50,
            last_ready_replica: BTreeSet::from([Priority::P0]),
            approve_within: SignedDuration::from_mins(30),
            if_not_verified: None,
            quarantine_ends_after: None,
            verify_within_seconds: 10,
            give_up_after: SignedDuration::from_mins(10),
            drain_respects_budgets: true,
            keeps_evidence: false,
            scans_images: false,
            pod_identity_roles: BTreeMap::new(),
            zone: Zone::UTC,
        }
    }
}

impl Mitigation {
    /// How many people have to approve an action.
    pub fn approvers_of(&self, action: ActionName) -> usize {
        self.approvers.get(&action).map_or(1, |people| usize::from(*people))
    }

    /// How far to go with an action in a namespace (none for what is in none): the strictest that is said.
    /// What only looks, and touches nothing, is done unless something says otherwise about it.
    pub fn mode_of(&self, action: ActionName, namespace: Option<&str>) -> Mode {
        let own = self.actions.get(&action).copied();
        if action.only_looks() {
            return own.unwrap_or(Mode::Enforce);
        }
        let by_namespace = namespace.and_then(|namespace| self.namespaces.get(namespace)).copied();
        match (own, by_namespace) {
            (Some(own), Some(by_namespace)) => own.min(by_namespace),
            (Some(mode), None) | (None, Some(mode)) => mode,
            (None, None) => self.mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_of_action_and_namespace_holds() {
        let mitigation = Mitigation {
            mode: Mode::Approve,
            actions: BTreeMap::from([(ActionName::Quarantine, Mode::Enforce)]),
            namespaces: BTreeMap::from([("shop".to_owned(), Mode::Observe)]),
            ..Mitigation::default()
        };
        let modes = [
            (ActionName::Quarantine, Some("pay")),
            (ActionName::Quarantine, Some("shop")),
            (ActionName::Cordon, None),
            (ActionName::DeletePod, Some("shop")),
            (ActionName::Evidence, Some("shop")),
        ]
        .map(|(action, namespace)| mitigation.mode_of(action, namespace));
        assert_eq!(modes, [Mode::Enforce, Mode::Observe, Mode::Approve, Mode::Observe, Mode::Enforce]);
    }

    #[test]
    fn what_is_protected_says_why() {
        let protected = Protected {
            labels: BTreeMap::from([
                ("critical".to_owned(), None),
                ("tier".to_owned(), Some("db".to_owned())),
            ]),
            own_pod: Some("ops/watchfire-1".to_owned()),
            ..Protected::default()
        };
        let pod = |namespace: &str, name: &str, labels: &[(&str, &str)]| Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            labels: crate::builders::labels(labels).into(),
            ..Pod::default()
        };
        let whys = [
            protected.why(&pod("kube-system", "dns", &[])),
            protected.why(&pod("ops", "watchfire-1", &[])),
            protected.why(&pod("shop", "pay", &[("critical", "no")])),
            protected.why(&pod("shop", "pay", &[("tier", "web")])),
            protected.why(&pod("shop", "pay", &[("tier", "db")])),
        ];
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(
            whys,
            [
                said("the namespace kube-system is protected"),
                said("it is Watchfire itself"),
                said("the label critical protects it"),
                None,
                said("the label tier protects it"),
            ]
        );
    }
}
