//! A plan that cannot wait to be noticed in another page: a human is asked in a page of its own.

use crate::decision::{Effect, When};
use crate::escalation;
use crate::ids::{EffectId, EventId, IncidentKey, dedup_key};
use crate::incident::IncidentRecord;
use crate::notice::{Head, Notice};
use crate::planning::Asked;
use crate::policy::Policy;
use crate::text::clean;
use crate::verdict::EffectKind;

/// One page for each plan on the route of its priority, under a key of its own; the incident remembers them, so
/// that they are acknowledged and resolved with the rest.
pub(crate) fn ask_at_once(
    policy: &Policy,
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
        let effect = |channel: &crate::ids::ChannelName, when| Effect {
            id: EffectId::new(format!("ask-{}:{channel}", action.as_str())),
            kind: EffectKind::Page,
            channel: channel.clone(),
            when,
            dedup_key: own.clone(),
            notice: notice.clone(),
        };
        let route = policy.routes.of(notice.priority);
        let mut effects: Vec<_> = route.to.iter().map(|channel| effect(channel, When::Now)).collect();
        let fallback = route.fallback.as_ref().filter(|_| notice.priority.is_urgent());
        if let (Some(fallback), Some(primary)) = (fallback, effects.first()) {
            let within_seconds = policy.fallback_after_seconds;
            effects.push(effect(fallback, When::Unless { effect: primary.id.clone(), within_seconds }));
        }
        escalation::remember(record, event, &effects);
        effects
    });
    pages.flatten().collect()
}
