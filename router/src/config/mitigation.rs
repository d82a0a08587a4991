//! The part `mitigation` of `watchfire.yaml`: how far Watchfire may go in the cluster.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use watchfire_core::action::{ActionName, Role};
use watchfire_core::budget::Budget;
use watchfire_core::context::Cluster;
use watchfire_core::mitigation::{Mitigation, Mode, Protected};
use watchfire_core::plan::repertoire;
use watchfire_core::priority::Priority;
use watchfire_core::yaml::{Mistake, expected};
use watchfire_core::zone::Zone;

/// How far Watchfire may go. Left out, it observes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Mitigation")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of mode, actions, namespaces, protected and more"
)]
pub struct MitigationConfig {
    /// How far to go: `observe`, `approve` or `enforce`.
    pub mode: Mode,
    /// The same for single actions; the stricter of this and the namespace's holds.
    #[schemars(schema_with = "by_action")]
    pub actions: BTreeMap<ActionName, Mode>,
    /// The same for single namespaces.
    pub namespaces: BTreeMap<String, Mode>,
    /// What is never touched, besides kube-system, istio-system and Watchfire's own namespace.
    pub protected: ProtectedConfig,
    /// How many containments are done without a human in how many minutes.
    pub budget: BudgetConfig,
    /// How many people have to approve an action, where that is more than one, 2 to 5; whoever asks for it is none of them.
    #[schemars(schema_with = "people_by_action")]
    pub approvers: BTreeMap<ActionName, u8>,
    /// How much of a workload may be missing, in percent of the pods it wants, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub workload_percent: u32,
    /// The priorities at which even the last ready pod of a workload may be contained.
    pub last_ready_replica: BTreeSet<Priority>,
    /// How long a plan waits for its approval, in minutes.
    #[schemars(range(min = 1))]
    pub approve_within_minutes: u32,
    /// What is done when a quarantine cannot be verified: `cordon`, `scale-to-zero` or `delete-pod`.
    pub if_not_verified: Option<ActionName>,
    /// After how many minutes a quarantine ends by itself; left out, a human ends it.
    #[schemars(range(min = 1))]
    pub quarantine_minutes: Option<u32>,
    /// How long the verification of a quarantine may take, in seconds.
    #[schemars(range(min = 1))]
    pub verify_within_seconds: u32,
    /// After how many minutes an act that cannot be done is given up and paged.
    #[schemars(range(min = 1))]
    pub give_up_minutes: u32,
    /// Whether draining keeps PodDisruptionBudgets.
    pub drain_respects_budgets: bool,
    /// Whether images are scanned in ECR.
    pub image_scan: bool,
    /// IAM roles by service account, `namespace/name`, for EKS Pod Identity.
    pub pod_identity_roles: BTreeMap<String, String>,
    /// A ConfigMap that switches mitigation off, whatever is said elsewhere.
    pub kill_switch: Option<KillSwitch>,
}

fn by_action(generator: &mut SchemaGenerator) -> Schema {
    let (action, mode) = (generator.subschema_for::<ActionName>(), generator.subschema_for::<Mode>());
    json_schema!({"type": "object", "propertyNames": action, "additionalProperties": mode})
}

fn people_by_action(generator: &mut SchemaGenerator) -> Schema {
    let action = generator.subschema_for::<ActionName>();
    json_schema!({"type": "object", "propertyNames": action, "additionalProperties": {"type": "integer", "minimum": 2, "maximum": 5}})
}

/// What is never touched.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Protected")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of namespaces, labels")]
pub struct ProtectedConfig {
    /// Namespaces.
    pub namespaces: BTreeSet<String>,
    /// Labels of pods, each with its value; an empty value stands for any.
    pub labels: BTreeMap<String, String>,
}

