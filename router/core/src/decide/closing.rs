//! A finding that is over, and with its last finding the incident; the pages and notes of both ends.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Case, dedup_key};
use crate::decision::{Decision, Effect, EffectKind, When, Why};
use crate::ending;
use crate::event::Finding;
use crate::follow_up;
use crate::ids::{EffectId, IncidentKey};
use crate::incident::{IncidentRecord, Key, Record, State, Unread};
use crate::judge::is_older;
use crate::notice::Notice;
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
        if known.is_some_and(|known| is_older(finding, known)) {
            return Ok(self.blank(Why::Outdated, now));
        }
        let incident = state.incident(key).filter(|incident| incident.open);
        let seen = (Key::Finding(finding.key.clone()), self.seen(finding, key, state, now));
        let (Some(_), Some(incident)) = (known, incident) else {
            // Remembered all the same: an older report that it is open may still be on its way.
            let changes = BTreeMap::from([seen]);
            return Ok(Decision { changes, ..self.blank(Why::NotOpen, now) });
        };
        let mut record = incident.clone();
        record.events += 1;
        record.findings.remove(&finding.key);
        if !record.findings.is_empty() || record.more_findings > 0 {
            let changes = BTreeMap::from([(Key::Incident(key.clone()), Record::Incident(record)), seen]);
            return Ok(Decision { incident: Some(key.clone()), changes, ..self.blank(Why::StillOpen, now) });
        }
        ending::needs(key, &record, state)?;
        let notice = self.notice(key, Why::Closed, &Plans::default(), now);
        let (mut changes, mut effects) = ending::end(key, &mut record, None, &notice, state, now);
        effects.extend(self.write_back(key, &record, &notice, &[]));
        changes.extend([(Key::Incident(key.clone()), Record::Incident(record)), seen]);
        Ok(Decision { incident: Some(key.clone()), effects, changes, ..self.blank(Why::Closed, now) })
    }

    pub(super) fn page(&self, key: &IncidentKey, record: &mut IncidentRecord, notice: Notice) -> Vec<Effect> {
        let mut effects = follow_up::page(self.policy, key, Some(record), &self.event.id, &notice);
        let note = self.write_back(key, record, &notice, &effects);
        effects.extend(note);
        effects
    }

    /// The note on Security Hub's finding, where there is one.
    fn write_back(
        &self,
        key: &IncidentKey,
        record: &IncidentRecord,
        notice: &Notice,
        pages: &[Effect],
    ) -> Option<Effect> {
        let channel = self.policy.write_back.clone().filter(|_| notice.hub.is_some())?;
        let kind = if record.open { EffectKind::Page } else { EffectKind::Resolve };
        // Only what someone was told of is noted.
        let told = pages.iter().filter(|page| page.when == When::Now).map(|page| page.id.clone());
        let when = match record.open {
            true => When::IfDone(told.map(|page| (self.event.id.clone(), page)).collect()),
            false => When::IfDone(record.paged.values().flatten().cloned().collect()),
        };
        Some(Effect {
            id: EffectId::new(format!("write-back:{channel}")),
            kind,
            channel,
            when,
            dedup_key: dedup_key(key, record.episode),
            notice: notice.clone(),
        })
    }
}
