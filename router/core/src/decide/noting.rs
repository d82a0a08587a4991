//! The pages of an incident, and the note on its finding in Security Hub.

use super::Case;
use crate::decision::{Because, Effect, When};
use crate::draft::Draft;
use crate::follow_up;
use crate::ids::{EffectId, EventId, IncidentKey, dedup_key};
use crate::incident::IncidentRecord;
use crate::notice::Notice;
use crate::planning::Plans;
use crate::policy::Routed;
use crate::state::{Key, Record};
use crate::verdict::{EffectKind, Why};

impl Case<'_> {
    pub(super) fn page(
        &self,
        draft: &mut Draft<'_>,
        key: &IncidentKey,
        record: &mut IncidentRecord,
        notice: &Notice,
        routed: &Routed<'_>,
    ) -> Vec<Effect> {
        let mut effects = follow_up::page(routed, key, Some(record), &self.event.id, notice);
        // Only what someone was told of is noted, by whichever of them took it.
        let pages = effects.iter().filter(|effect| effect.kind == EffectKind::Page);
        let told = pages.map(|page| (self.event.id.clone(), page.id.clone())).collect();
        let note = self.write_back(key, record, notice, told);
        effects.extend(note.and_then(|note| self.noted(draft, record.episode, note)));
        effects
    }

    /// The copy of a finding in Security Hub that comes when people have been told already: usually the finder is
    /// heard of first. It is noted once an episode.
    pub(super) fn note_late(
        &self,
        draft: &mut Draft<'_>,
        key: &IncidentKey,
        record: &IncidentRecord,
    ) -> Option<Effect> {
        let finding = self.event.finding.as_ref()?;
        let is_noted =
            draft.finding(&finding.key).is_some_and(|known| known.noted_in == Some(record.episode));
        if is_noted || !record.is_known() || record.paged.is_empty() {
            return None;
        }
        let notice = self.notice(key, Why::Repeat, &Plans::default(), draft.now());
        // As it was paged, whatever this report alone would be.
        let notice = Notice { priority: record.priority, ..notice };
        let note = self.write_back(key, record, &notice, told(record))?;
        self.noted(draft, record.episode, note)
    }

    /// The finding remembers that it was noted.
    fn noted(&self, draft: &mut Draft<'_>, episode: u32, note: Effect) -> Option<Effect> {
        let finding = self.event.finding.as_ref()?;
        if let Some(mut known) = draft.finding(&finding.key).cloned() {
            known.noted_in = Some(episode);
            draft.put(Key::Finding(finding.key.clone()), Record::Finding(known), Because::Noted);
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
