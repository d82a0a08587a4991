//! May this containment happen? Every guard that cannot be evaluated says no.

use jiff::Timestamp;

use crate::act::{ActionKind, Occasion, Planned};
use crate::containment::{ContainmentState, TargetKey};
use crate::context::{Confidence, Context, Place, Pod, Pods, Workload};
use crate::decision::Role;
use crate::incident::State;
use crate::mitigation::{Mitigation, Mode};
use crate::priority::Priority;
use crate::rules::ActionName;

/// What was planned, and all that the guards look at.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// Which action.
    pub action: ActionName,
    /// Its plan.
    pub planned: &'q Planned,
    /// What the plan was made from.
    pub occasion: Occasion<'q>,
    /// What is remembered: the switch, the budget, the target.
    pub state: &'q State,
    /// How urgent the incident is.
    pub priority: Priority,
    /// Who asks for it.
    pub asked_by: AskedBy<'q>,
    /// Containments of the same decision that were allowed before this one.
    pub before: usize,
}

/// Who asks for a containment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBy<'q> {
    /// A rule.
    Rule {
        /// Whether the finding is a sample.
        sample: bool,
        /// Why it is not known whether the rule holds.
        unsure: Option<&'q str>,
    },
    /// A human, for exactly this target or plan.
    Human,
}

/// What the guards say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It may be done.
    Go,
    /// A human is to be asked first: why.
    Ask(String),
    /// It is planned and shown, and not done.
    Observe,
    /// It is not done: why.
    Refuse(Refusal),
}

/// Why a containment is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The finding is a sample.
    Sample,
    /// It is not known whether the rule's condition holds.
    RuleUnsure(String),
    /// Mitigation is switched off.
    SwitchedOff {
        /// By whom.
        by: String,
        /// Why.
        reason: String,
    },
    /// No cluster is configured.
    NoCluster,
    /// The event is about another cluster.
    Foreign(String),
    /// The event does not say which cluster it is about.
    Unsaid,
    /// It is protected: why.
    Protected(String),
    /// It was done to this target, or is under way.
    Already,
    /// The budget of the window is spent.
    OverBudget {
        /// How many were planned in the window.
        spent: usize,
        /// The window, in minutes.
        minutes: i64,
    },
    /// Too much of the workload would be contained at once.
    Share(String),
    /// It is the last ready pod of its workload.
    LastReady(String),
    /// There is no place for the evidence that has to be kept first.
    NoEvidence,
    /// Something that a guard needs is not known: the guard says no.
    CannotSay(String),
}

/// The ruling on one act. In this order: what is never done, then what is not done now, then who decides.
pub fn may(question: &Question<'_>) -> Ruling {
    let Question { action, planned, occasion, asked_by, .. } = question;
    if let Err(refusal) = never(question) {
        return Ruling::Refuse(refusal);
    }
    let mode = occasion.mitigation.mode_of(*action, namespace(occasion.context, *action));
    if *asked_by == AskedBy::Human {
        return Ruling::Go;
    }
    match mode {
        Mode::Observe => Ruling::Observe,
        Mode::Approve => Ruling::Ask("the mode is approve".to_owned()),
        Mode::Enforce => {
            match unsure(question).or_else(|| released(question)).or_else(|| planned.ask.clone()) {
                Some(because) => Ruling::Ask(because),
                None => Ruling::Go,
            }
        }
    }
}

fn namespace(context: &Context, action: ActionName) -> Option<&str> {
    match action {
        ActionName::Cordon | ActionName::Drain | ActionName::ImageScan => None,
        ActionName::Evidence
        | ActionName::Quarantine
        | ActionName::ScaleToZero
        | ActionName::DeletePod
        | ActionName::RevokeCredentials
        | ActionName::Annotate => context.pod().map(|pod| pod.namespace.as_str()),
    }
}

