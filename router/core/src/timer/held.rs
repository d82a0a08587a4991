//! What waits to be said, looked at once more when its time comes: a silence made since, or a greater incident
//! that has begun since, holds it as it would hold what is new.

use std::collections::BTreeSet;

use super::Timer;
use crate::attributes::Attributes;
use crate::decision::Because;
use crate::draft::Draft;
use crate::ids::{BundleKey, IncidentKey};
use crate::incident::IncidentRecord;
use crate::noise::{BundleRecord, Member, PageDraft};
use crate::policy::Routed;
use crate::priority::Priority;
use crate::state::{Key, Unread};
use crate::suppress::{self, Suppressing, Suppression, Untold};
use crate::verdict::Why;

impl Timer<'_> {
    /// The members that nobody was told of, and that something else holds now, move over. What the bundle
    /// counts and does not list stays, and is said. The answer is why the last of them moved, in a word and a
    /// sentence.
    pub(super) fn move_held(
        &self,
        draft: &mut Draft<'_>,
        key: &BundleKey,
        record: &BundleRecord,
    ) -> Result<Option<(Why, String)>, Unread> {
        let waiting = || record.members.iter().filter(|(_, member)| !member.said && member.open);
        need_all(draft, waiting().map(|(incident, _)| incident))?;
        let (mut last, mut unread) = (None, Vec::new());
        for (incident, member) in waiting() {
            match self.move_over(draft, key, incident, member) {
                Ok(moved) => last = moved.or(last),
                Err(Unread(keys)) => unread.extend(keys),
            }
        }
        // All at once: asked for one by one, each would be a round of its own.
        if unread.is_empty() { Ok(last) } else { Err(Unread(unread)) }
    }

    /// A member that something else holds now waits there; the answer is why.
    fn move_over(
        &self,
        draft: &mut Draft<'_>,
        key: &BundleKey,
        incident: &IncidentKey,
        member: &Member,
    ) -> Result<Option<(Why, String)>, Unread> {
        let Some(mut known) = draft.incident(incident).cloned() else { return Ok(None) };
        let Some(held) = known.held.clone().filter(|held| held.bundle.as_ref() == Some(key)) else {
            return Ok(None);
        };
        let hold = self.held_by_others(draft, incident, &known, (held.news, held.priority))?;
        let is_other = |hold: &Suppression| hold.bundle.as_ref().is_some_and(|other| other.key != *key);
        let Some(hold) = hold.filter(is_other) else { return Ok(None) };
        let moved = (hold.why, hold.reason.clone());
        // As the member it was: its title may say that a plan waits for approval.
        let title = std::mem::replace(&mut known.title, member.title.clone());
        let untold = Untold { incident, news: held.news, priority: held.priority, count: held.count };
        suppress::join(draft, hold, untold, &mut known);
        known.title = title;
        draft.put_incident(incident, known, Because::Waits);
        Ok(Some(moved))
    }

    /// Of what is said again, the members that nobody is to be told of now. They stay: the next time may come
    /// after the silence.
    pub(super) fn quieted(
        &self,
        draft: &Draft<'_>,
        record: &BundleRecord,
    ) -> Result<BTreeSet<IncidentKey>, Unread> {
        let open = || record.members.iter().filter(|(_, member)| member.open);
        need_all(draft, open().map(|(incident, _)| incident))?;
        let (mut quieted, mut unread) = (BTreeSet::new(), Vec::new());
        for (incident, member) in open() {
            let Some(known) = draft.incident(incident) else { continue };
            let news = (Why::Bundled, member.priority.min(known.priority));
            match self.held_by_others(draft, incident, known, news) {
                Ok(Some(_)) => drop(quieted.insert(incident.clone())),
                Ok(None) => {}
                Err(Unread(keys)) => unread.extend(keys),
            }
        }
        if unread.is_empty() { Ok(quieted) } else { Err(Unread(unread)) }
    }

    /// By which routes an incident goes with that priority, by what is known of it.
    pub(super) fn routed(&self, draft: &Draft<'_>, incident: &IncidentKey, priority: Priority) -> Routed<'_> {
        match draft.page_draft(incident) {
            Some(PageDraft { face, notice: _ }) => {
                let face = Attributes { priority, ..face.clone() };
                self.policy.routed(&face, draft.now())
            }
            None => self.policy.by_default(priority),
        }
    }

    /// By which routes all that a bundle lists goes with the priority of its page; what it counts and does not list goes
    /// by the default.
    pub(super) fn routed_as_one(
        &self,
        draft: &Draft<'_>,
        record: &BundleRecord,
        priority: Priority,
    ) -> Result<Routed<'_>, Unread> {
        if self.policy.routes.tree().is_empty() {
            return Ok(self.policy.by_default(priority));
        }
        let is_told_of = |member: &Member| record.unsaid == 0 || !member.said;
        let told = || record.members.iter().filter(|(_, member)| is_told_of(member));
        draft.need_all(told().map(|(incident, _)| Key::PageDraft(incident.clone())))?;
        let unlisted = (!record.unlisted().is_empty()).then(|| self.policy.by_default(priority));
        let listed = told().map(|(incident, _)| self.routed(draft, incident, priority));
        let routed = listed.chain(unlisted).reduce(Routed::and);
        Ok(routed.unwrap_or_else(|| self.policy.by_default(priority)))
    }

    /// What holds news of an incident, said with that priority.
    pub(super) fn held_by_others(
        &self,
        draft: &Draft<'_>,
        incident: &IncidentKey,
        record: &IncidentRecord,
        (news, priority): (Why, Priority),
    ) -> Result<Option<Suppression>, Unread> {
        let Some(PageDraft { face, notice: _ }) = draft.page_draft(incident) else { return Ok(None) };
        // The latest report may be a lesser one.
        let face = &Attributes { priority, ..face.clone() };
        let policy = self.policy;
        Suppressing { policy, face, finding: None, incident, record, news, mute: None }.held_by_others(draft)
    }
}

fn need_all<'i>(
    draft: &Draft<'_>,
    incidents: impl IntoIterator<Item = &'i IncidentKey>,
) -> Result<(), Unread> {
    let each = |incident: &IncidentKey| [Key::Incident(incident.clone()), Key::PageDraft(incident.clone())];
    draft.need_all(incidents.into_iter().flat_map(each))
}
