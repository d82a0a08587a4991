//! A model is asked about a page once that was handed over: beside everything else, after it, and never instead of it.
//!
//! Who pages never waits here: an incident is put into a queue that has an end, and a task of its own asks. A worker that
//! is told to stop leaves it all where it is; whoever comes after it finds what was not asked.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use tokio::sync::mpsc;
use watchfire_core::decision::{Cause, Decision, Effect};
use watchfire_core::ids::IncidentKey;
use watchfire_core::incident::IncidentRecord;
use watchfire_core::journal::Outcome as Came;
use watchfire_core::state::{Key, Record, State};
use watchfire_core::triage::{Answer, Cost, Nonce, Outcome, Prices, SpentRecord, Usage};
use watchfire_core::triaging::{self, Asked, Next, Question};
use watchfire_core::verdict::EffectKind;

use super::Router;
use super::deciding::Undecided;
use super::round::Round;
use crate::failure::Nack;
use crate::store;
use crate::telemetry::{self, TriageOutcome};
use crate::triage::{Asker, NotSaid, Said, Stop, Tokens, WhyNot};

/// So many incidents wait to be asked about; more are left to the next look.
const WAITING: usize = 256;
/// So many are found by one look.
const FOUND: usize = 64;
/// One worker has so long for what comes before and after an answer.
const AROUND: Duration = Duration::from_secs(60);

/// What asks a model, and what waits to be asked about.
pub struct Triage {
    asker: Asker,
    waiting: mpsc::Sender<IncidentKey>,
    /// Taken by the task that asks.
    queue: Mutex<Option<mpsc::Receiver<IncidentKey>>>,
    today: Mutex<Today>,
}

/// What this process knows of a day.
#[derive(Default)]
struct Today {
    day: Date,
    /// What is being asked now may use so much.
    beside: Usage,
    /// Whether it was logged that the budget is spent.
    is_told: bool,
}

/// Room that a question has taken; given back once what it used is written down.
struct Room<'t> {
    triage: &'t Triage,
    day: Date,
    most: Usage,
}

impl Triage {
    /// Nothing waits yet.
    pub(crate) fn new(asker: Asker) -> Self {
        let (waiting, queue) = mpsc::channel(WAITING);
        Self { asker, waiting, queue: Mutex::new(Some(queue)), today: Mutex::default() }
    }

    /// What is being asked now.
    fn beside(&self, day: Date) -> Usage {
        self.today(day).beside
    }

    /// Takes as much room as that question and the longest answer may use.
    fn take(&self, day: Date, most: Usage) -> Room<'_> {
        add(&mut self.today(day).beside, &most);
        Room { triage: self, day, most }
    }

    /// Whether it is the first refusal of the day.
    fn is_first_refusal(&self, day: Date) -> bool {
        !std::mem::replace(&mut self.today(day).is_told, true)
    }

    /// What was known of an earlier day does not count.
    fn today(&self, day: Date) -> MutexGuard<'_, Today> {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        if today.day < day {
            *today = Today { day, ..Today::default() };
        }
        today
    }
}

impl Room<'_> {
    /// What was used is written down. Room that is not given back stays taken for the rest of the day.
    fn give_back(self) {
        let mut today = self.triage.today(self.day);
        if today.day != self.day {
            return;
        }
        let usage = &mut today.beside;
        usage.input_tokens = usage.input_tokens.saturating_sub(self.most.input_tokens);
        usage.output_tokens = usage.output_tokens.saturating_sub(self.most.output_tokens);
        let cost = usage.cost.unwrap_or_default().0.saturating_sub(self.most.cost.unwrap_or_default().0);
        usage.cost = Some(Cost(cost));
    }
}

fn add(usage: &mut Usage, more: &Usage) {
    usage.input_tokens = usage.input_tokens.saturating_add(more.input_tokens);
    usage.output_tokens = usage.output_tokens.saturating_add(more.output_tokens);
    let cost = usage.cost.unwrap_or_default().0.saturating_add(more.cost.unwrap_or_default().0);
    usage.cost = Some(Cost(cost));
}

impl Router {
    /// Has it ask a model about pages that were handed over.
    pub fn with_triage(mut self, triage: Option<Arc<Triage>>) -> Self {
        self.triage = triage;
        self
    }

    /// How many are asked at once, and the queue of those that wait; none where no model is asked, or another task has it.
    pub(crate) fn triage_queue(&self) -> Option<(usize, mpsc::Receiver<IncidentKey>)> {
        let triage = self.triage.as_ref()?;
        let queue = triage.queue.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some((triage.asker.at_once, queue))
    }

