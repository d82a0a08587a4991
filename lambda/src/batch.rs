//! A batch of records through the router: each in a task of its own, and those that are not done are named.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use watchfire::router::{Router, Slot, Slots};
use watchfire::source::{Handle, Message, QueueConfig, hint};
use watchfire::telemetry::{self, Brought, Metrics, Origin};
use watchfire::worker::{again_in, backoff, handle_or_warn};

use crate::deadline::Deadline;
use crate::hints::Hints;
use crate::{earlier, stop};

/// How many records are worked on at once where no queue is configured; one that only waits for its channel does not
/// count.
const IN_FLIGHT: u16 = 64;

/// What a batch is handled with.
pub(crate) struct Batch<'l> {
    pub(crate) router: &'l Arc<Router>,
    pub(crate) hints: &'l Hints,
    pub(crate) metrics: &'l Metrics,
    pub(crate) deadline: Deadline,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Done {
    /// The records that have to come again: the event source mapping (with `ReportBatchItemFailures`) deletes the others.
    pub(crate) response: SqsBatchResponse,
    /// When the first of what was decided is to be looked at again.
    pub(crate) next_wake: Option<Timestamp>,
    /// Whether a hint of ours was among them.
    pub(crate) was_hinted: bool,
}

/// Records that are the same: one of them is handled, and what becomes of it becomes of all.
struct Same {
    message: Message,
    /// Ids; an empty one where there is none: Lambda then brings the whole batch again, which repeats nothing but work.
    ids: Vec<String>,
    /// What gives each of them back.
    handles: Vec<Handle>,
    max_receives: Option<u32>,
}

/// What has come of a record.
enum Ended {
    /// It is done; when the first of what was decided about it is to be looked at again.
    Done(Option<Timestamp>),
    /// It has to come again after that time.
    Again(Duration),
}

/// What is not done of those that are the same.
struct Left {
    ids: Vec<String>,
    handles: Vec<Handle>,
}

impl Batch<'_> {
    /// Begins one record after the other as long as there is time, and answers before the invocation is ended.
    pub(crate) async fn handle(self, records: Vec<SqsMessage>) -> Done {
        // One event source mapping has one queue.
        let arn = records.first().and_then(|record| record.event_source_arn.clone());
        let queue = arn.and_then(|arn| self.hints.queue(&arn));
        let origin = Origin { source: "sqs", queue: queue.map_or("another", QueueConfig::name) };
        self.metrics.received(origin, records.len());
        let (records, was_hinted, in_flight) = self.sorted(records);
        let slots = Slots::new(usize::from(in_flight));
        let mut left = BTreeMap::new();
        let mut tasks = JoinSet::new();
        let mut records = records.into_iter().enumerate();
        let mut done = Vec::new();
        while let Some(permit) = self.turn(&slots).await
            && let Some((at, same)) = records.next()
        {
            left.insert(at, Left { ids: same.ids, handles: same.handles });
            let slot = slots.slot(permit, same.message.body.len());
            tasks.spawn(one(self.router.clone(), at, same.message, same.max_receives, slot));
            while let Some(Ok(joined)) = tasks.try_join_next() {
                done.push(joined);
            }
        }
        left.extend(records.map(|(at, Same { ids, handles, .. })| (at, Left { ids, handles })));
        while let Ok(Some(joined)) = timeout_at(self.deadline.answer_by, tasks.join_next()).await {
            done.extend(joined);
        }
        let (mut next_wake, mut again) = (None, Vec::new());
        for (at, ended) in done {
            match ended {
                Ended::Done(next) => {
                    left.remove(&at);
                    next_wake = earlier(next_wake, next);
                }
                Ended::Again(after) => {
                    let handles = left.get(&at).into_iter().flat_map(|left| &left.handles);
                    again.extend(handles.map(|handle| (handle.clone(), after)));
                }
            }
        }
        if Instant::now() >= self.deadline.answer_by || !tasks.is_empty() {
            telemetry::out_of_time(left.len());
        }
        stop(tasks).await;
        // What there is no time for comes again by the queue's visibility.
        let _ = timeout_at(self.deadline.answer_by, self.hints.give_back(queue, again)).await;
        let response = reported(left);
        self.metrics.left(origin, response.batch_item_failures.len());
        Done { response, next_wake, was_hinted }
    }

    /// A slot, while there is time to begin anything.
    async fn turn(&self, slots: &Slots) -> Option<OwnedSemaphorePermit> {
        if Instant::now() >= self.deadline.begin_by {
            return None;
        }
        timeout_at(self.deadline.begin_by, slots.acquire(1)).await.ok()?.pop()
    }

    /// The records without those that only repeat another, without hints, and how many are handled at once.
    fn sorted(&self, records: Vec<SqsMessage>) -> (Vec<Same>, bool, u16) {
        let mut in_flight = IN_FLIGHT;
        let mut was_hinted = false;
        let mut all: Vec<Same> = Vec::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for record in records {
            let queue = record.event_source_arn.as_deref().and_then(|arn| self.hints.queue(arn));
            in_flight = queue.map_or(in_flight, |queue| queue.in_flight);
            let message = message(record);
            if queue.is_some() && hint::is_hint(&message.body) {
                was_hinted = true;
                continue;
            }
            let (id, handle) = (message.id.clone(), message.handle.clone());
            match known.get(&message.body) {
                Some(at) => {
                    all[*at].ids.push(id);
                    all[*at].handles.push(handle);
                }
                None => {
                    known.insert(message.body.clone(), all.len());
                    let max_receives = queue.and_then(|queue| queue.max_receives);
                    all.push(Same { message, ids: vec![id], handles: vec![handle], max_receives });
                }
            }
        }
        (all, was_hinted, in_flight)
    }
}

/// Which record it is, and what has come of it.
async fn one(
    router: Arc<Router>,
    at: usize,
    message: Message,
    max_receives: Option<u32>,
    slot: Slot,
) -> (usize, Ended) {
    let work = AssertUnwindSafe(handle_or_warn(&router, max_receives, &message, &slot)).catch_unwind();
    let ended = match work.await {
        Ok(Ok(handled)) => Ended::Done(handled.next_wake()),
        Ok(Err(nack)) => {
            telemetry::reported(&message.id, message.receives, &nack.reason);
            Ended::Again(again_in(&nack, message.receives))
        }
        Err(_) => {
            telemetry::panicked(&message.id);
            Ended::Again(backoff(message.receives))
        }
    };
    (at, ended)
}

fn message(record: SqsMessage) -> Message {
    let attribute = |name: &str| record.attributes.get(name).map(String::as_str);
    let receives = attribute("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    let brought = Brought::by_queue(attribute("AWSTraceHeader"), attribute("SentTimestamp"));
    Message {
        id: record.message_id.unwrap_or_default(),
        body: record.body.unwrap_or_default(),
        receives: receives.unwrap_or(1),
        brought,
        handle: Handle::Receipt(record.receipt_handle.unwrap_or_default()),
    }
}

fn reported(left: BTreeMap<usize, Left>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for id in left.into_values().flat_map(|left| left.ids) {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        response.batch_item_failures.push(failure);
    }
    response
}
