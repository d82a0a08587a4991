//! What is kept of spans until a collector has them, and how it gets them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::Span;
use super::otlp::{Answer, Speaker, body};
use crate::clients::chain;
use crate::telemetry::{self, Metrics};

/// So many are kept at most, some 2 MB.
const MOST_KEPT: usize = 4_096;
/// So many make one request.
const AT_ONCE: usize = 512;
/// As often they are sent, and as soon as there are enough for a request.
const EVERY: Duration = Duration::from_secs(5);
/// A collector that does not answer by then is asked again, with the same.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is left when a worker ends has so long.
const LAST: Duration = Duration::from_secs(2);
/// What is read of an answer.
const MOST_READ: usize = 8 * 1024;

/// Where spans go; nowhere by default. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<Sender>>);

/// Keeps spans, and sends them to one collector.
pub(super) struct Sender {
    http: reqwest::Client,
    url: reqwest::Url,
    speaker: Speaker,
    metrics: Arc<Metrics>,
    kept: Mutex<Vec<Span>>,
    are_enough: Notify,
    /// One request after the other.
    turn: tokio::sync::Mutex<()>,
    is_refused: AtomicBool,
}

/// Spans on their way. Those that did not arrive are kept again.
struct UnderWay<'s> {
    sender: &'s Sender,
    spans: Vec<Span>,
}

/// Why spans did not arrive.
enum NotTaken {
    ForNow(String),
    ForGood(String),
}

impl fmt::Debug for Sender {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "spans for {}", self.url)
    }
}

impl Traces {
    /// To the collector at that address, below which `v1/traces` takes spans.
    pub fn to(endpoint: &reqwest::Url, http: reqwest::Client, metrics: Arc<Metrics>) -> Self {
        let mut url = endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["v1", "traces"]);
        }
        let speaker = Speaker { function: telemetry::function() };
        let (kept, are_enough, turn, is_refused) = Default::default();
        Self(Some(Arc::new(Sender { http, url, speaker, metrics, kept, are_enough, turn, is_refused })))
    }

    pub(super) fn sender(&self) -> Option<&Arc<Sender>> {
        self.0.as_ref()
    }

    /// Sends what there is, at most so long. What the collector does not take is kept for the next time.
    pub async fn flush(&self, within: Duration) {
        if let Some(sender) = &self.0 {
            // Whether it was in time or not: it is kept.
            let _ = timeout(within, sender.send_all()).await;
        }
    }

    /// Sends whatever there is, until `stop` turns true and what is left is sent.
    pub(crate) async fn keep_sending(self, mut stop: watch::Receiver<bool>) {
        let Some(sender) = &self.0 else { return };
        loop {
            let stopped = tokio::select! {
                // A sender that is gone means stop, too.
                _ = stop.wait_for(|stop| *stop) => true,
                () = sender.are_enough.notified() => false,
                () = sleep(EVERY) => false,
            };
            self.flush(if stopped { LAST } else { PATIENCE }).await;
            if stopped {
                return;
            }
        }
    }
}

impl Sender {
    pub(super) fn add(&self, span: Span) {
        let mut kept = self.kept();
        if kept.len() >= MOST_KEPT {
            self.metrics.spans_lost("full", 1);
            return;
        }
        kept.push(span);
        if kept.len() >= AT_ONCE && !self.is_refused.load(Ordering::Relaxed) {
            self.are_enough.notify_one();
        }
    }

    async fn send_all(&self) {
        let _turn = self.turn.lock().await;
        loop {
            let spans = self.take();
            if spans.is_empty() || !self.send(UnderWay { sender: self, spans }).await {
                return;
            }
        }
    }

    /// The oldest, for one request.
    pub(super) fn take(&self) -> Vec<Span> {
        let mut kept = self.kept();
        let many = kept.len().min(AT_ONCE);
        kept.drain(..many).collect()
    }

    /// Before those that came meanwhile, as far as there is room: the oldest go, since news is what somebody looks for.
    pub(super) fn keep_again(&self, mut spans: Vec<Span>) {
        let mut kept = self.kept();
        let over = (kept.len() + spans.len()).saturating_sub(MOST_KEPT);
        spans.drain(..over);
        kept.splice(..0, spans);
        self.metrics.spans_lost("full", over as u64);
    }

    /// Whether it is worth sending more.
    async fn send(&self, mut under_way: UnderWay<'_>) -> bool {
        let many = under_way.spans.len() as u64;
        let (reason, lost) = match self.post(&under_way.spans).await {
            Ok(0) => (None, 0),
            Ok(rejected) => (Some("it rejects some".to_owned()), rejected),
            Err(NotTaken::ForGood(reason)) => (Some(reason), many),
            Err(NotTaken::ForNow(reason)) => {
                self.learn(Some(&reason));
                return false;
            }
        };
        under_way.spans.clear();
        self.metrics.spans_lost("refused", lost);
        self.learn(reason.as_deref());
        true
    }

    /// How many spans the collector has rejected among those that it took.
    async fn post(&self, spans: &[Span]) -> Result<u64, NotTaken> {
        let body = body(&self.speaker, spans).to_string();
        let request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let answer = request.timeout(PATIENCE).send().await;
        let mut answer = answer.map_err(|error| NotTaken::ForNow(chain(&error.without_url())))?;
        let status = answer.status().as_u16();
        match status {
            200..=299 => {}
            // As OTLP says which are worth another try.
            429 | 502..=504 => return Err(NotTaken::ForNow(format!("it answered with status {status}"))),
            _ => return Err(NotTaken::ForGood(format!("it answered with status {status}"))),
        }
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_READ {
                break;
            }
        }
        // An empty answer says that all is well, too.
        Ok(serde_json::from_slice::<Answer>(&body).unwrap_or_default().partial_success.rejected())
    }

    /// Says once that spans do not arrive, and once that they do again.
    fn learn(&self, refused: Option<&str>) {
        let was_refused = self.is_refused.swap(refused.is_some(), Ordering::Relaxed);
        match refused {
            Some(reason) if !was_refused => telemetry::spans_not_taken(reason),
            None if was_refused => telemetry::spans_taken(),
            Some(_) | None => {}
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Span>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.sender.keep_again(std::mem::take(&mut self.spans));
    }
}
