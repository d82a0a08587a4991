//! The worker: takes messages, handles each in a task of its own, deletes what is done with.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use crate::failure::Nack;
use crate::horizon::Horizon;
use crate::router::{Handled, RESUMED, Router, Slot, Slots};
use crate::source::{Canaries, Handle, Message, Source, Watching, hint};
use crate::store::{Now, Store};
use crate::telemetry::{self, of_message};

/// How long messages at work are waited for when the worker is told to stop; with what follows it is under
/// 25 s, and Kubernetes gives 30.
pub const DRAIN: Duration = Duration::from_secs(20);
/// How long giving the unfinished ones back may take.
const GIVE_BACK: Duration = Duration::from_secs(2);
/// How long the last deletes may take.
const LAST_DELETES: Duration = Duration::from_secs(2);
/// How long done messages are gathered into one delete.
const GATHER: Duration = Duration::from_millis(10);
/// How long to wait when the queue cannot be read, at least and at most.
const RECEIVE_BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long a message that is not done stays away, at least and at most.
const MESSAGE_BACKOFF: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));

/// How often it is looked for what is due.
const DUE_EVERY: Duration = Duration::from_secs(2);

/// Works on one source until `stop` turns true; then finishes what is at work, at most [`DRAIN`], and gives
/// the rest back to the source. Returns how many messages were given back unfinished.
pub async fn work(
    router: Arc<Router>,
    source: Source,
    slots: Slots,
    mut stop: watch::Receiver<bool>,
) -> usize {
    let (done, deletes) = mpsc::channel(64);
    let deleter = tokio::spawn(delete(source.clone(), deletes));
    let give_back = watch::Sender::new(false);
    let mut tasks = JoinSet::new();
    let mut backoff = RECEIVE_BACKOFF.0;
    while !*stop.borrow() {
        let mut permits = tokio::select! {
            _ = stop.changed() => break,
            permits = slots.acquire(10) => permits,
        };
        let received = tokio::select! {
            // A long poll that is dropped may have taken messages: they come again after their visibility.
            _ = stop.changed() => break,
            received = source.receive(permits.len()) => received,
        };
        match received {
            Ok(messages) => {
                backoff = RECEIVE_BACKOFF.0;
                router.metrics.received(source.origin(), messages.len());
                for message in messages {
                    let Some(permit) = permits.pop() else { break };
                    let (router, source, done) = (router.clone(), source.clone(), done.clone());
                    let give_back = give_back.subscribe();
                    let slot = slots.slot(permit, message.body.len());
                    tasks.spawn(async move { one(&router, &source, message, &slot, done, give_back).await });
                }
            }
            Err(error) => {
                telemetry::receive_failed(source.queue(), &error, backoff);
                tokio::select! { _ = stop.changed() => break, () = sleep(backoff) => {} }
                backoff = (backoff * 2).min(RECEIVE_BACKOFF.1);
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    drop(done);
    let given_back = drain(&mut tasks, &give_back).await;
    // Every sender is gone, so it ends once it has deleted what it holds; what it cannot comes again.
    let _ = timeout(LAST_DELETES, deleter).await;
    given_back
}

/// A message at work; given back to its source when the worker cannot wait any longer.
async fn one(
    router: &Router,
    source: &Source,
    message: Message,
    slot: &Slot,
    done: mpsc::Sender<Handle>,
    mut give_back: watch::Receiver<bool>,
) {
    let _at_work = router.metrics.begun();
    let work = AssertUnwindSafe(worked(router, source, &message, slot)).catch_unwind();
    let result = tokio::select! {
        result = work => result.unwrap_or_else(|_| Err(panicked(&message))),
        never = keep(source, &message) => match never {},
        () = is_true(&mut give_back) => Err(Duration::ZERO),
    };
    match result {
        Ok(()) => {
            router.metrics.done(router.clock.now());
            // The deleter outlives every task.
            let _ = done.send(message.handle).await;
        }
        Err(again_in) => {
            router.metrics.left(source.origin(), 1);
            source.release(&message, again_in).await;
        }
    }
}

/// The error is the time after which it is to come again.
async fn worked(router: &Router, source: &Source, message: &Message, slot: &Slot) -> Result<(), Duration> {
    // What a Lambda on the same queue has left for itself: here it is looked for what is due anyway.
    if hint::is_hint(&message.body) {
        return Ok(());
    }
    let Err(nack) = handle_or_warn(router, source.max_receives(), message, slot).await else { return Ok(()) };
    let again_in = again_in(&nack, message.receives);
    telemetry::not_done(&message.id, message.receives, &nack.reason, again_in);
    Err(again_in)
}

/// Handles a message, and warns when its queue, which gives it up after so many receives, is about to: before the last
/// try, which may not come to an end, and after the one before it.
///
/// # Errors
/// [`Nack`] when it has to come again.
pub async fn handle_or_warn(
    router: &Router,
    max_receives: Option<u32>,
    message: &Message,
    slot: &Slot,
) -> Result<Handled, Nack> {
    let most = max_receives.unwrap_or(u32::MAX);
    if message.receives >= most {
        warn(router, message, "this is its last try").await;
    }
    let told = |handled: &Result<Handled, Nack>| of_message(Some(&message.id), handled);
    let handled = router.handle_in(&message.body, slot);
    let handled = router.traces.receive(&message.brought, handled, told).await;
    if let Err(nack) = &handled
        && message.receives.saturating_add(1) >= most
    {
        warn(router, message, &nack.reason).await;
    }
    handled
}

async fn warn(router: &Router, message: &Message, reason: &str) {
    if let Err(nack) = router.warn_of_dead_letter(&message.id, message.receives, reason).await {
        // Its entry is in the journal, where a tick finds it.
        telemetry::not_done("the warning about it", message.receives, &nack.reason, Duration::from_secs(60));
    }
}

fn panicked(message: &Message) -> Duration {
    telemetry::panicked(&message.id);
    backoff(message.receives)
}

/// When a message that is not done is to come again.
pub fn again_in(nack: &Nack, receives: u32) -> Duration {
    nack.retry_after.unwrap_or_default().max(backoff(receives))
}

/// Keeps a message invisible for as long as this is polled.
async fn keep(source: &Source, message: &Message) -> Infallible {
    let Some(every) = source.extend_every() else { return std::future::pending().await };
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        source.extend(message).await;
    }
}

async fn is_true(told: &mut watch::Receiver<bool>) {
    // A sender that is gone will not tell any more.
    if told.wait_for(|now| *now).await.is_err() {
        std::future::pending().await
    }
}

/// The same of one whose handling panicked: longer with each time.
pub fn backoff(receives: u32) -> Duration {
    let (least, most) = MESSAGE_BACKOFF;
    least.saturating_mul(1 << receives.saturating_sub(1).min(16)).min(most)
}

/// Deletes what is done with, gathered into batches.
async fn delete(source: Source, mut done: mpsc::Receiver<Handle>) {
    let mut batch = Vec::with_capacity(10);
    while let Some(first) = done.recv().await {
        batch.push(first);
        let until = Instant::now() + GATHER;
        while batch.len() < 10 {
            match tokio::time::timeout_at(until, done.recv()).await {
                Ok(Some(handle)) => batch.push(handle),
                Ok(None) | Err(_) => break,
            }
        }
        source.delete(std::mem::take(&mut batch)).await;
    }
}

async fn drain(tasks: &mut JoinSet<()>, give_back: &watch::Sender<bool>) -> usize {
    while tasks.try_join_next().is_some() {}
    telemetry::draining(tasks.len());
    if timeout(DRAIN, finished(tasks)).await.is_ok() {
        return 0;
    }
    let unfinished = tasks.len();
    give_back.send_replace(true);
    // What does not even take its message back comes again by the queue's own visibility.
    let _ = timeout(GIVE_BACK, finished(tasks)).await;
    unfinished
}

/// Reads who is on call when it is time to, until `stop` turns true.
pub(crate) async fn on_call(router: Arc<Router>, mut stop: watch::Receiver<bool>) {
    let mut looks = interval(Duration::from_secs(15));
    while is_time(&mut looks, &mut stop).await {
        router.look_who_is_on_call().await;
    }
}

/// Asks models about pages that were handed over, and every minute about those that were paged lately and not asked
/// about, until `stop` turns true: then it leaves what it has begun, so that nobody waits for it.
pub(crate) async fn triage(router: Arc<Router>, mut stop: watch::Receiver<bool>) {
    let Some((at_once, mut handed_over)) = router.triage_queue() else { return };
    let mut tasks = JoinSet::new();
    let mut looks = interval(Duration::from_secs(60));
    let mut waiting = VecDeque::new();
    while !*stop.borrow() {
        while tasks.len() < at_once
            && let Some(incident) = waiting.pop_front()
        {
            let router = router.clone();
            tasks.spawn(async move { router.triage(&incident).await });
        }
        tokio::select! {
            _ = stop.changed() => return,
            _ = looks.tick(), if waiting.is_empty() => match router.not_triaged(router.clock.now()).await {
                Ok(found) => waiting.extend(found),
                Err(error) => telemetry::tick_failed(&error),
            },
            Some(incident) = handed_over.recv(), if waiting.is_empty() => waiting.push_back(incident),
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
        }
    }
}

async fn finished(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

/// Removes what is old, every minute and once at the start, until `stop` turns true.
pub async fn tick(router: Arc<Router>, keep: jiff::SignedDuration, mut stop: watch::Receiver<bool>) {
    let mut minutes = interval(Duration::from_secs(60));
    let mut horizon = None;
    while is_time(&mut minutes, &mut stop).await {
        let pruned = async {
            let horizon = match &mut horizon {
                Some(horizon) => horizon,
                None => {
                    let newest = router.journal(1).await?;
                    horizon.insert(Horizon::from(newest.first().map(|entry| entry.decision.at)))
                }
            };
            router.prune(horizon.in_a_minute(router.clock.now()), keep).await
        };
        match pruned.await {
            Ok(0) => {}
            Ok(pruned) => telemetry::pruned(pruned),
            Err(error) => telemetry::tick_failed(&error),
        }
    }
}

/// Takes up, every two seconds and at the start, what is decided and not done: after a restart that is what was in
/// the middle; later what is owed to a channel that was down. Each in a task of its own, until `stop` turns true.
pub async fn resume(router: Arc<Router>, mut stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    let mut dues = interval(DUE_EVERY);
    while is_time(&mut dues, &mut stop).await {
        while tasks.try_join_next().is_some() {}
        let room = RESUMED.saturating_sub(tasks.len());
        match router.to_resume(router.clock.now(), room).await {
            Ok(events) => events.into_iter().for_each(|event| {
                let router = router.clone();
                tasks.spawn(async move { router.resume(&event).await });
            }),
            Err(error) => telemetry::tick_failed(&error),
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// Looks every two seconds for what is due, until `stop` turns true: a group's wait is seconds, and a tick may
/// take its time with what nobody has finished.
pub async fn wake(router: Arc<Router>, mut stop: watch::Receiver<bool>) {
    let mut dues = interval(DUE_EVERY);
    while is_time(&mut dues, &mut stop).await {
        if let Err(error) = router.wake(router.clock.now()).await {
            telemetry::tick_failed(&error);
        }
    }
}

/// Looks after the store every two seconds, until `stop` turns true: what it pages is sent beside all else.
pub async fn look_after_store(router: Arc<Router>, mut stop: watch::Receiver<bool>) {
    let mut looks = interval(DUE_EVERY);
    while is_time(&mut looks, &mut stop).await {
        router.look_after_store().await;
    }
}

/// Sends a canary whenever one is due, until `stop` turns true.
pub async fn canaries(canaries: Canaries, mut stop: watch::Receiver<bool>) {
    let mut dues = interval(DUE_EVERY);
    while is_time(&mut dues, &mut stop).await {
        if let Err(error) = canaries.send_if_due().await {
            telemetry::canary_not_sent(&error);
        }
    }
}

/// Posts the reports of health when they are due, until `stop` turns true.
pub async fn bulletins(router: Arc<Router>, mut stop: watch::Receiver<bool>) {
    let mut looks = interval(Duration::from_secs(30));
    while is_time(&mut looks, &mut stop).await {
        if let Err(error) = router.post_bulletins(router.clock.now()).await {
            telemetry::bulletin_not_posted(&error);
        }
    }
}

/// Looks at the cluster whenever it is time, until `stop` turns true.
pub async fn watch(watching: Watching, mut stop: watch::Receiver<bool>) {
    let mut looks = interval(watching.every());
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while is_time(&mut looks, &mut stop).await {
        if let Err(error) = watching.look().await {
            telemetry::watch_not_told(&error);
        }
    }
}

/// Has the store look for its file every ten seconds, and what is free given back once an hour, the first time ten minutes
/// after it began, until `stop` turns true.
pub async fn tidy(store: Store, mut stop: watch::Receiver<bool>) {
    const TEN_MINUTES: u32 = 60;
    const AN_HOUR: u32 = 360;
    let mut looks = interval(Duration::from_secs(10));
    for look in 0_u32.. {
        if !is_time(&mut looks, &mut stop).await {
            return;
        }
        store.look_for_its_file();
        if look % AN_HOUR == TEN_MINUTES
            && let Err(error) = store.compact(Now::AtWork).await
        {
            telemetry::not_compacted(&error);
        }
    }
}

fn interval(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

/// Waits for the next time; not if it is told to stop.
async fn is_time(interval: &mut tokio::time::Interval, stop: &mut watch::Receiver<bool>) -> bool {
    if *stop.borrow() {
        return false;
    }
    tokio::select! {
        _ = stop.changed() => {}
        _ = interval.tick() => {}
    }
    true
}
