//! What waits to be said, looked at once more when its time comes: a silence made since, or a greater incident
//! that has begun since, holds it as it would hold what is new.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Timer;
use crate::attributes::Attributes;
use crate::ids::{BundleKey, IncidentKey};
use crate::incident::IncidentRecord;
use crate::noise::{BundleRecord, PageDraft};
use crate::priority::Priority;
use crate::state::{Key, Record, State, Unread};
use crate::suppress;
use crate::suppress::{Suppressing, Suppression};
use crate::verdict::Why;

/// A bundle whose members that are held by something else now have moved over to it.
pub(super) struct Moved {
    /// As it is without them.
    pub(super) state: State,
    /// They, and what they have joined.
    pub(super) changes: BTreeMap<Key, Record>,
    /// Why the last of them moved, in a word and a sentence.
    pub(super) last: Option<(Why, String)>,
}

impl Timer<'_> {
    /// The members that nobody was told of, and that something else holds now, move over. What the bundle
    /// counts and does not list stays, and is said.
    pub(super) fn move_held(
        &self,
        key: &BundleKey,
        record: &BundleRecord,
        state: &State,
        now: Timestamp,
    ) -> Result<Moved, Unread> {
        let waiting = || record.members.iter().filter(|(_, member)| !member.said && member.open);
        need_all(waiting().map(|(incident, _)| incident), state)?;
        let mut moved = Moved { state: state.clone(), changes: BTreeMap::new(), last: None };
        let mut unread = Vec::new();
        for (incident, member) in waiting() {
            let Some(mut known) = moved.state.incident(incident).cloned() else { continue };
            let Some(held) = known.held.clone().filter(|held| held.bundle.as_ref() == Some(key)) else {
                continue;
            };
            let news = (held.news, held.priority);
            let hold = match self.held_by_others(incident, &known, news, &moved.state, now) {
                Ok(hold) => hold,
                Err(Unread(keys)) => {
                    unread.extend(keys);
                    continue;
                }
            };
            let is_other = |hold: &Suppression| hold.bundle.as_ref().is_some_and(|other| other.key != *key);
            let Some(hold) = hold.filter(is_other) else { continue };
            moved.last = Some((hold.why, hold.reason.clone()));
            let waited = (held.priority, held.count);
            // As the member it was: its title may say that a plan waits for approval.
            let title = std::mem::replace(&mut known.title, member.title.clone());
            let mut changes =
                suppress::join(hold, held.news, incident, &mut known, waited, &moved.state, now);
            known.title = title;
            changes.insert(Key::Incident(incident.clone()), Record::Incident(known));
            for (key, record) in changes {
                moved.state.insert(key.clone(), 0, Some(record.clone()));
                moved.changes.insert(key, record);
            }
        }
        // All at once: asked for one by one, each would be a round of its own.
        if unread.is_empty() { Ok(moved) } else { Err(Unread(unread)) }
    }

    /// Of what is said again, the members that nobody is to be told of now. They stay: the next time may come
    /// after the silence.
    pub(super) fn quieted(
        &self,
        record: &BundleRecord,
        state: &State,
        now: Timestamp,
    ) -> Result<BTreeSet<IncidentKey>, Unread> {
        let open = || record.members.iter().filter(|(_, member)| member.open);
        need_all(open().map(|(incident, _)| incident), state)?;
        let (mut quieted, mut unread) = (BTreeSet::new(), Vec::new());
        for (incident, member) in open() {
            let Some(known) = state.incident(incident) else { continue };
            let news = (Why::Bundled, member.priority.min(known.priority));
            match self.held_by_others(incident, known, news, state, now) {
                Ok(Some(_)) => drop(quieted.insert(incident.clone())),
                Ok(None) => {}
                Err(Unread(keys)) => unread.extend(keys),
            }
        }
        if unread.is_empty() { Ok(quieted) } else { Err(Unread(unread)) }
    }

    /// What holds news of an incident, said with that priority.
    pub(super) fn held_by_others(
        &self,
        incident: &IncidentKey,
        record: &IncidentRecord,
        (news, priority): (Why, Priority),
        state: &State,
        now: Timestamp,
    ) -> Result<Option<Suppression>, Unread> {
        let Some(PageDraft { face, notice: _ }) = state.page_draft(incident) else { return Ok(None) };
        // The latest report may be a lesser one.
        let face = &Attributes { priority, ..face.clone() };
        let policy = self.policy;
        Suppressing { policy, state, face, finding: None, incident, record, news, mute: None, now }
            .held_by_others()
    }
}

fn need_all<'i>(incidents: impl IntoIterator<Item = &'i IncidentKey>, state: &State) -> Result<(), Unread> {
    let each = |incident: &IncidentKey| [Key::Incident(incident.clone()), Key::PageDraft(incident.clone())];
    state.need_all(incidents.into_iter().flat_map(each))
}
