//! The decision about one event: pure, total, and the only place where anyone's attention is spent.

mod blank;
mod campaign;
mod closing;
mod completing;
mod drilling;
mod known;
mod noting;
mod reports;

use known::{is_echo, known_of};

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::asking::ask_at_once;
use crate::attributes::Attributes;
use crate::compose::{self, About};
use crate::context::Context;
use crate::decision::{Decision, Withheld};
use crate::digest::DigestLine;
use crate::drill::Drill;
use crate::escalation;
use crate::event::{Event, Finding, FindingState};
use crate::guard::AskedBy;
use crate::heading;
use crate::identity::incident_key;
use crate::ids::IncidentKey;
use crate::incident::{FindingRecord, IncidentRecord};
use crate::judge::{Judging, band, is_from_the_future, updated_at};
use crate::named::Names;
use crate::noise::PageDraft;
use crate::notice::{Notice, WAITS};
use crate::plan::PlanInput;
use crate::planning::{self, Plans, Request};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::rules::{Classified, Rule, Stage};
use crate::state::{Key, Record, State, Unread};
use crate::suppress::{self, Disposition, Suppressing, as_said, leave};
use crate::text::clean;
use crate::verdict::{Verdict, Why};

/// One event with the rule that classifies it, ready to be decided.
#[derive(Debug)]
pub struct Case<'c> {
    event: &'c Event<'c>,
    policy: &'c Policy,
    context: &'c Context,
    rule: &'c Rule,
    unsure: Option<String>,
    incident: IncidentKey,
    /// What its report tells, in short; nothing where no finding is reported.
    reports: Vec<String>,
}

/// Decides an event in one step.
///
/// # Errors
/// What has to be read into the state first.
pub fn decide(
    event: &Event<'_>,
    policy: &Policy,
    state: &State,
    context: &Context,
    now: Timestamp,
) -> Result<Decision, Unread> {
    Case::new(event, policy, context).decide(state, now)
}

impl<'c> Case<'c> {
    /// Classifies the event, as far as the context allows.
    pub fn new(event: &'c Event<'c>, policy: &'c Policy, context: &'c Context) -> Self {
        let Classified { rule, unsure } = policy.rules.classify(event, context);
        let incident = incident_key(event, &rule.family);
        let reports =
            event.finding.as_ref().map_or_else(Vec::new, |finding| reports::reports(event, finding));
        Self { event, policy, context, rule, unsure, incident, reports }
    }

