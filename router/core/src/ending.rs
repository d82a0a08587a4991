//! An incident that is over: its pages are resolved, what it covered comes to light, its bundle has one less.

use crate::decision::{Because, Effect, When};
use crate::draft::Draft;
use crate::ids::{ChannelName, DedupKey, EffectId, EventId, IncidentKey, dedup_key};
use crate::incident::IncidentRecord;
use crate::noise::{BundleKind, Ending, bundle_key, incident_of_bundle};
use crate::notice::{ByWhom, Notice};
use crate::state::{Key, Merge, Unread};
use crate::suppress;
use crate::verdict::EffectKind;

/// What has to be read before an incident can end.
pub(crate) fn needs(key: &IncidentKey, record: &IncidentRecord, draft: &Draft<'_>) -> Result<(), Unread> {
    let cover = bundle_key(&BundleKind::Cover { incident: key.clone() }, &[]);
    let own = record
        .bundles
        .iter()
        .flat_map(|bundle| [Key::Bundle(bundle.clone()), Key::Incident(incident_of_bundle(bundle))]);
    let covers = record.covers.iter().cloned().map(Key::Inhibition);
    draft.need_all([Key::Bundle(cover)].into_iter().chain(own).chain(covers))
}

/// Ends it, and what ends with it; the answer is the resolves. The incident's own record is still to be put.
pub(crate) fn end(
    draft: &mut Draft<'_>,
    key: &IncidentKey,
    record: &mut IncidentRecord,
    ended: Option<ByWhom>,
    notice: &Notice,
) -> Vec<Effect> {
    let mut effects = resolves(key, record, notice);
    let covers = !record.covers.is_empty();
    suppress::uncovering(draft, key, record);
    let kind = BundleKind::Cover { incident: key.clone() };
    let cover = bundle_key(&kind, &[]);
    if covers || draft.bundle(&cover).is_some() {
        let (title, at, episode) =
            (format!("covered by {}", record.title), draft.now(), Some(record.episode));
        let ending = Ending { kind, title, at, episode };
        draft.merge(Key::Bundle(cover), Merge::End(Box::new(ending)), Because::CoversNoLonger);
    }
    for bundle in std::mem::take(&mut record.bundles) {
        let Some(is_last) = draft.bundle(&bundle).map(|waiting| waiting.is_last(key)) else {
            continue;
        };
        if is_last {
            effects.extend(end_page(draft, &incident_of_bundle(&bundle), notice));
        }
        let over = Merge::Over { incident: key.clone(), is_last };
        draft.merge(Key::Bundle(bundle), over, Because::Over);
    }
    record.end(ended);
    effects
}

/// The page of a bundle of which nothing is open any more is over.
pub(crate) fn end_page(draft: &mut Draft<'_>, page: &IncidentKey, notice: &Notice) -> Vec<Effect> {
    let Some(mut said) = draft.incident(page).filter(|said| said.open).cloned() else { return Vec::new() };
    let effects = resolves(page, &said, notice);
    said.end(None);
    draft.put_incident(page, said, Because::Over);
    effects
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
