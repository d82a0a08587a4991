//! Telling people: each page by its channel, and by the fallback where that does not take it in time.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::SignedDuration;
use tokio::time::Instant;
use watchfire_core::action::Role;
use watchfire_core::decision::{Decision, Effect, When};
use watchfire_core::ids::{EffectId, EventId};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::notice::{Fact, Group, Notice};
use watchfire_core::text::clean;
use watchfire_core::verdict::Why;

use super::super::round::{Attempt, Round, retry_after};
use crate::channel::{Dispatch, Standing};
use crate::failure::{Done, Failure, Nack, Tried};
use crate::router::Router;
use crate::telemetry::{self, Step, of_page};

/// At least this long is given to any attempt, however late it is.
const ONE_ATTEMPT: Duration = Duration::from_secs(10);
/// So long a fallback is tried before the message waits on its queue.
const STANDING_IN: Duration = Duration::from_secs(60);
/// A page that is not urgent holds its task no longer than this; then its message waits on the queue.
const ROUTINE: Duration = Duration::from_secs(12);
/// What the fallback took is offered to its own channel again after a quarter of its age, at least and at most.
const OWED_AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));
/// Of a reason, so much is said in a page.
const REASON_LENGTH: usize = 300;

/// Whether the effect's condition holds.
enum Condition {
    Holds,
    NotNeeded,
    Wait,
}

/// What became of a page that is to be resolved.
enum Page {
    Done,
    NotDone,
    Pending,
}

/// What is left to be done about a page.
enum Line<'e> {
    /// It has no fallback, or none that is pending.
    Alone { page: &'e Effect, standing: Standing },
    /// It has until its time is over, or its channel is known to be down.
    WithFallback { page: &'e Effect, fallback: &'e Effect },
    /// Its own channel has settled it.
    Fallback { fallback: &'e Effect, is_called_on: bool },
}

/// What has come of a line, effect by effect.
type Told<'e> = Vec<(&'e Effect, Attempt)>;

impl Router {
    /// Whether anyone hears of it. What has no channel any more was for somebody.
    pub(in crate::router) fn tells(&self, effect: &Effect) -> bool {
        self.channel(&effect.channel).is_none_or(|channel| channel.role() == Role::Notify)
    }

    /// Tells people, and records what became of it: what is not done is in the round.
    pub(super) async fn tell(&self, entry: &Entry) -> Result<Round, Nack> {
        let mut settled = entry.outcomes.clone();
        // That something was written down is no sign that anyone was told.
        for note in entry.decision.effects.iter().filter(|effect| !self.tells(effect)) {
            settled.remove(&note.id);
        }
        let decision = &entry.decision;
        let mut round = Round::after(settled);
        let tells = |effect: &Effect| self.tells(effect) && !ends_its_own(decision, effect);
        let lines = lines(decision, &round, tells);
        let mut telling: FuturesUnordered<_> =
            lines.iter().map(|line| self.tell_line(decision, line)).collect();
        while let Some(told) = telling.next().await {
            told.into_iter().for_each(|(effect, result)| round.add(&effect.id, result));
            if !telling.is_empty() && round.is_told() {
                // What is done already is not to be done again if the others are cut short.
                self.record(decision, &mut round).await?;
            }
        }
        self.tell_ends(decision, &mut round).await?;
        // Whoever asked for a drill sees by its answer that nobody took it.
        if let Some(reason) = round.told_nobody(decision).filter(|_| decision.why != Why::Drill) {
            // First, so that a crash in between repeats the warning rather than loses it.
            self.warn_of_refusal(decision, &reason).await?;
        }
        self.record(decision, &mut round).await?;
        self.was_handed_over(decision, &round);
        Ok(round)
    }

    /// Ends the decision's own pages, once what became of them is written down.
    async fn tell_ends(&self, decision: &Decision, round: &mut Round) -> Result<(), Nack> {
        let lines = lines(decision, round, |effect| self.tells(effect) && ends_its_own(decision, effect));
        if lines.is_empty() {
            return Ok(());
        }
        self.record(decision, round).await?;
        for told in join_all(lines.iter().map(|line| self.tell_line(decision, line))).await {
            told.into_iter().for_each(|(effect, result)| round.add(&effect.id, result));
        }
        Ok(())
    }

