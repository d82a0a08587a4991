//! `POST /v1/commands` and what a human looks at before: for those who show the operator's token.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router as Routes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use watchfire_core::command::{Command, CommandKind};
use watchfire_core::hash::sha256;
use watchfire_core::ids::{EventId, Own};
use watchfire_core::silence::{Extension, Silence, SilenceEffect};
use watchfire_core::text::clean;

use super::asked::Body;
use super::body::{Bodies, whole};
use super::line::Line;
use super::refusal::{Refusal, Refusals};
use super::shown::SilenceShown;
use super::token::Token;
use crate::failure::Nack;
use crate::reload::Reloader;
use crate::reloaded::Cause;
use crate::responder::Named;
use crate::router::{Ambiguous, CommandResult, Rehearsal, Router, Unclear, recorded, shortest};
use crate::store;

/// In every answer to an operator: the worker's version.
pub(crate) const VERSION_HEADER: &str = "watchfire-version";
/// In every answer to an operator: the time zone of the configuration.
pub(crate) const ZONE_HEADER: &str = "watchfire-time-zone";
/// The most that one command may be, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// What commands need.
#[derive(Clone)]
pub struct Operator {
    /// Who carries them out.
    pub router: Arc<Router>,
    /// What operators must show; none: there are no operators.
    pub token: Option<Token>,
    /// Counts what is refused.
    pub refusals: Arc<Refusals>,
    /// Reads the configuration again; none where it was not read from a file.
    pub reloader: Option<Arc<Reloader>>,
}

/// A command as it is sent.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Who asks.
    pub by: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// What.
    pub wish: CommandKind,
    /// On what, for an action.
    #[serde(default)]
    pub on: Option<Named>,
    /// Only rehearsed.
    #[serde(default)]
    pub dry_run: bool,
    /// Told apart by this: sent again with it, it is one command; another command with it is refused. Left out,
    /// every sending is its own.
    #[serde(default)]
    pub id: Option<String>,
}

