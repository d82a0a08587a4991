//! Stopped at every await and delivered again: the same world as if it had never been stopped.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use watchfire::router::Router;
use watchfire_core::journal::Outcome;
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, in_process};

/// Polls a future so many times, then drops it.
struct Stopped<F> {
    future: F,
    polls_left: usize,
}

impl<F: Future + Unpin> Future for Stopped<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls_left == 0 {
            return Poll::Ready(None);
        }
        self.polls_left -= 1;
        let result = Pin::new(&mut self.future).poll(context);
        if self.polls_left == 0 && result.is_pending() {
            return Poll::Ready(None);
        }
        result.map(Some)
    }
}

/// Whether it was done before it was stopped.
pub(crate) async fn handle_stopped(router: &Router, message: &str, polls: usize) -> bool {
    let future = pin!(router.handle(message));
    Stopped { future, polls_left: polls }.await.is_some()
}

/// What can be seen from outside: per event its verdict, reason and how its effects ended, and per dedup
/// key how its alert stands.
type World = (BTreeMap<String, String>, BTreeMap<String, String>);

async fn world(router: &Router, pagerduty: &PagerDuty) -> World {
    let journal = router.journal(100).await.expect("the store answers");
    let decisions = journal.into_iter().map(|entry| {
        let done = entry.outcomes.values().filter(|outcome| matches!(outcome, Outcome::Done { .. })).count();
        let pending = entry.pending().count();
        let decision = entry.decision;
        let what =
            format!("{} {} done {done} pending {pending}", decision.verdict.as_str(), decision.why.as_str());
        (decision.event.to_string(), what)
    });
    let alerts = pagerduty.alerts().into_iter().map(|alert| (alert.dedup_key, format!("{:?}", alert.state)));
    (decisions.collect(), alerts.collect())
}

fn story() -> [String; 3] {
    let miner = GuardDuty::miner("checkout-1");
    [miner.event("first"), miner.again().event("again"), miner.again().put_aside().event("archived")]
        .map(|event| event.to_string())
}

#[tokio::test]
async fn stopped_at_any_await_and_delivered_again_the_world_is_the_same() {
    let undisturbed = {
        let (folder, pagerduty) = (tempfile::tempdir().expect("a folder"), PagerDuty::start().await);
        let router =
            in_process::router(folder.path(), in_process::noon(), &Configuration::new(&pagerduty.url()))
                .await;
        for message in story() {
            router.handle(&message).await.expect("PagerDuty takes it");
        }
        world(&router, &pagerduty).await
    };
    let mut stopped_before_the_end = true;
    let mut polls = 0;
    while stopped_before_the_end {
        polls += 1;
        let (folder, pagerduty) = (tempfile::tempdir().expect("a folder"), PagerDuty::start().await);
        let router =
            in_process::router(folder.path(), in_process::noon(), &Configuration::new(&pagerduty.url()))
                .await;
        stopped_before_the_end = false;
        for message in story() {
            stopped_before_the_end |= !handle_stopped(&router, &message, polls).await;
            router.handle(&message).await.expect("PagerDuty takes it");
        }
        assert_eq!(world(&router, &pagerduty).await, undisturbed, "stopped after {polls} polls");
    }
    assert!(polls > 3, "a message that pages awaits its commit, PagerDuty and its settling: {polls}");
}
