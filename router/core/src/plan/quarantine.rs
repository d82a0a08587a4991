//! Quarantine: one pod cut off both ways, out of its Services and its controller's hands, and replaced.
//!
//! - Role: contain. Undone by `release`.
//! - Idempotency: the quarantine label with the incident as its value; every step finds what is done.
//! - Order: the policies that select the label first, so that the label never stands without them; then one
//!   patch that labels, annotates and detaches at once, so that it is never half done; then whatever would
//!   bring the same pod back; then proof.

use std::collections::BTreeSet;

use super::input::{NoPlan, PlanInput, Planned, present};
use super::owned::{is_kept, is_put_back};
use super::recipe::{Recipe, Repertoire, the_pod};
use crate::act::{LABELS_ANNOTATION, Step, StepName, Target};
use crate::action::ActionName;
use crate::context::{Details, Enforcement, Known, Pod, Selecting, Workload, WorkloadKind};

pub(super) const RECIPE: Recipe = Recipe {
    target: the_pod,
    plan,
    repertoire: |_| Repertoire {
        steps: &[
            StepName::Preflight,
            StepName::Deny,
            StepName::LiftDeny,
            StepName::DenyAdmin,
            StepName::Suspend,
            StepName::Resume,
            StepName::Isolate,
            StepName::Rejoin,
            StepName::Restart,
            StepName::Cordon,
            StepName::Uncordon,
            StepName::VerifyIsolated,
            StepName::VerifyReleased,
        ],
        instead: &[ActionName::Cordon, ActionName::ScaleToZero, ActionName::DeletePod],
    },
};

fn plan(input: &PlanInput<'_>) -> Result<Planned, NoPlan> {
    let pod = input.pod()?;
    refuse_what_policies_cannot_hold(pod)?;
    let owners = input.owners()?;
    let details = input.context.details.as_ref();
    let details = details.ok_or_else(|| NoPlan::because("what surrounds the pod is not known"))?;
    if let Enforcement::Off(why) = &details.enforcement {
        return Err(NoPlan::rather(
            without_policies(input),
            format!("network policies have no effect here: {why}"),
        ));
    }
    let detached = Detached::of(input, pod, owners, details)?;
    let deny = known(&details.deny, "whether the standing policies are there")?;
    let reference = pod.reference();
    let incident = input.incident.as_str().to_owned();

    let mut steps = vec![Step::Preflight(reference.clone())];
    let mut undo = Vec::new();
    if deny.namespaced.is_none() {
        steps.push(Step::Deny { namespace: pod.namespace.clone() });
        undo.push(Step::LiftDeny { namespace: pod.namespace.clone() });
    }
    if let (None, Some(api)) = (&deny.admin, deny.admin_api) {
        // Selects nothing but quarantined pods, so it stays when the quarantine ends.
        steps.push(Step::DenyAdmin { api });
    }
    let cron_job = owners.iter().find(|owner| owner.kind == WorkloadKind::CronJob);
    suspend(cron_job, &mut steps, &mut undo);
    // What someone else has set stays theirs.
    let mut annotate = input.incident_annotations();
    annotate.retain(|name, _| name == crate::act::INCIDENT_ANNOTATION || !pod.annotations.contains_key(name));
    let unannotate = annotate.keys().cloned().chain([LABELS_ANNOTATION.to_owned()]).collect();
    steps.push(Step::Isolate {
        pod: reference.clone(),
        incident: incident.clone(),
        remove: detached.remove.clone(),
        annotate,
    });
    undo.insert(
        0,
        Step::Rejoin {
            pod: reference.clone(),
            incident: incident.clone(),
            restore: detached.remove,
            unannotate,
        },
    );
    // After the pod is out of its hands: a Job that is suspended ends the pods that it has.
    let job = owners.iter().find(|owner| owner.kind == WorkloadKind::Job);
    suspend(job, &mut steps, &mut undo);
    let mut notes = detached.notes;
    restart(input, owners, &mut steps, &mut notes);
    cordon(input, pod, &mut steps, &mut undo, &mut notes);
    let within_seconds = input.mitigation.verify_within_seconds;
    let stays_in = detached.stays_in;
    steps.push(Step::VerifyIsolated { pod: reference.clone(), incident, within_seconds, stays_in });
    undo.push(Step::VerifyReleased { pod: reference.clone() });
    if let Enforcement::Unknown(why) = &details.enforcement {
        notes.push(format!("whether network policies have any effect is not known: {why}"));
    }
    if let Some(gitops) = details.gitops.get().and_then(Option::as_ref) {
        notes.push(format!("{} may put the workload back as the repository says", gitops.named()));
    }
    Ok(Planned { undo, notes, ..Planned::of(Target::Pod(reference), steps) })
}

