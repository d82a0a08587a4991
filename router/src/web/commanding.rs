//! A command on its way: who asks, whether they may, what comes of it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use watchfire_core::command::{Command, CommandKind};
use watchfire_core::decision::{Caller, Decision};
use watchfire_core::hash::sha256;
use watchfire_core::ids::{EventId, Own};
use watchfire_core::journal::Entry;
use watchfire_core::silence::{Extension, Silence};
use watchfire_core::text::clean;
use watchfire_core::verdict::Why;

use super::answer::{refuse, refuse_unclear, refuse_unknown, unavailable};
use super::commands::Operator;
use super::refusal::Refusal;
use crate::api::params::{self, Named};
use crate::api::views;
use crate::failure::Nack;
use crate::identity::{How, Identity, Place, Wanted};
use crate::router::{CommandResult, Rehearsal, Router, SEEN_WITHIN, Sight, recorded};
use crate::store;

/// A command, with who asks for it, and what they were shown.
pub(super) struct Wanting {
    pub(super) identity: Identity,
    /// Where they ask from.
    pub(super) from: Option<String>,
    pub(super) command: params::Command,
    /// The incident's episode that they were shown; whichever is going on, if it is none.
    pub(super) episode: Option<u32>,
    /// The hash of the plan that they were shown; whichever waits, if it is none.
    pub(super) plan: Option<String>,
}

/// Carries out a command, or rehearses it, if they may.
pub(super) async fn commanded(operator: &Operator, wanting: Wanting) -> Response {
    let Wanting { identity, from, command, episode, plan } = wanting;
    let params::Command { by, reason, wish, on, dry_run, id } = command;
    if identity.how == How::OperatorToken && by.trim().is_empty() {
        return refuse(StatusCode::BAD_REQUEST, "expected who asks, in `by`");
    }
    let (by, caller) = asking(&by, &identity);
    let sight = Sight::from(&identity);
    let wish = match operator.router.whole(wish, sight).await {
        Ok(Ok(wish)) => wish,
        Ok(Err(unclear)) => return refuse_unclear(unclear),
        Err(error) => return unavailable(&error),
    };
    match operator.router.out_of_sight(sight, &wish).await {
        Ok(None) => {}
        Ok(Some(name)) => return refuse_unknown(&name, "expected the id of what is to be seen in a list"),
        Err(error) => return unavailable(&error),
    }
    match permitted_there(&operator.router, &identity, &wish, on.as_ref()).await {
        Ok(Ok(())) => {}
        Ok(Err(wanted)) => return operator.refusals.answer(Refusal::Role, wanted),
        Err(error) => return unavailable(&error),
    }
    let now = jiff::Timestamp::now();
    let own = || sha256(&format!("{by}\n{reason}\n{wish:?}\n{on:?}\n{}", now.as_nanosecond()));
    let id = EventId::own(Own::Command(&id.unwrap_or_else(own)));
    let (by, reason) = (clean(&by, 100), clean(&reason, 300));
    let command = Command { id, by, reason, via: None, episode, plan, caller, from, wish };
    answered(operator, &command, on.as_ref(), dry_run.into()).await
}

/// Whether it is done.
enum Mode {
    ForReal,
    Rehearse,
}

impl From<bool> for Mode {
    fn from(dry_run: bool) -> Self {
        if dry_run { Mode::Rehearse } else { Mode::ForReal }
    }
}

async fn answered(operator: &Operator, command: &Command, on: Option<&Named>, mode: Mode) -> Response {
    let remark = match operator.router.remark(command).await {
        Ok(remark) => remark,
        Err(error) => return unavailable(&error),
    };
    let answer = match mode {
        Mode::Rehearse => operator.router.rehearse(command, on).await.map(rehearsed).map(Some),
        Mode::ForReal => carried_out(&operator.router, command, on).await,
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
        | CommandKind::Propose { .. }
        | CommandKind::FollowUp { .. }
        | CommandKind::SwitchOff
        | CommandKind::SwitchOn
        | CommandKind::Acknowledge(_)
        | CommandKind::Take(_)
        | CommandKind::Unacknowledge(_)
        | CommandKind::Resolve(_)
        | CommandKind::Reassign { .. }
        | CommandKind::Annotate { .. } => return None,
    };
    let silences = router.silences().await.unwrap_or_default();
    let silence = silences.into_iter().find(|silence| is_it(silence))?;
    let holds = router.held_by(&silence.id).await.unwrap_or_default();
    let names = router.known_names();
    Some(views::Silence::of(silence, holds, names.as_ref(), router.clock.now()))
}
