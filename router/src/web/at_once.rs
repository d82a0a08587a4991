//! Events that are decided while their sender waits: the journal is their queue.
//!
//! A sender is answered once its event is kept, so that it need not send it again. An event that is decided is kept: its
//! decision is in the journal, and whatever becomes of this process, what is to be done is found there. So it costs one
//! wait for the disk until somebody is paged, where an event on a queue costs three. What finds no place at work, or is
//! not decided soon, goes onto the queue.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use watchfire_core::event::messages;
use watchfire_core::ids::EventId;
use watchfire_core::priority::Priority;

use crate::failure::Nack;
use crate::router::{Router, Slot, Slots};
use crate::source::spool::{Lane, Spool};
use crate::telemetry::{self, Brought, Origin, of_message};
use crate::worker::again_in;

/// What is not decided by then waits for something, and its sender need not.
const DECIDED_WITHIN: Duration = Duration::from_secs(1);
/// Where these events come from, in metrics.
const ORIGIN: Origin<'_> = Origin { source: "http", queue: "at_once" };

/// Decides events at once.
#[derive(Clone)]
pub struct AtOnce {
    /// Takes what is decided and not done.
    pub spool: Spool,
    /// The places that it shares with the queue's ordinary lane.
    pub ordinary: Slots,
    /// The same of the express lane, for P0.
    pub express: Slots,
}

/// What a request brought, with its number in it.
pub(super) type Sent = (usize, Arc<str>);
/// What of it goes onto the queue, and into which lane.
pub(super) type Left = (Sent, Lane);

/// An event that is decided now.
struct Deciding {
    sent: Sent,
    /// Told once its decision is in the journal; closed where it is not.
    is_decided: oneshot::Receiver<()>,
}

impl AtOnce {
    /// Decides each of them for which there is a place at work, and returns once that is on disk; what is decided is
    /// performed afterwards. The others are returned, and those that are not decided soon.
    pub(super) async fn decide(
        &self,
        router: &Arc<Router>,
        telling: &mpsc::Sender<Infallible>,
        all: Vec<Sent>,
    ) -> Vec<Left> {
        let (mut deciding, mut left) = (Vec::new(), Vec::new());
        for sent in all {
            match self.place(router, &sent.1) {
                Ok(slot) => {
                    let is_decided = self.begin(router, telling, sent.1.clone(), slot);
                    deciding.push(Deciding { sent, is_decided });
                }
                Err(lane) => left.push((sent, lane)),
            }
            // A request may carry thousands: others have their turn in between.
            tokio::task::yield_now().await;
        }
        let until = Instant::now() + DECIDED_WITHIN;
        for Deciding { sent, is_decided } in deciding {
            if !matches!(timeout_at(until, is_decided).await, Ok(Ok(()))) {
                let lane = router.lane_of(&sent.1);
                left.push((sent, lane));
            }
        }
        left.sort_unstable_by_key(|((number, _), _)| *number);
        left
    }

    /// A place of the ordinary lane is for any; where there is none a P0 may have one of its own. Else the lane to wait in.
    fn place(&self, router: &Router, event: &str) -> Result<Slot, Lane> {
        if let Some(slot) = self.ordinary.free(event.len()) {
            return Ok(slot);
        }
        match router.lane_of(event) {
            Lane::Express => self.express.free(event.len()).ok_or(Lane::Express),
            Lane::Ordinary => Err(Lane::Ordinary),
        }
    }

    fn begin(
        &self,
        router: &Arc<Router>,
        telling: &mpsc::Sender<Infallible>,
        event: Arc<str>,
        slot: Slot,
    ) -> oneshot::Receiver<()> {
        let (decided, is_decided) = oneshot::channel();
        let (router, spool, telling) = (router.clone(), self.spool.clone(), telling.clone());
        tokio::spawn(async move {
            // Who tells the worker to stop waits for it.
            let _telling = telling;
            let _at_work = router.metrics.begun();
            // By way of a box, which is moved instead of it.
            let work = Box::pin(at_once(&router, &spool, &event, &slot, decided));
            let work = AssertUnwindSafe(work).catch_unwind();
            if work.await.is_err() {
                // It is in the journal, or its sender hears that it is not taken.
                telemetry::panicked(ORIGIN.source);
            }
        });
        is_decided
    }
}

/// Decides an event, tells whoever waits for that, and performs it. Several in one text are left to the queue.
async fn at_once(router: &Router, spool: &Spool, event: &str, slot: &Slot, decided: oneshot::Sender<()>) {
    let texts = messages(event).unwrap_or_default();
    let [text] = &texts[..] else { return };
    router.metrics.received(ORIGIN, 1);
    let mut begun: Option<(EventId, Lane)> = None;
    let work = async {
        let decision = router.begin(text).await?;
        let lane = match decision.decision().priority {
            Priority::P0 => Lane::Express,
            Priority::P1 | Priority::P2 | Priority::P3 => Lane::Ordinary,
        };
        begun = Some((decision.decision().event.clone(), lane));
        let _ = decided.send(());
        router.finish(decision, slot).await
    };
    let told = |done: &Result<_, Nack>| of_message(None, done);
    match (router.traces.receive(&Brought::default(), work, told).await, begun) {
        (Ok(_), _) => router.metrics.done(router.clock.now()),
        // Its sender's request brings it onto the queue.
        (Err(_), None) => router.metrics.left(ORIGIN, 1),
        (Err(nack), Some((id, lane))) => {
            router.metrics.left(ORIGIN, 1);
            let again_in = again_in(&nack, 1);
            telemetry::not_done(id.as_str(), 1, &nack.reason, again_in);
            // The queue brings it back sooner; where it cannot, a tick finds it in the journal.
            let _ = spool.append_later(lane, event.to_owned(), again_in).await;
        }
    }
}
