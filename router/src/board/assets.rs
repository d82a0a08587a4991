//! What pages refer to: style, scripts, the icon; in the binary, and compressed once.

use std::sync::LazyLock;

use axum::Router as Routes;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use watchfire_core::hash::sha256;

use super::answer::{Packed, packed};

/// A file.
struct Asset {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 4] = [
    Asset {
        path: "/board/board.css",
        kind: "text/css; charset=utf-8",
        text: include_str!("assets/board.css"),
    },
    Asset {
        path: "/board/board.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("assets/board.js"),
    },
    // Version 0.8.0, as npm has it; its licence, 0BSD, is beside it.
    Asset {
        path: "/board/idiomorph.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("assets/idiomorph.js"),
    },
    Asset { path: "/board/icon.svg", kind: "image/svg+xml", text: include_str!("assets/icon.svg") },
];

static PACKED: LazyLock<Vec<Packed>> =
    LazyLock::new(|| ASSETS.iter().map(|asset| packed(asset.text)).collect());

/// Changes with any of them, so that a browser may keep what it has for a year.
pub(super) static MARK: LazyLock<String> = LazyLock::new(|| {
    let all: String = ASSETS.iter().map(|asset| asset.text).collect();
    sha256(&all).chars().take(12).collect()
});

/// Where they are. They say nothing of anybody, so everybody may have them: the page to sign in needs them, too.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Routes<S> {
    ASSETS.iter().enumerate().fold(Routes::new(), |routes, (index, asset)| {
        routes.route(asset.path, get(async move |headers: HeaderMap| answer(index, &headers)))
    })
}

fn answer(index: usize, headers: &HeaderMap) -> Response {
    let mut answer = PACKED[index].answer(headers, ASSETS[index].kind).into_response();
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    answer.headers_mut().insert(header::CACHE_CONTROL, kept);
    answer
}
