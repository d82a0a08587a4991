//! The pages, one file each: what is asked of the API, and what of it is shown.

mod approvals;
mod contained;
mod digest;
mod event;
mod health;
mod incident;
mod now;
mod rules;
mod silences;
mod stream;
mod why;

pub(super) use approvals::approvals;
pub(super) use contained::contained;
pub(super) use digest::digest;
pub(super) use event::event;
pub(super) use health::health;
pub(super) use incident::incident;
pub(super) use now::now;
pub(super) use rules::rules;
pub(super) use silences::silences;
pub(super) use stream::stream;
pub(super) use why::{explain, why};

use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use watchfire_core::text::visible;

use super::Board;
use super::answer::packed;
use super::desk::Trouble;
use super::kept::Patience;
use super::shell::{self, HTML, Main};
use super::visitor::Visitor;

/// A tag's kind and text.
type Tag = (&'static str, String);

/// Answers with a page that everybody who may see the same is shown: whole, or its part for the script.
async fn shown(
    board: &Board,
    visitor: &Visitor,
    uri: &Uri,
    make: impl AsyncFnOnce() -> Result<Main, Trouble>,
) -> Response {
    let name = format!("{uri}\n{}", visitor.sees);
    let patience = if visitor.is_part { Patience::Some } else { Patience::None };
    match board.kept.page(name, || board.live.moment(), patience, make).await {
        Ok(made) if visitor.is_part => made.part.answer_unless_known(&visitor.headers, HTML),
        Ok(made) => {
            let whole = shell::whole(Some(visitor), uri.path(), &made.main, made.part.tag());
            packed(&whole).answer(&visitor.headers, HTML)
        }
        Err(trouble) => shell::trouble(visitor, uri.path(), trouble),
    }
}

/// Answers with what was looked at: as a page, or as text where its address asks for that.
async fn shown_or_text<T>(
    board: &Board,
    visitor: &Visitor,
    uri: &Uri,
    look: impl AsyncFnOnce() -> Result<T, Trouble>,
    page: impl FnOnce(T) -> Result<Main, Trouble>,
    text: impl FnOnce(&T) -> Vec<String>,
) -> Response {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    if !query.into_iter().any(|(name, value)| name == "as" && value == "text") {
        return shown(board, visitor, uri, async || page(look().await?)).await;
    }
    match look().await {
        Ok(found) => as_text(&text(&found)),
        Err(trouble) => shell::trouble(visitor, uri.path(), trouble),
    }
}

/// Answers with a page as text.
fn as_text(lines: &[String]) -> Response {
    let text = lines.iter().map(|line| visible(line).into_owned() + "\n").collect::<String>();
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
