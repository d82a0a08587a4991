//! When a model is asked about an incident, and the one decision that writes down what it said.
//!
//! Nothing else reads it: no page, priority, containment or silence is another for it.

use jiff::Timestamp;

use crate::decision::{Because, Cause, Decision, Effect, When};
use crate::draft::{Draft, Matter};
use crate::event::OWN_SOURCE;
use crate::heading;
use crate::ids::{EffectId, EventId, IncidentKey, Own, RuleName, dedup_key};
use crate::incident::IncidentRecord;
use crate::notice::{Beside, Notice};
use crate::policy::Policy;
use crate::state::{Key, Record, State, Unread};
use crate::text::clean;
use crate::triage::{Nonce, Outcome, Prompt, Settings, Text, Usage, rests_on};
use crate::verdict::{EffectKind, Why};

/// What there is to do about an incident.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Nothing: it is not asked about, or was.
    Nothing,
    /// A model is asked that, once the page was handed over.
    Ask(Box<Question>),
    /// It is not asked: that is written down.
    Refuse(Box<Asked>),
}

/// What a model is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// About which incident.
    pub incident: IncidentKey,
    /// In which of its episodes.
    pub episode: u32,
    /// In which words.
    pub prompt: Prompt,
    /// Its answer has no more tokens.
    pub most_answer_tokens: u32,
    page_rests_on: Vec<String>,
}

/// A question, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// What it used.
    pub usage: Usage,
    /// What came of it.
    pub outcome: Outcome,
}

/// Whether a model is to be asked about such an incident: it was said lately, it goes on, and it is one of those.
pub fn is_asked_about(record: &IncidentRecord, settings: &Settings, now: Timestamp) -> bool {
    record.open
        && !record.paged.is_empty()
        && settings.priorities.contains(&record.priority)
        && now.duration_since(record.said_at) <= Settings::NEWS
}

/// The pages by which it was told.
pub fn pages(record: &IncidentRecord) -> impl Iterator<Item = &(EventId, EffectId)> {
    record.paged.values().flatten()
}

/// What there is to do about an incident. The question is made once for each of its episodes; what is being asked
/// about others now, `beside`, counts as used.
///
/// # Errors
/// What has to be read into the state first.
pub fn next(
    incident: &IncidentKey,
    policy: &Policy,
    state: &State,
    (nonce, beside): (Nonce, &Usage),
    now: Timestamp,
) -> Result<Next, Unread> {
    let Some(settings) = &policy.triage else { return Ok(Next::Nothing) };
    let own = [Key::Incident, Key::PageDraft, Key::Triage].map(|kind| kind(incident.clone()));
    state.need_all(own.into_iter().chain([Key::TriageSpent]))?;
    let record = state.incident(incident).filter(|record| is_asked_about(record, settings, now));
    let (Some(record), Some(page)) = (record, state.page_draft(incident)) else { return Ok(Next::Nothing) };
    let is_done = state.triage(incident).is_some_and(|triage| triage.has(record.episode));
    if is_done || page.notice.drill {
        return Ok(Next::Nothing);
    }
    let page = Notice { priority: record.priority, ..page.notice.clone() };
    let question = Question {
        incident: incident.clone(),
        episode: record.episode,
        prompt: Prompt::of(&page, &settings.leave_out, nonce),
        most_answer_tokens: settings.most_answer_tokens,
        page_rests_on: rests_on(&page),
    };
    let spent = state.triage_spent().cloned().unwrap_or_default().on(policy.calendar.date(now)).with(beside);
    Ok(match spent.has_room(question.prompt.most_tokens(), settings) {
        Ok(()) => Next::Ask(Box::new(question)),
        Err(refusal) => {
            let outcome = Outcome::NotAsked(refusal.to_string());
            Next::Refuse(Box::new(Asked { question, usage: Usage::default(), outcome }))
        }
    })
}

impl Question {
    /// The id of the decision that writes it down: whoever asks again finds it there.
    pub fn id(&self) -> EventId {
        EventId::own(Own::Triage { incident: &self.incident, episode: self.episode })
    }
}

