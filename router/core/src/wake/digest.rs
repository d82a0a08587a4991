//! The digest: what is put into it, and that it is sent when business opens.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{About, Woken, verdict_of};
use crate::decide::dedup_key;
use crate::decision::{Decision, Effect, EffectKind, When, Why};
use crate::digest::{DigestLine, DigestRecord};
use crate::ids::{DedupKey, EffectId, IncidentKey};
use crate::incident::{Key, Record, State, Unread};
use crate::policy::Policy;
use crate::priority::Priority;

/// The digest with one more line. Without anyone to send it to, it is only kept.
pub(crate) fn digested(
    policy: &Policy,
    state: &State,
    incident: &IncidentKey,
    line: DigestLine,
    now: Timestamp,
) -> Record {
    let mut record = state.digest().cloned().unwrap_or_else(|| DigestRecord::new(now));
    record.add(incident, line, policy.calendar.day_from_opening(now));
    if record.due_at.is_none() && !policy.digest.is_empty() {
        record.due_at = Some(policy.calendar.next_opening(now));
    }
    Record::Digest(Box::new(record))
}

impl Woken<'_> {
    pub(super) fn digest(&self, state: &State, now: Timestamp) -> Result<Option<Decision>, Unread> {
        state.need(Key::Digest)?;
        let is_due = |record: &&DigestRecord| record.due_at.is_some_and(|at| at <= now);
        let Some(record) = state.digest().filter(is_due) else { return Ok(None) };
        state.need_all(record.lines.keys().cloned().map(Key::Incident))?;
        let current = record.lines.keys().map(|key| {
            let known = state.incident(key);
            (key.clone(), known.map_or((0, false), |known| (known.events, known.open)))
        });
        let current: BTreeMap<_, _> = current.collect();
        let incident = IncidentKey::new("wf1-digest");
        let calendar = &self.policy.calendar;
        let today = calendar.day_from_opening(now);
        let about = About {
            kind: "digest",
            incident: &incident,
            subject: "digest",
            family: "digest",
            rule: "digest",
            priority: Priority::P3,
        };
        let notice = record.notice(&current, calendar, &incident, &self.id(), now);
        let number = DedupKey::new(format!("{}-{}", dedup_key(&incident, 1), record.number(today)));
        let effect = |channel: &crate::ids::ChannelName| Effect {
            id: EffectId::new(format!("digest:{channel}")),
            kind: EffectKind::Digest,
            channel: channel.clone(),
            when: When::Now,
            dedup_key: number.clone(),
            notice: notice.clone(),
        };
        let effects: Vec<_> = match record.is_empty() {
            true => Vec::new(),
            false => self.policy.digest.iter().map(effect).collect(),
        };
        let mut next = match effects.is_empty() {
            // Nobody gets it any more: it is kept for whoever will.
            true => record.clone(),
            false => record.next(now, today),
        };
        next.due_at = None;
        let changes = BTreeMap::from([(Key::Digest, Record::Digest(Box::new(next)))]);
        let blank = self.blank(about, Why::Digested, now);
        Ok(Some(Decision { verdict: verdict_of(&effects), effects, changes, ..blank }))
    }
}
