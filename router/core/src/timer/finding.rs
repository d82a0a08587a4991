//! A finding whose time is up: nobody has gone on to report it.

use jiff::{SignedDuration, Timestamp};

use super::incident::about;
use super::{About, Timer};
use crate::decision::Because;
use crate::draft::Draft;
use crate::event::FindingState;
use crate::ids::{FindingKey, IncidentKey};
use crate::incident::{FindingRecord, IncidentRecord};
use crate::priority::Priority;
use crate::state::{Key, Record, State, Unread};
use crate::verdict::Why;

/// Prometheus says each minute that an alert goes on: who has missed one word of it may hear the next.
const GRACE: SignedDuration = SignedDuration::from_mins(1);
/// A tick that comes later than this comes after a time in which nobody listened either.
const LATE: SignedDuration = SignedDuration::from_secs(90);
/// How long whoever listens again waits for what goes on.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// When what its finder says ends at that time is taken to be over.
pub(crate) fn ends_at(said: Timestamp) -> Timestamp {
    said.checked_add(GRACE).unwrap_or(Timestamp::MAX)
}

impl Timer<'_> {
    pub(super) fn finding<'s>(
        &self,
        key: &FindingKey,
        state: &'s State,
        now: Timestamp,
    ) -> Result<Option<Draft<'s>>, Unread> {
        state.need(Key::Finding(key.clone()))?;
        let Some(record) = state.finding(key) else { return Ok(None) };
        let Some(due) = record.wake_at().filter(|due| *due <= now) else { return Ok(None) };
        let incident = record.incident.clone();
        state.need_all([Key::Incident(incident.clone()), Key::PageDraft(incident.clone())])?;
        let known = state.incident(&incident);
        let about = match known {
            Some(known) => about(KIND, &incident, known, state),
            None => unknown(&incident),
        };
        let mut draft = self.draft(state, about, Why::Unheard, now);
        if now.duration_since(due) > LATE {
            let record = FindingRecord { ends_at: Some(now + AGAIN), ..record.clone() };
            draft.put(Key::Finding(key.clone()), Record::Finding(record), Because::WaitsNoLonger);
            return Ok(Some(draft));
        }
        let record = FindingRecord { state: FindingState::Resolved, ends_at: None, ..record.clone() };
        draft.put(Key::Finding(key.clone()), Record::Finding(record), Because::Closed);
        match known.filter(|known| known.open) {
            Some(known) => self.ended(&mut draft, about, key, known.clone())?,
            None => draft.why(Why::NotOpen),
        }
        Ok(Some(draft))
    }

    /// The incident has one finding less, and is over with its last.
    fn ended(
        &self,
        draft: &mut Draft<'_>,
        about: About<'_>,
        finding: &FindingKey,
        mut record: IncidentRecord,
    ) -> Result<(), Unread> {
        record.findings.remove(finding);
        if !record.findings.is_empty() || record.more_findings > 0 {
            draft.why(Why::StillOpen);
            draft.put_incident(about.incident, record, Because::Closed);
            return Ok(());
        }
        self.went_quiet(draft, about, &mut record, "its end, by its sender")?;
        draft.put_incident(about.incident, record, Because::Over);
        Ok(())
    }
}

const KIND: &str = "finding-end";

/// Of an incident that is not known any more.
fn unknown(incident: &IncidentKey) -> About<'_> {
    About { kind: KIND, incident, subject: "", family: "", rule: "", priority: Priority::P3 }
}