/// Only what was found by UID, by container or by an address that one pod had may be acted on without a human.
fn unsure(question: &Question<'_>) -> Option<String> {
    if question.action.only_looks() {
        return None;
    }
    match &question.occasion.context.pods {
        Pods::Found { method, confidence: Confidence::Possible, .. } => {
            Some(format!("the pod was found by {}", method.as_str()))
        }
        Pods::Found { confidence: Confidence::Certain, .. }
        | Pods::NotAsked
        | Pods::Unknown(_)
        | Pods::None(_) => None,
    }
}

/// What a human has undone is not done again without one; what only looks has nothing to undo.
fn released(question: &Question<'_>) -> Option<String> {
    if question.action.only_looks() {
        return None;
    }
    let target = TargetKey::of(&question.planned.target)?;
    let last = question.state.target(&target)?.last(ActionKind::Rule(question.action))?;
    (last.state == ContainmentState::Released).then(|| "it was released before".to_owned())
}

fn never(question: &Question<'_>) -> Result<(), Refusal> {
    let Question { action, planned, occasion, state, priority, asked_by, before } = *question;
    let Mitigation { cluster, protected, .. } = occasion.mitigation;
    if let AskedBy::Rule { sample: true, .. } = asked_by {
        return Err(Refusal::Sample);
    }
    if action.only_looks() {
        // A foreign finding names nothing of ours, so that there is nothing to look at either.
        return Ok(());
    }
    if let AskedBy::Rule { unsure: Some(because), .. } = asked_by {
        return Err(Refusal::RuleUnsure(because.to_owned()));
    }
    let switch = state.switch().ok_or_else(|| Refusal::CannotSay("whether it is switched off".to_owned()))?;
    if let Some(off) = switch.off {
        return Err(Refusal::SwitchedOff { by: off.by, reason: off.reason });
    }
    match (&occasion.context.place, cluster) {
        (_, None) => return Err(Refusal::NoCluster),
        (Place::Ours(found), Some(ours)) if found == ours => {}
        (Place::Ours(found), Some(_)) => return Err(Refusal::Foreign(found.name.clone())),
        (Place::Foreign(theirs), Some(_)) => return Err(Refusal::Foreign(theirs.clone())),
        (Place::None | Place::Unsaid, Some(_)) => return Err(Refusal::Unsaid),
    }
    // A workload is named by its pods: one that is protected protects it.
    if let Some(why) = concerned(occasion.context).iter().find_map(|pod| protected.why(pod)) {
        return Err(Refusal::Protected(why));
    }
    let node = occasion.context.node.as_ref().map(|node| &node.name);
    if matches!(action, ActionName::Cordon | ActionName::Drain)
        && node.is_some()
        && node == protected.own_node.as_ref()
    {
        return Err(Refusal::Protected("Watchfire runs on it".to_owned()));
    }
    let target = TargetKey::of(&planned.target)
        .ok_or_else(|| Refusal::CannotSay("what it would be done to".to_owned()))?;
    if !state.has_read(&crate::incident::Key::Target(target.clone())) {
        return Err(Refusal::CannotSay("what was done to it before".to_owned()));
    }
    let last = state.target(&target).and_then(|record| record.last(ActionKind::Rule(action)));
    match last.map(|containment| containment.state) {
        Some(ContainmentState::Planned | ContainmentState::Done) => return Err(Refusal::Already),
        Some(ContainmentState::Failed | ContainmentState::Released) | None => {}
    }
    if action.role() != Role::Contain {
        return Ok(());
    }
    if !occasion.mitigation.keeps_evidence {
        return Err(Refusal::NoEvidence);
    }
    within_budget(occasion.mitigation, state, before, occasion.now)?;
    match action {
        ActionName::Quarantine | ActionName::DeletePod => leaves_enough(&occasion, priority),
        ActionName::ScaleToZero
        | ActionName::Cordon
        | ActionName::Drain
        | ActionName::RevokeCredentials
        | ActionName::Evidence
        | ActionName::ImageScan
        | ActionName::Annotate => Ok(()),
    }
}