/// What contains it where policies do not: no pods, or, where nothing has a number of them, not this one.
fn without_policies(input: &PlanInput<'_>) -> ActionName {
    match input.scalable() {
        Ok(_) => ActionName::ScaleToZero,
        Err(_) => ActionName::DeletePod,
    }
}

fn refuse_what_policies_cannot_hold(pod: &Pod) -> Result<(), NoPlan> {
    if pod.is_static {
        let reason = "it is a static pod: the API cannot change it, its node can be cordoned and replaced";
        return Err(NoPlan::rather(ActionName::Cordon, reason));
    }
    if pod.host.network {
        let reason =
            "it has the host's network, where network policies do nothing: this is a matter of its node";
        return Err(NoPlan::rather(ActionName::Cordon, reason));
    }
    Ok(())
}

/// What is taken away from a pod so that nothing selects it any more.
#[derive(Default)]
struct Detached {
    remove: std::collections::BTreeMap<String, String>,
    /// The Services that go on selecting it, by a label that its controller puts back.
    stays_in: Vec<String>,
    notes: Vec<String>,
}

impl Detached {
    fn of(input: &PlanInput<'_>, pod: &Pod, owners: &[Workload], details: &Details) -> Result<Self, NoPlan> {
        let services = known(&details.services, "the Services that select it")?;
        let policies = known(&details.policies, "the network policies that select it")?;
        let deny = known(&details.deny, "whether the standing policies are there")?;
        let has_admin = deny.admin.is_some() || deny.admin_api.is_some();
        let policies: Vec<_> = policies.iter().filter(|policy| policy.allows).collect();
        let mut keys = BTreeSet::new();
        for Selecting { name, selector, allows: _ } in services.iter().chain(policies.iter().copied()) {
            if selector.handle().is_none() && !has_admin {
                let reason = format!(
                    "{name} selects it whatever its labels are and allows traffic, and there is no policy of \
                     the admin tier that could overrule it"
                );
                return Err(NoPlan::rather(without_policies(input), reason));
            }
            keys.extend(selector.positive_keys());
        }
        let Some(controller) = owners.first() else {
            return Ok(match &pod.owner {
                None => Self::with(pod, &keys, "nothing will replace it: no controller owns it"),
                Some(owner) => Self::with(pod, &keys, &may_fight_back(&owner.kind, &owner.name)),
            });
        };
        let own: BTreeSet<&str> = controller.selector.iter().flat_map(|own| own.positive_keys()).collect();
        match &controller.kind {
            WorkloadKind::StatefulSet => stateful(pod, controller, services, &policies),
            WorkloadKind::DaemonSet => Err(NoPlan::rather(
                ActionName::Cordon,
                format!(
                    "the {} would start another pod on the same node, under the same policies: this is a matter \
                     of its node",
                    controller.named()
                ),
            )),
            WorkloadKind::ReplicaSet
            | WorkloadKind::Deployment
            | WorkloadKind::Job
            | WorkloadKind::CronJob => {
                keys.extend(own);
                Ok(Self::with(pod, &keys, ""))
            }
            WorkloadKind::Other(kind) => {
                keys.extend(own);
                Ok(Self::with(pod, &keys, &may_fight_back(kind, &controller.name)))
            }
        }
    }

    fn with(pod: &Pod, keys: &BTreeSet<&str>, note: &str) -> Self {
        let notes = (!note.is_empty()).then(|| note.to_owned()).into_iter().collect();
        Self { remove: present(pod, keys), notes, stays_in: Vec::new() }
    }
}

/// Anybody can name a controller of a kind that nobody knows: it is isolated all the same, and whoever puts labels
/// back is found out by what verifies.
fn may_fight_back(kind: &str, name: &str) -> String {
    format!("its controller, {kind} {name}, may put labels back")
}

