//! What stands around every page, and how a page is answered.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::answer::packed;
use super::assets::MARK;
use super::desk::Trouble;
use super::visitor::Visitor;
use super::words::{about, line};

/// The kind of every page.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// The pages, in the order of their links.
const PAGES: [(&str, &str); 9] = [
    ("Now", "/"),
    ("Approvals", "/approvals"),
    ("Contained", "/contained"),
    ("Silences", "/silences"),
    ("Rules", "/rules"),
    ("Stream", "/stream"),
    ("Digest", "/digest"),
    ("Health", "/health"),
    ("Why", "/why"),
];

/// Those that tell of every namespace.
const OF_EVERYTHING: [&str; 2] = ["/stream", "/digest"];

#[derive(Template)]
#[template(path = "shell.html")]
struct Shell<'p> {
    title: &'p str,
    main: &'p str,
    at: &'p str,
    viewer: Option<Viewer<'p>>,
    tag: &'p str,
    mark: &'p str,
    version: &'static str,
    pages: Vec<(&'static str, &'static str)>,
}

struct Viewer<'p> {
    name: &'p str,
    role: Option<&'static str>,
    csrf: Option<&'p str>,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'p> {
    title: &'p str,
    message: String,
    candidates: Vec<(String, String)>,
}

/// A page's own part.
#[derive(Clone, Debug)]
pub(super) struct Main {
    /// What it is called.
    pub(super) title: String,
    /// The element `main`.
    pub(super) html: String,
}

impl Main {
    /// A page as its template writes it.
    pub(super) fn of(title: impl Into<String>, page: &impl Template) -> Result<Self, Trouble> {
        let html = page.render().map_err(|error| {
            Trouble::because(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("the page cannot be written: {error}"),
            )
        })?;
        Ok(Self { title: title.into(), html })
    }
}

/// The whole page; `tag` is that of its part, by which a script asks whether it is another by now.
pub(super) fn whole(visitor: Option<&Visitor>, at: &str, main: &Main, tag: &str) -> String {
    let viewer = visitor.map(|visitor| Viewer {
        name: &visitor.name,
        role: visitor.role.map(|role| role.as_str()),
        csrf: visitor.csrf.as_deref(),
    });
    let is_theirs =
        |path: &str| !OF_EVERYTHING.contains(&path) || visitor.is_none_or(Visitor::sees_everything);
    let Main { title, html } = main;
    let shell = Shell {
        title,
        main: html,
        at,
        viewer,
        tag,
        mark: &MARK,
        version: env!("CARGO_PKG_VERSION"),
        pages: PAGES.into_iter().filter(|(_, path)| is_theirs(path)).collect(),
    };
    shell.render().unwrap_or_default()
}

/// The answer with a page that nobody else is shown.
pub(super) fn answer(visitor: Option<&Visitor>, status: StatusCode, main: &Main) -> Response {
    let headers = visitor.map(|visitor| visitor.headers.clone()).unwrap_or_default();
    let mut answer = packed(&whole(visitor, "", main, "")).answer(&headers, HTML);
    *answer.status_mut() = status;
    answer
}

/// The answer where it is not known who asks.
pub(super) fn nobody(status: StatusCode, why: &str) -> Response {
    let page = TroublePage { title: "Not known who asks", message: line(why), candidates: Vec::new() };
    match Main::of("Not known who asks", &page) {
        Ok(main) => answer(None, status, &main),
        Err(Trouble { message, .. }) => (status, message).into_response(),
    }
}

/// The answer where there is no page.
pub(super) fn trouble(visitor: &Visitor, path: &str, trouble: Trouble) -> Response {
    let Trouble { status, message, candidates } = trouble;
    let title = match status {
        StatusCode::NOT_FOUND => "Not known",
        StatusCode::CONFLICT => "Not clear",
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => "Not allowed",
        StatusCode::SERVICE_UNAVAILABLE => "No answer",
        _ => "Not done",
    };
    let candidates = candidates.into_iter().map(|name| (about(path, &name), name)).collect();
    let page = TroublePage { title, message: line(&message), candidates };
    match Main::of(title, &page) {
        Ok(main) => answer(Some(visitor), status, &main),
        Err(Trouble { message, .. }) => (status, message).into_response(),
    }
}
