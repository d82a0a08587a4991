//! A plan that waits for a human, approved or denied.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Asked, Command};
use crate::act::{Act, ActWhen, ActionKind};
use crate::budget::Spent;
use crate::containment::{Answer, ApprovalRecord, Verdict as Answered};
use crate::decision::Decision;
use crate::guard::{AskedBy, Question, Ruling, may};
use crate::ids::ApprovalId;
use crate::state::{Key, Record, State};
use crate::text::clean;
use crate::verdict::Why;

impl Asked<'_> {
    pub(super) fn deny(&self, id: &ApprovalId, state: &State, now: Timestamp) -> Decision {
        let record = match self.waiting(id, state, now) {
            Ok(record) => record,
            Err(reason) => return self.declined("deny", reason, now),
        };
        let changes = BTreeMap::from([self.answered(id, record, Answered::Denied, now)]);
        let incident = Some(record.act.incident.clone());
        Decision { incident, changes, ..self.blank(Why::Commanded, record.priority, now) }
    }

    /// Exactly the plan that was shown, if it may still be done.
    pub(super) fn approve(&self, id: &ApprovalId, state: &State, now: Timestamp) -> Decision {
        let record = match self.waiting(id, state, now) {
            Ok(record) => record,
            Err(reason) => return self.declined("approve", reason, now),
        };
        let ApprovalRecord { act, undo, priority, .. } = record;
        let ActionKind::Rule(action) = act.action else {
            return self.declined("approve", "it is no action of a rule".to_owned(), now);
        };
        let wanted = [action];
        let input = self.input(&act.incident, &wanted, now);
        let planned = match input.plan(action) {
            Ok(planned) if planned.target == act.target => planned,
            Ok(planned) => {
                let reason =
                    format!("it is for {}, which is now {}", act.target.named(), planned.target.named());
                return self.declined(action.as_str(), reason, now);
            }
            Err(no_plan) => return self.declined(action.as_str(), no_plan.reason, now),
        };
        let by = (self.command.id.clone(), act.id.clone());
        let spends = &Spent::planned(action, &act.target, self.context, by, now);
        let question = Question {
            action,
            planned: &planned,
            input,
            state,
            priority: *priority,
            asked_by: AskedBy::Human,
            spends,
            before: &[],
        };
        match may(&question) {
            Ruling::Go => {}
            Ruling::Refuse(refusal) => return self.declined(action.as_str(), refusal.sentence(), now),
            Ruling::Ask(because) | Ruling::AskAtOnce(because) => {
                return self.declined(action.as_str(), because, now);
            }
            Ruling::Observe => return self.declined(action.as_str(), "observe mode".to_owned(), now),
        }
        let mitigation = &self.policy.mitigation;
        let approved_by = Some(clean(&self.command.by, 100));
        let give_up_at = now + mitigation.give_up_after;
        let act = Act { approved_by, give_up_at, when: ActWhen::Now, ..act.clone() };
        let mut changes = BTreeMap::from([self.answered(id, record, Answered::Approved, now)]);
        self.remember(&act, undo.clone(), spends.clone(), state, now, &mut changes);
        let acts = self.evidence_first(act, &input);
        let incident = acts.last().map(|act| act.incident.clone());
        Decision { incident, acts, changes, ..self.blank(Why::Commanded, *priority, now) }
    }

    fn answered(
        &self,
        id: &ApprovalId,
        record: &ApprovalRecord,
        verdict: Answered,
        now: Timestamp,
    ) -> (Key, Record) {
        let Command { by, reason, .. } = self.command;
        let answer = Some(Answer { verdict, by: clean(by, 100), reason: clean(reason, 300), at: now });
        let record = ApprovalRecord { answer, ..record.clone() };
        (Key::Approval(id.clone()), Record::Approval(Box::new(record)))
    }

    /// The plan, if it waits for an answer: each is answered once, and not after its time.
    fn waiting<'s>(
        &self,
        id: &ApprovalId,
        state: &'s State,
        now: Timestamp,
    ) -> Result<&'s ApprovalRecord, String> {
        let record = state.approval(id).ok_or_else(|| format!("no plan waits as {id}"))?;
        if let Some(Answer { verdict, by, at, .. }) = &record.answer {
            let verdict = match verdict {
                Answered::Approved => "approved",
                Answered::Denied => "denied",
            };
            return Err(format!("it was {verdict} by {by} at {}", self.minute(*at)));
        }
        match now <= record.expires_at {
            true => Ok(record),
            false => Err(format!("its time was over at {}", self.minute(record.expires_at))),
        }
    }
}
