//! The router behind a Lambda: each invocation is told apart by its shape and answered before its deadline.

mod batch;
mod deadline;
mod hints;
mod invocation;
mod requests;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use watchfire::app::Called;
use watchfire::rotation::Rotation;
use watchfire::router::Router;
use watchfire::source::Canaries;
use watchfire::telemetry::{self, Brought, Emf, Metrics, Traces};

use batch::Batch;
pub use deadline::Deadline;
use hints::Hints;
pub use invocation::Invocation;
pub use requests::Operators;
use requests::Requests;

/// Everything that an invocation needs, whichever it is.
pub struct Lambda {
    router: Arc<Router>,
    keep: SignedDuration,
    hints: Hints,
    canaries: Option<Canaries>,
    requests: Requests,
    metrics: Arc<Metrics>,
    emf: Emf,
    traces: Traces,
    rotation: Arc<Rotation>,
}

/// So long spans are waited for at most: a collector is on this machine, or takes them the next time.
const TOLD_WITHIN: Duration = Duration::from_millis(500);

/// Why an invocation failed; whoever called brings it again, if it is of the kind that does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failed(String);

impl Lambda {
    /// Has secrets that are rotated fetched again, beside whatever is answered, for as long as this is polled.
    pub async fn keep_looking(&self) {
        self.rotation.clone().keep_looking().await;
    }

    /// Behind it stands what the worker and the Lambda have in common.
    pub fn new(called: Called, operators: Operators) -> Self {
        let Called { router, routes, clients, queues, canaries, keep, .. } = called;
        let Called { metrics, emf, traces, rotation, .. } = called;
        let (hints, requests) = (Hints::new(queues, clients), Requests::new(routes, operators));
        Self { router, keep, hints, canaries, requests, metrics, emf, traces, rotation }
    }

    /// Tells the collector what was done, as far as there is time, and returns the line for CloudWatch: what was counted since
    /// the last one.
    pub async fn told(&self, deadline: Deadline) -> Option<String> {
        let left = deadline.tell_by.saturating_duration_since(Instant::now());
        self.traces.flush(left.min(TOLD_WITHIN)).await;
        self.emf.line(&self.metrics, Timestamp::now())
    }

    /// Answers one invocation, whose text is `payload`; `trace` is what Lambda says of it as `X-Amzn-Trace-Id`.
    ///
    /// # Errors
    /// [`Failed`] where nobody but the caller can bring it again: a tick, or an event that came without a queue. A batch
    /// names its failures, and a request is answered with its status.
    pub async fn answer(
        &self,
        payload: &str,
        trace: Option<&str>,
        deadline: Deadline,
    ) -> Result<Value, Failed> {
        self.rotation.look_if_old(Timestamp::now());
        match Invocation::of(payload) {
            Invocation::Batch(batch) => Ok(self.batch(batch, deadline).await),
            Invocation::Tick => self.tick(deadline).await,
            Invocation::Events(texts) => self.events(texts, trace, deadline).await,
            Invocation::Request(request) => Ok(self.request(*request, deadline).await),
        }
    }

    async fn batch(&self, records: aws_lambda_events::sqs::SqsEvent, deadline: Deadline) -> Value {
        let batch = Batch { router: &self.router, hints: &self.hints, metrics: &self.metrics, deadline };
        let done = batch.handle(records.records).await;
        let next = match done.was_hinted {
            true => self.wake(deadline).await,
            false => done.next_wake,
        };
        self.hints.send(next, Timestamp::now()).await;
        if self.router.misses_its_store() {
            self.look_after_store(deadline).await;
        }
        serde_json::to_value(done.response).expect("ids can be written")
    }

    /// Does what is due now, and says when the next is.
    async fn wake(&self, deadline: Deadline) -> Option<Timestamp> {
        // What is cut off is still due, and the next tick goes on with it.
        let woken = timeout_at(deadline.answer_by, self.router.wake(Timestamp::now())).await;
        if let Ok(Err(error)) = woken {
            telemetry::tick_failed(&error);
        }
        self.next_wake().await
    }

