//! `/livez`, `/readyz` and `/metrics`, on a port of their own.

use std::sync::Arc;

use axum::Router as Routes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, on};

use super::asked::asked_by;
use super::guard::{Guard, not_for_strangers};
use crate::api::{HealthEndpoint, METRICS};
use crate::source::spool::{Lane, Spool};
use crate::store::Store;
use crate::telemetry::Metrics;

/// What telling how the worker is needs.
#[derive(Clone)]
pub struct Health {
    /// Its metrics.
    pub metrics: Arc<Metrics>,
    /// Ready means that the store answers: PagerDuty's health is not ours. Alive means that it is of use.
    pub store: Store,
    /// Its embedded queue, where it has one.
    pub spool: Option<Spool>,
}

/// The routes of the health address. Who asks whether the worker is there is told, by whatever name; the
/// metrics say more, and are for no page of the web.
pub(super) fn health(health: Health, guard: Guard) -> Routes {
    let all = HealthEndpoint::ALL.iter();
    all.fold(Routes::new(), |routes, endpoint| {
        let by = asked_by(endpoint.method());
        let guarded = from_fn_with_state(guard.clone(), not_for_strangers);
        let answering: MethodRouter<Health> = match endpoint {
            HealthEndpoint::Live => on(by, alive),
            HealthEndpoint::Ready => on(by, ready),
            HealthEndpoint::Metrics => on(by, metrics).route_layer(guarded),
        };
        routes.route(endpoint.path(), answering)
    })
    .with_state(health)
}

/// Not while only a new start would help.
async fn alive(State(health): State<Health>) -> Response {
    match health.store.broken() {
        None => "alive\n".into_response(),
        Some(error) => {
            let text = format!("this process ends, to be started again: {error}\n");
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

async fn ready(State(health): State<Health>) -> Response {
    match health.store.ping().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("the store does not answer: {error}\n")).into_response()
        }
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    if let Some(spool) = &health.spool {
        Lane::ALL.iter().for_each(|lane| health.metrics.queued(lane.as_str(), spool.depth_of(*lane)));
    }
    ([(header::CONTENT_TYPE, METRICS)], health.metrics.text()).into_response()
}