fn concerned(context: &Context) -> &[Pod] {
    match &context.pods {
        Pods::Found { pods, .. } => pods,
        Pods::NotAsked | Pods::Unknown(_) | Pods::None(_) => &[],
    }
}

fn within_budget(
    mitigation: &Mitigation,
    state: &State,
    before: usize,
    now: Timestamp,
) -> Result<(), Refusal> {
    let (most, window) = mitigation.budget;
    let record = state.budget();
    let record = record.ok_or_else(|| Refusal::CannotSay("how much of the budget is spent".to_owned()))?;
    let spent = record.spent(window, now) + before;
    match spent < most as usize {
        true => Ok(()),
        false => Err(Refusal::OverBudget { spent, minutes: window.as_mins() }),
    }
}

/// What is left of the workload: not too many of its pods missing, and not the last one that is ready.
fn leaves_enough(occasion: &Occasion<'_>, priority: Priority) -> Result<(), Refusal> {
    let Some(pod) = occasion.context.pod() else {
        return Err(Refusal::CannotSay("which pod it is".to_owned()));
    };
    let details = occasion.context.details.as_ref();
    let owners = details.map(|details| &details.owners);
    let owners = match owners.map(|owners| (owners.get(), owners.because())) {
        Some((Some(owners), _)) => owners,
        Some((None, because)) => return Err(cannot_say_owners(because)),
        None => return Err(cannot_say_owners(None)),
    };
    let Some((workload, wanted)) = counted(owners) else { return Ok(()) };
    let ready = workload.ready;
    if pod.ready && ready <= 1 && !occasion.mitigation.last_ready_replica.contains(&priority) {
        return Err(Refusal::LastReady(workload.named()));
    }
    let most = (wanted * occasion.mitigation.workload_percent / 100).max(1);
    let missing = wanted.saturating_sub(ready);
    // What is not ready is missing already, whoever made it so; this pod would be one more.
    let after = missing + u32::from(pod.ready);
    match after <= most {
        true => Ok(()),
        false => Err(Refusal::Share(format!(
            "{after} of {wanted} pods of {} would be missing, {most} may be",
            workload.named()
        ))),
    }
}

fn cannot_say_owners(because: Option<&str>) -> Refusal {
    let because = because.map(|because| format!(": {because}")).unwrap_or_default();
    Refusal::CannotSay(format!("how much of its workload is left{because}"))
}

/// The last of the owner chain that wants a number of pods. Jobs run to their end, and are not counted.
fn counted(owners: &[Workload]) -> Option<(&Workload, u32)> {
    owners.iter().rev().find_map(|owner| owner.replicas.map(|wanted| (owner, wanted)))
}

impl Refusal {
    /// Why, in a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Refusal::Sample => "a sample finding".to_owned(),
            Refusal::RuleUnsure(because) => format!("it is not known whether the rule holds: {because}"),
            Refusal::SwitchedOff { by, reason } => format!("mitigation was switched off by {by}: {reason}"),
            Refusal::NoCluster => "no cluster is configured".to_owned(),
            Refusal::Foreign(theirs) => format!("it is about another cluster: {theirs}"),
            Refusal::Unsaid => "the event does not say which cluster it is about".to_owned(),
            Refusal::Protected(why) => why.clone(),
            Refusal::Already => "it was done, or is under way".to_owned(),
            Refusal::OverBudget { spent, minutes } => {
                format!("the budget is spent: {spent} containments in {minutes} minutes")
            }
            Refusal::Share(why) => why.clone(),
            Refusal::LastReady(workload) => format!("it is the last ready pod of {workload}"),
            Refusal::NoEvidence => {
                "there is no place for the evidence that has to be kept first: configure `evidence`"
                    .to_owned()
            }
            Refusal::CannotSay(what) => format!("a guard cannot say: {what}"),
        }
    }
}
