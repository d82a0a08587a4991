//! `/act` and `/silences/new`: what a command will do, shown first; and then done.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use watchfire_core::act::{Act, ActWhen, StepRecord};
use watchfire_core::attributes::matchers;
use watchfire_core::ids::EffectId;
use watchfire_core::standing::{Progress, ended};
use watchfire_core::verdict::Why;

use super::decided;
use super::deed::{Asked, Deed, Field, SPANS, Shape};
use super::desk::Trouble;
use super::shell::{self, Main};
use super::visitor::Visitor;
use super::words::line;
use super::{Board, FORGED};
use crate::api::params::Of;
use crate::api::views::{Approval, CommandResult, Incident, IncidentDetail, Rehearsed};
use crate::api::{OperatorEndpoint, params};
use crate::identity::random;
use crate::web::Refusal;

/// What a command will do, and the form that has it done.
struct Will {
    lines: Vec<String>,
    refused: Option<String>,
    csrf: Option<String>,
    id: String,
    fields: Vec<(&'static str, String)>,
    asks_why: bool,
    must_say_why: bool,
    typed: Vec<Field>,
    button: &'static str,
    back: String,
}

#[derive(Template)]
#[template(path = "act.html")]
struct Ask {
    title: &'static str,
    name: &'static str,
    of: String,
    about: Vec<String>,
    field: Option<Field>,
    mistake: Option<String>,
    will: Option<Will>,
}

#[derive(Template)]
#[template(path = "silence_new.html")]
struct NewSilence {
    asked: Asked,
    names: String,
    spans: [(&'static str, &'static str); 7],
    mistake: Option<String>,
    will: Option<Will>,
}

#[derive(Template)]
#[template(path = "done.html")]
struct Done {
    title: &'static str,
    lines: Vec<String>,
    is_refused: bool,
    back: String,
}

/// Says what a command will do.
pub(super) async fn ask(
    visitor: Visitor,
    State(board): State<Board>,
    Query(asked): Query<Asked>,
) -> Response {
    let Ok(deed) = asked.deed.parse::<Deed>() else { return unknown(&visitor, &asked) };
    if deed == Deed::Silence {
        return Redirect::to("/silences/new").into_response();
    }
    let will = match deed.typed(&asked).is_empty() {
        true => rehearsed(&board, &visitor, deed, &asked).await,
        false => to_be_typed(&visitor, deed, &asked).map(Some),
    };
    match will {
        Ok(will) => asking(&board, &visitor, deed, asked, will, None).await,
        Err(trouble) if !trouble.candidates.is_empty() => shell::trouble(&visitor, "/incident", trouble),
        Err(Trouble { message, .. }) => {
            asking(&board, &visitor, deed, asked, None, Some(line(&message))).await
        }
    }
}

/// The page that asks.
async fn asking(
    board: &Board,
    visitor: &Visitor,
    deed: Deed,
    asked: Asked,
    will: Option<Will>,
    mistake: Option<String>,
) -> Response {
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Ask {
        title: deed.text(),
        name: deed.name(),
        about: about(board, visitor, deed, &asked.of).await,
        field: deed.field(&asked),
        of: asked.of,
        mistake,
        will,
    };
    answer(visitor, status, deed.text(), &page)
}

/// What it is about, in lines.
async fn about(board: &Board, visitor: &Visitor, deed: Deed, of: &str) -> Vec<String> {
    let none = json!({});
    let lines = match deed {
        Deed::Approve | Deed::Deny => {
            let plans: Vec<Approval> =
                board.desk.look(visitor, OperatorEndpoint::Approvals, &none).await.unwrap_or_default();
            plans.into_iter().find(|plan| plan.id.as_str() == of).map(|plan| {
                let Approval { action, target, plan, because, hash, .. } = plan;
                vec![
                    format!("{action} of {target}"),
                    because,
                    format!("plan: {plan}"),
                    format!("hash {hash}"),
                ]
            })
        }
        Deed::Ack
        | Deed::Take
        | Deed::Unack
        | Deed::Resolve
        | Deed::Reassign
        | Deed::Note
        | Deed::Link
        | Deed::Unlink
        | Deed::Label
        | Deed::Release => {
            let asked = Of { of: of.to_owned() };
            let story: Option<IncidentDetail> =
                board.desk.look(visitor, OperatorEndpoint::Story, &asked).await.ok();
            story.and_then(|story| story.incident).map(|incident| {
                let Incident { key, priority, title, subject, .. } = incident;
                vec![format!("{priority} {title}"), subject, key.to_string()]
            })
        }
        Deed::Silence | Deed::Expire | Deed::Extend | Deed::MitigationOff | Deed::MitigationOn => None,
    };
    let lines = lines.unwrap_or_else(|| vec![of.to_owned()]);
    lines.iter().map(|text| line(text)).filter(|text| !text.is_empty()).collect()
}

/// The same of a new silence, which has more to be filled in.
pub(super) async fn new_silence(
    visitor: Visitor,
    State(board): State<Board>,
    Query(mut asked): Query<Asked>,
) -> Response {
    if asked.span.is_empty() {
        "2h".clone_into(&mut asked.span);
    }
    let (will, mistake) = match rehearsed(&board, &visitor, Deed::Silence, &asked).await {
        Ok(will) => (will, None),
        Err(Trouble { message, .. }) => (None, Some(line(&message))),
    };
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let names = matchers::names().join(", ");
    answer(&visitor, status, "New silence", &NewSilence { asked, names, spans: SPANS, mistake, will })
}

/// Has it done, once a form of this session says so.
pub(super) async fn act(visitor: Visitor, State(board): State<Board>, Form(asked): Form<Asked>) -> Response {
    if !visitor.has_sent(&asked.csrf) {
        board.refusals.count(Refusal::Csrf, FORGED);
        let message = "expected this session's own form; open the page again";
        return shell::trouble(&visitor, "/", Trouble::because(StatusCode::FORBIDDEN, message));
    }
    let Ok(deed) = asked.deed.parse::<Deed>() else { return unknown(&visitor, &asked) };
    let wish = match deed.wish(&asked, asked.since(Timestamp::now())) {
        Ok(Some(wish)) => wish,
        Ok(None) => return unknown(&visitor, &asked),
        Err(mistake) => return mistyped(&board, &visitor, deed, asked, mistake).await,
    };
    let id = Some(asked.id.clone()).filter(|id| !id.is_empty());
    let (by, reason) = (visitor.name.clone(), asked.reason.clone());
    let command = params::Command { by, reason, wish, on: None, dry_run: false, id };
    match board.desk.tell(&visitor, &command).await {
        Ok(result) => {
            let refused = refused(&result);
            let mut lines = said(&result);
            lines.extend(refused.clone().map(|refused| format!("not done: {refused}")));
            let is_refused = refused.is_some() || has_failed(&result);
            let page = Done { title: deed.text(), lines, is_refused, back: deed.back(&asked.of) };
            answer(&visitor, StatusCode::OK, deed.text(), &page)
        }
        Err(trouble) => shell::trouble(&visitor, "/incident", trouble),
    }
}

/// What was typed cannot be read: it is asked again with what was typed, so that nobody types it anew.
async fn mistyped(board: &Board, visitor: &Visitor, deed: Deed, asked: Asked, mistake: String) -> Response {
    let mistake = Trouble::because(StatusCode::UNPROCESSABLE_ENTITY, mistake);
    if deed.typed(&asked).is_empty() {
        return shell::trouble(visitor, "/", mistake);
    }
    match to_be_typed(visitor, deed, &asked) {
        Ok(will) => asking(board, visitor, deed, asked, Some(will), Some(line(&mistake.message))).await,
        Err(trouble) => shell::trouble(visitor, "/", trouble),
    }
}

fn unknown(visitor: &Visitor, asked: &Asked) -> Response {
    let message = format!("there is nothing to do that is called `{}`", line(&asked.deed));
    shell::trouble(visitor, "/", Trouble::because(StatusCode::BAD_REQUEST, message))
}

fn answer(visitor: &Visitor, status: StatusCode, title: &str, page: &impl Template) -> Response {
    match Main::of(title, page) {
        Ok(main) => shell::answer(Some(visitor), status, &main),
        Err(trouble) => shell::trouble(visitor, "/", trouble),
    }
}

/// What it will do; none as long as something has to be known first.
async fn rehearsed(
    board: &Board,
    visitor: &Visitor,
    deed: Deed,
    asked: &Asked,
) -> Result<Option<Will>, Trouble> {
    let now = Timestamp::now();
    let wish = deed.wish(asked, now);
    let wish = wish.map_err(|mistake| Trouble::because(StatusCode::UNPROCESSABLE_ENTITY, mistake))?;
    let Some(wish) = wish else { return Ok(None) };
    let (by, reason) = (visitor.name.clone(), asked.reason.clone());
    let command = params::Command { by, reason, wish, on: None, dry_run: true, id: None };
    let result = board.desk.tell(visitor, &command).await?;
    let of = result.decision.incident.as_ref().map_or(asked.of.as_str(), |incident| incident.as_str());
    Ok(Some(Will {
        lines: said(&result),
        refused: refused(&result),
        csrf: visitor.has(deed.least()).then(|| visitor.csrf.clone().unwrap_or_default()),
        id: nonce()?,
        fields: fields(deed, asked, now),
        asks_why: deed != Deed::Silence,
        must_say_why: deed.must_say_why(),
        typed: Vec::new(),
        button: deed.text(),
        back: deed.back(of),
    }))
}

/// The form of what is typed where it is sent.
fn to_be_typed(visitor: &Visitor, deed: Deed, asked: &Asked) -> Result<Will, Trouble> {
    let asked_again = Asked { of: asked.of.clone(), ..Asked::default() };
    Ok(Will {
        lines: vec!["It is kept with the incident, by your name; nobody is told.".to_owned()],
        refused: None,
        csrf: visitor.has(deed.least()).then(|| visitor.csrf.clone().unwrap_or_default()),
        id: nonce()?,
        fields: fields(deed, &asked_again, Timestamp::now()),
        asks_why: false,
        must_say_why: false,
        typed: deed.typed(asked),
        button: deed.text(),
        back: deed.back(&asked.of),
    })
}

/// What the form says again.
fn fields(deed: Deed, asked: &Asked, now: Timestamp) -> Vec<(&'static str, String)> {
    let Asked { deed: _, of, to, span, matches, ticket, p0, text, url, title, labels, reason, .. } = asked;
    let mut fields = vec![("do", deed.name().to_owned()), ("at", now.to_string())];
    let more = [
        ("of", of),
        ("to", to),
        ("for", span),
        ("match", matches),
        ("ticket", ticket),
        ("p0", p0),
        ("text", text),
        ("url", url),
        ("title", title),
        ("labels", labels),
    ];
    let reason = (deed == Deed::Silence).then_some(("reason", reason));
    let said = more.into_iter().chain(reason).filter(|(_, value)| !value.is_empty());
    fields.extend(said.map(|(name, value)| (name, value.clone())));
    fields
}

/// A form sent twice is one command.
fn nonce() -> Result<String, Trouble> {
    let none =
        |_| Trouble::because(StatusCode::SERVICE_UNAVAILABLE, "this machine has no random bits for a form");
    Ok(format!("board-{}", random().map_err(none)?))
}

/// Why it is declined, if it is.
fn refused(CommandResult { decision, .. }: &CommandResult) -> Option<String> {
    (decision.why == Why::Declined).then(|| {
        let reasons: Vec<_> = decision.withheld.iter().map(|withheld| withheld.reason.to_string()).collect();
        line(&reasons.join("; "))
    })
}

/// Whether something of it was tried and not done.
fn has_failed(CommandResult { decision, outcomes, .. }: &CommandResult) -> bool {
    let outcome = |act: &Act| outcomes.as_ref().and_then(|all| all.get(&act.id));
    decision.acts.iter().any(|act| ended(outcome(act)).0 == Progress::Failed)
}

/// What it does, and what came of it, a line each.
fn said(result: &CommandResult) -> Vec<String> {
    let CommandResult { dry_run, decision, outcomes, acts, effect, silence, remark } = result;
    let came_of = |id: &EffectId| ended(outcomes.as_ref().and_then(|all| all.get(id)));
    let mut lines = vec![decision.subject.clone()];
    lines.extend(effect.as_ref().map(|effect| format!("it {}", effect.sentence())));
    lines.extend(silence.as_ref().map(|silence| format!("silence {}", silence.id)));
    for effect in &decision.effects {
        let (channel, kind) = (&effect.channel, effect.kind.as_str());
        lines.push(match (*dry_run, came_of(&effect.id)) {
            (true, _) => format!("{channel} will be told: {kind}"),
            (false, (progress, _, what)) => {
                format!("{kind} to {channel}: {}{}", progress.as_str(), decided::said(&what))
            }
        });
    }
    for Rehearsed { act, steps } in acts.iter().flatten() {
        lines.push(format!("would do: {} of {}{}", act.action.as_str(), act.target.named(), then(&act.when)));
        lines.extend(steps.iter().map(step));
    }
    if !dry_run {
        lines.extend(decision.acts.iter().map(|act| {
            let (progress, _, what) = came_of(&act.id);
            let (action, target) = (act.action.as_str(), act.target.named());
            format!("{action} of {target}: {}{}", progress.as_str(), decided::said(&what))
        }));
    }
    if decision.why != Why::Declined {
        lines.extend(decision.withheld.iter().map(|withheld| format!("not done: {withheld}")));
    }
    lines.extend(remark.clone());
    let mut once: Vec<String> = Vec::new();
    for text in lines.iter().map(|text| line(text)).filter(|text| !text.is_empty()) {
        if !once.contains(&text) {
            once.push(text);
        }
    }
    once
}

fn then(when: &ActWhen) -> String {
    match when {
        ActWhen::Now => String::new(),
        ActWhen::IfFailed(other) => format!(" if {other} fails"),
        ActWhen::NotBefore(at) => format!(" at {at}"),
    }
}

fn step(StepRecord { step, result, note }: &StepRecord) -> String {
    format!("{} {}: {note}", in_words(result), in_words(step))
}

/// A name as it is stored, in words.
fn in_words(name: &impl Serialize) -> String {
    let name = serde_json::to_value(name).unwrap_or_default();
    name.as_str().unwrap_or_default().replace('_', " ")
}
