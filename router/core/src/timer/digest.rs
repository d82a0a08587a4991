//! The digest: what is put into it, that its edition is closed when business opens, and said.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{About, Timer, verdict_of};
use crate::decision::{Decision, Effect, When};
use crate::digest::{DigestRecord, Edition, EditionNumber, EditionRecord};
use crate::ids::dedup_key;
use crate::ids::{DedupKey, EffectId, IncidentKey};
use crate::notice::Notice;
use crate::priority::Priority;
use crate::state::{Key, Record, State, Unread};
use crate::verdict::{EffectKind, Why};

impl Timer<'_> {
    /// What comes from now on is in the next edition.
    pub(super) fn close_edition(&self, state: &State, now: Timestamp) -> Result<Option<Decision>, Unread> {
        state.need(Key::Digest)?;
        let is_due = |record: &&DigestRecord| record.due_at.is_some_and(|at| at <= now);
        let Some(record) = state.digest().filter(is_due) else { return Ok(None) };
        let incident = incident();
        let about = about(&incident);
        if self.policy.digest.is_empty() {
            // Nobody gets it any more: it is kept for whoever will.
            let kept = DigestRecord { due_at: None, ..record.clone() };
            let changes = BTreeMap::from([(Key::Digest, Record::Digest(Box::new(kept)))]);
            return Ok(Some(Decision { changes, ..self.blank(about, Why::Digested, now) }));
        }
        let closed = Key::DigestEdition(record.edition);
        state.need(closed.clone())?;
        let edition = EditionRecord { closed: record.clone(), due_at: record.due_at };
        let changes = BTreeMap::from([
            (closed, Record::DigestEdition(Box::new(edition))),
            (Key::Digest, Record::Digest(Box::new(record.next(now)))),
        ]);
        Ok(Some(Decision { changes, ..self.blank(about, Why::EditionClosed, now) }))
    }

    /// A closed edition, as one page.
    pub(super) fn say_edition(
        &self,
        number: EditionNumber,
        state: &State,
        now: Timestamp,
    ) -> Result<Option<Decision>, Unread> {
        let key = Key::DigestEdition(number);
        state.need_all([key.clone(), Key::DigestContents(number), Key::DigestDays])?;
        let is_due = |record: &&EditionRecord| record.due_at.is_some_and(|at| at <= now);
        let Some(record) = state.edition(number).filter(is_due) else { return Ok(None) };
        let EditionRecord { closed, due_at: _ } = record;
        let incident = incident();
        let about = about(&incident);
        let calendar = &self.policy.calendar;
        if self.policy.digest.is_empty() {
            // Whoever gets the digests from some day on gets this one, too.
            let waits = EditionRecord { due_at: Some(calendar.next_opening(now)), ..record.clone() };
            let changes = BTreeMap::from([(key, Record::DigestEdition(Box::new(waits)))]);
            return Ok(Some(Decision { changes, ..self.blank(about, Why::Digested, now) }));
        }
        let contents = state.contents(number).cloned().unwrap_or_default().with_record(closed);
        let listed: Vec<_> = contents.listed().map(|(incident, _)| incident.clone()).collect();
        state.need_all(listed.iter().cloned().map(Key::Incident))?;
        let current = listed.into_iter().map(|key| {
            let known = state.incident(&key).map_or((0, false), |known| (known.events, known.open));
            (key, known)
        });
        let today = calendar.day_from_opening(now);
        let days = state.digest_days().cloned().unwrap_or_default();
        let days = days.with(&closed.days, closed.counted_from).with(&contents.days, None).up_to(today);
        let edition = Edition { from: closed.from, contents: &contents, days: &days };
        let notice = edition.notice(&current.collect(), calendar, &incident, &self.id(), now);
        let effects = if contents.is_empty() { Vec::new() } else { self.digests(number, &notice) };
        let said = EditionRecord { due_at: None, ..record.clone() };
        let changes = BTreeMap::from([
            (key, Record::DigestEdition(Box::new(said))),
            (Key::DigestDays, Record::DigestDays(days)),
        ]);
        let blank = self.blank(about, Why::Digested, now);
        Ok(Some(Decision { verdict: verdict_of(&effects), effects, changes, ..blank }))
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