/// How much is contained without a human.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Budget")]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping of containments, per_namespace, per_workload, minutes"
)]
pub struct BudgetConfig {
    /// So many containments over the cluster,
    #[schemars(range(min = 1))]
    pub containments: u32,
    /// so many of them in one namespace; left out, half of them,
    #[schemars(range(min = 1))]
    pub per_namespace: Option<u32>,
    /// so many of one workload; left out, a quarter of them,
    #[schemars(range(min = 1))]
    pub per_workload: Option<u32>,
    /// in so many minutes.
    #[schemars(range(min = 1))]
    pub minutes: u32,
}

/// A ConfigMap whose `data.mitigation` is `off`, or that cannot be read, switches mitigation off. One that
/// does not exist does not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping of namespace, name")]
pub struct KillSwitch {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { containments: 12, per_namespace: None, per_workload: None, minutes: 10 }
    }
}

impl Default for MitigationConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Observe,
            actions: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            protected: ProtectedConfig::default(),
            budget: BudgetConfig::default(),
            approvers: BTreeMap::new(),
            workload_percent: 50,
            last_ready_replica: BTreeSet::from([Priority::P0]),
            approve_within_minutes: 30,
            if_not_verified: None,
            quarantine_minutes: None,
            verify_within_seconds: 10,
            give_up_minutes: 10,
            drain_respects_budgets: true,
            image_scan: false,
            pod_identity_roles: BTreeMap::new(),
            kill_switch: None,
        }
    }
}

impl MitigationConfig {
    /// What deciding needs of it. `own` is what Watchfire runs in, where it runs in the cluster.
    pub(super) fn policy(
        &self,
        cluster: Option<Cluster>,
        keeps_evidence: bool,
        own: &Own,
        zone: &Zone,
    ) -> Mitigation {
        let Self {
            mode,
            actions,
            namespaces,
            protected,
            budget,
            approvers,
            workload_percent,
            last_ready_replica,
            approve_within_minutes,
            if_not_verified,
            quarantine_minutes,
            verify_within_seconds,
            give_up_minutes,
            drain_respects_budgets,
            image_scan,
            pod_identity_roles,
            kill_switch: _,
        } = self.clone();
        let minutes = |minutes: u32| SignedDuration::from_mins(minutes.into());
        Mitigation {
            cluster,
            mode,
            actions,
            namespaces,
            protected: protected.with(own),
            budget: budget.shared(),
            approvers,
            workload_percent,
            last_ready_replica,
            approve_within: minutes(approve_within_minutes),
            if_not_verified,
            quarantine_ends_after: quarantine_minutes.map(minutes),
            verify_within_seconds,
            give_up_after: minutes(give_up_minutes),
            drain_respects_budgets,
            keeps_evidence,
            scans_images: image_scan,
            pod_identity_roles,
            zone: zone.clone(),
        }
    }
}

/// What Watchfire itself runs in: from the environment, by the downward API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Own {
    /// `POD_NAMESPACE`.
    pub(super) namespace: Option<String>,
    /// `POD_NAME`.
    pub(super) pod: Option<String>,
    /// `NODE_NAME`.
    pub(super) node: Option<String>,
}

impl Own {
    pub(super) fn of_the_environment() -> Self {
        let read = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self { namespace: read("POD_NAMESPACE"), pod: read("POD_NAME"), node: read("NODE_NAME") }
    }
}

impl BudgetConfig {
    fn shared(self) -> Budget {
        let Self { containments, per_namespace, per_workload, minutes } = self;
        let shared = Budget::shared(containments, SignedDuration::from_mins(minutes.into()));
        Budget {
            per_namespace: per_namespace.unwrap_or(shared.per_namespace),
            per_workload: per_workload.unwrap_or(shared.per_workload),
            ..shared
        }
    }
}

impl ProtectedConfig {
    fn with(self, own: &Own) -> Protected {
        let Self { namespaces, labels } = self;
        let mut protected = Protected::default();
        protected.namespaces.extend(namespaces);
        protected.namespaces.extend(own.namespace.clone());
        let value = |value: String| (!value.is_empty()).then_some(value);
        protected.labels = labels.into_iter().map(|(name, text)| (name, value(text))).collect();
        let Own { namespace, pod, node } = own;
        protected.own_pod = namespace.as_ref().zip(pod.as_ref()).map(|(space, pod)| format!("{space}/{pod}"));
        protected.own_node.clone_from(node);
        protected
    }
}

