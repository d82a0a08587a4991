//! What the cluster could not say in time, said when it can.

use jiff::Timestamp;

use super::Case;
use crate::act::{Act, ActWhen, ActionKind, PlanHash, Target};
use crate::action::Role;
use crate::asking::ask_at_once;
use crate::decision::{Because, Cause, Decision};
use crate::draft::{Draft, Matter};
use crate::follow_up;
use crate::heading;
use crate::ids::{EffectId, IncidentKey};
use crate::incident::IncidentRecord;
use crate::planning::{self, Plans};
use crate::state::{Key, State, Unread};
use crate::verdict::Why;

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
        let matter = Matter { cause: Cause::Completion, ..self.matter() };
        let mut draft = Draft::quiet(state, matter, Why::Completed, now);
        let acting = planning::reads(&self.event.id, &self.input(incident, now));
        draft.need_all([Key::Incident(incident.clone())].into_iter().chain(acting))?;
        let Some(mut record) = draft.incident(incident).filter(|record| record.open).cloned() else {
            return Ok(draft.build());
        };
        self.completed(&mut draft, incident, &mut record);
        draft.put_incident(incident, record, Because::Completed);
        heading::head(draft, self.policy)
    }

    fn completed(&self, draft: &mut Draft<'_>, incident: &IncidentKey, record: &mut IncidentRecord) {
        let (why, now) = (Why::Completed, draft.now());
        let plans =
            planning::plan(&self.request(incident, draft), |plans| self.notice(incident, why, plans, now));
        plans.stage(draft, &self.policy.mitigation);
        plans.named_by(record);
        let notice = self.notice(incident, why, &plans, now);
        draft.belongs_to(incident);
        draft.tell(follow_up::tell(record, incident, &notice));
        let Plans { acts, withheld, at_once, .. } = plans;
        let routed = self.policy.routed(&self.face(record), now);
        draft.page(ask_at_once(&routed, incident, record, &self.event.id, &at_once, &notice));
        draft.act(acts);
        draft.withhold(withheld);
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
