//! A quarantine among others of the same workload: one restart for all of them, or none at all where every replica is
//! suspect.

use jiff::Timestamp;

use super::{Plans, Request};
use crate::act::{Act, ActWhen, ActionKind, PlanHash, Step, Target};
use crate::action::{ActionName, Role};
use crate::containment::{Restart, TargetKey, TargetRecord};
use crate::context::ObjectRef;
use crate::decision::Reason;
use crate::guard::{Refusal, Ruling};
use crate::ids::EffectId;
use crate::mitigation::Mitigation;
use crate::plan::{NoPlan, PlanInput, Planned};
use crate::priority::Priority;

/// Whether what may not be quarantined now is a suspect all the same: what only somebody says to be one is none.
pub(super) fn is_suspect(ruling: &Ruling) -> bool {
    match ruling {
        Ruling::Go | Ruling::Ask(_) | Ruling::AskAtOnce(_) => true,
        Ruling::Refuse(Refusal::OverBudget(_) | Refusal::Share(_) | Refusal::LastReady(_)) => true,
        Ruling::Refuse(
            Refusal::Sample
            | Refusal::RuleUnsure(_)
            | Refusal::SwitchedOff { .. }
            | Refusal::NoCluster
            | Refusal::Foreign(_)
            | Refusal::Unsaid
            | Refusal::Protected(_)
            | Refusal::Already
            | Refusal::NoEvidence
            | Refusal::CannotSay(_),
        )
        | Ruling::Observe => false,
    }
}

/// An act without its restart, and what is to be restarted: that has a time of its own.
pub(crate) fn apart(act: Act) -> (Act, Option<ObjectRef>) {
    let Act { steps, .. } = &act;
    let workload = steps.iter().find_map(restarts).cloned();
    let steps = steps.iter().filter(|step| restarts(step).is_none()).cloned().collect();
    (Act { steps, ..act }, workload)
}

/// The restart of a workload on account of an act: one for all suspects that are found until then. None where it was
/// restarted since the pod was made.
pub(crate) fn restart_of(act: &Act, input: &PlanInput<'_>, record: &mut TargetRecord) -> Option<Act> {
    let made_at = input.context.pod().and_then(|pod| pod.created_at);
    match record.suspects.restart(made_at, input.now) {
        Restart::Comes(at) | Restart::Joined(at) => {
            record.suspects.restarts_at(at);
            restart(act, record.target.clone(), at, input.mitigation)
        }
        Restart::Was(_) => None,
    }
}

fn restarts(step: &Step) -> Option<&ObjectRef> {
    match step {
        Step::Restart { workload, at: _ } => Some(workload),
        _ => None,
    }
}

fn restart(of: &Act, target: Target, at: Timestamp, mitigation: &Mitigation) -> Option<Act> {
    let Target::Workload(workload) = &target else { return None };
    let text = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let steps = vec![Step::Restart { workload: workload.clone(), at: text }];
    Some(Act {
        id: EffectId::new(ActionKind::Restart.as_str()),
        action: ActionKind::Restart,
        role: Role::Contain,
        hash: PlanHash::of(&target, &steps),
        target,
        about: Vec::new(),
        steps,
        when: ActWhen::NotBefore(at),
        give_up_at: at + mitigation.give_up_after,
        ..of.clone()
    })
}

impl Plans {
    /// The pod is one of the workload's suspects from now on, and the plan says what becomes of the restart.
    pub(super) fn suspect(&mut self, request: &Request<'_>, planned: &mut Planned) {
        let PlanInput { context, mitigation, now, .. } = request.input;
        let (Ok(workload), Target::Pod(pod)) = (request.input.scalable(), planned.target.clone()) else {
            return;
        };
        let (target, named) = (Target::Workload(workload.reference()), workload.reference().named());
        let Some(key) = TargetKey::of(&target) else { return };
        let made_at = context.pod().and_then(|pod| pod.created_at);
        let suspects = &mut self.record(request, key, &target).suspects;
        suspects.found(&pod, mitigation.budget.window, now);
        let (count, wanted) = (suspects.count(), workload.replicas.unwrap_or_default() as usize);
        // Of one replica nothing is learnt about the next.
        if wanted > 1 && count >= wanted {
            let because = format!("{count} pods of {named} are suspect, which has {wanted} replicas");
            if suspects.propose_none_at_all(now) {
                self.none_at_all = Some(because.clone());
            }
            return without_restart(planned, format!("no restart: {because}, and new pods would be, too"));
        }
        if !planned.steps.iter().any(|step| restarts(step).is_some()) {
            return;
        }
        match suspects.restart(made_at, now) {
            Restart::Comes(_) => {}
            Restart::Joined(_) => {
                planned.notes.push(format!("one restart for all suspects of {named}"));
            }
            Restart::Was(at) => {
                let at = mitigation.zone.second(at);
                without_restart(planned, format!("{named} was restarted at {at}, after this pod was made"));
            }
        }
    }

    /// The restart that an act asks for, which is remembered to serve those who are found until then.
    pub(super) fn restart(&mut self, request: &Request<'_>, of: &Act, workload: ObjectRef) -> Option<Act> {
        let target = Target::Workload(workload);
        let record = self.record(request, TargetKey::of(&target)?, &target);
        restart_of(of, &request.input, record)
    }

    /// Scale to zero, for a human to decide: it ends what nobody has looked at.
    pub(super) fn propose_none_at_all(&mut self, request: &Request<'_>) {
        let Some(because) = self.none_at_all.take() else { return };
        let action = ActionName::ScaleToZero;
        if self.has(action) {
            return;
        }
        let planned = match request.input.plan(action) {
            Ok(planned) => planned,
            Err(NoPlan { reason, instead: _ }) => return self.withhold(action, Reason::NoPlan(reason)),
        };
        match (self.ruling(request, action, &planned), request.priority) {
            (Ruling::Refuse(refusal), _) => self.withhold(action, Reason::Refused(refusal.sentence())),
            (Ruling::Observe, _) => self.withhold(action, Reason::Observed(super::said(&planned))),
            (_, Priority::P0) => self.ask_at_once(request, action, planned, because),
            (_, Priority::P1 | Priority::P2 | Priority::P3) => self.ask(request, action, planned, because),
        }
    }
}

fn without_restart(planned: &mut Planned, note: String) {
    planned.steps.retain(|step| restarts(step).is_none());
    planned.notes.push(note);
}
