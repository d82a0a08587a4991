//! Whether a channel takes anything: known from its answers, and found out by one page at a time once it does not.
//!
//! ```text
//! up --five failures in a row, or asked to wait for over a minute--> down --a page is taken--> up
//! down: nobody tries until the next probe is due; then one page does. 1, 5, 15, 30, 30 … s, or as the channel
//! asks, at most 5 minutes.
//! ```

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use watchfire_core::ids::ChannelName;

use crate::failure::{Done, Failure, NotTaken};
use crate::retry::Delays;
use crate::telemetry;

/// So many failures without a success in between, and a channel is known to be dead.
const DEATH: usize = 5;
/// Who is asked to stay away for longer is asked by a channel that is down.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// However long a channel asks to be left alone, it is probed after that time.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// Those who are turned away come back one after the other, so far apart.
const APART: Duration = Duration::from_millis(250);

/// What is known of a channel.
#[derive(Debug)]
pub(super) struct Health {
    channel: ChannelName,
    state: watch::Sender<State>,
}

#[derive(Clone, Debug)]
enum State {
    Up { failures: usize, not_before: Option<Instant> },
    Down(Down),
}

#[derive(Clone, Debug)]
struct Down {
    since: Instant,
    because: String,
    delays: Delays,
    probe_at: Instant,
    is_probing: bool,
    /// When the last of those who were turned away comes back.
    promised: Instant,
}

/// The right to try once. Dropped without a word of what came of it, it lets another try.
#[derive(Debug)]
pub(super) struct Pass<'h> {
    health: &'h Health,
    is_probe: bool,
}

/// What somebody who wants to try has to do.
enum Next {
    Try { is_probe: bool },
    WaitUntil(Instant),
    WaitForProbe,
}

impl Health {
    pub(super) fn new(channel: ChannelName) -> Self {
        Self { channel, state: watch::Sender::new(State::UP) }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(*self.state.borrow(), State::Up { .. })
    }

    /// Why it takes nothing; none while it does.
    pub(super) fn down_because(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Up { .. } => None,
            State::Down(down) => Some(down.because.clone()),
        }
    }

    /// Whoever comes next probes it, if it is down.
    pub(super) fn look_again(&self) {
        self.state.send_if_modified(|state| match state {
            State::Up { .. } => false,
            State::Down(down) => {
                down.probe_at = Instant::now();
                true
            }
        });
    }

    /// Returns when it is down, at once if it is; with when to come back.
    pub(super) async fn lost(&self) -> Failure {
        let mut state = self.state.subscribe();
        // The sender is this very value.
        let _ = state.wait_for(|state| matches!(state, State::Down(_))).await;
        self.turn_away()
    }

    /// Who is not to wait for a channel that is down leaves at once, unless it is the one to probe it.
    pub(super) fn look(&self) -> Result<(), Failure> {
        let is_open = match &*self.state.borrow() {
            State::Up { .. } => true,
            State::Down(down) => !down.is_probing && down.probe_at <= Instant::now(),
        };
        if is_open { Ok(()) } else { Err(self.turn_away()) }
    }

    /// The right to try, waited for until then by those who wait.
    pub(super) async fn enter(&self, waits: bool, until: Instant) -> Result<Pass<'_>, Failure> {
        let mut changes = self.state.subscribe();
        loop {
            changes.mark_unchanged();
            let next = self.state.borrow().next(Instant::now());
            let next = if let Next::Try { is_probe: true } = next { self.begin_probe() } else { next };
            let wait_until = match next {
                Next::Try { is_probe } => return Ok(Pass { health: self, is_probe }),
                Next::WaitUntil(at) if at >= until => return Err(self.turn_away()),
                Next::WaitUntil(_) | Next::WaitForProbe if !waits && !self.is_up() => {
                    return Err(self.turn_away());
                }
                Next::WaitUntil(at) => at,
                Next::WaitForProbe => until,
            };
            if timeout_at(wait_until, changes.changed()).await.is_err() && wait_until >= until {
                return Err(self.turn_away());
            }
        }
    }

    /// One of those who would.
    fn begin_probe(&self) -> Next {
        let mut next = Next::WaitForProbe;
        self.state.send_if_modified(|state| {
            next = state.next(Instant::now());
            if let (State::Down(down), Next::Try { is_probe: true }) = (state, &next) {
                down.is_probing = true;
            }
            false
        });
        next
    }

    /// When to come back, one after the other.
    fn turn_away(&self) -> Failure {
        let now = Instant::now();
        let mut failure = (String::new(), Duration::ZERO);
        self.state.send_if_modified(|state| {
            failure = match state {
                State::Up { failures: _, not_before } => {
                    let wait = not_before.map_or(APART, |at| at.saturating_duration_since(now));
                    (format!("{} asked to be left alone for a while", self.channel), wait)
                }
                State::Down(down) => (
                    format!("{} is down: {}", self.channel, down.because),
                    down.promise(now).saturating_duration_since(now),
                ),
            };
            false
        });
        let (reason, wait) = failure;
        Failure::Transient { reason, retry_after: Some(wait) }
    }
}

