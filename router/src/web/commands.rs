//! `POST /v1/commands` and what a human looks at before: for those who are known, and may.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, on};
use axum::{Extension as In, Json, Router as Routes};
use watchfire_core::ids::ApprovalId;

use super::answer::{refuse, unavailable};
use super::asked::{Body, asked_by};
use super::body::{Bodies, whole};
use super::commanding::{Wanting, commanded};
use super::line::Line;
use super::refusal::Refusals;
use super::who::{Who, identified, permitted};
use crate::api::params;
use crate::api::{OperatorEndpoint, VERSION_HEADER, ZONE_HEADER, views};
use crate::aws;
use crate::identity::{Access, Identity, Role};
use crate::reload::Reloader;
use crate::reloaded::Cause;
use crate::router::{Router, shortest};

/// The most that one command may be, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// What commands need.
#[derive(Clone)]
pub struct Operator {
    /// Who carries them out.
    pub router: Arc<Router>,
    /// Who may ask.
    pub access: Arc<Access>,
    /// Counts what is refused.
    pub refusals: Arc<Refusals>,
    /// Reads the configuration again; none where it was not read from a file.
    pub reloader: Option<Arc<Reloader>>,
}

/// In a request's extensions: whoever lets requests in has let this one in. No header says so.
#[derive(Clone, Copy, Debug)]
pub struct Vouched;

/// In a request's extensions: whom AWS has let in. What they call themselves counts for nothing beside it.
#[derive(Clone, Debug)]
pub struct LetIn(pub aws::identity::Identity);

/// The routes for operators.
pub(super) fn commands(operator: Operator) -> Routes {
    let all = OperatorEndpoint::ALL.iter();
    let routes =
        all.fold(Routes::new(), |routes, endpoint| routes.route(endpoint.path(), answering(*endpoint)));
    for_operators(routes, &operator, MOST_BYTES).with_state(operator)
}

/// The same routes, let in by what an operator shows, and introduced; a body has so many bytes at most.
pub(super) fn for_operators<S: Clone + Send + Sync + 'static>(
    routes: Routes<S>,
    operator: &Operator,
    most: usize,
) -> Routes<S> {
    let bodies = Bodies::new(most, most, operator.refusals.clone());
    let who = Who { access: operator.access.clone(), refusals: operator.refusals.clone() };
    routes
        .layer(DefaultBodyLimit::disable())
        .route_layer(from_fn_with_state(bodies, whole))
        // Of these routes alone: what is nobody's route stays a 404.
        .route_layer(from_fn_with_state(who.clone(), permitted))
        .route_layer(from_fn_with_state(who, identified))
        .route_layer(from_fn_with_state(operator.clone(), introduced))
}

/// Who answers a route.
fn answering(endpoint: OperatorEndpoint) -> MethodRouter<Operator> {
    let by = asked_by(endpoint.method());
    match endpoint {
        OperatorEndpoint::Commands => on(by, take),
        OperatorEndpoint::Approvals => on(by, approvals),
        OperatorEndpoint::Contained | OperatorEndpoint::Held => on(by, contained),
        OperatorEndpoint::Mitigation => on(by, mitigation),
        OperatorEndpoint::Silences => on(by, super::incidents::silences),
        OperatorEndpoint::Incidents => on(by, super::incidents::incidents),
        OperatorEndpoint::OnCall => on(by, super::incidents::on_call),
        OperatorEndpoint::Story => on(by, super::incidents::story),
        OperatorEndpoint::Event => on(by, super::event::event),
        OperatorEndpoint::Audit => on(by, super::audit::audit),
        OperatorEndpoint::Reload => on(by, reload),
        OperatorEndpoint::Backup => on(by, super::store::backup),
        OperatorEndpoint::Export => on(by, super::store::export),
    }
}

/// Says with every answer who answers, and in which zone people here read their clocks.
async fn introduced(State(operator): State<Operator>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let set = operator.router.in_force();
    let zone = set.policy.calendar.zone().name();
    for (name, value) in [(VERSION_HEADER, env!("CARGO_PKG_VERSION")), (ZONE_HEADER, zone)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    answer
}

async fn take(
    State(operator): State<Operator>,
    In(identity): In<Identity>,
    line: Option<In<Arc<Line>>>,
    Body(command): Body<params::Command>,
) -> Response {
    let from = line.map(|In(line)| line.from.to_string());
    commanded(&operator, Wanting { identity, from, command, episode: None, plan: None }).await
}

async fn approvals(State(operator): State<Operator>, In(identity): In<Identity>) -> Response {
    let mut approvals = match operator.router.approvals().await {
        Ok(approvals) => approvals,
        Err(error) => return unavailable(&error),
    };
    approvals.retain(|(_, record)| {
        identity.has(Role::Viewer, &operator.router.place_of_target(&record.act.target)).is_ok()
    });
    let ids: Vec<String> = approvals.iter().map(|(id, _)| id.clone()).collect();
    let shown = approvals.into_iter().map(|(id, record)| {
        let short = shortest(&ids, &id);
        views::Approval::of(ApprovalId::new(id), short, record)
    });
    Json(shown.collect::<Vec<_>>()).into_response()
}

async fn contained(State(operator): State<Operator>, In(identity): In<Identity>) -> Response {
    match operator.router.held_with_names().await {
        Ok(mut targets) => {
            targets.retain(|(record, _)| {
                identity.has(Role::Viewer, &operator.router.place_of_target(&record.target)).is_ok()
            });
            let shown = targets.into_iter().map(|(target, short)| views::Contained::of(target, short));
            Json(shown.collect::<Vec<_>>()).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

async fn mitigation(State(operator): State<Operator>) -> Response {
    let switch = match operator.router.switch().await {
        Ok(switch) => switch,
        Err(error) => return unavailable(&error),
    };
    let elsewhere = match operator.router.responder() {
        Some(responder) => responder.switched_off().await,
        None => Ok(None),
    };
    // One that cannot be read holds everything up as one that says off does.
    let elsewhere = elsewhere.unwrap_or_else(Some);
    let mode = operator.router.in_force().policy.mitigation.mode;
    let mode = operator.router.has_configuration().then_some(mode);
    Json(views::Mitigation { off: switch.off, elsewhere, mode }).into_response()
}

/// The outcome stands in the answer: a configuration that was refused is an answer like another.
async fn reload(
    State(operator): State<Operator>,
    In(identity): In<Identity>,
    line: Option<In<Arc<Line>>>,
) -> Response {
    let by = identity.actor(line.map(|In(line)| line.from.to_string()));
    match &operator.reloader {
        Some(reloader) => Json(reloader.reload(Cause::Asked, Some(by)).await).into_response(),
        None => refuse(StatusCode::CONFLICT, "this worker did not read its configuration from a file"),
    }
}
