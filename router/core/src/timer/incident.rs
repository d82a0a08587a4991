//! An incident whose time has come: it is escalated, it went quiet, or its flapping is over.

use jiff::Timestamp;

use super::bundle::stands_for_several;
use super::{About, Timer, own_notice};
use crate::decision::{Because, Reason, Withheld};
use crate::digest::DigestLine;
use crate::draft::Draft;
use crate::ending;
use crate::escalation;
use crate::follow_up;
use crate::ids::IncidentKey;
use crate::incident::{IncidentRecord, Suppressed};
use crate::noise::PageDraft;
use crate::notice::{ByWhom, Notice};
use crate::policy::Routed;
use crate::state::{Key, State, Unread};
use crate::suppress::{self, Disposition, Suppressing, Suppression, Untold, as_said};
use crate::text::clean;
use crate::verdict::{Verdict, Why};

/// What is due about an incident.
#[derive(Clone, Copy)]
enum Due {
    Unheld,
    Quiet,
    Escalation,
}

impl Due {
    fn kind(self) -> &'static str {
        match self {
            Due::Unheld => "hold",
            Due::Quiet => "quiet-period",
            Due::Escalation => "escalation",
        }
    }

    fn because(self) -> Because {
        match self {
            Due::Unheld => Because::WaitsNoLonger,
            Due::Quiet => Because::Over,
            Due::Escalation => Because::Escalated,
        }
    }
}

impl Timer<'_> {
    pub(super) fn incident<'s>(
        &self,
        key: &IncidentKey,
        state: &'s State,
        now: Timestamp,
    ) -> Result<Option<Draft<'s>>, Unread> {
        state.need_all([Key::Incident(key.clone()), Key::PageDraft(key.clone())])?;
        let Some(record) = state.incident(key).filter(|record| record.open) else { return Ok(None) };
        let mut record = as_said(record, state)?;
        let Some(due) = due(&record, now) else { return Ok(None) };
        let about = about(due.kind(), key, &record, state);
        let mut draft = self.draft(state, about, Why::Escalated, now);
        match due {
            Due::Unheld => self.unheld(&mut draft, about, &mut record)?,
            Due::Quiet => self.went_quiet(&mut draft, about, &mut record, "quiet period")?,
            Due::Escalation => self.escalated(&mut draft, about, &mut record)?,
        }
        self.move_on(&mut record);
        draft.put_incident(key, record, due.because());
        Ok(Some(draft))
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
        draft: &mut Draft<'_>,
        about: About<'_>,
        record: &mut IncidentRecord,
    ) -> Result<(), Unread> {
        let key = about.incident;
        // What tells of several is nobody's to silence: it has no subject of its own, and who is in it changes.
        let hold = match stands_for_several(draft, key, record)? {
            true => None,
            false => self.held_by_others(draft, key, record, (Why::Escalated, record.priority))?,
        };
        if let Some(hold) = hold {
            // Whoever is told what was held has the time to respond from there.
            record.escalate_at = None;
            record.respond_by = None;
            let news = record.held.as_ref().map_or(Why::Escalated, |held| held.news);
            let (priority, count) = (record.priority, record.said_count);
            suppressed(draft, hold, Untold { incident: key, news, priority, count }, record);
            return Ok(());
        }
        let by = record.respond_by.map(|by| self.policy.zone().minute(by)).unwrap_or_default();
        let why = format!("{}, it was to be by {by}", Why::Escalated.sentence());
        let mut notice = Notice { why, ..self.said(draft, about, record) };
        notice.head.lead = "Nobody has it".to_owned();
        draft.page(escalation::escalate(self.policy, key, record, &self.id(), &notice, draft.now()));
        Ok(())
    }

    /// It is over though no finder said so: what that goes by.
    pub(super) fn went_quiet(
        &self,
        draft: &mut Draft<'_>,
        about: About<'_>,
        record: &mut IncidentRecord,
        by: &str,
    ) -> Result<(), Unread> {
        ending::needs(about.incident, record, draft)?;
        draft.why(Why::WentQuiet);
        let since = record.last_at.map(|at| self.policy.zone().minute(at)).unwrap_or_default();
        let why = format!("{} since {since}", Why::WentQuiet.sentence());
        let notice = Notice { why, ..self.said(draft, about, record) };
        let ended = ByWhom { by: by.to_owned(), at: draft.now() };
        let resolves = ending::end(draft, about.incident, record, Some(ended), &notice);
        draft.tell(resolves);
        // What its finders still hold to be open is new when it is heard of again.
        record.ended = None;
        Ok(())
    }

    /// Its flapping is over and it is open, or enough time has passed since it was said: what was held is news.
    fn unheld(
        &self,
        draft: &mut Draft<'_>,
        about: About<'_>,
        record: &mut IncidentRecord,
    ) -> Result<(), Unread> {
        let held = record.held.clone();
        let news = held.as_ref().map_or(Why::Reopened, |held| held.news);
        draft.why(news);
        let disposition = self.disposition(draft, about.incident, record, news)?;
        let routed = self.routed(draft, about.incident, record.priority);
        match disposition {
            Disposition::Suppress(hold) => {
                let (priority, count) = held.map_or((record.priority, 0), |held| (held.priority, held.count));
                let untold = Untold { incident: about.incident, news, priority, count };
                suppressed(draft, hold, untold, record);
            }
            Disposition::Digest => {
                is_said(draft, record, held.as_ref(), &routed);
                draft.verdict(Verdict::Digest);
                let line = DigestLine::of(record, draft.now());
                suppress::digested(draft, self.policy, [(about.incident.clone(), line)])?;
            }
            Disposition::Notify => {
                let why = format!("{}; {}", news.sentence(), more(held.as_ref(), record));
                is_said(draft, record, held.as_ref(), &routed);
                let notice = Notice { why, ..self.said(draft, about, record) };
                escalation::start_clock(self.policy, record, news, draft.now());
                draft.page(follow_up::page(&routed, about.incident, Some(record), &self.id(), &notice));
            }
        }
        Ok(())
    }

    fn disposition(
        &self,
        draft: &mut Draft<'_>,
        incident: &IncidentKey,
        record: &IncidentRecord,
        news: Why,
    ) -> Result<Disposition, Unread> {
        let Some(PageDraft { face, notice: _ }) = draft.page_draft(incident).cloned() else {
            return Ok(Disposition::Notify);
        };
        let (policy, face) = (self.policy, &face);
        Suppressing { policy, face, finding: None, incident, record, news, mute: None }.disposition(draft)
    }

    /// What was said of it last, or what little is known.
    pub(super) fn said(&self, draft: &Draft<'_>, about: About<'_>, record: &IncidentRecord) -> Notice {
        match draft.page_draft(about.incident) {
            Some(page_draft) => Notice { priority: record.priority, ..page_draft.notice.clone() },
            None => own_notice(record.title.clone(), Why::Escalated, about, &self.id()),
        }
    }
}