    /// Performs the pages of a decision that could not be recorded; if no channel takes one, its message brings it back.
    pub(in crate::router) async fn perform_unrecorded(&self, decision: &Decision) -> Round {
        let mut round = Round::after(Default::default());
        let lines = lines(decision, &round, |effect| self.tells(effect));
        for told in join_all(lines.iter().map(|line| self.tell_line(decision, line))).await {
            told.into_iter().for_each(|(effect, result)| round.add(&effect.id, result));
        }
        round
    }

    async fn tell_line<'e>(&self, decision: &Decision, line: &Line<'e>) -> Told<'e> {
        match *line {
            Line::Alone { page, standing } => {
                let give_up_at = match standing {
                    Standing::Told => Instant::now(),
                    Standing::Alone | Standing::HasFallback | Standing::StandsIn => self.give_up_at(decision),
                };
                let result = self.try_page(decision, page, standing, give_up_at).await;
                let result = match (result, standing) {
                    (Attempt::Pending(failure), Standing::Told) => self.owed(decision, page, &failure),
                    (result, _) => result,
                };
                vec![(page, result)]
            }
            Line::WithFallback { page, fallback } => self.tell_by_either(decision, page, fallback).await,
            Line::Fallback { fallback, is_called_on: false } => vec![(fallback, self.not_needed())],
            Line::Fallback { fallback, is_called_on: true } => {
                vec![(fallback, self.stand_in(decision, fallback, "refused it", "").await)]
            }
        }
    }

    /// By its own channel, if that takes it in time, else by the fallback; at last by whichever takes it.
    async fn tell_by_either<'e>(
        &self,
        decision: &Decision,
        page: &'e Effect,
        fallback: &'e Effect,
    ) -> Told<'e> {
        let left = self.time_left(decision);
        let first = match left {
            Duration::ZERO => None,
            left => {
                let give_up_at = Instant::now() + left;
                Some(self.try_page(decision, page, Standing::HasFallback, give_up_at).await)
            }
        };
        let (said, reason) = match &first {
            Some(Attempt::Ended(Outcome::Done { .. } | Outcome::NotNeeded { .. })) => {
                return first
                    .into_iter()
                    .map(|first| (page, first))
                    .chain([(fallback, self.not_needed())])
                    .collect();
            }
            Some(Attempt::Ended(Outcome::Failed { reason, .. })) => ("refused it", reason.clone()),
            Some(Attempt::Ended(Outcome::Acted { .. })) => ("did not take it", String::new()),
            Some(Attempt::Pending(failure)) if self.is_down(page) => ("takes nothing", failure.to_string()),
            Some(Attempt::Pending(failure)) => ("did not take it in time", failure.to_string()),
            Some(Attempt::Later(_)) | None => ("did not take it in time", String::new()),
        };
        let second = self.stand_in(decision, fallback, said, &reason).await;
        let first = match (first, &second) {
            (Some(Attempt::Pending(failure)), Attempt::Ended(Outcome::Done { .. })) => {
                self.owed(decision, page, &failure)
            }
            (None, Attempt::Ended(Outcome::Done { .. })) => Attempt::Later(self.after(OWED_AGAIN.0)),
            // It was not tried, or was left as soon as it was known to be down: that may be over.
            (None | Some(Attempt::Pending(_)), _) => {
                let give_up_at = Instant::now() + ONE_ATTEMPT;
                self.try_page(decision, page, Standing::Alone, give_up_at).await
            }
            (Some(first), _) => first,
        };
        vec![(page, first), (fallback, second)]
    }

    async fn try_page(
        &self,
        decision: &Decision,
        effect: &Effect,
        standing: Standing,
        give_up_at: Instant,
    ) -> Attempt {
        match self.condition(&effect.when).await {
            Condition::Holds => self.attempt(decision, effect, standing, give_up_at).await,
            Condition::NotNeeded => self.not_needed(),
            Condition::Wait => Attempt::Pending(Failure::Transient {
                reason: "the page it resolves is still pending".to_owned(),
                retry_after: None,
            }),
        }
    }

    /// The fallback takes a page that its own channel did not; it says so.
    async fn stand_in(&self, decision: &Decision, fallback: &Effect, said: &str, reason: &str) -> Attempt {
        telemetry::fell_back(decision, fallback);
        self.metrics.fell_back(&fallback.channel);
        let primary = decision.effects.iter().find(|effect| Some(&effect.id) == primary_of(fallback));
        let primary = primary.map_or("another channel", |primary| primary.channel.as_str());
        let notice = by_fallback(&fallback.notice, &format!("{primary} {said}"), reason);
        let fallback = Effect { notice, ..fallback.clone() };
        self.attempt(decision, &fallback, Standing::StandsIn, Instant::now() + STANDING_IN).await
    }

    /// A single attempt at what is written down elsewhere.
    pub(super) async fn try_note(&self, decision: &Decision, note: &Effect) -> Attempt {
        self.try_page(decision, note, Standing::Alone, Instant::now()).await
    }

    async fn attempt(
        &self,
        decision: &Decision,
        effect: &Effect,
        standing: Standing,
        give_up_at: Instant,
    ) -> Attempt {
        let Some(channel) = self.channel(&effect.channel) else {
            // Whoever took it out of the configuration can put it back while the message waits.
            let reason = format!("there is no channel `{}` in the configuration any more", effect.channel);
            return Attempt::Pending(Failure::Transient { reason, retry_after: None });
        };
        for fault in channel.faults(effect) {
            telemetry::template_failed(decision, &effect.channel, &fault);
            self.metrics.template_failed(&effect.channel, fault.part);
        }
        let receipts = if channel.goes_on() { self.said_before(decision, effect).await } else { Vec::new() };
        let dispatch = Dispatch::of(&decision.event, effect).after(receipts);
        let told = |tried: &Tried| of_page(effect, channel.kind(), tried);
        let tried = self.traces.step(Step::Page, channel.try_as(standing, &dispatch, give_up_at), told).await;
        let at = self.clock.now();
        self.metrics.performed(effect, &tried);
        let Tried { was_asked: _, result } = tried;
        self.metrics.channel_is_up(&effect.channel, channel.down_because().is_none());
        if let (Why::Canary, Some(sent)) = (decision.why, effect.notice.at) {
            self.metrics.canary_arrived(sent, at);
        }
        if result.is_ok() && self.tells(effect) {
            self.metrics.told(decision, at);
        }
        match result {
            Ok(Done { receipt }) => Attempt::Ended(Outcome::Done { at, receipt }),
            Err(Failure::Permanent { reason }) => {
                telemetry::refused(decision, effect, &reason);
                Attempt::Ended(Outcome::Failed { at, reason })
            }
            Err(failure @ Failure::Transient { .. }) => Attempt::Pending(failure),
        }
    }

    /// A channel that is down says itself who comes back when; one that takes others and not this is asked less
    /// and less often.
    fn owed(&self, decision: &Decision, page: &Effect, failure: &Failure) -> Attempt {
        let asked = retry_after(failure).unwrap_or_default();
        if self.is_down(page) {
            return Attempt::Later(self.after(asked));
        }
        let age = Duration::try_from(self.clock.now().duration_since(decision.at)).unwrap_or_default();
        let (least, most) = OWED_AGAIN;
        Attempt::Later(self.after(asked.max((age / 4).clamp(least, most))))
    }

    fn is_down(&self, effect: &Effect) -> bool {
        self.channel(&effect.channel).is_some_and(|channel| channel.down_because().is_some())
    }

    fn not_needed(&self) -> Attempt {
        Attempt::Ended(Outcome::NotNeeded { at: self.clock.now() })
    }

    /// An urgent page is tried for as long as one with a fallback would be, any other for one short round.
    fn give_up_at(&self, decision: &Decision) -> Instant {
        let time = match (decision.priority.is_urgent(), self.time_left(decision)) {
            (false, _) => ROUTINE,
            (true, Duration::ZERO) => ONE_ATTEMPT,
            (true, left) => left,
        };
        Instant::now() + time
    }

    /// How long the first channel of an urgent page still has. A decision from the future was made now.
    fn time_left(&self, decision: &Decision) -> Duration {
        let whole = SignedDuration::from_secs(self.in_force().policy.fallback_after_seconds.into());
        let passed = self.clock.now().duration_since(decision.at).max(SignedDuration::ZERO);
        Duration::try_from(whole - passed).unwrap_or_default()
    }

    async fn condition(&self, when: &When) -> Condition {
        let When::IfDone(pages) = when else { return Condition::Holds };
        let mut is_done = false;
        for (event, effect) in pages {
            match self.outcome(event, effect).await {
                Page::Done => is_done = true,
                Page::NotDone => {}
                // Sent before a page that is still on its way, it would leave that page's alert open.
                Page::Pending => return Condition::Wait,
            }
        }
        if is_done { Condition::Holds } else { Condition::NotNeeded }
    }

    async fn outcome(&self, event: &EventId, effect: &EffectId) -> Page {
        match self.store.find(event).await {
            // Pruned: to resolve once too often does no harm.
            Ok(None) => Page::Done,
            Ok(Some(entry)) => match entry.outcomes.get(effect) {
                Some(Outcome::Done { .. }) => Page::Done,
                Some(Outcome::Failed { .. } | Outcome::NotNeeded { .. } | Outcome::Acted { .. }) => {
                    Page::NotDone
                }
                None => Page::Pending,
            },
            Err(_) => Page::Pending,
        }
    }
}

