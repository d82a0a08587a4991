//! `POST /v1/events`, and what is posted as alerts: decided, or brought onto a queue; answered once that is on disk.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::on;
use axum::{Json, Router as Routes};
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::timeout;
use watchfire_core::event::{alerts, messages, text_of};
use watchfire_core::hash::sha256;

use super::answer::refuse;
use super::asked::asked_by;
use super::at_once::{AtOnce, Left, Sent};
use super::body::{Bodies, only_json, whole};
use super::commands::Vouched;
use super::line::Line;
use super::refusal::{Refusal, Refusals};
use crate::api::{IngestEndpoint, LINES, views};
use crate::identity::Token;
use crate::router::Router;
use crate::source::spool::Lane;
use crate::source::{Intake, MOST_BYTES as MOST_EVENT_BYTES, NotTaken, Unsent};

/// The most that one request may carry, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// So many of those that are on no queue are named.
const NAMED: usize = 10;
/// So many events that could not be queued are handled at a time.
const SIDE_BY_SIDE: usize = 16;
/// Pages may take longer than a sender waits.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// What taking events in needs.
#[derive(Clone)]
pub struct Ingest {
    /// Who says which lane an event belongs in.
    pub router: Arc<Router>,
    /// Decides what comes at once; none where whoever reads the queue does.
    pub at_once: Option<AtOnce>,
    /// Where the others go.
    pub intake: Intake,
    /// Who may send them.
    pub senders: Senders,
    /// How many bytes of large bodies are held at once.
    pub held_bytes: usize,
    /// Counts what is refused.
    pub refusals: Arc<Refusals>,
    /// Kept for as long as anything is at work that is not on a queue.
    pub telling: mpsc::Sender<Infallible>,
}

/// Who may send events.
#[derive(Clone, Debug)]
pub enum Senders {
    /// Whoever gets here: on loopback, who is on the machine.
    Anybody,
    /// Who shows the token.
    Showing(Token),
    /// Whom somebody else has let in, see [`Vouched`].
    VouchedFor,
}

/// The routes of the address that takes events.
pub(super) fn events(ingest: Ingest) -> Routes {
    let refusals = ingest.refusals.clone();
    let bodies = Bodies::new(MOST_BYTES, ingest.held_bytes, refusals.clone());
    let all = IngestEndpoint::ALL.iter();
    let routes = all.fold(Routes::new(), |routes, endpoint| match endpoint {
        IngestEndpoint::Events => routes.route(endpoint.path(), on(asked_by(endpoint.method()), take)),
        IngestEndpoint::Alertmanager => {
            routes.route(endpoint.path(), on(asked_by(endpoint.method()), take_notification))
        }
        IngestEndpoint::Alerts => routes.route(endpoint.path(), on(asked_by(endpoint.method()), take_alerts)),
        IngestEndpoint::AlertsStatus => {
            routes.route(endpoint.path(), on(asked_by(endpoint.method()), status))
        }
    });
    // From the last to the first: nothing of a body is read for who has not shown the token.
    routes
        .layer(DefaultBodyLimit::disable())
        .route_layer(from_fn_with_state(bodies, whole))
        .route_layer(from_fn_with_state(refusals, only_json))
        .route_layer(from_fn_with_state(ingest.clone(), only_senders))
        .route_layer(from_fn(resent))
        .with_state(ingest)
}

async fn only_senders(State(ingest): State<Ingest>, request: Request, next: Next) -> Response {
    let is_vouched_for = request.extensions().get::<Vouched>().is_some();
    let refused = match &ingest.senders {
        Senders::Anybody => None,
        _ if is_vouched_for => None,
        Senders::Showing(token) if token.is_shown(request.headers()) => None,
        Senders::Showing(_) => {
            Some((Refusal::Token, "expected `Authorization: Bearer` with the configured token"))
        }
        Senders::VouchedFor => Some((Refusal::NoToken, "nobody may: http.token is not configured")),
    };
    if let Some((reason, expected)) = refused {
        return ingest.refusals.answer(reason, expected);
    }
    if let Some(line) = request.extensions().get::<Arc<Line>>() {
        line.proven();
    }
    next.run(request).await
}

/// One event, an array of events, or one event per line (`application/x-ndjson`). What cannot be read, or is not
/// even text, is taken too: it is read as far as it goes, or recorded and paged like any other unreadable message.
async fn take(State(ingest): State<Ingest>, headers: HeaderMap, body: Bytes) -> Response {
    let body = text_of(&body).into_owned();
    let lines =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(LINES.as_bytes()));
    let bodies: Vec<String> = match lines {
        true => body.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
        // Taken apart here, so that each is decided on its own.
        false => match messages(&body) {
            // What the AWS CLI prints where there is nothing.
            Ok(texts) if texts.is_empty() => return accepted(0),
            Ok(texts) => texts.into_iter().map(|text| text.into_owned()).collect(),
            Err(_) => vec![body],
        },
    };
    if bodies.iter().any(|body| body.len() > MOST_EVENT_BYTES) {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "expected events of at most 1 MiB each");
    }
    if bodies.iter().all(|body| body.trim().is_empty()) {
        return refuse(StatusCode::BAD_REQUEST, "expected an event, found an empty body");
    }
    ingest.taken(bodies).await.map_or_else(|refused| refused, accepted)
}

/// What a receiver of Alertmanager or of Grafana posts. What is no notification is taken, too, and paged as a message
/// that cannot be read: its sender would not send it again, however it is refused.
async fn take_notification(State(ingest): State<Ingest>, body: Bytes) -> Response {
    ingest.alerts(&body).await.map_or_else(|refused| refused, accepted)
}

