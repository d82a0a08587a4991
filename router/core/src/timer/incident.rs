//! An incident whose time has come: it is escalated, it went quiet, or its flapping is over.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::bundle::SEVERAL;
use super::{About, Timer, own_notice, verdict_of};
use crate::decision::{Decision, Withheld};
use crate::digest::DigestLine;
use crate::ending;
use crate::escalation;
use crate::follow_up;
use crate::ids::IncidentKey;
use crate::incident::IncidentRecord;
use crate::noise::PageDraft;
use crate::notice::{ByWhom, Notice};
use crate::state::{Key, Record, State, Unread};
use crate::suppress::{self, Disposition, Suppressing, as_said};
use crate::text::clean;
use crate::verdict::{Verdict, Why};

/// What is due about an incident.
#[derive(Clone, Copy)]
enum Due {
    Unheld,
    Quiet,
    Escalation,
}

impl Timer<'_> {
    pub(super) fn incident(
        &self,
        key: &IncidentKey,
        state: &State,
        now: Timestamp,
    ) -> Result<Option<Decision>, Unread> {
        state.need_all([Key::Incident(key.clone()), Key::PageDraft(key.clone())])?;
        let Some(record) = state.incident(key).filter(|record| record.open) else { return Ok(None) };
        let record = as_said(record, state)?;
        let until = record.held.as_ref().and_then(|held| held.until);
        let times =
            [(until, Due::Unheld), (record.quiet_at, Due::Quiet), (record.escalate_at, Due::Escalation)];
        let due = times.into_iter().filter_map(|(at, due)| Some((at.filter(|at| *at <= now)?, due)));
        // In the order in which it was due, however late it is.
        let Some((_, due)) = due.min_by_key(|(at, _)| *at) else { return Ok(None) };
        let mut decision = match due {
            Due::Unheld => self.unheld(key, record, state, now)?,
            Due::Quiet => self.went_quiet(key, record, state, now)?,
            Due::Escalation => self.escalated(key, record, state, now)?,
        };
        if let Some(Record::Incident(record)) = decision.changes.get_mut(&Key::Incident(key.clone())) {
            self.move_on(record);
        }
        Ok(Some(decision))
    }

    /// Two things that are due at the same time are two decisions, and each has an id of its own.
    fn move_on(&self, record: &mut IncidentRecord) {
        let until = record.held.as_mut().map(|held| &mut held.until);
        for at in [until, Some(&mut record.quiet_at), Some(&mut record.escalate_at)].into_iter().flatten() {
            *at = at.map(|at| self.after(at));
        }
    }

    fn escalated(
        &self,
        key: &IncidentKey,
        mut record: IncidentRecord,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let about = about("escalation", key, &record, state);
        // What tells of several is nobody's to silence: it has no subject of its own, and who is in it changes.
        let hold = match record.family == SEVERAL {
            true => None,
            false => self.held_by_others(key, &record, (Why::Escalated, record.priority), state, now)?,
        };
        if let Some(hold) = hold {
            // Whoever is told what was held has the time to respond from there.
            record.escalate_at = None;
            record.respond_by = None;
            let why = hold.why;
            let withheld = vec![Withheld { action: "page".to_owned(), reason: clean(&hold.reason, 400) }];
            let waited = (record.priority, record.said_count);
            let news = record.held.as_ref().map_or(Why::Escalated, |held| held.news);
            let mut changes = suppress::join(hold, news, key, &mut record, waited, state, now);
            changes.insert(Key::Incident(key.clone()), Record::Incident(record));
            return Ok(Decision { withheld, changes, ..self.blank(about, why, now) });
        }
        let by = record.respond_by.map(|by| self.policy.zone().minute(by)).unwrap_or_default();
        let why = format!("{}, it was to be by {by}", Why::Escalated.sentence());
        let mut notice = Notice { why, ..said(key, &record, state, about, &self.id()) };
        notice.head.lead = "Nobody has it".to_owned();
        let id = self.id();
        let effects = escalation::escalate(self.policy, key, &mut record, &id, &notice, now);
        let blank = self.blank(about, Why::Escalated, now);
        let changes = BTreeMap::from([(Key::Incident(key.clone()), Record::Incident(record))]);
        Ok(Decision { verdict: verdict_of(&effects), effects, changes, ..blank })
    }

    fn went_quiet(
        &self,
        key: &IncidentKey,
        mut record: IncidentRecord,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        ending::needs(key, &record, state)?;
        let about = about("quiet-period", key, &record, state);
        let since = record.last_at.map(|at| self.policy.zone().minute(at)).unwrap_or_default();
        let why = format!("{} since {since}", Why::WentQuiet.sentence());
        let notice = Notice { why, ..said(key, &record, state, about, &self.id()) };
        let ended = ByWhom { by: "quiet period".to_owned(), at: now };
        let (mut changes, effects) = ending::end(key, &mut record, Some(ended), &notice, state, now);
        // What its finders still hold to be open is new when it is heard of again.
        record.ended = None;
        let blank = self.blank(about, Why::WentQuiet, now);
        changes.insert(Key::Incident(key.clone()), Record::Incident(record));
        Ok(Decision { effects, changes, ..blank })
    }

    /// Its flapping is over and it is open, or enough time has passed since it was said: what was held is news.
    fn unheld(
        &self,
        key: &IncidentKey,
        mut record: IncidentRecord,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let about = about("hold", key, &record, state);
        let held = record.held.clone();
        let was_muted = held.as_ref().is_some_and(|held| held.by == Why::Muted);
        let (news, count) = held.map_or((Why::Reopened, 0), |held| (held.news, held.count));
        let page_draft = state.page_draft(key).cloned();
        let id = self.id();
        let disposition = match &page_draft {
            Some(PageDraft { face, notice: _ }) => {
                let (policy, incident) = (self.policy, key);
                let suppressing = Suppressing {
                    policy,
                    state,
                    face,
                    finding: None,
                    incident,
                    record: &record,
                    news,
                    mute: None,
                    now,
                };
                suppressing.disposition()?
            }
            None => Disposition::Notify(BTreeMap::new()),
        };
        let blank = self.blank(about, news, now);
        let mut changes = BTreeMap::new();
        let decision = match disposition {
            Disposition::Suppress(hold) => {
                let by = hold.why;
                let reason = clean(&hold.reason, 400);
                let withheld = vec![Withheld { action: "page".to_owned(), reason }];
                let waited =
                    record.held.as_ref().map_or((record.priority, 0), |held| (held.priority, held.count));
                changes.extend(suppress::join(hold, news, key, &mut record, waited, state, now));
                Decision { why: by, withheld, ..blank }
            }
            Disposition::Digest => {
                record.said_count = record.said_count.max(count);
                record.held = None;
                record.said_at = now;
                let line = DigestLine::of(&record, now);
                changes.extend(suppress::digested(self.policy, state, [(key.clone(), line)], now)?);
                Decision { verdict: Verdict::Digest, ..blank }
            }
            Disposition::Notify(spent) => {
                changes.extend(spent);
                let more = match news == Why::Unreadable {
                    true => format!("{} more of its kind since", count.saturating_sub(record.said_count)),
                    false if was_muted => "it was muted, and is open still".to_owned(),
                    false => format!("it has begun {} times", record.turns.len()),
                };
                let why = format!("{}; {more}", news.sentence());
                record.said_count = record.said_count.max(count);
                record.held = None;
                record.said_at = now;
                let notice = Notice { why, ..said(key, &record, state, about, &id) };
                escalation::start_clock(self.policy, &mut record, news, now);
                let effects = follow_up::page(self.policy, key, Some(&mut record), &id, &notice);
                Decision { verdict: verdict_of(&effects), effects, ..blank }
            }
        };
        changes.insert(Key::Incident(key.clone()), Record::Incident(record));
        Ok(Decision { changes, ..decision })
    }
}

fn about<'a>(
    kind: &'a str,
    incident: &'a IncidentKey,
    record: &IncidentRecord,
    state: &'a State,
) -> About<'a> {
    let page_draft = state.page_draft(incident);
    let known = state.incident(incident);
    About {
        kind,
        incident,
        subject: known.map_or("", |known| &known.subject),
        family: known.map_or("", |known| &known.family),
        rule: page_draft.map_or("", |page_draft| page_draft.face.rule.as_str()),
        priority: record.priority,
    }
}

/// What was said of it last, or what little is known.
fn said(
    key: &IncidentKey,
    record: &IncidentRecord,
    state: &State,
    about: About<'_>,
    event: &crate::ids::EventId,
) -> Notice {
    match state.page_draft(key) {
        Some(page_draft) => Notice { priority: record.priority, ..page_draft.notice.clone() },
        None => own_notice(record.title.clone(), Why::Escalated, about, event),
    }
}
