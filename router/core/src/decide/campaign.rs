//! An attack sequence and the incidents of its member findings.

use std::collections::BTreeSet;

use super::Case;
use crate::decision::Because;
use crate::draft::Draft;
use crate::event::Finding;
use crate::ids::{FindingKey, IncidentKey};
use crate::notice::List;
use crate::state::{Key, Unread};
use crate::text::clean;

impl Case<'_> {
    /// The incidents of an attack sequence's members come under it; those that were said are listed.
    pub(super) fn adopt(
        &self,
        draft: &mut Draft<'_>,
        finding: Option<&Finding>,
        key: &IncidentKey,
    ) -> Result<Option<List>, Unread> {
        let mut lines = Vec::new();
        for incident in self.incidents_of_members(draft, finding, key)? {
            let Some(member) = draft.incident(&incident).filter(|member| member.open) else { continue };
            lines.push(clean(&format!("{} {}: {}", member.priority, member.title, member.subject), 300));
            if member.campaign.as_ref() != Some(key) {
                let mut member = member.clone();
                member.campaign = Some(key.clone());
                draft.put_incident(&incident, member, Because::PartOfSequence);
            }
        }
        // Each begins with its priority: the most urgent come first.
        lines.sort();
        let head = "Incidents that are part of it:".to_owned();
        Ok((!lines.is_empty()).then_some(List { head, lines, more: 0 }))
    }

    /// Whatever a sequence claims for its members: those of other accounts are not its own.
    fn incidents_of_members(
        &self,
        draft: &Draft<'_>,
        finding: Option<&Finding>,
        key: &IncidentKey,
    ) -> Result<Vec<IncidentKey>, Unread> {
        let members: &[FindingKey] = finding.map_or(&[], |finding| &finding.members);
        draft.need_all(members.iter().cloned().map(Key::Finding))?;
        let known = members.iter().filter_map(|member| draft.finding(member));
        let incidents: BTreeSet<_> =
            known.map(|known| known.incident.clone()).filter(|incident| incident != key).collect();
        draft.need_all(
            incidents.iter().cloned().flat_map(|it| [Key::Incident(it.clone()), Key::PageDraft(it)]),
        )?;
        let own = self.event.subject.account.as_ref();
        let is_own = |incident: &IncidentKey| {
            let page_draft = draft.page_draft(incident);
            page_draft.is_some_and(|it| own.is_some() && it.face.subject.account.as_ref() == own)
        };
        Ok(incidents.into_iter().filter(is_own).collect())
    }
}
