//! The pages of an incident, and the note on its finding in Security Hub.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Case;
use crate::decision::{Effect, When};
use crate::follow_up;
use crate::ids::dedup_key;
use crate::ids::{EffectId, EventId, IncidentKey};
use crate::incident::IncidentRecord;
use crate::notice::Notice;
use crate::planning::Plans;
use crate::state::{Key, Record};
use crate::verdict::{EffectKind, Why};

impl Case<'_> {
    pub(super) fn page(
        &self,
        key: &IncidentKey,
        record: &mut IncidentRecord,
        notice: Notice,
        changes: &mut BTreeMap<Key, Record>,
    ) -> Vec<Effect> {
        let mut effects = follow_up::page(self.policy, key, Some(record), &self.event.id, &notice);
        // Only what someone was told of is noted, by whichever of them took it.
        let pages = effects.iter().filter(|effect| effect.kind == EffectKind::Page);
        let told = pages.map(|page| (self.event.id.clone(), page.id.clone())).collect();
        effects.extend(self.note(key, record, &notice, told, changes));
        effects
    }

    /// The copy of a finding in Security Hub that comes when people have been told already: usually the finder is
    /// heard of first. It is noted once an episode.
    pub(super) fn note_late(
        &self,
        key: &IncidentKey,
        record: &IncidentRecord,
        now: Timestamp,
        changes: &mut BTreeMap<Key, Record>,
    ) -> Option<Effect> {
        let finding = self.event.finding.as_ref()?;
        let known = changes.get(&Key::Finding(finding.key.clone()));
        let is_noted =
            matches!(known, Some(Record::Finding(known)) if known.noted_in == Some(record.episode));
        if is_noted || !record.is_known() || record.paged.is_empty() {
            return None;
        }
        let notice = self.notice(key, Why::Repeat, &Plans::default(), now);
        // As it was paged, whatever this report alone would be.
        let notice = Notice { priority: record.priority, ..notice };
        self.note(key, record, &notice, told(record), changes)
    }

    fn note(
        &self,
        key: &IncidentKey,
        record: &IncidentRecord,
        notice: &Notice,
        told: Vec<(EventId, EffectId)>,
        changes: &mut BTreeMap<Key, Record>,
    ) -> Option<Effect> {
        let note = self.write_back(key, record, notice, told)?;
        let finding = self.event.finding.as_ref()?;
        if let Some(Record::Finding(known)) = changes.get_mut(&Key::Finding(finding.key.clone())) {
            known.noted_in = Some(record.episode);
        }
        Some(note)
    }

    /// The note on Security Hub's finding, where there is one.
    pub(super) fn write_back(
        &self,
        key: &IncidentKey,
        record: &IncidentRecord,
        notice: &Notice,
        told: Vec<(EventId, EffectId)>,
    ) -> Option<Effect> {
        let channel = self.policy.write_back.clone().filter(|_| notice.hub.is_some())?;
        Some(Effect {
            id: EffectId::new(format!("write-back:{channel}")),
            kind: if record.open { EffectKind::Page } else { EffectKind::Resolve },
            channel,
            when: When::IfDone(told),
            dedup_key: dedup_key(key, record.episode),
            notice: notice.clone(),
        })
    }
}

/// The pages that told of this episode.
pub(super) fn told(record: &IncidentRecord) -> Vec<(EventId, EffectId)> {
    record.paged.values().flatten().cloned().collect()
}
