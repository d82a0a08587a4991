//! An incident begins to wait with others, and waits no longer.

use super::disposition::{Suppression, Waiting};
use crate::decision::Because;
use crate::draft::Draft;
use crate::ids::{BundleKey, IncidentKey};
use crate::incident::{IncidentRecord, Suppressed};
use crate::noise::{BundleRecord, Member, Standing};
use crate::priority::Priority;
use crate::state::{Key, State, Unread};
use crate::verdict::Why;

/// News of an incident that nobody is told of yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Untold<'n> {
    pub(crate) incident: &'n IncidentKey,
    pub(crate) news: Why,
    pub(crate) priority: Priority,
    /// As many as were counted, of what is told with its count.
    pub(crate) count: u64,
}

/// The incident begins to wait, or waits on; it remembers why and since when.
pub(crate) fn join(
    draft: &mut Draft<'_>,
    hold: Suppression,
    untold: Untold<'_>,
    record: &mut IncidentRecord,
) {
    let Suppression { why, reason, bundle, until } = hold;
    let previous = record.held.take();
    let key = bundle.as_ref().map(|waiting| waiting.key.clone());
    let waited = previous.as_ref().and_then(|held| Some((held.bundle.clone()?, held.priority)));
    if let Some((left, priority)) = waited.as_ref().filter(|(left, _)| Some(left) != key.as_ref()) {
        move_out(draft, left, *priority, untold.incident, record);
    }
    let after_round = bundle.map(|waiting| wait_in(draft, waiting, waited, untold, record));
    let is_same = |held: &&Suppressed| held.bundle == key && held.by == why;
    let since = previous.as_ref().filter(is_same).map_or(draft.now(), |held| held.since);
    let Untold { incident: _, news, priority, count } = untold.after(previous.as_ref());
    record.held =
        Some(Suppressed { news, by: why, reason, since, priority, count, bundle: key, after_round, until });
}

impl Untold<'_> {
    /// With what nobody was told of before.
    fn after(self, held: Option<&Suppressed>) -> Self {
        let Some(held) = held else { return self };
        Self {
            incident: self.incident,
            news: if self.news.is_news() { self.news } else { held.news },
            priority: held.priority.min(self.priority),
            count: held.count.max(self.count),
        }
    }
}

/// It is one of the bundle; the answer is how often that was said before.
fn wait_in(
    draft: &mut Draft<'_>,
    Waiting { key, kind, title, due_at }: Waiting,
    waited: Option<(BundleKey, Priority)>,
    untold: Untold<'_>,
    record: &mut IncidentRecord,
) -> u64 {
    let now = draft.now();
    let known = draft.bundle(&key).cloned();
    let mut waiting = known.unwrap_or_else(|| BundleRecord::new(kind, title, now));
    let after_round = waiting.rounds;
    let standing = match waited {
        Some((waits_in, priority)) if waits_in == key => Standing::Waiting(priority),
        Some(_) | None if record.bundles.contains(&key) => Standing::Said,
        Some(_) | None => Standing::Outside,
    };
    let member = Member {
        priority: untold.priority,
        title: record.title.clone(),
        subject: record.subject.clone(),
        family: record.family.clone(),
        at: now,
        open: true,
        said: false,
        said_before: false,
    };
    waiting.join(untold.incident, member, standing);
    waiting.due_at = match (waiting.due_at, due_at) {
        (Some(earlier), Some(later)) => Some(earlier.min(later)),
        (earlier, later) => later.or(earlier),
    };
    draft.put_bundle(&key, waiting, Because::Waits);
    record.joined(key);
    after_round
}

/// It waits elsewhere from now on. A page that told of it before goes on telling of it, and is over with it.
fn move_out(
    draft: &mut Draft<'_>,
    bundle: &BundleKey,
    priority: Priority,
    incident: &IncidentKey,
    record: &mut IncidentRecord,
) {
    let Some(mut waiting) = draft.bundle(bundle).cloned() else { return };
    if !waiting.tells_of(incident) {
        take_out(draft, bundle, priority, incident, record);
        if let Some(mut left) = draft.bundle(bundle).cloned() {
            // Its place in the list is for another.
            left.members.remove(incident);
            draft.put_bundle(bundle, left, Because::WaitsNoLonger);
        }
        return;
    }
    waiting.take_out(incident, priority, &record.family);
    if waiting.unsaid == 0 {
        waiting.due_at = waiting.again_at;
    }
    draft.put_bundle(bundle, waiting, Because::WaitsNoLonger);
}

/// It waits no longer with the others, where it did so with that priority.
fn take_out(
    draft: &mut Draft<'_>,
    bundle: &BundleKey,
    priority: Priority,
    incident: &IncidentKey,
    record: &mut IncidentRecord,
) {
    let Some(mut waiting) = draft.bundle(bundle).cloned() else { return };
    waiting.take_out(incident, priority, &record.family);
    waiting.is_over(incident);
    record.left(bundle);
    if waiting.unsaid == 0 {
        // Nothing of what was said is open any more: its page is over.
        let over = waiting.said_at.map(|_| draft.now());
        waiting.due_at = if waiting.open > 0 { waiting.again_at } else { over };
    }
    draft.put_bundle(bundle, waiting, Because::WaitsNoLonger);
}

/// What waited for others is said by itself.
pub(crate) fn leave(draft: &mut Draft<'_>, key: &IncidentKey, record: &mut IncidentRecord) {
    let Some(held) = record.held.take() else { return };
    if let Some(bundle) = held.bundle {
        take_out(draft, &bundle, held.priority, key, record);
    }
}

/// The incident as it stands: one that waited in a bundle that has been said is not held any more.
pub fn as_said(record: &IncidentRecord, state: &State) -> Result<IncidentRecord, Unread> {
    let Some(bundle) = waits_in(record) else { return Ok(record.clone()) };
    state.need(Key::Bundle(bundle.clone()))?;
    Ok(with_bundle(record, state.bundle(bundle)))
}

/// The same as it is by now.
pub(crate) fn as_said_by_now(record: &IncidentRecord, draft: &Draft<'_>) -> Result<IncidentRecord, Unread> {
    let Some(bundle) = waits_in(record) else { return Ok(record.clone()) };
    draft.need(Key::Bundle(bundle.clone()))?;
    Ok(with_bundle(record, draft.bundle(bundle)))
}

fn waits_in(record: &IncidentRecord) -> Option<&BundleKey> {
    record.held.as_ref()?.bundle.as_ref()
}

fn with_bundle(record: &IncidentRecord, bundle: Option<&BundleRecord>) -> IncidentRecord {
    let mut record = record.clone();
    let said_at = bundle.and_then(|bundle| bundle.said_at);
    let (Some(bundle), Some(said_at), Some(held)) = (bundle, said_at, &record.held) else { return record };
    let is_said = match held.after_round {
        Some(round) => bundle.rounds > round,
        // It joined before rounds were counted: the time to the microsecond tells what was said before it joined
        // from what was said with it.
        None => said_at >= held.since,
    };
    if is_said {
        record.said_count = record.said_count.max(held.count);
        record.said_at = said_at;
        record.held = None;
    }
    record
}