impl State {
    const UP: State = State::Up { failures: 0, not_before: None };

    fn next(&self, now: Instant) -> Next {
        match self {
            State::Up { failures: _, not_before: Some(at) } if *at > now => Next::WaitUntil(*at),
            State::Up { .. } => Next::Try { is_probe: false },
            State::Down(down) if down.is_probing => Next::WaitForProbe,
            State::Down(down) if down.probe_at > now => Next::WaitUntil(down.probe_at),
            State::Down(_) => Next::Try { is_probe: true },
        }
    }
}

impl Down {
    fn new(because: String, rest: Option<Duration>) -> Self {
        let now = Instant::now();
        let mut delays = Delays::default();
        let probe_at = now + next_probe(&mut delays, rest);
        Self { since: now, because, delays, probe_at, is_probing: false, promised: probe_at }
    }

    fn promise(&mut self, now: Instant) -> Instant {
        let turn = self.promised.max(self.probe_at).max(now).min(now + LONGEST_REST);
        self.promised = turn + APART;
        turn
    }
}

fn next_probe(delays: &mut Delays, rest: Option<Duration>) -> Duration {
    delays.next().max(rest.unwrap_or_default().min(LONGEST_REST))
}

impl Pass<'_> {
    /// Says what came of the attempt.
    pub(super) fn learn(mut self, outcome: &Result<Done, NotTaken>) {
        let is_probe = std::mem::take(&mut self.is_probe);
        let channel = &self.health.channel;
        self.health.state.send_modify(|state| match outcome {
            // A refusal is an answer, too.
            Ok(_) | Err(NotTaken::ForGood { .. }) => state.rise(channel, 0, None),
            Err(NotTaken::Busy { reason, retry_after }) => match *retry_after {
                Some(rest) if rest > LONGEST_PAUSE => state.fall(channel, reason, Some(rest), is_probe),
                rest => state.rise(channel, state.failures(), rest),
            },
            Err(NotTaken::ForNow { reason, retry_after }) => {
                state.fail(channel, reason, *retry_after, is_probe);
            }
            // Nobody had the time to answer.
            Err(NotTaken::CutShort { .. }) => state.end_probe(is_probe),
        });
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.health.state.send_modify(|state| state.end_probe(true));
        }
    }
}

impl State {
    fn failures(&self) -> usize {
        match self {
            State::Up { failures, not_before: _ } => *failures,
            State::Down(_) => 0,
        }
    }

    fn rise(&mut self, channel: &ChannelName, failures: usize, rest: Option<Duration>) {
        let asked = match self {
            State::Up { failures: _, not_before } => *not_before,
            State::Down(down) => {
                telemetry::channel_up(channel, down.since.elapsed());
                None
            }
        };
        // Nobody takes back what another was asked for: what is past does no harm.
        let not_before = asked.max(rest.map(|rest| Instant::now() + rest));
        *self = State::Up { failures, not_before };
    }

    fn fail(&mut self, channel: &ChannelName, reason: &str, rest: Option<Duration>, is_probe: bool) {
        let is_short = rest.is_none_or(|rest| rest <= LONGEST_PAUSE);
        match self {
            State::Up { failures, .. } if *failures + 1 < DEATH && is_short => {
                let failures = *failures + 1;
                self.rise(channel, failures, rest);
            }
            State::Up { .. } | State::Down(_) => self.fall(channel, reason, rest, is_probe),
        }
    }

    fn fall(&mut self, channel: &ChannelName, reason: &str, rest: Option<Duration>, is_probe: bool) {
        match self {
            State::Up { .. } => {
                telemetry::channel_down(channel, reason);
                *self = State::Down(Down::new(reason.to_owned(), rest));
            }
            State::Down(down) if is_probe => {
                down.is_probing = false;
                reason.clone_into(&mut down.because);
                down.probe_at = Instant::now() + next_probe(&mut down.delays, rest);
            }
            // It was on its way when that became known.
            State::Down(_) => {}
        }
    }

    fn end_probe(&mut self, is_probe: bool) {
        if let (State::Down(down), true) = (self, is_probe) {
            down.is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests;
