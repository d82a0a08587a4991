//! `POST /v1/slack/interactivity`: what people do in Slack by a button; answered at once, told to them when it is done.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::on;
use axum::{Extension, Router as Routes};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::SignedDuration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::refuse;
use super::asked::asked_by;
use super::body::{Bodies, whole};
use super::commands::Operator;
use super::line::Line;
use super::pressing::pressing;
use crate::api::{SLACK_SIGNATURE_HEADER, WebhookEndpoint};
use crate::slack::{App, Apps, Heard, Pressed, Shown, read, say};
use crate::telemetry;

/// A message has a few kilobytes of blocks, and comes along with each press.
const MOST_BYTES: usize = 256 * 1024;
/// What all large ones may hold together, in bytes: who has sent them is known when they are there.
const HELD_BYTES: usize = 4 * 1024 * 1024;
/// Slack waits 3 s, and shows then that it failed. What takes longer goes on.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many presses are worked on at a time.
const AT_ONCE: usize = 32;
/// A press that is told later than that was held back by somebody.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// What taking presses needs.
#[derive(Clone)]
struct Buttons(Arc<Shared>);

struct Shared {
    operator: Operator,
    apps: Apps,
    complaints: DefaultDirectRateLimiter,
    slots: Arc<Semaphore>,
}

/// The route for Slack; no route where no channel has buttons.
pub fn slack_buttons(operator: &Operator, apps: Apps) -> Routes {
    if apps.is_empty() {
        return Routes::new();
    }
    let bodies = Bodies::new(MOST_BYTES, HELD_BYTES, operator.refusals.clone());
    // Anybody can knock; the log says so once a minute, the metrics each time.
    let complaints = RateLimiter::direct(Quota::per_minute(NonZeroU32::MIN));
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let state = Buttons(Arc::new(Shared { operator: operator.clone(), apps, complaints, slots }));
    let endpoint = WebhookEndpoint::Slack;
    Routes::new()
        .route(endpoint.path(), on(asked_by(endpoint.method()), take))
        .layer(DefaultBodyLimit::disable())
        .route_layer(from_fn_with_state(bodies, whole))
        .with_state(state)
}

/// 401: not signed. 400: no press. 503: too many at once. 200: it is worked on, or done, or asks nothing of us.
async fn take(
    State(Buttons(shared)): State<Buttons>,
    line: Option<Extension<Arc<Line>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Shared { operator, apps, complaints, slots } = &*shared;
    let (metrics, now) = (&operator.router.metrics, operator.router.clock.now());
    let timestamp = only(&headers, "x-slack-request-timestamp");
    let shown = Shown { timestamp, signature: only(&headers, SLACK_SIGNATURE_HEADER) };
    let app = match apps.signer(shown, &body, now) {
        Ok(app) => app.clone(),
        Err(unsigned) => {
            metrics.pressed("unsigned");
            if complaints.check().is_ok() {
                telemetry::press_unsigned(&unsigned);
            }
            return refuse(StatusCode::UNAUTHORIZED, &unsigned.to_string());
        }
    };
    if let Some(Extension(line)) = &line {
        line.proven();
    }
    let pressed = match read(&body) {
        Ok(Heard::Pressed(pressed)) if now.duration_since(pressed.at).abs() <= FRESH => *pressed,
        Ok(Heard::Nothing) => {
            metrics.pressed("unconcerned");
            return StatusCode::OK.into_response();
        }
        Ok(Heard::Pressed(_)) => return unreadable(operator, "expected a press of the last ten minutes"),
        Err(mistake) => return unreadable(operator, mistake),
    };
    let Ok(slot) = slots.clone().try_acquire_owned() else {
        metrics.pressed("busy");
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "too many presses are worked on already");
    };
    let from = line.map(|Extension(line)| line.from.to_string());
    let working = worked_on(shared.clone(), app, pressed, from, slot);
    // It goes on, whether or not Slack still waits.
    let _ = tokio::time::timeout(PATIENCE, tokio::spawn(working)).await;
    StatusCode::OK.into_response()
}

async fn worked_on(
    shared: Arc<Shared>,
    app: App,
    pressed: Pressed,
    from: Option<String>,
    _slot: OwnedSemaphorePermit,
) {
    let Shared { operator, apps, .. } = &*shared;
    for said in pressing(operator, &pressed, from).await {
        if let Err(why) = say(apps, &app, &pressed.response_url, said).await {
            telemetry::press_not_answered(&pressed.id, &why);
        }
    }
}

fn unreadable(operator: &Operator, expected: &str) -> Response {
    operator.router.metrics.pressed("unreadable");
    refuse(StatusCode::BAD_REQUEST, expected)
}

/// The header's text; none where it is there more than once, or is no text.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    only.to_str().ok()
}