/// A StatefulSet wants the pod's very name: released, the pod would block its own replacement. So its
/// controller's labels stay, which is enough only if nothing else selects by them alone, but for Services of this one
/// pod: who asks for those asks for the suspect, and gets no answer.
fn stateful(
    pod: &Pod,
    controller: &Workload,
    services: &[Selecting],
    policies: &[&Selecting],
) -> Result<Detached, NoPlan> {
    let own: BTreeSet<&str> = controller.selector.iter().flat_map(|own| own.positive_keys()).collect();
    let stays = |key: &&str| own.contains(key) || is_kept(&controller.kind, key);
    let is_held = |one: &&Selecting| {
        let mut keys = one.selector.positive_keys();
        one.selector.handle().is_some() && keys.all(|key| stays(&key))
    };
    let is_of_this_pod =
        |one: &&Selecting| one.selector.positive_keys().any(|key| is_put_back(&controller.kind, key));
    let (alone, shared): (Vec<_>, Vec<_>) = services.iter().filter(is_held).partition(is_of_this_pod);
    let held: Vec<_> = shared.into_iter().chain(policies.iter().copied().filter(is_held)).collect();
    if !held.is_empty() {
        let keys: BTreeSet<_> = held.iter().flat_map(|one| one.selector.positive_keys()).collect();
        let reason = format!(
            "the {} needs the labels by which Services or other policies select it ({}): without them its \
             replacement, which has the same name, cannot start",
            controller.named(),
            keys.into_iter().collect::<Vec<_>>().join(", ")
        );
        return Err(NoPlan::rather(ActionName::DeletePod, reason));
    }
    let selecting = services.iter().chain(policies.iter().copied());
    let keys: BTreeSet<_> = selecting.flat_map(|one| one.selector.positive_keys()).collect();
    let keys = keys.into_iter().filter(|key| !stays(key)).collect();
    let mut detached =
        Detached::with(pod, &keys, "its controller keeps it: nothing replaces it until it is deleted");
    detached.stays_in = alone.iter().map(|service| service.name.clone()).collect();
    if !detached.stays_in.is_empty() {
        detached.notes.push(format!(
            "it stays an endpoint of {}, which selects it by a label that its controller puts back: policies cut it off",
            detached.stays_in.join(", ")
        ));
    }
    Ok(detached)
}

fn suspend(workload: Option<&Workload>, steps: &mut Vec<Step>, undo: &mut Vec<Step>) {
    let Some(workload) = workload.filter(|workload| workload.suspended != Some(true)) else { return };
    steps.push(Step::Suspend { workload: workload.reference() });
    undo.push(Step::Resume { workload: workload.reference() });
}

/// Enforcement on EKS goes by the pod's name less its last part: only pods of a new template hash are free of
/// the quarantine.
fn restart(input: &PlanInput<'_>, owners: &[Workload], steps: &mut Vec<Step>, notes: &mut Vec<String>) {
    if input.wants(ActionName::ScaleToZero) {
        notes.push("its replacement is not restarted: the workload is scaled to zero".to_owned());
        return;
    }
    let last = owners.last();
    match last.map(|last| &last.kind) {
        Some(WorkloadKind::Deployment) => {
            let workload = last.map(Workload::reference).expect("it was just looked at");
            let at = input.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            steps.push(Step::Restart { workload, at });
        }
        Some(WorkloadKind::ReplicaSet | WorkloadKind::Other(_)) => notes.push(
            "its replacement has the same name prefix, by which the VPC CNI enforces: it may be cut off, too"
                .to_owned(),
        ),
        Some(
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet | WorkloadKind::Job | WorkloadKind::CronJob,
        )
        | None => {}
    }
}

/// Who can leave the pod is to be kept from the pods that would come.
fn cordon(
    input: &PlanInput<'_>,
    pod: &Pod,
    steps: &mut Vec<Step>,
    undo: &mut Vec<Step>,
    notes: &mut Vec<String>,
) {
    if !pod.host.reaches_the_node() {
        return;
    }
    match &input.context.node {
        Some(node) if input.mitigation.protected.own_node.as_ref() == Some(&node.name) => {
            notes.push("it can reach its node, which is Watchfire's own: not cordoned".to_owned());
        }
        Some(node) => {
            notes.push("it can reach its node: hold the node for compromised, too".to_owned());
            if !node.unschedulable {
                steps.push(Step::Cordon { node: node.reference() });
                undo.push(Step::Uncordon { node: node.reference() });
            }
        }
        None => notes.push("it can reach its node, which is not known".to_owned()),
    }
}

fn known<'k, T>(part: &'k Known<T>, what: &str) -> Result<&'k T, NoPlan> {
    match part {
        Known::Is(answer) => Ok(answer),
        Known::Unknown(because) => Err(NoPlan::because(format!("{what} cannot be said: {because}"))),
    }
}