/// What is left to be done about those effects of a decision.
fn lines<'e>(decision: &'e Decision, round: &Round, tells: impl Fn(&Effect) -> bool) -> Vec<Line<'e>> {
    let tells = decision.effects.iter().filter(|effect| tells(effect));
    let (fallbacks, pages): (Vec<_>, Vec<_>) = tells.partition(|effect| primary_of(effect).is_some());
    let line = |page: &'e Effect| {
        let fallback = fallbacks.iter().copied().find(|other| primary_of(other) == Some(&page.id));
        let said = fallback.map(|fallback| round.outcome(&fallback.id));
        match (round.outcome(&page.id), fallback, said) {
            (None, Some(fallback), Some(None)) => Some(Line::WithFallback { page, fallback }),
            (None, Some(_), Some(Some(Outcome::Done { .. }))) => {
                Some(Line::Alone { page, standing: Standing::Told })
            }
            (None, _, _) => Some(Line::Alone { page, standing: Standing::Alone }),
            (Some(outcome), Some(fallback), Some(None)) => {
                let is_called_on = match outcome {
                    Outcome::Done { .. } | Outcome::NotNeeded { .. } => false,
                    Outcome::Failed { .. } | Outcome::Acted { .. } => true,
                };
                Some(Line::Fallback { fallback, is_called_on })
            }
            (Some(_), _, _) => None,
        }
    };
    pages.into_iter().filter_map(line).collect()
}

/// Whether it ends a page of the same decision.
fn ends_its_own(decision: &Decision, effect: &Effect) -> bool {
    matches!(&effect.when, When::IfDone(pages) if pages.iter().any(|(event, _)| *event == decision.event))
}

/// The page that a fallback stands in for.
fn primary_of(effect: &Effect) -> Option<&EffectId> {
    match &effect.when {
        When::Unless { effect: primary, within_seconds: _ } => Some(primary),
        When::Now | When::IfDone(_) => None,
    }
}

/// A page that says why it comes this way. What another channel answered may name what a minimal payload must
/// not: it stands among the facts.
fn by_fallback(notice: &Notice, because: &str, reason: &str) -> Notice {
    let mut notice = notice.clone();
    notice.why = format!("{}; by the fallback, because {because}", notice.why);
    if !reason.is_empty() {
        let value = clean(&format!("{because}: {reason}"), REASON_LENGTH);
        notice.facts.push(Fact::new(Group::Seen, "By the fallback", value));
    }
    notice
}
