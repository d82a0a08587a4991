//! Response clocks: until when somebody has to have an incident, and who is told when nobody has.

use jiff::Timestamp;

use crate::decision::{Effect, When};
use crate::ids::{EffectId, EventId, IncidentKey, dedup_key};
use crate::incident::{Escalated, IncidentRecord};
use crate::notice::Notice;
use crate::policy::{EscalationStep, Policy};
use crate::verdict::{EffectKind, Why};

/// Somebody was told: the clock runs from here, or anew where it got worse.
pub(crate) fn start_clock(policy: &Policy, record: &mut IncidentRecord, why: Why, now: Timestamp) {
    let by = policy.respond_by(record.priority, now);
    let got_worse = matches!(why, Why::PriorityRose | Why::SeverityRose | Why::Reopened);
    if got_worse {
        // Whoever had it had something lesser.
        record.acknowledged = None;
        record.escalation = 0;
    }
    if record.respond_by.is_none() || got_worse {
        record.respond_by = Some(by);
    }
    if record.acknowledged.is_none() && record.escalation == 0 {
        let has_chain = !policy.chain(record.priority, &record.routes).is_empty();
        record.escalate_at = record.respond_by.filter(|_| has_chain);
    }
}

/// Takes the next step of the chain: its pages, each under its own dedup key.
pub(crate) fn escalate(
    policy: &Policy,
    key: &IncidentKey,
    record: &mut IncidentRecord,
    event: &EventId,
    notice: &Notice,
    now: Timestamp,
) -> Vec<Effect> {
    let mut left = policy.chain(record.priority, &record.routes).iter().skip(record.escalation as usize);
    let Some(EscalationStep { to, after: _ }) = left.next().cloned() else {
        record.escalate_at = None;
        return Vec::new();
    };
    let next = left.next().map(|next| now + next.after);
    record.escalation += 1;
    record.escalate_at = next;
    let own = record.own_key(&dedup_key(key, record.episode));
    let effects = to.iter().map(|channel| Effect {
        id: EffectId::new(format!("escalate:{channel}")),
        kind: EffectKind::Page,
        channel: channel.clone(),
        when: When::Now,
        dedup_key: own.clone(),
        notice: notice.clone(),
    });
    let effects: Vec<_> = effects.collect();
    remember(record, event, &effects);
    effects
}

/// More escalations than this are forgotten, oldest first.
const MOST_ESCALATED: usize = 32;

/// So that they are resolved with the rest.
pub(crate) fn remember(record: &mut IncidentRecord, event: &EventId, effects: &[Effect]) {
    for effect in effects {
        if record.escalated.len() == MOST_ESCALATED {
            record.escalated.remove(0);
        }
        record.escalated.push(Escalated {
            channel: effect.channel.clone(),
            dedup_key: effect.dedup_key.clone(),
            event: event.clone(),
            effect: effect.id.clone(),
        });
    }
}
