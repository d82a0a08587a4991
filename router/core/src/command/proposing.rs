//! What somebody proposes to have done to the cluster: a plan that waits for a human, and nothing else. An assistant may,
//! because nothing comes of it by itself.

use super::{Asked, Declined, NotDone};
use crate::action::{ActionName, Role};
use crate::containment::ApprovalRecord;
use crate::decision::Because;
use crate::draft::Draft;
use crate::guard::AskedBy;
use crate::ids::IncidentKey;
use crate::planning::{self, Request};
use crate::state::Key;
use crate::text::clean;

impl Asked<'_> {
    /// A plan for an open incident, put before the guards, and left to whoever approves it; nobody is paged. One at a
    /// time of each action.
    pub(super) fn propose(
        &self,
        draft: &mut Draft<'_>,
        key: &IncidentKey,
        action: ActionName,
    ) -> Result<(), NotDone> {
        let declined = |reason: String| NotDone::from(Declined::new(action.as_str(), reason));
        if action.role() != Role::Contain {
            return Err(declined("only what contains is proposed; this has nobody to approve it".to_owned()));
        }
        let mut record = self.open_incident(draft, key, "propose")?;
        draft.need_all(record.approvals.iter().cloned().map(Key::Approval))?;
        let waits = |asked: &ApprovalRecord| {
            asked.answer.is_none()
                && asked.expires_at >= draft.now()
                && asked.act.action.as_str() == action.as_str()
        };
        let waiting = record.approvals.iter().find(|id| draft.approval(id).is_some_and(waits));
        if let Some(id) = waiting {
            return Err(declined(format!("a plan of it waits for an approval already: {id}")));
        }
        let wanted = [action];
        let input = self.input(key, &wanted, draft.now());
        let because = format!("{} proposes it: {}", self.command.by, self.command.reason);
        let because = clean(&because, 300);
        let asked_by = AskedBy::Proposal { because: &because };
        let request =
            Request { event: &self.command.id, input, priority: record.priority, asked_by, draft: &*draft };
        let title = format!("{} of {}, as {because}", action.as_str(), self.named());
        let mut plans = planning::plan(&request, |_| self.notice(key, record.priority, title));
        plans.asked_by(&self.person());
        if !plans.asks() {
            return Err(Declined { withheld: plans.withheld }.into());
        }
        plans.stage(draft, &self.policy.mitigation);
        plans.named_by(&mut record);
        draft.priority(record.priority);
        draft.belongs_to(key);
        draft.put_incident(key, record, Because::Commanded);
        draft.withhold(plans.withheld);
        Ok(())
    }
}
