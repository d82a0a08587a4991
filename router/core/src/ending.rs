//! An incident that is over: its pages are resolved, what it covered comes to light, its bundle has one less.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::decision::{Effect, When};
use crate::ids::dedup_key;
use crate::ids::{ChannelName, DedupKey, EffectId, EventId, IncidentKey};
use crate::incident::IncidentRecord;
use crate::noise::bundle_key;
use crate::noise::{BundleKind, incident_of_bundle};
use crate::notice::ByWhom;
use crate::notice::Notice;
use crate::state::{Key, Record, State, Unread};
use crate::suppress;
use crate::verdict::EffectKind;

/// What has to be read before an incident can end.
pub(crate) fn needs(key: &IncidentKey, record: &IncidentRecord, state: &State) -> Result<(), Unread> {
    let cover = bundle_key(&BundleKind::Cover { incident: key.clone() }, &[]);
    let own = record
        .bundles
        .iter()
        .flat_map(|bundle| [Key::Bundle(bundle.clone()), Key::Incident(incident_of_bundle(bundle))]);
    let covers = record.covers.iter().cloned().map(Key::Inhibition);
    state.need_all([Key::Bundle(cover)].into_iter().chain(own).chain(covers))
}

/// Ends it: the changes besides the incident's own record, and the resolves.
pub(crate) fn end(
    key: &IncidentKey,
    record: &mut IncidentRecord,
    ended: Option<ByWhom>,
    notice: &Notice,
    state: &State,
    now: Timestamp,
) -> (BTreeMap<Key, Record>, Vec<Effect>) {
    let mut effects = resolves(key, record, notice);
    let mut changes = suppress::uncovering(key, record, state);
    let cover = bundle_key(&BundleKind::Cover { incident: key.clone() }, &[]);
    if let Some(covered) = state.bundle(&cover).filter(|covered| covered.unsaid > 0) {
        let mut covered = covered.clone();
        covered.due_at = Some(now);
        changes.insert(Key::Bundle(cover), Record::Bundle(Box::new(covered)));
    }
    for bundle in std::mem::take(&mut record.bundles) {
        let Some(mut waiting) = state.bundle(&bundle).cloned() else { continue };
        waiting.is_over(key);
        if waiting.open == 0 && waiting.unsaid == 0 {
            waiting.is_done();
            let page = incident_of_bundle(&bundle);
            if let Some(said) = state.incident(&page).filter(|said| said.open) {
                let (said, resolves) = end_page(&page, said, notice);
                effects.extend(resolves);
                changes.insert(Key::Incident(page), Record::Incident(said));
            }
        }
        changes.insert(Key::Bundle(bundle), Record::Bundle(Box::new(waiting)));
    }
    record.end(ended);
    (changes, effects)
}

/// The page of a bundle of which nothing is open any more.
pub(crate) fn end_page(
    page: &IncidentKey,
    said: &IncidentRecord,
    notice: &Notice,
) -> (IncidentRecord, Vec<Effect>) {
    let effects = resolves(page, said, notice);
    let mut said = said.clone();
    said.end(None);
    (said, effects)
}

/// A resolve for every channel that was told of this episode, under the key that it was told with.
fn resolves(key: &IncidentKey, record: &IncidentRecord, notice: &Notice) -> Vec<Effect> {
    let effect =
        |id: String, channel: &ChannelName, pages: Vec<(EventId, EffectId)>, dedup_key: DedupKey| Effect {
            id: EffectId::new(id),
            kind: EffectKind::Resolve,
            channel: channel.clone(),
            when: When::IfDone(pages),
            dedup_key,
            notice: notice.clone(),
        };
    let own = if *key == notice.incident { String::new() } else { format!(":{key}") };
    let pages = record.paged.iter().map(|(channel, pages)| {
        let id = format!("resolve:{channel}{own}");
        effect(id, channel, pages.clone(), dedup_key(key, record.episode))
    });
    let escalated = record.escalated.iter().enumerate().map(|(step, page)| {
        let pages = vec![(page.event.clone(), page.effect.clone())];
        let id = format!("resolve:{}:escalation-{step}", page.channel);
        effect(id, &page.channel, pages, page.dedup_key.clone())
    });
    pages.chain(escalated).collect()
}
