//! The decision about one event: pure, total, and the only place where anyone's attention is spent.

mod blank;
mod campaign;
mod canary;
mod closing;
mod completing;
mod counting;
mod drilling;
mod expected;
mod known;
mod noting;
mod opening;
mod reports;
mod telling;

use known::known_of;

use jiff::Timestamp;

use crate::canary::Canary;
use crate::compose::{self, About};
use crate::context::Context;
use crate::decision::Decision;
use crate::draft::Draft;
use crate::drill::Drill;
use crate::event::{Event, Finding, FindingState};
use crate::guard::AskedBy;
use crate::heading;
use crate::identity::incident_key;
use crate::ids::IncidentKey;
use crate::incident::FindingRecord;
use crate::judge::{is_from_the_future, updated_at};
use crate::notice::Notice;
use crate::plan::PlanInput;
use crate::planning::{Plans, Request};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::rules::{Classified, Rule, Stage};
use crate::state::{Key, State, Unread};
use crate::timer::ends_at;
use crate::verdict::Why;

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
        if let Some(canary) = Canary::of(self.event) {
            return Ok(self.canary(canary, state, now));
        }
        let state = &*state.as_of(self.policy, now);
        if let Some(drill) = Drill::of(self.event) {
            return self.drill(&drill, state, now);
        }
        heading::head(self.decided(state, now)?, self.policy)
    }

    fn decided<'s>(&self, state: &'s State, now: Timestamp) -> Result<Draft<'s>, Unread> {
        let finding = self.event.finding.as_ref();
        if finding.is_some_and(|finding| finding.sample) {
            return Ok(self.withhold_all(state, Why::Sample, now));
        }
        if self.event.is_page_of_ours() {
            return Ok(self.withhold_all(state, Why::Echo, now));
        }
        if self.rule.stage == Stage::Shadow {
            return Ok(self.withhold_all(state, Why::Shadow, now));
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

    fn request<'r>(&'r self, incident: &'r IncidentKey, draft: &'r Draft<'r>) -> Request<'r> {
        let (event, input) = (&self.event.id, self.input(incident, draft.now()));
        Request { event, input, priority: self.rule.priority, asked_by: self.asked_by(), draft }
    }

    fn notice(&self, incident: &IncidentKey, why: Why, plans: &Plans, now: Timestamp) -> Notice {
        let (rule, policy, context) = (self.rule, self.policy, self.context);
        let Plans { doing, withheld, .. } = plans;
        compose::notice(self.event, &About { rule, policy, context, why, doing, withheld, incident, now })
    }

    fn seen(&self, draft: &Draft<'_>, finding: &Finding, key: &IncidentKey) -> FindingRecord {
        let now = draft.now();
        // A press is news each time.
        let known = draft.finding(&finding.key).filter(|_| !finding.is_pressed());
        let mut record = FindingRecord {
            incident: key.clone(),
            state: finding.state,
            updated_at: known.and_then(|known| known.updated_at),
            count: known.map_or(0, |known| known.count),
            seen_at: now,
            noted_in: known.and_then(|known| known.noted_in),
            ends_at: finding.ends_at.map(ends_at),
            reports: known.map(|known| known.reports.clone()).unwrap_or_default(),
        };
        // What ends a finding from a time that is still to come ends it, and makes no later report an older one.
        if finding.state == FindingState::Open || !is_from_the_future(finding, now) {
            record.updated_at = updated_at(finding, now).max(record.updated_at);
            record.count = finding.count.max(record.count);
        }
        self.reports.iter().cloned().for_each(|report| record.saw(report));
        record
    }
}