impl Asked {
    /// Writes it down beside the incident, counts what it used, and has it said in the threads of those who were paged.
    ///
    /// # Errors
    /// What has to be read into the state first.
    pub fn decide(&self, policy: &Policy, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        let Self { question, usage, outcome } = self;
        let incident = &question.incident;
        let own = [Key::Incident, Key::PageDraft, Key::Triage].map(|kind| kind(incident.clone()));
        state.need_all(own.into_iter().chain([Key::TriageSpent]))?;
        let state = &*state.as_of(policy, now);
        let text = self.text(policy, now);
        let mut draft = Draft::quiet(state, self.matter(&text, state), Why::Triaged, now);
        if !matches!(outcome, Outcome::NotAsked(_)) {
            let spent = state.triage_spent().cloned().unwrap_or_default();
            let spent = spent.on(policy.calendar.date(now)).with(usage);
            draft.put(Key::TriageSpent, Record::TriageSpent(Box::new(spent)), Because::Triaged);
        }
        // Of what is forgotten by now nothing is kept but the entry.
        if let Some(record) = state.incident(incident) {
            draft.tell(said(&text, record, incident, policy, state));
            let mut triage = state.triage(incident).cloned().unwrap_or_default();
            triage.add(text);
            draft.put(Key::Triage(incident.clone()), Record::Triage(Box::new(triage)), Because::Triaged);
        }
        heading::head(draft, policy)
    }

    fn text(&self, policy: &Policy, at: Timestamp) -> Text {
        let Self { question, usage, outcome } = self;
        let settings = policy.triage.as_ref();
        Text {
            event: question.id(),
            episode: question.episode,
            at,
            model: settings.map_or_else(Default::default, |settings| settings.model.clone()),
            told: question.prompt.told.clone(),
            page_rests_on: question.page_rests_on.clone(),
            usage: *usage,
            outcome: outcome.clone(),
        }
    }

    fn matter(&self, text: &Text, state: &State) -> Matter {
        let incident = &self.question.incident;
        let record = state.incident(incident);
        let page = state.page_draft(incident).map(|page| &page.notice);
        Matter {
            event: self.question.id(),
            cause: Cause::Triage,
            source: OWN_SOURCE.to_owned(),
            kind: "Triage".to_owned(),
            finding: None,
            subject: clean(&text.clause(), 300),
            rule: page.map_or_else(|| RuleName::new("triage"), |page| page.rule.clone()),
            family: record.map_or_else(String::new, |record| record.family.clone()),
            priority: record.map_or(crate::priority::Priority::P3, |record| record.priority),
            incident: Some(incident.clone()),
            face: None,
        }
    }
}

/// In the threads of pages that were taken; what did not come is told nobody.
fn said(
    text: &Text,
    record: &IncidentRecord,
    incident: &IncidentKey,
    policy: &Policy,
    state: &State,
) -> Vec<Effect> {
    let (Some(settings), Some(page), Outcome::Answered(_)) =
        (&policy.triage, state.page_draft(incident), &text.outcome)
    else {
        return Vec::new();
    };
    let is_its = record.episode == text.episode && record.open;
    let beside = Beside { lines: text.lines(policy.zone()), left_out: settings.leave_out.clone() };
    let notice =
        Notice { beside: Some(beside), why: Why::Triaged.sentence().to_owned(), ..page.notice.clone() };
    let told = settings.to.iter().filter_map(|channel| Some((channel, record.paged.get(channel)?)));
    let effect = |(channel, pages): (&crate::ids::ChannelName, &Vec<(EventId, EffectId)>)| Effect {
        id: EffectId::new(format!("triage:{channel}")),
        kind: EffectKind::Update,
        channel: channel.clone(),
        when: When::IfDone(pages.clone()),
        dedup_key: dedup_key(incident, record.episode),
        notice: notice.clone(),
    };
    if is_its { told.map(effect).collect() } else { Vec::new() }
}
