//! Stopped at every await and delivered again: the same world as if it had never been stopped.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use jiff::SignedDuration;
use tempfile::TempDir;
use watchfire::clock::Clock;
use watchfire::router::{Router, Slot};
use watchfire_core::journal::Outcome;
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::{Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, in_process};

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

async fn worker(folder: &TempDir, pagerduty: &PagerDuty) -> Router {
    in_process::router(folder.path(), in_process::noon(), &Configuration::new(&pagerduty.url())).await
}

/// Brings the story to a worker message by message, by `bring`, which stops each after so many polls and says whether it was
/// done before: wherever that is, the world is as if nothing had been stopped.
async fn is_the_same_wherever_it_stops(bring: impl AsyncFn(&Router, &str, usize) -> bool) {
    let undisturbed = {
        let (folder, pagerduty) = (tempfile::tempdir().expect("a folder"), PagerDuty::start().await);
        let router = worker(&folder, &pagerduty).await;
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
        let router = worker(&folder, &pagerduty).await;
        stopped_before_the_end = false;
        for message in story() {
            stopped_before_the_end |= !bring(&router, &message, polls).await;
        }
        assert_eq!(world(&router, &pagerduty).await, undisturbed, "stopped after {polls} polls");
    }
    assert!(polls > 3, "a message that pages awaits its commit, PagerDuty and its settling: {polls}");
}

#[tokio::test]
async fn stopped_at_any_await_and_delivered_again_the_world_is_the_same() {
    let bring = async |router: &Router, message: &str, polls| {
        let is_done = handle_stopped(router, message, polls).await;
        router.handle(message).await.expect("PagerDuty takes it");
        is_done
    };
    is_the_same_wherever_it_stops(bring).await;
}

/// Posts a message to a worker that is stopped after so many polls. It is posted again only where its sender was not told
/// that it is taken; else all that is left to do is found by a tick. Whether it was done before.
async fn post_stopped(router: &Router, message: &str, polls: usize) -> bool {
    let is_taken = Cell::new(false);
    let at_once = async {
        let begun = router.begin(message).await.expect("the store answers");
        is_taken.set(true);
        router.finish(begun, &Slot::none()).await.expect("PagerDuty takes it");
    };
    let is_done = Stopped { future: pin!(at_once), polls_left: polls }.await.is_some();
    match is_taken.get() {
        true => drop(
            router.tick(in_process::noon().now(), SignedDuration::from_hours(1)).await.expect("it ticks"),
        ),
        false => drop(router.handle(message).await.expect("PagerDuty takes it")),
    }
    is_done
}

#[tokio::test]
async fn stopped_at_any_await_what_was_taken_at_once_is_done_without_its_sender() {
    is_the_same_wherever_it_stops(post_stopped).await;
}

/// Two workers over one table, and the time that they have.
struct Two {
    first: Router,
    second: Router,
    clock: Clock,
    pagerduty: PagerDuty,
    _folder: TempDir,
}

impl Two {
    async fn over(table: &DynamoDbTable) -> Self {
        let (folder, pagerduty) = (tempfile::tempdir().expect("a folder"), PagerDuty::start().await);
        let (clock, configuration) = (in_process::noon(), Configuration::new(&pagerduty.url()));
        let worker = async || {
            in_process::router_over(table.open().await, folder.path(), clock.clone(), &configuration).await
        };
        Self { first: worker().await, second: worker().await, clock, pagerduty, _folder: folder }
    }

    /// The first is stopped after so many polls and never heard of again; the second is given the message when what the
    /// first had in hand is free. Whether the first was done before.
    async fn handle(&self, message: &str, polls: usize) -> bool {
        let is_done = handle_stopped(&self.first, message, polls).await;
        self.clock.advance(SignedDuration::from_secs(11));
        self.second.handle(message).await.expect("PagerDuty takes it");
        is_done
    }

    async fn world(&self) -> World {
        world(&self.second, &self.pagerduty).await
    }
}

/// `WATCHFIRE_EVERY_AWAIT=1` stops at every one; else at every one near the beginning, then at ever fewer.
pub(crate) fn next_stop(polls: usize, fewer: usize) -> usize {
    let every = std::env::var("WATCHFIRE_EVERY_AWAIT").is_ok();
    polls + 1 + if every { 0 } else { polls / fewer }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_at_any_await_and_delivered_to_another_worker_of_a_table_the_world_is_the_same() {
    let faults = Faults::none().reading_its_copy();
    let proxy = FaultProxy::start(Ministack::shared().endpoint(), faults).await;
    let table = DynamoDbTable::at(&proxy.endpoint());
    let undisturbed = {
        let two = Two::over(&table).await;
        for message in story() {
            assert!(two.handle(&message, usize::MAX).await);
        }
        two.world().await
    };
    let (mut polls, mut stopped_before_the_end) = (1, true);
    while stopped_before_the_end {
        let two = Two::over(&table.beside()).await;
        stopped_before_the_end = false;
        for message in story() {
            stopped_before_the_end |= !two.handle(&message, polls).await;
        }
        assert_eq!(two.world().await, undisturbed, "stopped after {polls} polls");
        polls = next_stop(polls, 4);
    }
    assert!(polls > 10, "a message that pages asks the table more than ten times: {polls}");
}
