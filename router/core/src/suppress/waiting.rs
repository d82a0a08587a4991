//! An incident begins to wait with others, and waits no longer.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::disposition::{Suppression, Waiting};
use crate::ids::{BundleKey, IncidentKey};
use crate::incident::{IncidentRecord, Suppressed};
use crate::noise::{BundleRecord, Member, Standing};
use crate::priority::Priority;
use crate::state::Unread;
use crate::state::{Key, Record, State};
use crate::verdict::Why;

/// The records after the incident has begun to wait, and the hold as the incident remembers it.
pub(crate) fn join(
    hold: Suppression,
    news: Why,
    incident: &IncidentKey,
    record: &mut IncidentRecord,
    (priority, count): (Priority, u64),
    state: &State,
    now: Timestamp,
) -> BTreeMap<Key, Record> {
    let Suppression { why, reason, bundle, until, mut changes } = hold;
    let previous = record.held.take();
    let key = bundle.as_ref().map(|waiting| waiting.key.clone());
    let stays = previous.as_ref().filter(|held| held.bundle == key && held.by == why);
    let since = stays.map_or(now, |held| held.since);
    let waited = previous.as_ref().and_then(|held| Some((held.bundle.clone()?, held.priority)));
    if let Some((left, priority)) = waited.as_ref().filter(|(left, _)| Some(left) != key.as_ref()) {
        move_out(left, *priority, incident, record, state, now, &mut changes);
    }
    let mut after_round = None;
    if let Some(Waiting { key, kind, title, due_at }) = bundle {
        let mut waiting =
            bundle_in(&key, state, &changes).unwrap_or_else(|| BundleRecord::new(kind, title, now));
        after_round = Some(waiting.rounds);
        let standing = match waited {
            Some((waits_in, priority)) if waits_in == key => Standing::Waiting(priority),
            Some(_) | None if record.bundles.contains(&key) => Standing::Said,
            Some(_) | None => Standing::Outside,
        };
        waiting.join(
            incident,
            Member {
                priority,
                title: record.title.clone(),
                subject: record.subject.clone(),
                family: record.family.clone(),
                at: now,
                open: true,
                said: false,
                said_before: false,
            },
            standing,
        );
        waiting.due_at = match (waiting.due_at, due_at) {
            (Some(earlier), Some(later)) => Some(earlier.min(later)),
            (earlier, later) => later.or(earlier),
        };
        changes.insert(Key::Bundle(key.clone()), Record::Bundle(Box::new(waiting)));
        record.joined(key);
    }
    let count = previous.as_ref().map_or(0, |held| held.count).max(count);
    let priority = previous.as_ref().map_or(priority, |held| held.priority.min(priority));
    let news = previous.map_or(news, |held| if news.is_news() { news } else { held.news });
    record.held =
        Some(Suppressed { news, by: why, reason, since, priority, count, bundle: key, after_round, until });
    changes
}

/// It waits elsewhere from now on. A page that told of it before goes on telling of it, and is over with it.
fn move_out(
    bundle: &BundleKey,
    priority: Priority,
    incident: &IncidentKey,
    record: &mut IncidentRecord,
    state: &State,
    now: Timestamp,
    changes: &mut BTreeMap<Key, Record>,
) {
    match bundle_in(bundle, state, changes) {
        Some(mut waiting) if waiting.tells_of(incident) => {
            waiting.take_out(incident, priority, &record.family);
            if waiting.unsaid == 0 {
                waiting.due_at = waiting.again_at;
            }
            changes.insert(Key::Bundle(bundle.clone()), Record::Bundle(Box::new(waiting)));
        }
        Some(_) | None => {
            take_out(bundle, priority, incident, record, state, now, changes);
            if let Some(Record::Bundle(left)) = changes.get_mut(&Key::Bundle(bundle.clone())) {
                // Its place in the list is for another.
                left.members.remove(incident);
            }
        }
    }
}

/// It waits no longer with the others, where it did so with that priority.
pub(crate) fn take_out(
    bundle: &BundleKey,
    priority: Priority,
    incident: &IncidentKey,
    record: &mut IncidentRecord,
    state: &State,
    now: Timestamp,
    changes: &mut BTreeMap<Key, Record>,
) {
    let Some(mut waiting) = bundle_in(bundle, state, changes) else { return };
    waiting.take_out(incident, priority, &record.family);
    waiting.is_over(incident);
    record.left(bundle);
    if waiting.unsaid == 0 {
        // Nothing of what was said is open any more: its page is over.
        let over = waiting.said_at.map(|_| now);
        waiting.due_at = if waiting.open > 0 { waiting.again_at } else { over };
    }
    changes.insert(Key::Bundle(bundle.clone()), Record::Bundle(Box::new(waiting)));
}

/// As the decision has changed it so far, else as it was read.
fn bundle_in(key: &BundleKey, state: &State, changes: &BTreeMap<Key, Record>) -> Option<BundleRecord> {
    match changes.get(&Key::Bundle(key.clone())) {
        Some(Record::Bundle(record)) => Some((**record).clone()),
        Some(_) | None => state.bundle(key).cloned(),
    }
}

/// The incident as it stands: one that waited in a bundle that has been said is not held any more.
pub fn as_said(record: &IncidentRecord, state: &State) -> Result<IncidentRecord, Unread> {
    let Some(bundle) = record.held.as_ref().and_then(|held| held.bundle.clone()) else {
        return Ok(record.clone());
    };
    state.need(Key::Bundle(bundle.clone()))?;
    let mut record = record.clone();
    let bundle = state.bundle(&bundle);
    let said_at = bundle.and_then(|bundle| bundle.said_at);
    let (Some(bundle), Some(said_at), Some(held)) = (bundle, said_at, &record.held) else {
        return Ok(record);
    };
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
    Ok(record)
}

/// What waited for others is said by itself.
pub(crate) fn leave(
    record: &mut IncidentRecord,
    key: &IncidentKey,
    state: &State,
    now: Timestamp,
    changes: &mut BTreeMap<Key, Record>,
) {
    let Some(held) = record.held.take() else { return };
    if let Some(bundle) = held.bundle {
        take_out(&bundle, held.priority, key, record, state, now, changes);
    }
}