    /// The rule that classifies it.
    pub fn rule(&self) -> &'c Rule {
        self.rule
    }

    /// How soon a human has to respond, as far as the event itself says.
    pub fn priority(&self) -> Priority {
        Drill::of(self.event).map_or(self.rule.priority, |drill| drill.priority)
    }

    /// The incident that the event itself speaks of; a finding that is known stays with its own.
    pub fn incident(&self) -> &IncidentKey {
        &self.incident
    }

    fn input<'o>(&'o self, incident: &'o IncidentKey, now: Timestamp) -> PlanInput<'o> {
        PlanInput {
            subject: &self.event.subject,
            context: self.context,
            mitigation: &self.policy.mitigation,
            incident,
            wanted: &self.rule.actions,
            now,
        }
    }

    fn asked_by(&self) -> AskedBy<'_> {
        let sample = self.event.finding.as_ref().is_some_and(|finding| finding.sample);
        AskedBy::Rule { sample, unsure: self.unsure.as_deref() }
    }

    /// The decision.
    ///
    /// # Errors
    /// What has to be read into the state first; then it is to be asked again. It comes to an end: every
    /// answer names something that has not been read.
    pub fn decide(&self, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        let state = &*state.as_of(self.policy, now);
        if let Some(drill) = Drill::of(self.event) {
            return self.drill(&drill, state, now);
        }
        heading::head(self.decided(state, now)?, self.policy, state, now)
    }

    fn decided(&self, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        let finding = self.event.finding.as_ref();
        if finding.is_some_and(|finding| finding.sample) {
            return Ok(self.withhold_all(Why::Sample, now));
        }
        if self.rule.stage == Stage::Shadow {
            return Ok(self.withhold_all(Why::Shadow, now));
        }
        // As much at once as is known: each question costs a look at the store, and all before it again.
        let known = finding.map(|finding| Key::Finding(finding.key.clone()));
        state.need_all(known.into_iter().chain([Key::Incident(self.incident.clone()), Key::Silences]))?;
        let incident = self.incident_in(state);
        state.need(Key::Incident(incident.clone()))?;
        match finding {
            Some(finding) if finding.state != FindingState::Open => {
                self.closing(finding, &incident, state, now)
            }
            Some(_) | None => self.open(finding, &incident, state, now),
        }
    }

    /// A finding stays with the incident it began, whatever rule its later reports match.
    fn incident_in(&self, state: &State) -> IncidentKey {
        let known = self.event.finding.as_ref().and_then(|finding| known_of(finding, state));
        known.map_or_else(|| self.incident.clone(), |record| record.incident.clone())
    }

    fn open(
        &self,
        finding: Option<&Finding>,
        key: &IncidentKey,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let known = finding.and_then(|finding| known_of(finding, state));
        let is_report = finding.is_some_and(|finding| !finding.is_pressed());
        if is_report && known.is_none() && self.event.is_in_hand() {
            let incident = state.incident(key).map(|_| key.clone());
            return Ok(Decision { incident, ..self.blank(Why::InHand, now) });
        }
        let previous = match state.incident(key) {
            Some(previous) => Some(as_said(previous, state)?),
            None => None,
        };
        let (event, policy, rule) = (self.event, self.policy, self.rule);
        let is_seen = finding.zip(known).is_some_and(|(finding, known)| self.is_seen(finding, known));
        let judged =
            Judging { event, policy, rule, known, previous: previous.as_ref(), is_seen, now }.judge();
        let is_echo = finding.zip(known).is_some_and(|(finding, known)| is_echo(finding, known, now));
        let why = if is_echo && !judged.is_news() { Why::Echo } else { judged };
        let current = previous.as_ref().filter(|previous| previous.open);
        if matches!(why, Why::Outdated | Why::Echo) || (current.is_none() && !why.is_news()) {
            return Ok(Decision { incident: Some(key.clone()), ..self.blank(why, now) });
        }
        let mut record = self.seen_in(current, previous.as_ref(), finding, now);
        let mut face = Attributes::of(self.event, self.rule, self.context);
        // What nobody was told yet is as urgent as the worst of it.
        face.priority = record.held.as_ref().map_or(face.priority, |held| held.priority.min(face.priority));
        let priority = face.priority;
        let count = match finding {
            Some(finding) => finding.count,
            // Of what cannot be read there is no other count.
            None if self.event.is_unreadable() => record.events,
            None => 0,
        };
        let mut changes = BTreeMap::new();
        if let Some(finding) = finding {
            changes.insert(Key::Finding(finding.key.clone()), self.seen(finding, key, state, now));
        }
        let covers = suppress::covering(&self.policy.noise, &face, finding);
        let fresh =
            covers.iter().filter(|cover| !record.covers.contains(*cover)).cloned().map(Key::Inhibition);
        let is_asked = why.is_news() || record.held.is_some();
        let asked = is_asked.then(|| suppress::first_asked(policy, &face, finding, key));
        state.need_all(fresh.chain(asked.into_iter().flatten()))?;
        changes.extend(suppress::adopting(key, &mut record, covers, state));
        let adopted = self.adopt(finding, key, state, &mut changes)?;
        let news = if why.is_news() { Some(why) } else { record.held.as_ref().map(|held| held.news) };
        let Some(news) = news else {
            let effects = self.note_late(key, &record, now, &mut changes).into_iter().collect();
            changes.insert(Key::Incident(key.clone()), Record::Incident(record));
            return Ok(Decision { incident: Some(key.clone()), effects, changes, ..self.blank(why, now) });
        };
        state.need(Key::PageDraft(key.clone()))?;
        let is_of_it = |known: &&PageDraft| {
            finding.is_some_and(|finding| known.notice.finding.as_ref() == Some(&finding.key))
        };
        if let Some(known) = state.page_draft(key).filter(is_of_it) {
            // A copy names less than its finding did: what silences the one silences the other.
            face.subject = face.subject.or(&known.face.subject);
        }
        let mute = self.event.mute();
        let suppressing = Suppressing {
            policy,
            state,
            face: &face,
            finding,
            incident: key,
            record: &record,
            news,
            mute: mute.as_ref(),
            now,
        };
        let disposition = suppressing.disposition()?;
        let is_again = match (&disposition, &record.held) {
            (Disposition::Suppress(hold), Some(held)) => {
                let waits_in = hold.bundle.as_ref().map(|waiting| &waiting.key);
                !why.is_news() && waits_in == held.bundle.as_ref() && hold.why == held.by
            }
            _ => false,
        };
        if is_again {
            let held = record.held.as_ref().map(|held| (held.by, held.reason.clone()));
            let (by, reason) = held.expect("it is held again");
            if let Some(held) = &mut record.held {
                held.count = held.count.max(count);
            }
            changes.insert(Key::Incident(key.clone()), Record::Incident(record));
            let withheld = vec![Withheld { action: "page".to_owned(), reason }];
            return Ok(Decision { incident: Some(key.clone()), changes, withheld, ..self.blank(by, now) });
        }
        let plans_acts = match &disposition {
            Disposition::Notify(_) | Disposition::Digest => true,
            // Attention is what noise control spares, not the response.
            Disposition::Suppress(hold) => !matches!(hold.why, Why::Silenced | Why::Muted | Why::Flapping),
        };
        let wanted = if plans_acts { self.rule.actions.as_slice() } else { &[] };
        if !wanted.is_empty() {
            state.need_all(planning::reads(&self.event.id, &self.input(key, now)))?;
        }
        let request = self.request(key, state, now);
        let said = if why.is_news() { why } else { news };
        let plans = match plans_acts {
            true => planning::plan(&request, |plans| self.notice(key, said, plans, now)),
            false => Plans::default(),
        };
        for (key, change) in plans.changes(&request) {
            changes.insert(key, change);
        }
        plans.named_by(&mut record);
        let mut notice = self.notice(key, said, &plans, now);
        notice.priority = priority;
        notice.lists.extend(adopted);
        if let Some(flaps) = self.begins_to_flap(&mut record, &disposition, now) {
            notice.why = format!("{}; {flaps}", notice.why);
        }
        let asked = notice.clone();
        let page_draft = PageDraft { face, notice: notice.clone() };
        changes.insert(Key::PageDraft(key.clone()), Record::PageDraft(Box::new(page_draft)));
        let Plans { mut acts, mut withheld, at_once, .. } = plans;
        if !plans_acts {
            withheld.extend(self.rule.actions.iter().map(|action| Withheld {
                action: action.as_str().to_owned(),
                reason: "the incident is held".to_owned(),
            }));
        }
        let (verdict, why, effects) = match disposition {
            Disposition::Notify(spent) => {
                changes.extend(spent);
                leave(&mut record, key, state, now, &mut changes);
                self.was_said(&mut record, said, count, now);
                (Verdict::Page, said, self.page(key, &mut record, notice, &mut changes))
            }
            Disposition::Digest => {
                leave(&mut record, key, state, now, &mut changes);
                self.was_said(&mut record, said, count, now);
                let line = DigestLine::of(&record, now);
                changes.extend(suppress::digested(policy, state, [(key.clone(), line)], now)?);
                (Verdict::Digest, said, Vec::new())
            }
            Disposition::Suppress(hold) => {
                let by = hold.why;
                withheld.insert(0, Withheld { action: "page".to_owned(), reason: clean(&hold.reason, 400) });
                let title = record.title.clone();
                if withheld.iter().any(|withheld| withheld.reason.starts_with(WAITS)) {
                    // Whoever reads the list has to know that something waits for them.
                    record.title = clean(&format!("{title} (a plan waits for approval)"), 200);
                }
                changes.extend(suppress::join(hold, news, key, &mut record, (priority, count), state, now));
                record.title = title;
                (Verdict::Quiet, by, Vec::new())
            }
        };
        let (mut verdict, mut effects) = (verdict, effects);
        let own_pages = ask_at_once(policy, key, &mut record, &self.event.id, &at_once, &asked);
        if !own_pages.is_empty() {
            // Whatever becomes of the news, who has to approve hears of it.
            verdict = Verdict::Page;
            effects.extend(own_pages);
        }
        if self.context.incomplete && verdict != Verdict::Quiet {
            acts.push(self.complete_later(key, now));
        }
        changes.insert(Key::Incident(key.clone()), Record::Incident(record));
        let incident = Some(key.clone());
        Ok(Decision { priority, verdict, incident, effects, acts, withheld, changes, ..self.blank(why, now) })
    }

    /// The turn that is one too many is said, or waits with others to be said, with the count.
    fn begins_to_flap(
        &self,
        record: &mut IncidentRecord,
        disposition: &Disposition,
        now: Timestamp,
    ) -> Option<String> {
        let (most, window) = self.policy.noise.flapping;
        let turns = record.turns_within(window, now);
        let is_heard = match disposition {
            Disposition::Notify(_) | Disposition::Digest => true,
            Disposition::Suppress(hold) => !matches!(hold.why, Why::Silenced | Why::Muted | Why::Inhibited),
        };
        let may_be_held = self.rule.priority != Priority::P0;
        if turns <= most as usize || record.flapping.is_some() || !is_heard || !may_be_held {
            return None;
        }
        record.flapping = Some(now);
        let minutes = window.as_mins();
        Some(format!(
            "it has begun {turns} times in {minutes} minutes, and is held until it stays open for as long"
        ))
    }

    /// The incident with this event.
    fn seen_in(
        &self,
        current: Option<&IncidentRecord>,
        previous: Option<&IncidentRecord>,
        finding: Option<&Finding>,
        now: Timestamp,
    ) -> IncidentRecord {
        let band = band(self.event);
        let mut record = match current {
            Some(current) => current.clone(),
            None => IncidentRecord::begun(previous, self.rule.priority, band, now),
        };
        let (most, window) = self.policy.noise.flapping;
        if current.is_none() && record.turns_within(window, now) <= most as usize {
            record.flapping = None;
        }
        record.seen(self.rule.priority, band, finding);
        record.last_at = Some(now);
        let quiet_after = self.policy.noise.quiet_after.of(&self.rule.family, finding.is_some());
        record.quiet_at = Some(now + quiet_after);
        if record.title.is_empty() {
            record.title = clean(compose::title(self.event), 200);
            record.subject = clean(&self.event.subject.line(), 200);
            record.family = self.rule.family.clone();
        }
        Names::of(self.event).remember(&mut record.resources);
        record
    }

    /// Somebody hears of it now or with the digest: its response clock runs from here.
    fn was_said(&self, record: &mut IncidentRecord, why: Why, count: u64, now: Timestamp) {
        record.said_at = now;
        record.said_count = record.said_count.max(count);
        escalation::start_clock(self.policy, record, why, now);
    }

    fn request<'r>(&'r self, incident: &'r IncidentKey, state: &'r State, now: Timestamp) -> Request<'r> {
        let (event, input) = (&self.event.id, self.input(incident, now));
        Request { event, input, priority: self.rule.priority, asked_by: self.asked_by(), state }
    }

    fn notice(&self, incident: &IncidentKey, why: Why, plans: &Plans, now: Timestamp) -> Notice {
        let (rule, policy, context) = (self.rule, self.policy, self.context);
        let Plans { doing, withheld, .. } = plans;
        compose::notice(self.event, &About { rule, policy, context, why, doing, withheld, incident, now })
    }

    fn seen(&self, finding: &Finding, key: &IncidentKey, state: &State, now: Timestamp) -> Record {
        let known = known_of(finding, state);
        let mut record = FindingRecord {
            incident: key.clone(),
            state: finding.state,
            updated_at: known.and_then(|known| known.updated_at),
            count: known.map_or(0, |known| known.count),
            seen_at: now,
            noted_in: known.and_then(|known| known.noted_in),
            reports: known.map(|known| known.reports.clone()).unwrap_or_default(),
        };
        // What ends a finding from a time that is still to come ends it, and makes no later report an older one.
        if finding.state == FindingState::Open || !is_from_the_future(finding, now) {
            record.updated_at = updated_at(finding, now).max(record.updated_at);
            record.count = finding.count.max(record.count);
        }
        self.reports.iter().cloned().for_each(|report| record.saw(report));
        Record::Finding(record)
    }
}
