//! May this containment happen? Every guard that cannot be evaluated says no.

use crate::act::{ActionKind, Target};
use crate::action::{ActionName, Role};
use crate::budget::{BudgetRecord, Over, Spent};
use crate::containment::{ContainmentState, TargetKey};
use crate::context::{Context, Method, Place, Pod, Pods, Workload};
use crate::draft::Draft;
use crate::mitigation::{Mitigation, Mode};
use crate::plan::{PlanInput, Planned};
use crate::priority::Priority;

/// What was planned, and all that the guards look at.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// Which action.
    pub action: ActionName,
    /// Its plan.
    pub planned: &'q Planned,
    /// What the plan was made from.
    pub input: PlanInput<'q>,
    /// What is remembered: the switch, the budget, the target.
    pub draft: &'q Draft<'q>,
    /// How urgent the incident is.
    pub priority: Priority,
    /// Who asks for it.
    pub asked_by: AskedBy<'q>,
    /// What it would be in the budget.
    pub spends: &'q Spent,
    /// Containments of the same decision that were allowed before this one.
    pub before: &'q [Spent],
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
    /// Somebody who may not have it done, and proposes it to those who may.
    Proposal {
        /// Who, and why.
        because: &'q str,
    },
}

/// What the guards say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It may be done.
    Go,
    /// A human is to be asked first: why.
    Ask(String),
    /// The same, and at once, in a page of its own: nobody else looks after what is as urgent as this.
    AskAtOnce(String),
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
    /// A limit of the budget is reached.
    OverBudget(Over),
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
    let Question { action, planned, input, asked_by, .. } = question;
    if let Err(refusal) = never(question) {
        return Ruling::Refuse(refusal);
    }
    let mode = input.mitigation.mode_of(*action, namespace(input.context, &planned.target));
    match *asked_by {
        AskedBy::Human => return Ruling::Go,
        AskedBy::Proposal { because } => return Ruling::Ask(because.to_owned()),
        AskedBy::Rule { .. } => {}
    }
    match mode {
        Mode::Observe => Ruling::Observe,
        Mode::Approve => Ruling::Ask(unsure(question).unwrap_or_else(|| "the mode is approve".to_owned())),
        Mode::Enforce => {
            match unsure(question).or_else(|| released(question)).or_else(|| planned.ask.clone()) {
                Some(because) => Ruling::Ask(because),
                None => within_budget(question),
            }
        }
    }
}

/// What a human approves is theirs to count: the budget bounds what is done without one.
fn within_budget(question: &Question<'_>) -> Ruling {
    let Question { action, input, draft, priority, spends, before, .. } = *question;
    if action.role() != Role::Contain {
        return Ruling::Go;
    }
    let Some(record) = draft.budget() else {
        return Ruling::Refuse(Refusal::CannotSay("how much of the budget is spent".to_owned()));
    };
    match (input.mitigation.budget.room(&record, before, spends, input.now), priority) {
        (Ok(()), _) => Ruling::Go,
        (Err(over), Priority::P0) => Ruling::AskAtOnce(over.sentence()),
        (Err(over), Priority::P1 | Priority::P2 | Priority::P3) => Ruling::Refuse(Refusal::OverBudget(over)),
    }
}

/// Whose mode holds, where a namespace has its own: a node and an image are in none.
fn namespace<'c>(context: &'c Context, target: &Target) -> Option<&'c str> {
    match target {
        Target::Node(_) | Target::Image(_) => None,
        Target::Pod(_) | Target::Workload(_) | Target::Event => {
            context.pod().map(|pod| pod.namespace.as_str())
        }
    }
}

/// Only what was found for certain may be acted on without a human.
fn unsure(question: &Question<'_>) -> Option<String> {
    if question.action.only_looks() {
        return None;
    }
    let context = question.input.context;
    let what = match context.pods {
        Pods::Found { .. } => "pod",
        Pods::NotAsked | Pods::Unknown(_) | Pods::None(_) => "node",
    };
    let method = context.hint()?;
    let because = match method {
        Method::Address => {
            ", which proves nothing: the finding names neither our cluster by its ARN, nor a node of ours, nor our VPC"
        }
        Method::ContainerId | Method::Instance => ", which proves nothing without the ARN of our cluster",
        Method::Uid
        | Method::Name
        | Method::ServiceAccount
        | Method::NodeUser
        | Method::Role
        | Method::Digest
        | Method::ByHand => "",
    };
    Some(format!("the {what} was found by {}{because}", method.as_str()))
}

/// What a human has undone is not done again without one; what only looks has nothing to undo.
fn released(question: &Question<'_>) -> Option<String> {
    if question.action.only_looks() {
        return None;
    }
    let target = TargetKey::of(&question.planned.target)?;
    let last = question.draft.target(&target)?.last(ActionKind::Rule(question.action))?;
    (last.state == ContainmentState::Released).then(|| "it was released before".to_owned())
}

