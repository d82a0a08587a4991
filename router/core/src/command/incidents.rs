//! What a human says of an incident: somebody has it, it is over, somebody else is to have it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Asked, verdict_of};
use crate::command::Command;
use crate::decision::{Decision, Effect, When};
use crate::ending;
use crate::escalation;
use crate::ids::dedup_key;
use crate::ids::{ChannelName, EffectId, IncidentKey};
use crate::incident::IncidentRecord;
use crate::notice::ByWhom;
use crate::notice::Notice;
use crate::priority::Priority;
use crate::state::{Key, Record, State, Unread};
use crate::suppress::{as_said, leave};
use crate::text::clean;
use crate::verdict::{EffectKind, Why};

impl Asked<'_> {
    /// Somebody has it: nobody else is bothered.
    pub(super) fn acknowledge(
        &self,
        key: &IncidentKey,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let record = match self.open_incident(key, state)? {
            Ok(record) => record,
            Err(reason) => return Ok(self.declined("acknowledge", reason, now)),
        };
        if let Some(ByWhom { by, at }) = &record.acknowledged {
            let reason = format!("{by} has it already, since {}", self.minute(*at));
            return Ok(self.declined("acknowledge", reason, now));
        }
        self.has_it(key, record, self.signed("acknowledged"), state, now)
    }

    /// Somebody else has it from now on, or somebody at all.
    pub(super) fn take(&self, key: &IncidentKey, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        let record = match self.open_incident(key, state)? {
            Ok(record) => record,
            Err(reason) => return Ok(self.declined("take", reason, now)),
        };
        let said = match &record.acknowledged {
            Some(ByWhom { by, at }) if *by == clean(&self.command.by, 100) => {
                let reason = format!("{by} has it already, since {}", self.minute(*at));
                return Ok(self.declined("take", reason, now));
            }
            Some(ByWhom { by, at: _ }) => self.signed(&format!("taken over from {by}")),
            None => self.signed("acknowledged"),
        };
        self.has_it(key, record, said, state, now)
    }

    /// Whoever commands has it from now on.
    fn has_it(
        &self,
        key: &IncidentKey,
        mut record: IncidentRecord,
        said: String,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let Command { by, .. } = self.command;
        record.acknowledged = Some(ByWhom { by: clean(by, 100), at: now });
        record.escalate_at = None;
        let mut changes = BTreeMap::new();
        if record.held.as_ref().is_some_and(|held| held.news == Why::Escalated) {
            // That nobody had it is not to be said any more.
            leave(&mut record, key, state, now, &mut changes);
        }
        let notice = self.about(key, &record, state, said);
        let effects = self.tell_all(key, &record, EffectKind::Acknowledge, &notice);
        Ok(self.changed(key, record, effects, changes, now))
    }

    /// Nobody has it any more: its clock runs again from now.
    pub(super) fn unacknowledge(
        &self,
        key: &IncidentKey,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let mut record = match self.open_incident(key, state)? {
            Ok(record) => record,
            Err(reason) => return Ok(self.declined("unacknowledge", reason, now)),
        };
        if record.acknowledged.take().is_none() {
            return Ok(self.declined("unacknowledge", "nobody had it".to_owned(), now));
        }
        record.escalation = 0;
        record.respond_by = None;
        escalation::start_clock(self.policy, &mut record, Why::Commanded, now);
        Ok(self.changed(key, record, Vec::new(), BTreeMap::new(), now))
    }

    /// It is over, whatever its findings say; what they go on saying is new again after the repeat window.
    pub(super) fn resolve(
        &self,
        key: &IncidentKey,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let mut record = match self.open_incident(key, state)? {
            Ok(record) => record,
            Err(reason) => return Ok(self.declined("resolve", reason, now)),
        };
        ending::needs(key, &record, state)?;
        let Command { by, via, .. } = self.command;
        let notice = self.about(key, &record, state, self.signed("resolved"));
        let ended = ByWhom { by: clean(by, 100), at: now };
        let (changes, mut effects) = ending::end(key, &mut record, Some(ended), &notice, state, now);
        let own = dedup_key(key, record.episode);
        effects.retain(|effect| Some(&effect.channel) != via.as_ref() || effect.dedup_key != own);
        Ok(self.changed(key, record, effects, changes, now))
    }

    /// Somebody else is to have it: a channel is paged, a name is recorded.
    pub(super) fn reassign(
        &self,
        key: &IncidentKey,
        to: &str,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let mut record = match self.open_incident(key, state)? {
            Ok(record) => record,
            Err(reason) => return Ok(self.declined("reassign", reason, now)),
        };
        let Command { id, .. } = self.command;
        let to = clean(to, 100);
        record.assigned = Some(to.clone());
        if record.acknowledged.take().is_some() {
            // Whoever is to have it now has the time to respond before them.
            record.escalation = 0;
            record.respond_by = None;
            escalation::start_clock(self.policy, &mut record, Why::Commanded, now);
        }
        let notice = self.about(key, &record, state, self.signed(&format!("assigned to {to}")));
        let channel = ChannelName::new(to);
        let page = self.policy.channels().contains(&channel).then(|| Effect {
            id: EffectId::new(format!("assign:{channel}")),
            kind: EffectKind::Page,
            dedup_key: record.own_key(&dedup_key(key, record.episode)),
            channel,
            when: When::Now,
            notice,
        });
        let effects: Vec<_> = page.into_iter().collect();
        escalation::remember(&mut record, id, &effects);
        Ok(self.changed(key, record, effects, BTreeMap::new(), now))
    }

    /// What was done, by whom, and why if they said so.
    fn signed(&self, done: &str) -> String {
        let Command { by, reason, .. } = self.command;
        let said = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("{done} by {by}{said}")
    }

    fn open_incident(
        &self,
        key: &IncidentKey,
        state: &State,
    ) -> Result<Result<IncidentRecord, String>, Unread> {
        state.need_all([Key::Incident(key.clone()), Key::PageDraft(key.clone())])?;
        Ok(match state.incident(key) {
            Some(record) if self.command.episode.is_some_and(|episode| episode != record.episode) => {
                Err(format!("{key} is in its episode {} by now", record.episode))
            }
            Some(record) if record.open => Ok(as_said(record, state)?),
            Some(_) => Err(format!("{key} is over")),
            None => Err(format!("there is no incident {key}")),
        })
    }

    /// For every channel that was paged, under the keys that it was paged with; not for the one that knows.
    fn tell_all(
        &self,
        key: &IncidentKey,
        record: &IncidentRecord,
        kind: EffectKind,
        notice: &Notice,
    ) -> Vec<Effect> {
        let own = record.paged.iter().map(|(channel, pages)| Effect {
            id: EffectId::new(format!("{}:{channel}", kind.as_str())),
            kind,
            channel: channel.clone(),
            when: When::IfDone(pages.clone()),
            dedup_key: dedup_key(key, record.episode),
            notice: notice.clone(),
        });
        let escalated = record.escalated.iter().enumerate().map(|(step, page)| Effect {
            id: EffectId::new(format!("{}:{}:escalation-{step}", kind.as_str(), page.channel)),
            kind,
            channel: page.channel.clone(),
            when: When::IfDone(vec![(page.event.clone(), page.effect.clone())]),
            dedup_key: page.dedup_key.clone(),
            notice: notice.clone(),
        });
        let via = self.command.via.as_ref();
        let own = own.filter(|effect| Some(&effect.channel) != via);
        own.chain(escalated).collect()
    }

    fn about(&self, key: &IncidentKey, record: &IncidentRecord, state: &State, why: String) -> Notice {
        let why = clean(&why, 300);
        match state.page_draft(key) {
            Some(page_draft) => Notice { why, priority: record.priority, ..page_draft.notice.clone() },
            None => {
                let notice = self.notice(key, record.priority, record.title.clone());
                Notice { why, family: record.family.clone(), ..notice }
            }
        }
    }

    fn changed(
        &self,
        key: &IncidentKey,
        record: IncidentRecord,
        effects: Vec<Effect>,
        mut changes: BTreeMap<Key, Record>,
        now: Timestamp,
    ) -> Decision {
        let priority: Priority = record.priority;
        changes.insert(Key::Incident(key.clone()), Record::Incident(record));
        let blank = self.blank(Why::Commanded, priority, now);
        Decision { verdict: verdict_of(&effects), incident: Some(key.clone()), effects, changes, ..blank }
    }
}