/// The other parts that it cannot be without.
pub(super) fn needs(mitigation: &MitigationConfig) -> impl Iterator<Item = &'static str> {
    let MitigationConfig { mode, actions, namespaces, .. } = mitigation;
    let acts = actions.iter().any(|(action, mode)| !action.only_looks() && *mode != Mode::Observe);
    let somewhere = namespaces.values().any(|mode| *mode != Mode::Observe);
    let may_act = *mode != Mode::Observe || acts || somewhere;
    ["cluster", "evidence"].into_iter().filter(move |_| may_act)
}

/// What is wrong in it.
pub(super) fn check(mitigation: &MitigationConfig, mistake: &mut dyn FnMut(&str, Mistake)) {
    let MitigationConfig {
        mode: _,
        actions: _,
        namespaces: _,
        protected: _,
        budget: BudgetConfig { containments, per_namespace, per_workload, minutes },
        approvers,
        workload_percent,
        last_ready_replica: _,
        approve_within_minutes,
        if_not_verified,
        quarantine_minutes,
        verify_within_seconds,
        give_up_minutes,
        drain_respects_budgets: _,
        image_scan: _,
        pod_identity_roles,
        kill_switch: _,
    } = mitigation;
    let mut at_least_one = |path: &str, value: u32| {
        if value == 0 {
            mistake(path, expected("at least 1").found("0"));
        }
    };
    at_least_one(".budget.containments", *containments);
    at_least_one(".budget.per_namespace", per_namespace.unwrap_or(1));
    at_least_one(".budget.per_workload", per_workload.unwrap_or(1));
    at_least_one(".budget.minutes", *minutes);
    at_least_one(".approve_within_minutes", *approve_within_minutes);
    at_least_one(".quarantine_minutes", quarantine_minutes.unwrap_or(1));
    at_least_one(".verify_within_seconds", *verify_within_seconds);
    at_least_one(".give_up_minutes", *give_up_minutes);
    for (path, part) in [(".budget.per_namespace", per_namespace), (".budget.per_workload", per_workload)] {
        if let Some(part) = part.filter(|part| part > containments) {
            let most = expected(format!("at most the {containments} of the whole cluster"));
            mistake(path, most.found(part.to_string()));
        }
    }
    if !(1..=100).contains(workload_percent) {
        mistake(".workload_percent", expected("1 to 100").found(workload_percent.to_string()));
    }
    let instead = repertoire(ActionName::Quarantine, &Mitigation::default()).instead;
    if let Some(other) = if_not_verified.filter(|action| !instead.contains(action)) {
        mistake(".if_not_verified", expected(one_of(instead)).found(other.as_str()));
    }
    for (action, people) in approvers {
        let member = format!(".approvers.{}", action.as_str());
        if !(2..=5).contains(people) {
            mistake(&member, expected("2 to 5").found(people.to_string()));
        }
        if action.only_looks() || action.role() != Role::Contain {
            mistake(&member, expected("an action that contains").hint("nobody approves the others"));
        }
    }
    for (account, role) in pod_identity_roles {
        if account.split('/').count() != 2 || !role.starts_with("arn:aws") || !role.contains(":role/") {
            let pair = expected("namespace/service-account and the ARN of a role");
            mistake(".pod_identity_roles", pair.found(format!("`{account}: {role}`")));
        }
    }
}

/// `cordon, scale-to-zero or delete-pod`.
fn one_of(actions: &[ActionName]) -> String {
    let words: Vec<_> = actions.iter().map(|action| action.as_str()).collect();
    match words.split_last() {
        Some((last, rest @ [_, ..])) => format!("{} or {last}", rest.join(", ")),
        Some(_) | None => words.concat(),
    }
}