/// The routes for operators.
pub(super) fn commands(operator: Operator) -> Routes {
    let bodies = Bodies::new(MOST_BYTES, MOST_BYTES, operator.refusals.clone());
    Routes::new()
        .route("/v1/commands", post(take))
        .route("/v1/approvals", get(approvals))
        .route("/v1/held", get(held))
        .route("/v1/mitigation", get(mitigation))
        .route("/v1/silences", get(super::incidents::silences))
        .route("/v1/incidents", get(super::incidents::incidents))
        .route("/v1/story", get(super::incidents::story))
        .route("/v1/event", get(super::event::event))
        .route("/v1/reload", post(reload))
        .route("/v1/store/backup", get(super::store::backup))
        .route("/v1/store/export", get(super::store::export))
        .layer(DefaultBodyLimit::disable())
        .route_layer(from_fn_with_state(bodies, whole))
        // Of these routes alone: what is nobody's route stays a 404.
        .route_layer(from_fn_with_state(operator.clone(), only_operators))
        .route_layer(from_fn_with_state(operator.clone(), introduced))
        .with_state(operator)
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

async fn only_operators(State(operator): State<Operator>, request: Request, next: Next) -> Response {
    let refused = match &operator.token {
        None => Some((Refusal::NoToken, "nobody may: http.operator_token is not configured")),
        Some(token) if token.is_shown(request.headers()) => None,
        Some(_) => Some((Refusal::Token, "expected `Authorization: Bearer` with the operator's token")),
    };
    if let Some((reason, expected)) = refused {
        let instead = linked(&request)
            .map(|of| format!("; this link is for programs, in a terminal: watchfire why {of}"));
        return operator.refusals.answer(reason, format!("{expected}{}", instead.unwrap_or_default()));
    }
    if let Some(line) = request.extensions().get::<Arc<Line>>() {
        line.proven();
    }
    next.run(request).await
}

/// Of what a page's link tells, if it is one: whoever opens it in a browser has no token to show.
fn linked(request: &Request) -> Option<String> {
    let of = request.uri().query().filter(|_| request.uri().path() == "/v1/story")?.strip_prefix("of=")?;
    let is_id =
        !of.is_empty() && of.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:._".contains(&byte));
    is_id.then(|| clean(of, 100))
}

async fn take(State(operator): State<Operator>, Body(order): Body<Order>) -> Response {
    let Order { by, reason, wish, on, dry_run, id } = order;
    if by.trim().is_empty() {
        return refuse(StatusCode::BAD_REQUEST, "expected who asks, in `by`");
    }
    let wish = match operator.router.whole(wish).await {
        Ok(Ok(wish)) => wish,
        Ok(Err(unclear)) => return refuse_unclear(&unclear),
        Err(error) => return unavailable(&error),
    };
    let now = jiff::Timestamp::now();
    let own = || sha256(&format!("{by}\n{reason}\n{wish:?}\n{on:?}\n{}", now.as_nanosecond()));
    let id = EventId::own(Own::Command(&id.unwrap_or_else(own)));
    let command =
        Command { id, by: clean(&by, 100), reason: clean(&reason, 300), via: None, episode: None, wish };
    let remark = match operator.router.remark(&command).await {
        Ok(remark) => remark,
        Err(error) => return unavailable(&error),
    };
    let answer = match dry_run {
        true => operator.router.rehearse(&command, on.as_ref()).await.map(|rehearsal| {
            let Rehearsal { decision, acts, effect } = rehearsal;
            let acts = acts.iter().map(|(act, steps)| json!({"act": act, "steps": steps}));
            let acts: Vec<Value> = acts.collect();
            Some(with_effect(json!({"dry_run": true, "decision": decision, "acts": acts}), effect))
        }),
        false => carried_out(&operator.router, &command, on.as_ref()).await,
    };
    match answer {
        Ok(Some(mut answer)) => {
            if let Some(remark) = remark.filter(|_| answer["decision"]["why"] != "declined") {
                answer["remark"] = json!(remark);
            }
            Json(answer).into_response()
        }
        Ok(None) => refuse(StatusCode::CONFLICT, "this id was used before, and not for this command"),
        Err(Nack { reason, .. }) => refuse(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}

/// The answer; none where the id stands for something else.
async fn carried_out(router: &Router, command: &Command, on: Option<&Named>) -> Result<Option<Value>, Nack> {
    let CommandResult { entry, effect } = router.command(command, on).await?;
    if entry.raw != recorded(command, on) {
        return Ok(None);
    }
    let answer = json!({"dry_run": false, "decision": entry.decision, "outcomes": entry.outcomes});
    let mut answer = with_effect(answer, effect);
    // Read back, so that a command that comes again is answered as it was the first time.
    let is_it: Box<dyn Fn(&Silence) -> bool + Send> = match command.wish.clone() {
        CommandKind::Silence(draft) => {
            let made_at = entry.decision.at;
            Box::new(move |silence| silence.made_at == made_at && silence.matches == draft.matches)
        }
        CommandKind::Expire(id) | CommandKind::Extend(Extension { silence: id, ends_at: _ }) => {
            Box::new(move |silence| silence.id == id)
        }
        CommandKind::Approve(_)
        | CommandKind::Deny(_)
        | CommandKind::Release(_)
        | CommandKind::Act(_)
        | CommandKind::SwitchOff
        | CommandKind::SwitchOn
        | CommandKind::Acknowledge(_)
        | CommandKind::Take(_)
        | CommandKind::Unacknowledge(_)
        | CommandKind::Resolve(_)
        | CommandKind::Reassign { .. } => return Ok(Some(answer)),
    };
    let silences = router.silences().await.unwrap_or_default();
    if let Some(silence) = silences.into_iter().find(|silence| is_it(silence)) {
        let holds = router.held_by(&silence.id).await.unwrap_or_default();
        answer["silence"] = json!(SilenceShown::of(silence, holds, router.clock.now()));
    }
    Ok(Some(answer))
}

fn with_effect(mut answer: Value, effect: Option<SilenceEffect>) -> Value {
    if let Some(effect) = effect {
        answer["effect"] = json!(effect);
    }
    answer
}

async fn approvals(State(operator): State<Operator>) -> Response {
    let approvals = match operator.router.approvals().await {
        Ok(approvals) => approvals,
        Err(error) => return unavailable(&error),
    };
    let ids: Vec<String> = approvals.iter().map(|(id, _)| id.clone()).collect();
    listed(Ok(approvals), |(id, record)| {
        json!({"id": id, "short": shortest(&ids, &id), "action": record.act.action.as_str(), "target": record.act.target.named(),
               "plan": watchfire_core::act::summary(&record.act.steps), "hash": record.act.hash,
               "because": record.because, "priority": record.priority, "incident": record.act.incident,
               "asked_at": record.asked_at, "expires_at": record.expires_at, "answer": record.answer})
    })
}

async fn held(State(operator): State<Operator>) -> Response {
    let held = match operator.router.held_with_names().await {
        Ok(held) => held,
        Err(error) => return unavailable(&error),
    };
    listed(Ok(held), |(target, short)| {
        json!({"incident": target.incident, "short": short, "target": target.target.named(), "acts": target.acts,
               "undo": watchfire_core::act::summary(&target.undo())})
    })
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
    Json(json!({"off": switch.off, "elsewhere": elsewhere, "mode": mode})).into_response()
}

/// The outcome stands in the answer: a configuration that was refused is an answer like another.
async fn reload(State(operator): State<Operator>) -> Response {
    match &operator.reloader {
        Some(reloader) => Json(reloader.reload(Cause::Asked).await).into_response(),
        None => refuse(StatusCode::CONFLICT, "this worker did not read its configuration from a file"),
    }
}

fn listed<T>(rows: Result<Vec<T>, store::Error>, show: impl Fn(T) -> Value) -> Response {
    match rows {
        Ok(rows) => Json(rows.into_iter().map(show).collect::<Vec<_>>()).into_response(),
        Err(error) => unavailable(&error),
    }
}

pub(super) fn unavailable(error: &store::Error) -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("the store does not answer: {error}"))
}

pub(super) fn refuse_ambiguous(ambiguous: Ambiguous) -> Response {
    refuse_unclear(&ambiguous.into())
}

fn refuse_unclear(unclear: &Unclear) -> Response {
    let (error, candidates) = (unclear.to_string(), unclear.candidates());
    (StatusCode::CONFLICT, Json(json!({"error": error, "candidates": candidates}))).into_response()
}

pub(super) fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::body::Body as Bytes;

    use super::*;

    #[test]
    fn only_a_pages_link_is_told_what_to_type_and_only_an_id_is_repeated() {
        let of = |uri: &str| linked(&Request::get(uri).body(Bytes::empty()).unwrap());
        assert_eq!(of("/v1/story?of=wf1-5f3c9a"), Some("wf1-5f3c9a".to_owned()));
        for other in
            ["/v1/story", "/v1/story?of=", "/v1/story?of=a%0Ab", "/v1/story?of=$(x)", "/v1/event?of=a"]
        {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
