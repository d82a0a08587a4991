//! What the cluster could not say in time, said when it can.

use jiff::Timestamp;

use super::Case;
use crate::act::{Act, ActWhen, ActionKind, PlanHash, Target};
use crate::action::Role;
use crate::asking::ask_at_once;
use crate::decision::{Cause, Decision};
use crate::follow_up;
use crate::heading;
use crate::ids::{EffectId, IncidentKey};
use crate::planning::{self, Plans};
use crate::state::{Key, Record, State, Unread};
use crate::verdict::{Verdict, Why};

impl Case<'_> {
    /// What the cluster could not say in time is said later, to those who were paged; what was withheld for
    /// want of it is then judged anew.
    ///
    /// # Errors
    /// What has to be read into the state first.
    pub fn complete(
        &self,
        incident: &IncidentKey,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let state = &*state.as_of(self.policy, now);
        let why = Why::Completed;
        let blank = Decision { cause: Cause::Completion, ..self.blank(why, now) };
        let acting = planning::reads(&self.event.id, &self.input(incident, now));
        state.need_all([Key::Incident(incident.clone())].into_iter().chain(acting))?;
        let Some(record) = state.incident(incident).filter(|record| record.open) else { return Ok(blank) };
        let request = self.request(incident, state, now);
        let plans = planning::plan(&request, |plans| self.notice(incident, why, plans, now));
        let mut changes = plans.changes(&request);
        let mut record = record.clone();
        plans.named_by(&mut record);
        let notice = self.notice(incident, why, &plans, now);
        let mut effects = follow_up::tell(&record, incident, &notice);
        let (policy, event) = (self.policy, &self.event.id);
        effects.extend(ask_at_once(policy, incident, &mut record, event, &plans.at_once, &notice));
        changes.insert(Key::Incident(incident.clone()), Record::Incident(record));
        let verdict = if effects.is_empty() { Verdict::Quiet } else { Verdict::Page };
        let Plans { acts, withheld, .. } = plans;
        let incident = Some(incident.clone());
        let decision = Decision { verdict, incident, effects, acts, withheld, changes, ..blank };
        heading::head(decision, policy, state, now)
    }

    pub(super) fn complete_later(&self, incident: &IncidentKey, now: Timestamp) -> Act {
        Act {
            id: EffectId::new("complete"),
            action: ActionKind::Complete,
            role: Role::Record,
            target: Target::Event,
            incident: incident.clone(),
            about: Vec::new(),
            steps: Vec::new(),
            hash: PlanHash::of(&Target::Event, &[]),
            when: ActWhen::Now,
            give_up_at: now + self.policy.mitigation.give_up_after,
            approved_by: None,
        }
    }
}