/// The first that is due, however late it is.
fn due(record: &IncidentRecord, now: Timestamp) -> Option<Due> {
    let until = record.held.as_ref().and_then(|held| held.until);
    let times = [(until, Due::Unheld), (record.quiet_at, Due::Quiet), (record.escalate_at, Due::Escalation)];
    let due = times.into_iter().filter_map(|(at, due)| Some((at.filter(|at| *at <= now)?, due)));
    due.min_by_key(|(at, _)| *at).map(|(_, due)| due)
}

/// It waits, or waits on.
fn suppressed(draft: &mut Draft<'_>, hold: Suppression, untold: Untold<'_>, record: &mut IncidentRecord) {
    draft.why(hold.why);
    draft.withhold([Withheld::page(Reason::Suppressed(clean(&hold.reason, 400)))]);
    suppress::join(draft, hold, untold, record);
}

/// With all that was counted while it was held.
fn is_said(draft: &Draft<'_>, record: &mut IncidentRecord, held: Option<&Suppressed>, routed: &Routed<'_>) {
    record.routes.clone_from(&routed.by);
    record.said_count = record.said_count.max(held.map_or(0, |held| held.count));
    record.held = None;
    record.said_at = draft.now();
}

/// What has become of it since it was said.
fn more(held: Option<&Suppressed>, record: &IncidentRecord) -> String {
    match held {
        Some(held) if held.news == Why::Unreadable => {
            format!("{} more of its kind since", held.count.saturating_sub(record.said_count))
        }
        Some(held) if held.by == Why::Muted => "it was muted, and is open still".to_owned(),
        Some(_) | None => format!("it has begun {} times", record.turns.len()),
    }
}

pub(super) fn about<'a>(
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
