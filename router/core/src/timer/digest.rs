//! The digest: what is put into it, that its edition is closed when business opens, and said.

use jiff::Timestamp;

use super::{About, Timer};
use crate::decision::{Because, Effect, When};
use crate::digest::{DigestRecord, Edition, EditionNumber, EditionRecord};
use crate::draft::Draft;
use crate::ids::{DedupKey, EffectId, IncidentKey, dedup_key};
use crate::notice::Notice;
use crate::priority::Priority;
use crate::state::{Key, Record, State, Unread};
use crate::verdict::{EffectKind, Why};

impl Timer<'_> {
    /// What comes from now on is in the next edition.
    pub(super) fn close_edition<'s>(
        &self,
        state: &'s State,
        now: Timestamp,
    ) -> Result<Option<Draft<'s>>, Unread> {
        state.need(Key::Digest)?;
        let is_due = |record: &&DigestRecord| record.due_at.is_some_and(|at| at <= now);
        let Some(record) = state.digest().filter(is_due) else { return Ok(None) };
        let mut draft = self.draft(state, about(&incident()), Why::EditionClosed, now);
        let next = if self.policy.digest.is_empty() {
            // Nobody gets it any more: it is kept for whoever will.
            draft.why(Why::Digested);
            DigestRecord { due_at: None, ..record.clone() }
        } else {
            let closed = Key::DigestEdition(record.edition);
            draft.need(closed.clone())?;
            let edition = EditionRecord { closed: record.clone(), due_at: record.due_at };
            draft.put(closed, Record::DigestEdition(Box::new(edition)), Because::EditionClosed);
            record.next(now)
        };
        draft.put(Key::Digest, Record::Digest(Box::new(next)), Because::EditionClosed);
        Ok(Some(draft))
    }

    /// A closed edition, as one page.
    pub(super) fn say_edition<'s>(
        &self,
        number: EditionNumber,
        state: &'s State,
        now: Timestamp,
    ) -> Result<Option<Draft<'s>>, Unread> {
        let key = Key::DigestEdition(number);
        state.need_all([key.clone(), Key::DigestContents(number), Key::DigestDays])?;
        let is_due = |record: &&EditionRecord| record.due_at.is_some_and(|at| at <= now);
        let Some(record) = state.edition(number).filter(is_due) else { return Ok(None) };
        let mut draft = self.draft(state, about(&incident()), Why::Digested, now);
        let due_at = if self.policy.digest.is_empty() {
            // Whoever gets the digests from some day on gets this one, too.
            Some(self.policy.calendar.next_opening(now))
        } else {
            self.digest(&mut draft, number, &record.closed)?;
            None
        };
        let record = EditionRecord { due_at, ..record.clone() };
        draft.put(key, Record::DigestEdition(Box::new(record)), Because::Digested);
        Ok(Some(draft))
    }

    fn digest(
        &self,
        draft: &mut Draft<'_>,
        number: EditionNumber,
        closed: &DigestRecord,
    ) -> Result<(), Unread> {
        let (calendar, now) = (&self.policy.calendar, draft.now());
        let contents = draft.contents(number).cloned().unwrap_or_default().with_record(closed);
        let listed: Vec<_> = contents.listed().map(|(incident, _)| incident.clone()).collect();
        draft.need_all(listed.iter().cloned().map(Key::Incident))?;
        let current = listed.into_iter().map(|key| {
            let known = draft.incident(&key).map_or((0, false), |known| (known.events, known.open));
            (key, known)
        });
        let current = current.collect();
        let today = calendar.day_from_opening(now);
        let days = draft.digest_days().cloned().unwrap_or_default();
        let days = days.with(&closed.days, closed.counted_from).with(&contents.days, None).up_to(today);
        let edition = Edition { from: closed.from, contents: &contents, days: &days };
        let notice = edition.notice(&current, calendar, &incident(), &self.id(), now);
        draft.page(if contents.is_empty() { Vec::new() } else { self.digests(number, &notice) });
        draft.put(Key::DigestDays, Record::DigestDays(days), Because::Digested);
        Ok(())
    }

    /// To everyone who gets it.
    fn digests(&self, edition: EditionNumber, notice: &Notice) -> Vec<Effect> {
        // By its number and not by its day, which may come twice.
        let number = DedupKey::new(format!("{}-{edition}", dedup_key(&incident(), 1)));
        let effect = |channel: &crate::ids::ChannelName| Effect {
            id: EffectId::new(format!("digest:{channel}")),
            kind: EffectKind::Digest,
            channel: channel.clone(),
            when: When::Now,
            dedup_key: number.clone(),
            notice: notice.clone(),
        };
        self.policy.digest.iter().map(effect).collect()
    }
}

/// What the digest is said as.
fn incident() -> IncidentKey {
    IncidentKey::new("wf1-digest")
}

fn about(incident: &IncidentKey) -> About<'_> {
    let (kind, subject, family, rule) = ("digest", "digest", "digest", "digest");
    About { kind, incident, subject, family, rule, priority: Priority::P3 }
}
