//! The board: what the API tells, as pages that a browser shows, and what can be asked of it, as forms.
//!
//! ```text
//! GET /…    -> visitor: who looks? nobody known: /login
//!           -> desk: the API's own routes, in this process, asked as the visitor -> views -> page -> HTML
//! GET /act  -> the command, rehearsed: what it will do; POST /act carries it out
//! GET /board/live -> an event for each change; the script fetches its page again, and puts what differs in its place
//! ```

mod acting;
mod answer;
mod assets;
mod decided;
mod deed;
mod desk;
mod kept;
mod live;
mod pages;
mod shell;
mod signing;
mod visitor;
mod welcome;
mod words;

use std::sync::Arc;

use axum::Router as Routes;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;

use crate::identity::{Access, Invitations};
use crate::router::Router;
use crate::web::{Refusals, Who, identified};
use desk::Desk;
use kept::Kept;
use live::Live;
use welcome::Welcome;

/// The most that a form may be, in bytes: an event fits.
const MOST_BYTES: usize = 1024 * 1024;

/// What is written down of a form that is none of a session's own.
const FORGED: &str = "a form of the board that is none of this session's";

/// What all pages need.
#[derive(Clone)]
pub(crate) struct Board {
    desk: Desk,
    access: Arc<Access>,
    kept: Arc<Kept>,
    live: Live,
    /// Counts those that are refused.
    refusals: Arc<Refusals>,
}

/// The pages, over the routes of the API.
pub(crate) fn board(api: Routes, who: Who, router: &Arc<Router>, invitations: Arc<Invitations>) -> Routes {
    let live = Live::begin(router);
    let (access, refusals) = (who.access.clone(), who.refusals.clone());
    let welcome = Welcome { access: access.clone(), invitations, refusals: refusals.clone() };
    let board = Board { desk: Desk::new(api), access, kept: Arc::default(), live, refusals };
    Routes::new()
        .route("/", get(pages::now))
        .route("/incident", get(pages::incident))
        .route("/event", get(pages::event))
        .route("/silences", get(pages::silences))
        .route("/silences/new", get(acting::new_silence))
        .route("/approvals", get(pages::approvals))
        .route("/contained", get(pages::contained))
        .route("/rules", get(pages::rules))
        .route("/stream", get(pages::stream))
        .route("/digest", get(pages::digest))
        .route("/health", get(pages::health))
        .route("/why", get(pages::why).post(pages::explain))
        .route("/act", get(acting::ask).post(acting::act))
        .route("/board/live", get(live::live))
        .route_layer(DefaultBodyLimit::max(MOST_BYTES))
        .merge(signing::routes())
        .route_layer(from_fn_with_state(who, identified))
        .merge(welcome::routes(welcome))
        .merge(assets::routes())
        .layer(from_fn(answer::guarded))
        .with_state(board)
}
