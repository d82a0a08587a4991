//! The bodies of requests: read whole before anything is done with them, in bounded time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use watchfire_core::text::clean;

use super::line::Line;
use super::refusal::{Refusal, Refusals};

/// What every connection may hold without asking: any one event of a usual size. So none of those waits for
/// what large bodies hold, and the cap on connections is one on this.
const OWN_BYTES: usize = 64 * 1024;
/// How long a body may take, from its first byte to its last.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a large body waits until enough of the others are done with.
const TURN: Duration = Duration::from_secs(10);

/// How much bodies may be, each and all together.
#[derive(Clone, Debug)]
pub(super) struct Bodies {
    most: usize,
    /// The bytes that large ones may still hold.
    left: Arc<Semaphore>,
    refusals: Arc<Refusals>,
}

/// Why there is no body.
type Unread = (Refusal, String);

impl Bodies {
    /// Each at most that many bytes, at most 4 GiB; what is over 64 KiB of each, together at most `held`.
    pub(super) fn new(most: usize, held: usize, refusals: Arc<Refusals>) -> Self {
        let left = Arc::new(Semaphore::new(held.max(most).min(Semaphore::MAX_PERMITS)));
        Self { most, left, refusals }
    }

    /// The whole body, and what it holds of the bytes for all.
    async fn read(&self, body: Body) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Unread> {
        let too_large = || (Refusal::TooLarge, format!("expected a body of at most {} bytes", self.most));
        // As far as the sender says; what does not say may be as large as any.
        let declared =
            body.size_hint().upper().map_or(self.most, |most| usize::try_from(most).unwrap_or(usize::MAX));
        if declared > self.most {
            return Err(too_large());
        }
        let (mut read, mut held) = (Vec::new(), None);
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| (Refusal::Broken, "the body broke off".to_owned()))?;
            if read.len() + chunk.len() > self.most {
                return Err(too_large());
            }
            // Only who has really sent that much gets a share, and all of it at once: none waits for another
            // that waits for it.
            if held.is_none() && read.len() + chunk.len() > OWN_BYTES {
                held = Some(self.share(declared.saturating_sub(OWN_BYTES)).await?);
                read.reserve_exact(declared.saturating_sub(read.len()));
            }
            read.extend_from_slice(&chunk);
        }
        Ok((read, held))
    }

    async fn share(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Unread> {
        let bytes = u32::try_from(bytes).expect("a body is under 4 GiB");
        let share = timeout(TURN, self.left.clone().acquire_many_owned(bytes)).await;
        let busy = || (Refusal::Busy, "too many bodies are held already, send it again".to_owned());
        share.map_err(|_| busy())?.map_err(|_| busy())
    }
}

/// Hands on the request with its whole body, and holds its bytes until it is answered.
pub(super) async fn whole(State(bodies): State<Bodies>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let line = parts.extensions.get::<Arc<Line>>().cloned();
    if let Some(line) = &line {
        line.reading();
    }
    let too_slow = || (Refusal::TooSlow, format!("expected the whole body within {} s", PATIENCE.as_secs()));
    let read = timeout(PATIENCE, bodies.read(body)).await.unwrap_or_else(|_| Err(too_slow()));
    if let Some(line) = &line {
        line.working();
    }
    match read {
        Ok((body, _held)) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err((reason, detail)) => bodies.refusals.answer(reason, detail),
    }
}

/// Refuses bodies that a page of the web could have a browser send without asking: forms and plain text.
pub(super) async fn only_json(
    State(refusals): State<Arc<Refusals>>,
    request: Request,
    next: Next,
) -> Response {
    let kinds: Vec<_> = request.headers().get_all(header::CONTENT_TYPE).iter().collect();
    // Left out by simple clients; a browser leaves it out only of what has an `Origin`.
    if kinds.is_empty() || matches!(kinds[..], [kind] if is_json(kind.as_bytes())) {
        return next.run(request).await;
    }
    let found = kinds.iter().map(|kind| String::from_utf8_lossy(kind.as_bytes())).collect::<Vec<_>>();
    let found = clean(&found.join(", "), 100);
    let detail = format!(
        "expected Content-Type application/json, or application/x-ndjson for one event a line, found `{found}`"
    );
    refusals.answer(Refusal::ContentType, detail)
}

fn is_json(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let essence = String::from_utf8_lossy(essence).to_ascii_lowercase();
    match essence.strip_prefix("application/") {
        Some("json" | "x-ndjson") => true,
        Some(kind) => kind.ends_with("+json"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use futures_util::stream;

    use super::*;
    use crate::telemetry::Metrics;

    fn bodies(most: usize, held: usize) -> Bodies {
        Bodies::new(most, held, Refusals::new(Arc::new(Metrics::default())))
    }

    /// One whose length nobody says.
    fn chunked(chunks: usize) -> Body {
        let chunk = |_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 16 * 1024]));
        Body::from_stream(stream::iter((0..chunks).map(chunk)))
    }

    fn reason<T>(read: Result<T, Unread>) -> Option<Refusal> {
        read.err().map(|(reason, _)| reason)
    }

    #[test]
    fn only_json_is_json() {
        for right in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;",
            " application/json",
            "application/x-ndjson",
            "application/cloudevents+json",
        ] {
            assert!(is_json(right.as_bytes()), "{right}");
        }
        for wrong in [
            "",
            "text/plain",
            "text/plain; application/json",
            "text/plain;charset=application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/octet-stream",
            "text/json",
            "application/jsonp",
            "application/json, text/plain",
            "json",
            "\u{e9}",
        ] {
            assert!(!is_json(wrong.as_bytes()), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_refused_whether_or_not_it_says_so() {
        let bodies = bodies(100 * 1024, 100 * 1024);
        let declared = Body::from(vec![b'x'; 100 * 1024 + 1]);
        assert_eq!(reason(bodies.read(declared).await), Some(Refusal::TooLarge));
        assert_eq!(reason(bodies.read(chunked(7)).await), Some(Refusal::TooLarge));
        let right = Body::from(vec![b'x'; 100 * 1024]);
        assert_eq!(bodies.read(right).await.map(|(body, _)| body.len()).ok(), Some(100 * 1024));
        assert_eq!(bodies.read(chunked(6)).await.map(|(body, _)| body.len()).ok(), Some(96 * 1024));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_refused() {
        let chunks = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))];
        let broken = Body::from_stream(stream::iter(chunks));
        assert_eq!(reason(bodies(1024, 1024).read(broken).await), Some(Refusal::Broken));
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_wait_for_each_other_and_a_usual_one_for_none() {
        let bodies = bodies(128 * 1024, 128 * 1024);
        let large = || Body::from(vec![b'x'; 128 * 1024]);
        let (_, first) = bodies.read(large()).await.expect("there is room");
        let (_, second) = bodies.read(chunked(8)).await.expect("there is room for two");
        let (waiting, usual) = (bodies.read(large()), bodies.read(Body::from(vec![b'x'; OWN_BYTES])));
        let (third, usual) = tokio::join!(waiting, usual);
        assert_eq!(reason(third), Some(Refusal::Busy), "nobody was done within its turn");
        assert_eq!(usual.map(|(_, held)| held.is_none()).ok(), Some(true));
        drop((first, second));
        assert_eq!(reason(bodies.read(large()).await), None, "they are done with");
    }
}
