//! A plan that cannot wait to be noticed in another page: a human is asked in a page of its own.

use crate::decision::{Effect, When, along};
use crate::escalation;
use crate::ids::{ChannelName, EffectId, EventId, IncidentKey, dedup_key};
use crate::incident::IncidentRecord;
use crate::notice::{Head, Notice};
use crate::planning::Asked;
use crate::policy::Routed;
use crate::text::clean;
use crate::verdict::EffectKind;

/// One page for each plan along the routes of its incident, under a key of its own; the incident remembers them, so
/// that they are acknowledged and resolved with the rest.
pub(crate) fn ask_at_once(
    routed: &Routed<'_>,
    incident: &IncidentKey,
    record: &mut IncidentRecord,
    event: &EventId,
    asked: &[Asked],
    notice: &Notice,
) -> Vec<Effect> {
    let pages = asked.iter().map(|Asked { action, target, withheld }| {
        let title = format!("To be approved: {} of {}: {}", action.as_str(), target.named(), notice.title);
        let lead = format!("To be approved: {}", action.as_str());
        let notice = Notice {
            head: Head { lead, ..notice.head.clone() },
            title: clean(&title, 200),
            why: "a plan waits for a human, now: the budget for doing it unasked is spent".to_owned(),
            doing: Vec::new(),
            withheld: vec![withheld.told()],
            ..notice.clone()
        };
        let own = record.own_key(&dedup_key(incident, record.episode));
        let effect = |channel: &ChannelName, when: When| Effect {
            id: EffectId::new(format!("ask-{}:{channel}", action.as_str())),
            kind: EffectKind::Page,
            channel: channel.clone(),
            when,
            dedup_key: own.clone(),
            notice: notice.clone(),
        };
        let effects = along(routed, notice.priority, effect);
        escalation::remember(record, event, &effects);
        effects
    });
    pages.flatten().collect()
}
