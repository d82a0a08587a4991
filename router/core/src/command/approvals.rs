//! A plan that waits for a human, approved or denied.

use super::{Asked, Command, Declined};
use crate::act::{Act, ActWhen, ActionKind, Target, summary};
use crate::action::ActionName;
use crate::budget::Spent;
use crate::containment::{Answer, ApprovalRecord, Approver, TargetKey, TargetRecord, Verdict as Answered};
use crate::decision::{Because, Reason, Waits, Wanted, Withheld};
use crate::draft::Draft;
use crate::guard::{AskedBy, Question, Ruling, may};
use crate::ids::ApprovalId;
use crate::plan::PlanInput;
use crate::planning;
use crate::state::{Key, Record};
use crate::text::clean;

impl Asked<'_> {
    pub(super) fn deny(&self, draft: &mut Draft<'_>, id: &ApprovalId) -> Result<(), Declined> {
        let record = self.waiting(draft, id).map_err(|reason| Declined::new("deny", reason))?;
        draft.belongs_to(&record.act.incident);
        draft.priority(record.priority);
        self.answer(draft, id, record, Answered::Denied);
        Ok(())
    }

    /// Exactly the plan that was shown, if it may still be done.
    pub(super) fn approve(&self, draft: &mut Draft<'_>, id: &ApprovalId) -> Result<(), Declined> {
        let record = self.waiting(draft, id).map_err(|reason| Declined::new("approve", reason))?;
        let ActionKind::Rule(action) = record.act.action else {
            return Err(Declined::new("approve", "it is no action of a rule"));
        };
        let Some(record) = self.approved_by_all(draft, id, record, action)? else { return Ok(()) };
        let wanted = [action];
        let input = self.input(&record.act.incident, &wanted, draft.now());
        let spends = self.may_be_done(draft, &record, action, &input)?;
        let mitigation = &self.policy.mitigation;
        let others = record.approvers.iter().rev().skip(1).rev().map(|approver| approver.by.clone());
        let names: Vec<_> = others.chain([clean(&self.command.by, 100)]).collect();
        let approved_by = Some(names.join(" and "));
        let give_up_at = draft.now() + mitigation.give_up_after;
        let act = Act { approved_by, give_up_at, when: ActWhen::Now, ..record.act.clone() };
        self.remember(draft, &act, record.undo.clone(), spends);
        draft.belongs_to(&act.incident);
        draft.priority(record.priority);
        let (act, workload) = planning::apart(act);
        let restart = workload.and_then(|workload| restart(draft, &act, &input, workload));
        draft.act(self.evidence_first(act, &input).into_iter().chain(restart));
        self.answer(draft, id, record.clone(), Answered::Approved);
        Ok(())
    }

    /// The plan with whoever approves it now among its approvers; none where more people have to, and it waits for them.
    fn approved_by_all(
        &self,
        draft: &mut Draft<'_>,
        id: &ApprovalId,
        mut record: ApprovalRecord,
        action: ActionName,
    ) -> Result<Option<ApprovalRecord>, Declined> {
        let people = self.policy.mitigation.approvers_of(action);
        if people <= 1 {
            return Ok(Some(record));
        }
        let Command { by, reason, .. } = self.command;
        let (person, at) = (self.person(), draft.now());
        let declined = |reason: String| Err(Declined::new("approve", reason));
        if record.asked_by.as_ref() == Some(&person) {
            return declined(format!("{people} others have to approve it, and {by} has asked for it"));
        }
        if let Some(known) = record.approvers.iter().find(|approver| approver.person == person) {
            let at = self.minute(known.at);
            return declined(format!("{people} people have to approve it, and {} did at {at}", known.by));
        }
        record.approvers.push(Approver { by: clean(by, 100), person, reason: clean(reason, 300), at });
        if record.approvers.len() >= people {
            return Ok(Some(record));
        }
        let names: Vec<_> = record.approvers.iter().map(|approver| approver.by.as_str()).collect();
        let because = format!("{} of {people} people have approved it: {}", names.len(), names.join(", "));
        let waits = Waits {
            because,
            until: self.minute(record.expires_at),
            approval: id.clone(),
            plan: record.act.hash.short().to_owned(),
            would: summary(&record.act.steps),
        };
        draft.withhold([Withheld { action: Wanted::Action(action), reason: Reason::Waits(waits) }]);
        draft.belongs_to(&record.act.incident);
        draft.priority(record.priority);
        draft.put(Key::Approval(id.clone()), Record::Approval(Box::new(record)), Because::Commanded);
        Ok(None)
    }

    /// What it spends, if the cluster is as it was shown and no guard objects.
    fn may_be_done(
        &self,
        draft: &Draft<'_>,
        record: &ApprovalRecord,
        action: ActionName,
        input: &PlanInput<'_>,
    ) -> Result<Spent, Declined> {
        let act = &record.act;
        let declined = |reason: String| Declined::new(action.as_str(), reason);
        let planned = input.plan(action).map_err(|no_plan| declined(no_plan.reason))?;
        if planned.target != act.target {
            let (asked, now) = (act.target.named(), planned.target.named());
            return Err(declined(format!("it is for {asked}, which is now {now}")));
        }
        let by = (self.command.id.clone(), act.id.clone());
        let spends = Spent::planned(action, &act.target, self.context, by, draft.now());
        let question = Question {
            action,
            planned: &planned,
            input: *input,
            draft,
            priority: record.priority,
            asked_by: AskedBy::Human,
            spends: &spends,
            before: &[],
        };
        match may(&question) {
            Ruling::Go => Ok(spends),
            Ruling::Refuse(refusal) => Err(declined(refusal.sentence())),
            Ruling::Ask(because) | Ruling::AskAtOnce(because) => Err(declined(because)),
            Ruling::Observe => Err(declined("observe mode".to_owned())),
        }
    }

    fn answer(&self, draft: &mut Draft<'_>, id: &ApprovalId, record: ApprovalRecord, verdict: Answered) {
        let Command { by, reason, .. } = self.command;
        let at = draft.now();
        let answer = Some(Answer { verdict, by: clean(by, 100), reason: clean(reason, 300), at });
        let record = Record::Approval(Box::new(ApprovalRecord { answer, ..record }));
        draft.put(Key::Approval(id.clone()), record, Because::Commanded);
    }

    /// The plan, if it waits for an answer: each is answered once, and not after its time.
    fn waiting(&self, draft: &Draft<'_>, id: &ApprovalId) -> Result<ApprovalRecord, String> {
        let record = draft.approval(id).ok_or_else(|| format!("no plan waits as {id}"))?;
        if let Some(Answer { verdict, by, at, .. }) = &record.answer {
            let verdict = match verdict {
                Answered::Approved => "approved",
                Answered::Denied => "denied",
            };
            return Err(format!("it was {verdict} by {by} at {}", self.minute(*at)));
        }
        let plan = record.act.hash.short();
        if self.command.plan.as_ref().is_some_and(|shown| shown != plan) {
            return Err(format!("its plan is another by now, {plan}: look at it again"));
        }
        match draft.now() <= record.expires_at {
            true => Ok(record.clone()),
            false => Err(format!("its time was over at {}", self.minute(record.expires_at))),
        }
    }
}

/// The restart that was shown with it, together with that of others whom it concerns.
fn restart(
    draft: &mut Draft<'_>,
    act: &Act,
    input: &PlanInput<'_>,
    workload: crate::context::ObjectRef,
) -> Option<Act> {
    let target = Target::Workload(workload);
    let key = TargetKey::of(&target)?;
    let fresh = || TargetRecord::new(target.clone(), act.incident.clone());
    let mut record = draft.target(&key).cloned().unwrap_or_else(fresh);
    let restart = planning::restart_of(act, input, &mut record);
    draft.put(Key::Target(key), Record::Target(record), Because::Planned);
    restart
}