    async fn next_wake(&self) -> Option<Timestamp> {
        if !self.hints.are_sent() {
            return None;
        }
        match self.router.next_wake(Timestamp::now() + hints::WITHIN).await {
            Ok(next) => next,
            Err(error) => {
                telemetry::not_hinted(&error.to_string());
                None
            }
        }
    }

    /// What is cut off is done with the next tick.
    async fn look_after_store(&self, deadline: Deadline) {
        let _ = timeout_at(deadline.answer_by, self.router.look_after_store()).await;
    }

    async fn tick(&self, deadline: Deadline) -> Result<Value, Failed> {
        let now = Timestamp::now();
        let tick = timeout_at(deadline.answer_by, self.router.tick(now, self.keep));
        // Beside each other: a channel that is down, and is to hear that the store is back, holds up nothing.
        let (ticked, ()) = tokio::join!(tick, self.look_after_store(deadline));
        let ticked = match ticked {
            Ok(ticked) => ticked.map_err(|error| Failed(format!("the tick failed: {error}")))?,
            Err(_) => return Err(Failed("the tick was cut off by its deadline".to_owned())),
        };
        if let Some(Err(error)) = self.canary().await {
            telemetry::canary_not_sent(&error);
        }
        let next = self.next_wake().await;
        self.hints.send(next, Timestamp::now()).await;
        // Last, because nobody waits for it; what is cut off the next tick finds.
        if let Ok(Err(error)) = timeout_at(deadline.answer_by, self.router.triage_what_is_new()).await {
            telemetry::tick_failed(&error);
        }
        Ok(json!({"woken": ticked.woken, "resumed": ticked.resumed, "pruned": ticked.pruned}))
    }

    async fn canary(&self) -> Option<anyhow::Result<bool>> {
        Some(self.canaries.as_ref()?.send_if_due().await)
    }

    /// Events that no queue brings again: what invoked does, or its own dead-letter queue has them.
    async fn events(
        &self,
        texts: Vec<String>,
        trace: Option<&str>,
        deadline: Deadline,
    ) -> Result<Value, Failed> {
        let brought = Brought { header: trace.map(str::to_owned), sent_at: None };
        let mut tasks = JoinSet::new();
        for text in texts {
            let (router, brought) = (self.router.clone(), brought.clone());
            tasks.spawn(async move { router.handle_brought(&text, &brought).await });
        }
        let (mut decided, mut next, mut reasons) = (0, None, Vec::new());
        while let Some(joined) = timeout_at(deadline.answer_by, tasks.join_next()).await.transpose() {
            match joined {
                Ok(Ok(Ok(handled))) => {
                    decided += handled.decisions.len();
                    next = earlier(next, handled.next_wake());
                }
                Ok(Ok(Err(nack))) => reasons.push(nack.reason),
                Ok(Err(_)) => reasons.push("handling it panicked".to_owned()),
                Err(_) => {
                    reasons.push("its time was over".to_owned());
                    break;
                }
            }
        }
        stop(tasks).await;
        self.hints.send(next, Timestamp::now()).await;
        if self.router.misses_its_store() {
            self.look_after_store(deadline).await;
        }
        match reasons.is_empty() {
            true => Ok(json!({"decided": decided})),
            false => Err(Failed(format!("not done: {}", reasons.join("; ")))),
        }
    }

    async fn request(&self, request: requests::Request, deadline: Deadline) -> Value {
        let answer = self.requests.answer(request, deadline).await;
        // A command may have something come due: a silence that ends, an approval that is not given.
        let next = self.next_wake().await;
        self.hints.send(next, Timestamp::now()).await;
        answer
    }
}

/// Cancels what is still at work, and waits until it is: what was dropped at an await is whole, and may be done again.
async fn stop<T: 'static>(mut tasks: JoinSet<T>) {
    const PATIENCE: Duration = Duration::from_millis(100);
    // One that never comes to an await is not waited for.
    let _ = tokio::time::timeout(PATIENCE, tasks.shutdown()).await;
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}