    /// A page was handed over, and that is written down: its incident waits to be asked about. Returns at once.
    pub(super) fn was_handed_over(&self, decision: &Decision, round: &Round) {
        let Some(triage) = &self.triage else { return };
        let is_one = match decision.cause {
            Cause::Event | Cause::Timer | Cause::Completion => true,
            Cause::Command { .. } | Cause::Report | Cause::Triage => false,
        };
        let is_taken = |effect: &&Effect| {
            effect.kind == EffectKind::Page
                && matches!(round.outcome(&effect.id), Some(Came::Done { .. }))
                && self.tells(effect)
        };
        let pages = decision.effects.iter().filter(is_taken);
        let incidents: BTreeSet<_> = pages.map(|page| &page.notice.incident).collect();
        for incident in incidents.into_iter().filter(|_| is_one) {
            // Where there is no room the next look finds it, as long as it is news.
            if triage.waiting.try_send(incident.clone()).is_err() {
                self.metrics.triaged(TriageOutcome::QueueFull, None);
            }
        }
    }

    /// The incidents that were paged lately and that no model was asked about, at most 64 of them.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn not_triaged(&self, now: Timestamp) -> Result<Vec<IncidentKey>, store::Error> {
        let set = self.in_force();
        let (Some(settings), true) = (set.policy.triage.clone(), self.triage.is_some()) else {
            return Ok(Vec::new());
        };
        let budget = settings.budget;
        let look = move |found: &mut Vec<IncidentKey>, key: &str, record: &Record| {
            if let Record::Incident(record) = record
                && triaging::is_asked_about(record, &settings, now)
            {
                found.push(IncidentKey::new(key));
            }
        };
        let paged = self.store.fold_open(Key::INCIDENTS, Vec::new(), look).await?;
        let mut state = State::default();
        self.store.load(&[Key::TriageSpent], &mut state).await?;
        let spent = state.triage_spent().cloned().unwrap_or_default().on(set.policy.calendar.date(now));
        self.metrics.triage_left(spent.left(&budget));
        let mut found = Vec::new();
        // Those that were asked about are looked through until enough others are found, however many they are.
        for some in paged.chunks(FOUND) {
            let keys = |key: &IncidentKey| [Key::Incident(key.clone()), Key::Triage(key.clone())];
            self.store.load(&some.iter().flat_map(keys).collect::<Vec<_>>(), &mut state).await?;
            found.extend(some.iter().filter(|incident| is_new(incident, &state)).cloned());
            if found.len() >= FOUND {
                break;
            }
        }
        found.truncate(FOUND);
        Ok(found)
    }

    /// Asks about what was paged lately and was not asked about, one after the other; how many. For who has no task that
    /// asks.
    ///
    /// # Errors
    /// The store's.
    pub async fn triage_what_is_new(&self) -> Result<usize, store::Error> {
        if let Some(triage) = &self.triage
            && let Some(queue) = &mut *triage.queue.lock().unwrap_or_else(PoisonError::into_inner)
        {
            // All that waits there is found in the store, too.
            while queue.try_recv().is_ok() {}
        }
        let found = self.not_triaged(self.clock.now()).await?;
        for incident in &found {
            self.triage(incident).await;
        }
        Ok(found.len())
    }

    /// Asks about an incident, if it is to be asked about, and writes down what came of it. May be dropped at any await.
    pub(crate) async fn triage(&self, incident: &IncidentKey) {
        if let Err(error) = self.try_triage(incident).await {
            telemetry::not_triaged(&error.reason);
        }
    }

    async fn try_triage(&self, incident: &IncidentKey) -> Result<(), Nack> {
        let Some(triage) = &self.triage else { return Ok(()) };
        let set = self.in_force();
        let day = set.policy.calendar.date(self.clock.now());
        let nonce = Nonce(RandomState::new().build_hasher().finish());
        let next = |state: &State| {
            let beside = (nonce, &triage.beside(day));
            triaging::next(incident, &set.policy, state, beside, self.clock.now())
        };
        let (state, next) = self.read(next).await.map_err(failed)?;
        let (question, refused) = match next {
            Next::Nothing => return Ok(()),
            Next::Ask(question) => (*question, None),
            Next::Refuse(asked) => (asked.question.clone(), Some(*asked)),
        };
        let id = question.id();
        let Some(claim) = self.at_work.claim(&id) else { return Ok(()) };
        let within = triage.asker.timeout + AROUND;
        if !self.was_taken(state.incident(incident)).await
            || !self.store.claim(id.as_str(), self.clock.now(), within).await.map_err(failed)?
            || self.store.find(&id).await.map_err(failed)?.is_some()
        {
            return Ok(());
        }
        match refused {
            Some(asked) => {
                self.metrics.triaged(TriageOutcome::BudgetSpent, None);
                if triage.is_first_refusal(day) {
                    telemetry::triage_budget_is_spent();
                }
                self.write_down(&asked, "").await?;
            }
            None => {
                let prices = set.policy.triage.as_ref().and_then(|settings| settings.prices);
                let output = u64::from(question.most_answer_tokens);
                let most = Usage::of(question.prompt.most_tokens(), output, 0, prices);
                let room = triage.take(day, most);
                let (asked, answer) = self.asked(triage, question, (most, prices)).await;
                self.write_down(&asked, &answer).await?;
                room.give_back();
            }
        }
        // Whoever performs claims it again.
        drop(claim);
        self.resume(&id).await;
        Ok(())
    }

    /// Whether a channel took a page of it: before that no model is asked.
    async fn was_taken(&self, record: Option<&IncidentRecord>) -> bool {
        let Some(record) = record else { return false };
        for (event, page) in triaging::pages(record) {
            if let Ok(Some(entry)) = self.store.find(event).await
                && matches!(entry.outcomes.get(page), Some(Came::Done { .. }))
            {
                return true;
            }
        }
        false
    }

    /// Asks, and says what came of it; with the answer as it came. It uses so much at most, at these prices.
    async fn asked(
        &self,
        triage: &Triage,
        question: Question,
        (most, prices): (Usage, Option<Prices>),
    ) -> (Asked, String) {
        let began = Instant::now();
        let said = triage.asker.ask(&question.prompt, question.most_answer_tokens).await;
        let took = began.elapsed();
        let latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (outcome, tokens, answer) = match said {
            Ok(Said { text, stop, tokens }) => (outcome(&text, stop, &question), tokens, text),
            Err(NotSaid { why, reason }) => {
                // Nothing is known of what it used: the most that it may have.
                let none = Tokens { input: 0, output: 0 };
                let tokens = if why.may_have_cost() { None } else { Some(none) };
                ((Outcome::Failed(reason), why.into()), tokens, String::new())
            }
        };
        let (outcome, came) = outcome;
        let usage = match tokens {
            Some(Tokens { input, output }) => Usage::of(input, output, latency_ms, prices),
            None => Usage { latency_ms, ..most },
        };
        self.metrics.triaged(came, Some((&usage, took)));
        (Asked { question, usage, outcome }, answer)
    }

    /// In the journal, with the prompt and the answer whole.
    async fn write_down(&self, asked: &Asked, answer: &str) -> Result<(), Nack> {
        let prompt = &asked.question.prompt;
        let raw = json!({"system": prompt.system, "user": prompt.user(), "answer": answer}).to_string();
        let set = self.in_force();
        let decide = |state: &State| asked.decide(&set.policy, state, self.clock.now());
        let entry = self.commit_own(&asked.question.incident, &raw, decide).await?;
        if let (Some(Record::TriageSpent(spent)), Some(settings)) =
            (entry.decision.changes.get(&Key::TriageSpent), &set.policy.triage)
        {
            self.metrics.triage_left(SpentRecord::left(spent, &settings.budget));
        }
        Ok(())
    }
}

