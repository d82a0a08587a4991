//! A finding that is over, and with its last finding the incident.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Case;
use super::noting::told;
use crate::decision::{Decision, Why};
use crate::ending;
use crate::event::Finding;
use crate::ids::IncidentKey;
use crate::incident::{IncidentRecord, Key, Record, State, Unread};
use crate::judge::is_older;
use crate::planning::Plans;

impl Case<'_> {
    pub(super) fn closing(
        &self,
        finding: &Finding,
        key: &IncidentKey,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let known = state.finding(&finding.key);
        if known.is_some_and(|known| is_older(finding, known, now)) {
            return Ok(self.blank(Why::Outdated, now));
        }
        let is_open_in = |incident: &&IncidentRecord| {
            known.is_some() || incident.findings.iter().any(|key| finding.has_contributor(key))
        };
        let incident = state.incident(key).filter(|incident| incident.open).filter(is_open_in);
        let seen = (Key::Finding(finding.key.clone()), self.seen(finding, key, state, now));
        let Some(incident) = incident else {
            // Remembered all the same: an older report that it is open may still be on its way.
            let changes = BTreeMap::from([seen]);
            return Ok(Decision { changes, ..self.blank(Why::NotOpen, now) });
        };
        let mut record = incident.clone();
        record.events += 1;
        record.findings.retain(|key| *key != finding.key && !finding.has_contributor(key));
        if !record.findings.is_empty() || record.more_findings > 0 {
            let changes = BTreeMap::from([(Key::Incident(key.clone()), Record::Incident(record)), seen]);
            return Ok(Decision { incident: Some(key.clone()), changes, ..self.blank(Why::StillOpen, now) });
        }
        ending::needs(key, &record, state)?;
        let notice = self.notice(key, Why::Closed, &Plans::default(), now);
        let (mut changes, mut effects) = ending::end(key, &mut record, None, &notice, state, now);
        effects.extend(self.write_back(key, &record, &notice, told(&record)));
        changes.extend([(Key::Incident(key.clone()), Record::Incident(record)), seen]);
        Ok(Decision { incident: Some(key.clone()), effects, changes, ..self.blank(Why::Closed, now) })
    }
}
