//! Whether the API server answers: asked in the background, so that no event has to find out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::telemetry;

/// How often it is asked while it answers.
const CALM: Duration = Duration::from_secs(15);
/// How often while it does not.
const ANXIOUS: Duration = Duration::from_secs(1);

/// What is known about the API server's state.
#[derive(Debug)]
pub(super) struct Pulse {
    clock: Clock,
    state: Mutex<State>,
    woken: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// When it last answered anything.
    answered_at: Option<Timestamp>,
    /// Since when it does not answer.
    silent_since: Option<Timestamp>,
}

impl Pulse {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::default(), woken: Notify::new() }
    }

    /// It answered, whatever it said.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        state.answered_at = Some(self.clock.now());
        if let Some(since) = state.silent_since.take() {
            telemetry::api_server_answers(since);
        }
    }

    /// A watch that began earlier goes on: it is alive, whether it answers calls or not.
    pub(super) fn seen(&self) {
        self.state().answered_at = Some(self.clock.now());
    }

    /// It did not answer: from now on nothing is asked of it, until it answers again.
    pub(super) fn silent(&self, reason: &str) {
        let mut state = self.state();
        if state.silent_since.is_none() {
            state.silent_since = Some(self.clock.now());
            telemetry::api_server_silent(reason);
            self.woken.notify_one();
        }
    }

    pub(super) fn silent_since(&self) -> Option<Timestamp> {
        self.state().silent_since
    }

    pub(super) fn answered_at(&self) -> Option<Timestamp> {
        self.state().answered_at
    }

    /// Asks for ever, every 15 s, and every second while there is no answer.
    pub(super) async fn keep(self: Arc<Self>, client: Client, within: Duration) {
        loop {
            self.ask(&client, within).await;
            let pause = if self.silent_since().is_some() { ANXIOUS } else { CALM };
            // Woken: a call found it silent, and the next answer is worth knowing soon.
            let _ = timeout(pause, self.woken.notified()).await;
        }
    }

    async fn ask(&self, client: &Client, within: Duration) {
        match timeout(within, client.apiserver_version()).await {
            // Refused is answered, too.
            Ok(Ok(_) | Err(kube::Error::Api(_))) => self.answered(),
            Ok(Err(error)) => self.silent(&crate::clients::chain(&error)),
            Err(_) => self.silent(&format!("no answer within {within:?}")),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
