//! A channel: who may try it, when and in which order, and what is learned from its answers.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use tokio::time::{Instant, timeout_at};
use watchfire_core::action::Role;
use watchfire_core::canary::NAME;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::Fault;
use watchfire_core::priority::Priority;

use super::ChannelConfig;
use super::asked::Asked;
use super::canary::Canary;
use super::dispatch::Dispatch;
use super::health::{Health, Pass};
use super::kinds::Sink;
use super::pace::{Lessor, Pace};
use super::turns::{Rank, Turn, Turns};
use crate::clients::Clients;
use crate::failure::{Done, Failure, Tried};
use crate::retry::{self, Attempt};
use crate::secret::Secret;

/// How many urgent pages, and how many others, a channel is tried with at a time: one that hangs holds up
/// nobody elsewhere, and its routine pages none of its urgent ones.
const AT_ONCE: (usize, usize) = (64, 16);

/// What else there is for a page, which says how long it waits for a channel, and who comes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Somebody else is told if this channel does not take it in time: it leaves at the end of that time, and
    /// as soon as the channel is known to be down.
    HasFallback,
    /// Nobody else is told. It is tried at least once; an urgent one waits for a channel that is down.
    Alone,
    /// The same, for another channel that did not take it in time: our own pace does not hold it up.
    StandsIn,
    /// Somebody else has been told: it is tried once, if nobody else wants to be.
    Told,
}

/// A channel, ready to tell a human or to write back.
#[derive(Debug)]
pub struct Channel {
    kind: &'static str,
    sink: Sink,
    pace: Option<Pace>,
    /// None for what only writes down: it has a pace of its own, and nobody waits for it.
    gate: Option<Gate>,
}

#[derive(Debug)]
struct Gate {
    health: Health,
    urgent: Turns,
    routine: Turns,
}

/// The right to make one attempt.
struct Admitted<'g> {
    pass: Option<Pass<'g>>,
    _turn: Option<Turn>,
}

impl Channel {
    /// So many attempts are made at a time at most, each with a connection of its own.
    pub const MOST_AT_ONCE: usize = AT_ONCE.0 + AT_ONCE.1;

    /// Checks the configuration and resolves its secrets; sends nothing. Errors name the channel.
    pub async fn new(name: &ChannelName, config: ChannelConfig, clients: &Clients) -> anyhow::Result<Self> {
        let gate = (config.role() == Role::Notify).then(|| Gate {
            health: Health::new(name.clone()),
            urgent: Turns::new(AT_ONCE.0),
            routine: Turns::new(AT_ONCE.1),
        });
        let kind = config.kind();
        let sink = Sink::new(name, config, clients).await.with_context(|| format!("channel {name}"))?;
        let pace = sink.bound().map(|bound| Pace::new(name.clone(), bound));
        Ok(Self { kind, pace, sink, gate })
    }

    /// The channel that hears of canaries, and calls that address.
    pub(crate) fn canary(heartbeat: Option<Secret>, clients: &Clients) -> anyhow::Result<Self> {
        let sink = Sink::Canary(Canary::new(heartbeat, clients)?);
        Ok(Self { kind: NAME, sink, pace: None, gate: None })
    }

    /// The name of its kind in the configuration, or `canary`; for logs and metrics.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Its part in the safety order: whether a human hears of what it is given.
    pub fn role(&self) -> Role {
        self.sink.role()
    }

    /// Whether an alert there is ended by its key alone: the end of one that nobody knows does nothing.
    pub(crate) fn ends_by_key(&self) -> bool {
        matches!(self.sink, Sink::PagerDuty(_))
    }

    /// From now on its room is shared with all who use the same key.
    pub(crate) fn share(&self, lessor: &Lessor) {
        self.pace.iter().for_each(|pace| pace.share(lessor));
    }

    /// Which of its own templates cannot be used for that page: it is sent as ships.
    pub fn faults(&self, effect: &Effect) -> Vec<Fault> {
        self.sink.faults(effect)
    }

    /// Why it is known to take nothing; none while it does.
    pub fn down_because(&self) -> Option<String> {
        self.gate.as_ref().and_then(|gate| gate.health.down_because())
    }

    /// Something has changed that may have been why it took nothing: the next page tries it.
    pub(crate) fn look_again(&self) {
        self.gate.iter().for_each(|gate| gate.health.look_again());
    }

