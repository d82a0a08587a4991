//! A finding that is over, and with its last finding the incident.

use jiff::Timestamp;

use super::Case;
use super::noting::told;
use crate::decision::Because;
use crate::draft::Draft;
use crate::ending;
use crate::event::Finding;
use crate::ids::IncidentKey;
use crate::judge::is_older;
use crate::planning::Plans;
use crate::state::{Key, Record, State, Unread};
use crate::verdict::Why;

impl Case<'_> {
    pub(super) fn closing<'s>(
        &self,
        finding: &Finding,
        key: &IncidentKey,
        state: &'s State,
        now: Timestamp,
    ) -> Result<Draft<'s>, Unread> {
        let known = state.finding(&finding.key);
        if known.is_some_and(|known| is_older(finding, known, now)) {
            return Ok(self.draft(state, Why::Outdated, now));
        }
        let mut draft = self.draft(state, Why::NotOpen, now);
        let seen = Record::Finding(self.seen(&draft, finding, key));
        draft.put(Key::Finding(finding.key.clone()), seen, Because::Closed);
        let incident = state.incident(key).filter(|incident| incident.open);
        // Remembered all the same: an older report that it is open may still be on its way.
        let (Some(_), Some(incident)) = (known, incident) else { return Ok(draft) };
        draft.belongs_to(key);
        let mut record = incident.clone();
        record.events += 1;
        record.findings.remove(&finding.key);
        if !record.findings.is_empty() || record.more_findings > 0 {
            draft.why(Why::StillOpen);
            draft.put_incident(key, record, Because::Closed);
            return Ok(draft);
        }
        draft.why(Why::Closed);
        record.last_at = Some(now);
        ending::needs(key, &record, &draft)?;
        let notice = self.notice(key, Why::Closed, &Plans::default(), now);
        let resolves = ending::end(&mut draft, key, &mut record, None, &notice);
        draft.tell(resolves);
        draft.tell(self.write_back(key, &record, &notice, told(&record)));
        draft.put_incident(key, record, Because::Over);
        Ok(draft)
    }
}
