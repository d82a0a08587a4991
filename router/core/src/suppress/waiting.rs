//! An incident begins to wait with others, and waits no longer.

use super::disposition::{Suppression, Waiting};
use crate::decision::Because;
use crate::draft::Draft;
use crate::ids::{BundleKey, IncidentKey};
use crate::incident::{IncidentRecord, Suppressed};
use crate::noise::{BundleRecord, Joining, Leaving, Member, Remains, Standing};
use crate::priority::Priority;
use crate::state::{Key, Merge, State, Unread};
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
    Waiting { key, kind, title, due_at, episode }: Waiting,
    waited: Option<(BundleKey, Priority)>,
    untold: Untold<'_>,
    record: &mut IncidentRecord,
) -> u64 {
    let now = draft.now();
    let after_round = draft.bundle(&key).map_or(0, |known| known.rounds);
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
    let incident = untold.incident.clone();
    let joining = Joining { kind, title, incident, member, standing, after_round, due_at, episode };
    draft.merge(Key::Bundle(key.clone()), Merge::Join(Box::new(joining)), Because::Waits);
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
    let Some(waiting) = draft.bundle(bundle) else { return };
    let tells_of = waiting.tells_of(incident);
    let remains = if tells_of { Remains::Told } else { Remains::Nothing };
    take_out(
        draft,
        bundle,
        Leaving { incident: incident.clone(), priority, family: record.family.clone(), remains },
    );
    if !tells_of {
        record.left(bundle);
    }
}

fn take_out(draft: &mut Draft<'_>, bundle: &BundleKey, leaving: Leaving) {
    draft.merge(Key::Bundle(bundle.clone()), Merge::Leave(Box::new(leaving)), Because::WaitsNoLonger);
}

/// What waited for others is said by itself.
pub(crate) fn leave(draft: &mut Draft<'_>, key: &IncidentKey, record: &mut IncidentRecord) {
    let Some(held) = record.held.take() else { return };
    if let Some(bundle) = held.bundle.filter(|bundle| draft.bundle(bundle).is_some()) {
        let (incident, family) = (key.clone(), record.family.clone());
        let leaving = Leaving { incident, priority: held.priority, family, remains: Remains::Place };
        take_out(draft, &bundle, leaving);
        record.left(&bundle);
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
