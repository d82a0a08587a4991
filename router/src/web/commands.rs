//! `POST /v1/commands` and what a human looks at before: for those who are known, and may.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, on};
use axum::{Extension as In, Json, Router as Routes};
use jiff::Timestamp;
use watchfire_core::command::{Command, CommandKind};
use watchfire_core::decision::{Caller, Decision};
use watchfire_core::hash::sha256;
use watchfire_core::ids::{ApprovalId, EventId, Own};
use watchfire_core::journal::Entry;
use watchfire_core::silence::{Extension, Silence};
use watchfire_core::text::clean;
use watchfire_core::verdict::Why;

use super::answer::{refuse, refuse_unclear, unavailable};
use super::asked::{Body, asked_by};
use super::body::{Bodies, whole};
use super::line::Line;
use super::refusal::{Refusal, Refusals};
use super::who::{Who, identified, permitted};
use crate::api::params::{self, Named};
use crate::api::{OperatorEndpoint, VERSION_HEADER, ZONE_HEADER, views};
use crate::aws;
use crate::failure::Nack;
use crate::identity::{Access, How, Identity, Place, Role, Wanted};
use crate::reload::Reloader;
use crate::reloaded::Cause;
use crate::router::{CommandResult, Rehearsal, Router, SEEN_WITHIN, recorded, shortest};
use crate::store;

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
    let params::Command { by, reason, wish, on, dry_run, id } = command;
    if identity.how == How::OperatorToken && by.trim().is_empty() {
        return refuse(StatusCode::BAD_REQUEST, "expected who asks, in `by`");
    }
    let (by, caller) = asking(&by, &identity);
    let wish = match operator.router.whole(wish).await {
        Ok(Ok(wish)) => wish,
        Ok(Err(unclear)) => return refuse_unclear(&operator, &identity, unclear).await,
        Err(error) => return unavailable(&error),
    };
    match permitted_there(&operator.router, &identity, &wish, on.as_ref()).await {
        Ok(Ok(())) => {}
        Ok(Err(wanted)) => return operator.refusals.answer(Refusal::Role, wanted),
        Err(error) => return unavailable(&error),
    }
    let now = jiff::Timestamp::now();
    let own = || sha256(&format!("{by}\n{reason}\n{wish:?}\n{on:?}\n{}", now.as_nanosecond()));
    let id = EventId::own(Own::Command(&id.unwrap_or_else(own)));
    let (by, reason) = (clean(&by, 100), clean(&reason, 300));
    let from = line.map(|In(line)| line.from.to_string());
    let command = Command { id, by, reason, via: None, episode: None, caller, from, wish };
    let remark = match operator.router.remark(&command).await {
        Ok(remark) => remark,
        Err(error) => return unavailable(&error),
    };
    let answer = match dry_run {
        true => operator.router.rehearse(&command, on.as_ref()).await.map(rehearsed).map(Some),
        false => carried_out(&operator.router, &command, on.as_ref()).await,
    };
    match answer {
        Ok(Some(answer)) => {
            let remark = remark.filter(|_| answer.decision.why != Why::Declined);
            let remarks: Vec<_> = remark.into_iter().chain(left(&operator.router, &answer)).collect();
            let remark = (!remarks.is_empty()).then(|| remarks.join("; "));
            Json(views::CommandResult { remark, ..answer }).into_response()
        }
        Ok(None) => refuse(StatusCode::CONFLICT, "this id was used before, and not for this command"),
        Err(Nack { reason, .. }) => refuse(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}

/// Whether they may have that done to what it is done to; whoever may anywhere is not looked after.
async fn permitted_there(
    router: &Router,
    identity: &Identity,
    wish: &CommandKind,
    on: Option<&Named>,
) -> Result<Result<(), Wanted>, store::Error> {
    if identity.may(wish, &Place::everywhere()).is_ok() {
        return Ok(Ok(()));
    }
    Ok(identity.may(wish, &router.place_of(wish, on).await?))
}

/// Who asks, as it is recorded: what they call themselves counts for nothing beside the name that they are known by.
fn asking(by: &str, identity: &Identity) -> (String, Option<Box<Caller>>) {
    let (name, says) = identity.goes_by(by);
    let Identity { how, subject, .. } = identity;
    let is_one_person = *how != How::OperatorToken;
    let caller = is_one_person.then(|| {
        let (how, says) = (how.as_str().to_owned(), says.map(|says| clean(&says, 100)));
        Box::new(Caller { how, subject: subject.clone(), says })
    });
    (name, caller)
}

/// What of it is left to others and not done yet, in a sentence.
fn left(router: &Router, answer: &views::CommandResult) -> Option<String> {
    let outcomes = answer.outcomes.as_ref().filter(|_| !router.has_configuration())?;
    let Decision { effects, acts, .. } = &answer.decision;
    let all = effects.iter().map(|effect| &effect.id).chain(acts.iter().map(|act| &act.id));
    let left = all.filter(|id| !outcomes.contains_key(*id)).count();
    let things = if left == 1 { "thing is" } else { "things are" };
    (left > 0).then(|| {
        format!(
            "recorded, and {left} {things} left to be done by whoever works on the table, a worker within seconds, a Lambda \
             with its next tick; nobody has in {} s. With --config this machine does it",
            SEEN_WITHIN.as_secs()
        )
    })
}

fn rehearsed(rehearsal: Rehearsal) -> views::CommandResult {
    let Rehearsal { decision, acts, effect } = rehearsal;
    let acts = acts.into_iter().map(|(act, steps)| views::Rehearsed { act, steps }).collect();
    let (outcomes, acts) = (None, Some(acts));
    views::CommandResult { dry_run: true, decision, outcomes, acts, effect, silence: None, remark: None }
}

/// The answer; none where the id stands for something else.
async fn carried_out(
    router: &Router,
    command: &Command,
    on: Option<&Named>,
) -> Result<Option<views::CommandResult>, Nack> {
    let CommandResult { entry, effect } = router.command(command, on).await?;
    if entry.raw != recorded(command, on) {
        return Ok(None);
    }
    let Entry { decision, raw: _, sha256: _, outcomes } = entry;
    let silence = concerned(router, &command.wish, decision.at).await;
    let (outcomes, acts) = (Some(outcomes), None);
    Ok(Some(views::CommandResult { dry_run: false, decision, outcomes, acts, effect, silence, remark: None }))
}

/// The silence that a command was about. Read back, so that a command that comes again is answered as it was the first
/// time.
async fn concerned(router: &Router, wish: &CommandKind, decided_at: Timestamp) -> Option<views::Silence> {
    let is_it: Box<dyn Fn(&Silence) -> bool + Send> = match wish.clone() {
        CommandKind::Silence(draft) => {
            Box::new(move |silence| silence.made_at == decided_at && silence.matches == draft.matches)
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
        | CommandKind::Reassign { .. } => return None,
    };
    let silences = router.silences().await.unwrap_or_default();
    let silence = silences.into_iter().find(|silence| is_it(silence))?;
    let holds = router.held_by(&silence.id).await.unwrap_or_default();
    Some(views::Silence::of(silence, holds, router.clock.now()))
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
