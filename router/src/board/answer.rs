//! The last of every answer: what a browser may do with it, and how it goes over the wire.

use std::io::Write as _;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use watchfire_core::hash::sha256;
use watchfire_core::text::visible;

use super::words::without_clocks;

/// No page takes anything from elsewhere, runs what stands in it, or is shown in another.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What every answer says beside what it is.
const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// So many digits of its hash tell a page from others.
const TAG: usize = 32;

/// Adds them; what does not say otherwise is kept by nobody.
pub(super) async fn guarded(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// A text as it is sent, plain and compressed.
///
/// A page holds a session's token beside what others wrote. That its length tells of both is of no use to anybody: the
/// session's cookie goes with no request that another site has a browser send.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    plain: Bytes,
    gzip: Bytes,
    tag: HeaderValue,
}

/// A text, compressed once for all who ask. What would turn or hide text is spelt out before.
pub(super) fn packed(text: &str) -> Packed {
    let text = visible(text);
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(text.as_bytes());
    let gzip = encoder.finish().unwrap_or_default();
    let tag = format!("\"{}\"", &sha256(&without_clocks(&text))[..TAG]);
    let tag = HeaderValue::from_str(&tag).expect("digits in quotes");
    Packed { plain: Bytes::from(text.into_owned()), gzip: Bytes::from(gzip), tag }
}

impl Packed {
    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.plain.len() + self.gzip.len()
    }

    /// What tells it from others, in quotes.
    pub(super) fn tag(&self) -> &str {
        self.tag.to_str().unwrap_or_default()
    }

    /// The answer to a request with those headers, by a script that may have it already: then nothing but that.
    pub(super) fn answer_unless_known(&self, headers: &HeaderMap, kind: &'static str) -> Response {
        let tag = (header::ETAG, self.tag.clone());
        match headers.get(header::IF_NONE_MATCH) == Some(&self.tag) {
            true => (StatusCode::NOT_MODIFIED, [tag]).into_response(),
            false => ([tag], self.answer(headers, kind)).into_response(),
        }
    }

    /// The answer to a request with those headers.
    pub(super) fn answer(&self, headers: &HeaderMap, kind: &'static str) -> Response {
        let Self { plain, gzip, tag: _ } = self;
        let of = |body: &Bytes| Body::from(body.clone());
        let named = [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (header::VARY, HeaderValue::from_static("accept-encoding, cookie, watchfire-part")),
        ];
        match takes_gzip(headers) && !gzip.is_empty() {
            true => (named, [(header::CONTENT_ENCODING, "gzip")], of(gzip)).into_response(),
            false => (named, of(plain)).into_response(),
        }
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let taken =
        headers.get(header::ACCEPT_ENCODING).and_then(|taken| taken.to_str().ok()).unwrap_or_default();
    let mut encodings = taken.split(',').map(str::trim);
    encodings
        .any(|encoding| encoding == "gzip" || (encoding.starts_with("gzip;") && !encoding.ends_with("q=0")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_no_gzip_is_sent_none() {
        for (taken, expected) in
            [("", false), ("gzip", true), ("br, gzip;q=0.5", true), ("gzip;q=0", false), ("deflate", false)]
        {
            let value = HeaderValue::from_str(taken).expect("a header");
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)]);
            assert_eq!(takes_gzip(&headers), expected, "{taken}");
        }
    }

    #[test]
    fn who_has_a_page_already_is_not_sent_it_again_though_its_clocks_went_on() {
        let page = |at: &str, ago: &str| packed(&format!("<p><time datetime=\"{at}\">{ago}</time></p>"));
        let before = page("2026-11-29T22:40:07Z", "1m ago");
        let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, before.tag.clone())]);
        let asked =
            |page: Packed, headers: &HeaderMap| page.answer_unless_known(headers, "text/html").status();
        assert_eq!(asked(page("2026-11-29T22:40:07Z", "2m ago"), &known), StatusCode::NOT_MODIFIED);
        assert_eq!(asked(page("2026-11-29T22:41:07Z", "1m ago"), &known), StatusCode::OK);
        assert_eq!(asked(before, &HeaderMap::new()), StatusCode::OK);
    }

    #[test]
    fn what_turns_text_is_spelt_out_before_it_is_sent() {
        let Packed { plain, .. } = packed("<b>a\u{202e}b</b>\n");
        assert_eq!(plain, "<b>a\\u202eb</b>\n");
    }
}
