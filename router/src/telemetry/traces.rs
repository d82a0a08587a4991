//! Traces: a span for each step of an event's way, sent to a collector by OTLP over HTTP. Off unless that is configured.
//!
//! ```text
//! AWSTraceHeader ─> queue, receive ─┬─ decide ── commit
//!                                   ├─ page
//!                                   └─ act ───── commit, page      of its report
//! nobody         ─> resume ─────────┬─ page
//!                                   └─ act                         what a tick takes up
//! ```
//!
//! A span has ids and words of our own enums in it: no text of an event, no answer of anybody, no secret. Nothing waits
//! for the collector: what it does not take is kept as long as there is room, and then lost and counted.

mod ids;
mod otlp;
mod sending;
mod step;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use futures_util::future::Either;
use jiff::Timestamp;

use ids::{Parent, SpanId, TraceId};
use sending::Sender;
pub use sending::Traces;
pub(crate) use step::{Said, Step, of_act, of_commit, of_decision, of_message, of_page, of_resumed};

tokio::task_local! {
    /// The span that what is done now is a part of.
    static WITHIN: Place;
}

/// A span that others are part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    trace: TraceId,
    span: SpanId,
    is_sampled: bool,
}

/// One step that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    trace: TraceId,
    id: SpanId,
    parent: Option<SpanId>,
    step: Step,
    begun: Timestamp,
    ended: Timestamp,
    said: Said,
}

/// A step under way. Dropped before its end, it was cut off.
struct Open {
    sender: Arc<Sender>,
    place: Place,
    parent: Option<SpanId>,
    step: Step,
    begun: Timestamp,
    said: Option<Said>,
}

/// What brought an event, as far as a trace tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// `AWSTraceHeader`, or what Lambda calls `X-Amzn-Trace-Id`.
    pub header: Option<String>,
    /// When it was put into its queue.
    pub sent_at: Option<Timestamp>,
}

impl Brought {
    /// As SQS tells of a message: the time in milliseconds since 1970.
    pub fn by_queue(header: Option<&str>, sent_at: Option<&str>) -> Self {
        let sent_at = sent_at.and_then(|milliseconds| milliseconds.parse().ok());
        let sent_at = sent_at.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
        Self { header: header.map(str::to_owned), sent_at }
    }
}

impl Traces {
    /// Does a step of what is under way; `told` says what came of it. Where nothing is under way, it begins a trace.
    pub(crate) fn step<T>(
        &self,
        step: Step,
        work: impl Future<Output = T>,
        told: impl FnOnce(&T) -> Said,
    ) -> impl Future<Output = T> {
        let Some(sender) = self.sender() else { return Either::Left(work) };
        let sender = sender.clone();
        // By way of a box: what is traced is no larger than what is not.
        let work = Box::pin(work);
        Either::Right(async move {
            let parent = match WITHIN.try_with(|place| *place) {
                Ok(Place { trace, span, is_sampled }) => Parent { trace, span: Some(span), is_sampled },
                Err(_) => Parent::none(Timestamp::now()),
            };
            Open::new(sender, parent, step).during(work, told).await
        })
    }

    /// Does all that is done about a message, as part of the trace that it came with.
    pub(crate) fn receive<T>(
        &self,
        brought: &Brought,
        work: impl Future<Output = T>,
        told: impl FnOnce(&T) -> Said,
    ) -> impl Future<Output = T> {
        let Some(sender) = self.sender() else { return Either::Left(work) };
        let (sender, brought, work) = (sender.clone(), brought.clone(), Box::pin(work));
        Either::Right(async move {
            let (now, Brought { header, sent_at }) = (Timestamp::now(), brought);
            let parent = header.as_deref().and_then(Parent::of).unwrap_or_else(|| Parent::none(now));
            // A clock that is ahead of ours says nothing of how long it waited.
            if let Some(sent_at) = sent_at.filter(|sent_at| *sent_at <= now) {
                let mut queued = Open::new(sender.clone(), parent, Step::Queue);
                queued.begun = sent_at;
                queued.end(Said::default());
            }
            Open::new(sender, parent, Step::Receive).during(work, told).await
        })
    }
}

impl Open {
    fn new(sender: Arc<Sender>, parent: Parent, step: Step) -> Self {
        let Parent { trace, span: parent, is_sampled } = parent;
        let place = Place { trace, span: SpanId::new(), is_sampled };
        Self { sender, place, parent, step, begun: Timestamp::now(), said: None }
    }

    async fn during<T>(self, work: impl Future<Output = T>, told: impl FnOnce(&T) -> Said) -> T {
        let done = WITHIN.scope(self.place, work).await;
        self.end(told(&done));
        done
    }

    fn end(mut self, said: Said) {
        self.said = Some(said);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Place { trace, span, is_sampled } = self.place;
        if is_sampled {
            let said = self.said.take().unwrap_or_else(Said::cut_off);
            let (parent, step, begun, ended) = (self.parent, self.step, self.begun, Timestamp::now());
            self.sender.add(Span { trace, id: span, parent, step, begun, ended, said });
        }
    }
}