/// Whether no model was asked about it in this episode.
fn is_new(incident: &IncidentKey, state: &State) -> bool {
    let episode = state.incident(incident).map(|record| record.episode);
    let triage = state.triage(incident);
    episode.is_some_and(|episode| triage.is_none_or(|triage| !triage.has(episode)))
}

/// What is shown of an answer, and how it is counted.
fn outcome(text: &str, stop: Stop, question: &Question) -> (Outcome, TriageOutcome) {
    let refused = "the model, or what guards it, would not answer";
    match (stop, Answer::read(text, &question.prompt)) {
        (Stop::Refused, _) => (Outcome::Refused(refused.to_owned()), TriageOutcome::Refused),
        (Stop::AtItsEnd | Stop::Cut, Ok(answer)) => (Outcome::Answered(answer), TriageOutcome::Answered),
        (Stop::AtItsEnd | Stop::Cut, Err(_)) => (Outcome::Unreadable, TriageOutcome::Unreadable),
    }
}

impl From<WhyNot> for TriageOutcome {
    fn from(why: WhyNot) -> Self {
        match why {
            WhyNot::Throttled => TriageOutcome::Throttled,
            WhyNot::TimedOut => TriageOutcome::TimedOut,
            WhyNot::Denied => TriageOutcome::Denied,
            WhyNot::Invalid => TriageOutcome::Invalid,
            WhyNot::Unavailable => TriageOutcome::Unavailable,
        }
    }
}

fn failed(error: store::Error) -> Nack {
    Undecided::from(error).into()
}
