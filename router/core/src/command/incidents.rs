//! What a human says of an incident: somebody has it, it is over, somebody else is to have it.

use super::{Asked, Declined, NotDone};
use crate::annotation::NoteText;
use crate::command::Command;
use crate::decision::{Because, Effect, When};
use crate::draft::Draft;
use crate::ending;
use crate::escalation;
use crate::ids::{ChannelName, EffectId, IncidentKey, dedup_key};
use crate::incident::IncidentRecord;
use crate::notice::{ByWhom, Notice};
use crate::state::Key;
use crate::suppress::{as_said_by_now, leave};
use crate::text::clean;
use crate::verdict::{EffectKind, Why};

impl Asked<'_> {
    /// Somebody has it: nobody else is bothered.
    pub(super) fn acknowledge(&self, draft: &mut Draft<'_>, key: &IncidentKey) -> Result<(), NotDone> {
        let record = self.open_incident(draft, key, "acknowledge")?;
        if let Some(ByWhom { by, at }) = &record.acknowledged {
            let reason = format!("{by} has it already, since {}", self.minute(*at));
            return Err(Declined::new("acknowledge", reason).into());
        }
        self.has_it(draft, key, record, self.signed("acknowledged"));
        Ok(())
    }

    /// Somebody else has it from now on, or somebody at all.
    pub(super) fn take(&self, draft: &mut Draft<'_>, key: &IncidentKey) -> Result<(), NotDone> {
        let record = self.open_incident(draft, key, "take")?;
        let said = match &record.acknowledged {
            Some(ByWhom { by, at }) if *by == clean(&self.command.by, 100) => {
                let reason = format!("{by} has it already, since {}", self.minute(*at));
                return Err(Declined::new("take", reason).into());
            }
            Some(ByWhom { by, at: _ }) => self.signed(&format!("taken over from {by}")),
            None => self.signed("acknowledged"),
        };
        self.has_it(draft, key, record, said);
        Ok(())
    }

    /// Whoever commands has it from now on.
    fn has_it(&self, draft: &mut Draft<'_>, key: &IncidentKey, mut record: IncidentRecord, said: String) {
        let Command { by, .. } = self.command;
        record.acknowledged = Some(ByWhom { by: clean(by, 100), at: draft.now() });
        record.escalate_at = None;
        if record.held.as_ref().is_some_and(|held| held.news == Why::Escalated) {
            // That nobody had it is not to be said any more.
            leave(draft, key, &mut record);
        }
        let notice = self.about(draft, key, &record, said);
        draft.page(self.tell_all(key, &record, EffectKind::Acknowledge, &notice));
        changed(draft, key, record);
    }

    /// Nobody has it any more: its clock runs again from now.
    pub(super) fn unacknowledge(&self, draft: &mut Draft<'_>, key: &IncidentKey) -> Result<(), NotDone> {
        let mut record = self.open_incident(draft, key, "unacknowledge")?;
        if record.acknowledged.take().is_none() {
            return Err(Declined::new("unacknowledge", "nobody had it").into());
        }
        record.escalation = 0;
        record.respond_by = None;
        escalation::start_clock(self.policy, &mut record, Why::Commanded, draft.now());
        changed(draft, key, record);
        Ok(())
    }

    /// It is over, whatever its findings say; what they go on saying is new again after the repeat window.
    pub(super) fn resolve(&self, draft: &mut Draft<'_>, key: &IncidentKey) -> Result<(), NotDone> {
        let mut record = self.open_incident(draft, key, "resolve")?;
        ending::needs(key, &record, draft)?;
        let Command { by, via, .. } = self.command;
        let notice = self.about(draft, key, &record, self.signed("resolved"));
        let ended = ByWhom { by: clean(by, 100), at: draft.now() };
        let mut effects = ending::end(draft, key, &mut record, Some(ended), &notice);
        let own = dedup_key(key, record.episode);
        effects.retain(|effect| Some(&effect.channel) != via.as_ref() || effect.dedup_key != own);
        draft.page(effects);
        changed(draft, key, record);
        Ok(())
    }

    /// Somebody else is to have it: a channel is paged, a name is recorded.
    pub(super) fn reassign(&self, draft: &mut Draft<'_>, key: &IncidentKey, to: &str) -> Result<(), NotDone> {
        let mut record = self.open_incident(draft, key, "reassign")?;
        let Command { id, .. } = self.command;
        let to = clean(to, 100);
        record.assigned = Some(to.clone());
        if record.acknowledged.take().is_some() {
            // Whoever is to have it now has the time to respond before them.
            record.escalation = 0;
            record.respond_by = None;
            escalation::start_clock(self.policy, &mut record, Why::Commanded, draft.now());
        }
        let notice = self.about(draft, key, &record, self.signed(&format!("assigned to {to}")));
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
        draft.page(effects);
        changed(draft, key, record);
        Ok(())
    }

    /// What was done, by whom, and why if they said so.
    pub(super) fn signed(&self, done: &str) -> String {
        let Command { by, reason, .. } = self.command;
        let said = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("{done} by {by}{said}")
    }

    pub(super) fn open_incident(
        &self,
        draft: &Draft<'_>,
        key: &IncidentKey,
        action: &str,
    ) -> Result<IncidentRecord, NotDone> {
        draft.need_all([Key::Incident(key.clone()), Key::PageDraft(key.clone())])?;
        let reason = match draft.incident(key) {
            Some(record) if self.command.episode.is_some_and(|episode| episode != record.episode) => {
                format!("{key} is in its episode {} by now", record.episode)
            }
            Some(record) if record.open => return Ok(as_said_by_now(record, draft)?),
            Some(_) => format!("{key} is over"),
            None => format!("there is no incident {key}"),
        };
        Err(Declined::new(action, reason).into())
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

    /// What is noted is told where what happened to its page is told, and to nobody else.
    pub(super) fn tell_of_note(
        &self,
        draft: &mut Draft<'_>,
        key: &IncidentKey,
        record: &IncidentRecord,
        note: &NoteText,
    ) {
        let why = format!("noted by {}", clean(&self.command.by, 100));
        let note = Some(clean(note.as_str(), 600));
        let notice = Notice { note, ..self.about(draft, key, record, why) };
        let mut effects = self.tell_all(key, record, EffectKind::Update, &notice);
        effects.retain(|effect| self.policy.threads.contains(&effect.channel));
        for effect in &mut effects {
            effect.id = EffectId::new(format!("note:{}", effect.id.as_str().trim_start_matches("update:")));
        }
        draft.tell(effects);
    }

    pub(super) fn about(
        &self,
        draft: &Draft<'_>,
        key: &IncidentKey,
        record: &IncidentRecord,
        why: String,
    ) -> Notice {
        let why = clean(&why, 300);
        match draft.page_draft(key) {
            Some(page_draft) => Notice { why, priority: record.priority, ..page_draft.notice.clone() },
            None => {
                let notice = self.notice(key, record.priority, record.title.clone());
                Notice { why, family: record.family.clone(), ..notice }
            }
        }
    }
}

fn changed(draft: &mut Draft<'_>, key: &IncidentKey, record: IncidentRecord) {
    draft.priority(record.priority);
    draft.belongs_to(key);
    draft.put_incident(key, record, Because::Commanded);
}