/// The same for what Prometheus and `amtool` post. They want to hear what an Alertmanager answers.
async fn take_alerts(State(ingest): State<Ingest>, body: Bytes) -> Response {
    ingest.alerts(&body).await.map_or_else(|refused| refused, |_| StatusCode::OK.into_response())
}

/// What `amtool` asks before it adds an alert: that there is one to ask.
async fn status() -> StatusCode {
    StatusCode::OK
}

/// Whoever sends alerts takes what is refused by 4xx for lost; what would be taken if it were sent again is 503.
async fn resent(request: Request, next: Next) -> Response {
    const ALERTS: [&str; 2] = [IngestEndpoint::Alertmanager.path(), IngestEndpoint::Alerts.path()];
    let is_alerts = ALERTS.contains(&request.uri().path());
    let mut answer = next.run(request).await;
    // What broke off, or came too slowly.
    if is_alerts && matches!(answer.status(), StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT) {
        *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    answer
}

impl Ingest {
    /// Takes alerts, an event each; how many there were.
    async fn alerts(&self, body: &[u8]) -> Result<usize, Response> {
        let heard = self.router.heard();
        let texts = alerts(&text_of(body), &heard);
        match texts.is_empty() {
            true => Ok(0),
            false => self.taken(texts).await,
        }
    }

    /// Takes events: decides them, or brings them onto a queue; how many there were.
    async fn taken(&self, bodies: Vec<String>) -> Result<usize, Response> {
        let count = bodies.len();
        let mut all: Vec<Sent> =
            bodies.into_iter().enumerate().map(|(at, body)| (at, Arc::from(body))).collect();
        if count > 1 {
            // The same text twice is one event, and a thousand of it are no thousand pieces of work.
            let mut known = BTreeSet::new();
            all.retain(|(_, body)| known.insert(sha256(body)));
        }
        let left = match &self.at_once {
            Some(at_once) => at_once.decide(&self.router, &self.telling, all).await,
            None => {
                let mut left = Vec::with_capacity(all.len());
                for sent in all {
                    let lane = self.router.lane_of(&sent.1);
                    left.push((sent, lane));
                    // A request may carry thousands: others have their turn in between.
                    tokio::task::yield_now().await;
                }
                left
            }
        };
        match left.is_empty() {
            true => Ok(count),
            false => self.queued(left, count).await,
        }
    }

    /// Brings these of so many events onto a queue; how many there were.
    async fn queued(&self, left: Vec<Left>, sent: usize) -> Result<usize, Response> {
        let places: Vec<_> = left.iter().map(|((place, _), _)| *place).collect();
        let queued: Arc<[(Lane, String)]> =
            left.into_iter().map(|((_, body), lane)| (lane, body.as_ref().to_owned())).collect();
        match self.intake.take(queued.clone()).await {
            Ok(()) => Ok(sent),
            Err(NotTaken::Closed) => Err(refuse(StatusCode::SERVICE_UNAVAILABLE, CLOSED)),
            Err(NotTaken::Unsent(unsent)) => {
                let left = unsent.iter().map(|unsent| queued[unsent.at].clone()).collect();
                // What is done is not on a queue: only the sender can bring it there.
                self.is_handled(left).await;
                Err(unsent_answer(&unsent, &places, sent))
            }
            Err(NotTaken::Store(_)) if self.is_handled(queued.clone()).await => Ok(sent),
            Err(NotTaken::Store(error)) => {
                let message = format!(
                    "the events could not be stored, send them again; what is urgent in them is paged unrecorded: {error}"
                );
                Err(refuse(StatusCode::SERVICE_UNAVAILABLE, &message))
            }
        }
    }
}

const CLOSED: &str = "no queue takes events: the store is a table, so that events by HTTP go to SQS; expected `queue` in the \
                      configuration, or send them where EventBridge does";

/// Names those that are on no queue by their places among all that were sent, counted from 1.
fn unsent_answer(unsent: &[Unsent], places: &[usize], sent: usize) -> Response {
    let named = unsent.iter().take(NAMED).map(|Unsent { at, queue, reason, is_refused: _ }| {
        format!("event {} (queue {queue}: {reason})", places[*at] + 1)
    });
    let named = named.collect::<Vec<_>>().join(", ");
    let more = unsent.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let count = unsent.len();
    let (status, what) = match unsent.iter().all(|unsent| unsent.is_refused) {
        true => (StatusCode::UNPROCESSABLE_ENTITY, "are refused by their queue, the others are on it"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "are on no queue, send them again"),
    };
    refuse(status, &format!("{count} of {sent} events {what}: {named}{more}"))
}

fn accepted(events: usize) -> Response {
    (StatusCode::ACCEPTED, Json(views::Accepted { accepted: events })).into_response()
}

impl Ingest {
    /// Handles events that are on no queue here and now, so that what is urgent in them is paged; says whether nothing of
    /// them is left to be done. Goes on after the answer, and when the sender has gone away.
    async fn is_handled(&self, queued: Arc<[(Lane, String)]>) -> bool {
        let (router, telling) = (self.router.clone(), self.telling.clone());
        let task = tokio::spawn(async move {
            let _telling = telling;
            let handle = |at: usize| {
                let (router, queued) = (router.clone(), queued.clone());
                async move { router.handle(&queued[at].1).await.is_ok() }
            };
            let handled = stream::iter(0..queued.len()).map(handle).buffer_unordered(SIDE_BY_SIDE);
            // Each of them, whatever became of the one before.
            handled.fold(true, async |all, is_handled| all && is_handled).await
        });
        matches!(timeout(ANSWERED_WITHIN, task).await, Ok(Ok(true)))
    }
}