    /// Asks the other side whether it would take a page, without telling anyone; none where there is nobody to ask.
    pub async fn ask(&self) -> Option<Asked> {
        self.sink.ask().await.map(Asked::cleaned)
    }

    /// Tries until the channel takes the effect, refuses it for good, or `give_up_at`, with nobody to stand in.
    ///
    /// At least one attempt is made, with its full 15 s, unless the channel's pace has no room or it is down; no
    /// further one goes on past `give_up_at`. A transient failure carries the time before which another call
    /// is pointless.
    pub async fn perform(&self, effect: &Effect, give_up_at: Instant) -> Result<Done, Failure> {
        self.perform_after(effect, Vec::new(), give_up_at).await
    }

    /// The same, where the channel said that to what it was told before under the same dedup key.
    pub async fn perform_after(
        &self,
        effect: &Effect,
        receipts: Vec<String>,
        give_up_at: Instant,
    ) -> Result<Done, Failure> {
        let dispatch = Dispatch::alone(effect).after(receipts);
        self.try_as(Standing::Alone, &dispatch, give_up_at).await.result
    }

    /// Whether it has to know what it said before under the same dedup key.
    pub(crate) fn goes_on(&self) -> bool {
        self.sink.goes_on()
    }

    /// The same for a page of that standing: the one place where attempts are admitted, limited in time and
    /// repeated.
    pub(crate) async fn try_as(
        &self,
        standing: Standing,
        dispatch: &Dispatch<'_>,
        give_up_at: Instant,
    ) -> Tried {
        let was_asked = AtomicBool::new(false);
        let result = self.attempts(standing, dispatch, give_up_at, &was_asked).await;
        Tried { was_asked: was_asked.into_inner(), result }
    }

    async fn attempts(
        &self,
        standing: Standing,
        dispatch: &Dispatch<'_>,
        give_up_at: Instant,
        was_asked: &AtomicBool,
    ) -> Result<Done, Failure> {
        let attempts = retry::repeat(give_up_at, |attempt: Attempt| async move {
            let admitted = self.admit(standing, dispatch.effect.notice.priority, attempt, give_up_at).await?;
            was_asked.store(true, Ordering::Relaxed);
            let sending = self.sink.perform(dispatch);
            let outcome = match standing {
                Standing::HasFallback => attempt.make_by(give_up_at, sending).await,
                Standing::Alone | Standing::StandsIn | Standing::Told => attempt.make(sending).await,
            };
            admitted.pass.into_iter().for_each(|pass| pass.learn(&outcome));
            Ok(outcome)
        });
        let outcome = match (standing, &self.gate) {
            (Standing::HasFallback, Some(gate)) => tokio::select! {
                biased;
                failure = gate.health.lost() => Err(failure),
                outcome = attempts => outcome,
            },
            _ => attempts.await,
        };
        outcome.map(Done::fit).map_err(Failure::fit)
    }

    async fn admit(
        &self,
        standing: Standing,
        priority: Priority,
        attempt: Attempt,
        give_up_at: Instant,
    ) -> Result<Admitted<'_>, Failure> {
        let rank = Rank { is_tried: attempt.before > 0, priority };
        let Some(gate) = &self.gate else {
            self.keep_pace(standing, rank, give_up_at).await?;
            return Ok(Admitted { pass: None, _turn: None });
        };
        // Whoever has somewhere else to go does not wait for a channel that is down.
        let is_patient = priority.is_urgent() && standing == Standing::Alone;
        if !is_patient {
            gate.health.look()?;
        }
        let turns = if priority.is_urgent() { &gate.urgent } else { &gate.routine };
        let turn = timeout_at(give_up_at, turns.take(rank)).await.map_err(|_| Failure::Transient {
            reason: "others are being sent, and take their time".to_owned(),
            retry_after: None,
        })?;
        self.keep_pace(standing, rank, give_up_at).await?;
        let pass = gate.health.enter(is_patient, give_up_at).await?;
        Ok(Admitted { pass: Some(pass), _turn: Some(turn) })
    }

    async fn keep_pace(&self, standing: Standing, rank: Rank, give_up_at: Instant) -> Result<(), Failure> {
        match (&self.pace, standing) {
            (None, _) => Ok(()),
            (Some(pace), Standing::StandsIn) => {
                pace.pass().await;
                Ok(())
            }
            (Some(pace), Standing::HasFallback | Standing::Alone | Standing::Told) => {
                pace.admit(rank, give_up_at).await
            }
        }
    }
}