fn never(question: &Question<'_>) -> Result<(), Refusal> {
    let Question { action, planned, input, draft, priority, asked_by, spends: _, before: _ } = *question;
    let Mitigation { cluster, protected, .. } = input.mitigation;
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
    let switch = draft.switch().ok_or_else(|| Refusal::CannotSay("whether it is switched off".to_owned()))?;
    if let Some(off) = switch.off {
        return Err(Refusal::SwitchedOff { by: off.by, reason: off.reason });
    }
    match (&input.context.place, cluster) {
        (_, None) => return Err(Refusal::NoCluster),
        (Place::Ours(found), Some(ours)) if found == ours => {}
        (Place::Ours(found), Some(_)) => return Err(Refusal::Foreign(found.name.clone())),
        (Place::Foreign(theirs), Some(_)) => return Err(Refusal::Foreign(theirs.clone())),
        // A hint is never done unasked, and whoever is asked is told what it is worth.
        (Place::Unsaid, Some(_))
            if matches!(asked_by, AskedBy::Rule { .. }) && input.context.hint().is_some() => {}
        (Place::None | Place::Unsaid, Some(_)) => return Err(Refusal::Unsaid),
    }
    // A workload is named by its pods: one that is protected protects it.
    if let Some(why) = concerned(input.context).iter().find_map(|pod| protected.why(pod)) {
        return Err(Refusal::Protected(why));
    }
    if let Target::Node(node) = &planned.target
        && protected.own_node.as_ref() == Some(&node.name)
    {
        return Err(Refusal::Protected("Watchfire runs on it".to_owned()));
    }
    let target = TargetKey::of(&planned.target)
        .ok_or_else(|| Refusal::CannotSay("what it would be done to".to_owned()))?;
    if !draft.has_read(&crate::state::Key::Target(target.clone())) {
        return Err(Refusal::CannotSay("what was done to it before".to_owned()));
    }
    let last = draft.target(&target).and_then(|record| record.last(ActionKind::Rule(action)));
    match last.map(|containment| containment.state) {
        Some(ContainmentState::Planned | ContainmentState::Done) => return Err(Refusal::Already),
        Some(ContainmentState::Failed | ContainmentState::Released) | None => {}
    }
    if action.role() != Role::Contain {
        return Ok(());
    }
    if !input.mitigation.keeps_evidence {
        return Err(Refusal::NoEvidence);
    }
    let budget = draft.budget();
    let budget = budget.ok_or_else(|| Refusal::CannotSay("how much of the budget is spent".to_owned()))?;
    if action.takes_a_pod() { leaves_enough(&input, &budget, priority) } else { Ok(()) }
}

fn concerned(context: &Context) -> &[Pod] {
    match &context.pods {
        Pods::Found { pods, .. } => pods,
        Pods::NotAsked | Pods::Unknown(_) | Pods::None(_) => &[],
    }
}

/// What is left of the workload: not too many of its pods missing by us, and not the last one that is ready. What
/// was not ready before we came is no loss: who holds the workload holds its replicas and its probes, too.
fn leaves_enough(input: &PlanInput<'_>, budget: &BudgetRecord, priority: Priority) -> Result<(), Refusal> {
    let Some(pod) = input.context.pod() else {
        return Err(Refusal::CannotSay("which pod it is".to_owned()));
    };
    let details = input.context.details.as_ref();
    let owners = details.map(|details| &details.owners);
    let owners = match owners.map(|owners| (owners.get(), owners.because())) {
        Some((Some(owners), _)) => owners,
        Some((None, because)) => return Err(cannot_say_owners(because)),
        None => return Err(cannot_say_owners(None)),
    };
    let Some((workload, wanted)) = counted(owners).filter(|_| pod.ready) else { return Ok(()) };
    let mitigation = input.mitigation;
    if workload.ready <= 1 && !mitigation.last_ready_replica.contains(&priority) {
        return Err(Refusal::LastReady(workload.named()));
    }
    let most = (wanted * mitigation.workload_percent / 100).max(1);
    let after = missing_by_us(input, budget, wanted.saturating_sub(workload.ready)) + 1;
    match after <= most {
        true => Ok(()),
        false => Err(Refusal::Share(format!(
            "{after} of {wanted} pods of {} would be missing by containment, {most} may be",
            workload.named()
        ))),
    }
}

/// How many other pods of the workload were taken within the budget's window and are not replaced: those of which
/// nothing is known yet, and of those that are out at most as many as are not ready.
fn missing_by_us(input: &PlanInput<'_>, budget: &BudgetRecord, not_ready: u32) -> u32 {
    let workload = input.context.workload().map(|workload| workload.uid.as_str());
    let own = input.context.pod().and_then(|pod| TargetKey::of(&Target::Pod(pod.reference())));
    let taken = budget
        .within(input.mitigation.budget.window, input.now)
        .filter(|spent| spent.takes_a_pod() && spent.target != own && spent.workload.as_deref() == workload);
    let (out, planned): (Vec<_>, Vec<_>) = taken.partition(|spent| spent.took_effect);
    let count = |taken: Vec<&Spent>| u32::try_from(taken.len()).unwrap_or(u32::MAX);
    count(planned).saturating_add(count(out).min(not_ready))
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
            Refusal::OverBudget(over) => over.sentence(),
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
