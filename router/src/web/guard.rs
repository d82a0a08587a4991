//! Requests that a page of the web has a browser send: refused by where they go to and where they come from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use watchfire_core::text::clean;

use super::line::Line;
use super::refusal::{Refusal, Refusals};
use crate::identity::without_port;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names that an address answers to.
///
/// A page of the web can have its own name point to our address. Then its requests are not foreign to a
/// browser, and only the name in them tells. Addresses cannot be made to point elsewhere.
#[derive(Clone, Debug)]
pub(super) enum Names {
    /// Loopback's, the address that the connection was made to, and these.
    Ours(Arc<[String]>),
    /// Any: who asks has to prove more than a name, or whoever gets there may know.
    Any,
}

/// What requests are looked at with before anything else is done.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    /// Where they may go to.
    pub(super) names: Names,
    /// Counts those that may not.
    pub(super) refusals: Arc<Refusals>,
}

/// Refuses what a browser sends for a page of another origin.
pub(super) async fn not_for_strangers(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let Guard { names, refusals } = &guard;
    let local = request.extensions().get::<Arc<Line>>().map(|line| line.local);
    match foreign(names, request.uri(), request.headers(), local) {
        None => next.run(request).await,
        Some((reason, detail)) => refusals.answer(reason, detail),
    }
}

/// The same, but whoever clicks on a link to a page of ours, wherever it stands, is let in: what is only looked at by
/// opening it as a page of its own tells nothing to the page with the link.
pub(super) async fn only_links_of_strangers(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Response {
    let Guard { names, refusals } = &guard;
    let local = request.extensions().get::<Arc<Line>>().map(|line| line.local);
    match foreign(names, request.uri(), request.headers(), local) {
        Some((reason, detail)) if !(reason == Refusal::Site && is_link(&request)) => {
            refusals.answer(reason, detail)
        }
        Some(_) | None => next.run(request).await,
    }
}

/// Whether a browser opens it as a page of its own, in no other page's frame.
pub(super) fn is_link(request: &Request) -> bool {
    let says = |name, expected| only(request.headers(), &HeaderName::from_static(name)) == Some(expected);
    request.method() == Method::GET
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document")
}

fn foreign(
    names: &Names,
    uri: &Uri,
    headers: &HeaderMap,
    local: Option<IpAddr>,
) -> Option<(Refusal, String)> {
    let host = only(headers, &header::HOST);
    if let Names::Ours(names) = names {
        let asked = uri.authority().map(|authority| authority.as_str());
        // A request that names its host twice may not say two things.
        let stranger = [Some(host.unwrap_or_default()), asked].into_iter().flatten();
        if let Some(stranger) = stranger.into_iter().find(|host| !is_ours(host, names, local)) {
            let stranger = clean(stranger, 100);
            let detail =
                format!("expected a Host of ours, found `{stranger}`; http.hosts is the list of more");
            return Some((Refusal::Host, detail));
        }
    }
    if headers.contains_key(header::ORIGIN) {
        let origin = only(headers, &header::ORIGIN).unwrap_or_default();
        if !host.is_some_and(|host| is_of(origin, host)) {
            let origin = clean(origin, 100);
            return Some((Refusal::Origin, format!("expected no page of another origin, found `{origin}`")));
        }
    }
    if headers.contains_key(SEC_FETCH_SITE) {
        let site = only(headers, &SEC_FETCH_SITE).unwrap_or_default();
        if !matches!(site, "same-origin" | "none") {
            let detail =
                format!("expected no page of another site, found Sec-Fetch-Site `{}`", clean(site, 30));
            return Some((Refusal::Site, detail));
        }
    }
    None
}

/// The header's text; none where it is there more than once, or is no text.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    only.to_str().ok()
}

fn is_ours(host: &str, names: &[String], local: Option<IpAddr>) -> bool {
    let Some(name) = without_port(host) else { return false };
    let address = |text: &str| text.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    match address(name) {
        Some(found) => {
            found.is_loopback()
                || local == Some(found)
                || names.iter().any(|known| address(known) == Some(found))
        }
        None => {
            name.eq_ignore_ascii_case("localhost")
                || names.iter().any(|known| known.eq_ignore_ascii_case(name))
        }
    }
}

/// Whether an origin is that of the host that was asked. A proxy that does TLS is no stranger.
fn is_of(origin: &str, host: &str) -> bool {
    let of = |scheme: &str, port: &str| {
        let plain = |host: &str| host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
        origin.strip_prefix(scheme).is_some_and(|origin| plain(origin) == plain(host))
    };
    !host.is_empty() && (of("http://", ":80") || of("https://", ":443"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// Why a request with those headers to an address on loopback is refused.
    fn refused(headers: &[(&'static str, &str)]) -> Option<Refusal> {
        let names =
            Names::Ours(["alerts.example.com", "203.0.113.7", "2001:DB8::7"].map(str::to_owned).into());
        refused_by(&names, "/v1/events", headers)
    }

    fn refused_by(names: &Names, uri: &'static str, headers: &[(&'static str, &str)]) -> Option<Refusal> {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"))
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().map(header) {
            map.append(name, value);
        }
        let local = "10.0.0.7".parse().ok();
        foreign(names, &Uri::from_static(uri), &map, local).map(|(reason, _)| reason)
    }

    #[test]
    fn a_host_that_is_none_of_ours_is_refused() {
        for ours in [
            "127.0.0.1:8080",
            "127.0.0.1",
            "127.9.9.9:1",
            "localhost:8080",
            "LOCALHOST",
            "localhost.:8080",
            "[::1]:8080",
            "[::1]",
            "[::ffff:127.0.0.1]:8080",
            "10.0.0.7:8080",
            "alerts.example.com",
            "Alerts.Example.com.:443",
            "203.0.113.7:8080",
            "[2001:db8:0::7]:8080",
        ] {
            assert_eq!(refused(&[("host", ours)]), None, "{ours}");
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "evil.localhost",
            "127.0.0.1.evil.example:8080",
            "127.1:8080",
            "0x7f000001",
            "2130706433",
            "0.0.0.0:8080",
            "10.0.0.8:8080",
            "[::2]:8080",
            "[::1",
            "[localhost]",
            "localhost:80:80",
            "localhost:http",
            "localhost@evil.example",
            "evil.example@localhost",
            "localhost/",
            "localhost, evil.example",
            " ",
        ] {
            assert_eq!(refused(&[("host", foreign)]), Some(Refusal::Host), "{foreign}");
        }
        assert_eq!(refused(&[]), Some(Refusal::Host), "no host at all");
        let twice = [("host", "localhost"), ("host", "localhost")];
        assert_eq!(refused(&twice), Some(Refusal::Host));
    }

    #[test]
    fn a_host_in_the_first_line_counts_too() {
        let names = Names::Ours([].into());
        let refused = |uri, host| refused_by(&names, uri, &[("host", host)]);
        assert_eq!(refused("http://localhost/v1/events", "localhost"), None);
        assert_eq!(refused("http://evil.example/v1/events", "localhost"), Some(Refusal::Host));
        assert_eq!(refused("http://localhost/v1/events", "evil.example"), Some(Refusal::Host));
    }

    #[test]
    fn where_more_than_a_name_is_proven_any_name_will_do_but_no_foreign_page() {
        let refused = |headers: &[_]| refused_by(&Names::Any, "/", headers);
        assert_eq!(refused(&[("host", "alerts.example.com")]), None);
        assert_eq!(refused(&[]), None);
        let page = [("host", "alerts.example.com"), ("origin", "https://evil.example")];
        assert_eq!(refused(&page), Some(Refusal::Origin));
        let page = [("host", "alerts.example.com"), ("sec-fetch-site", "cross-site")];
        assert_eq!(refused(&page), Some(Refusal::Site));
    }

    #[test]
    fn a_link_of_another_site_opens_a_page_and_nothing_else_of_it_gets_through() {
        let is_link = |method: Method, headers: &[(&str, &str)]| {
            let request = headers
                .iter()
                .fold(axum::http::Request::builder().method(method), |request, (name, value)| {
                    request.header(*name, *value)
                });
            super::is_link(&request.body(axum::body::Body::empty()).expect("a request"))
        };
        let page = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
        ];
        assert!(is_link(Method::GET, &page));
        assert!(!is_link(Method::POST, &page));
        for (at, value) in [(1, "cors"), (1, "no-cors"), (2, "iframe"), (2, "image"), (2, "embed")] {
            let mut other = page;
            other[at].1 = value;
            assert!(!is_link(Method::GET, &other), "{value}");
        }
        assert!(!is_link(Method::GET, &page[..1]));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        for (host, own) in [
            ("localhost:8080", "http://localhost:8080"),
            ("LocalHost:8080", "http://localhost:8080"),
            ("localhost", "http://localhost:80"),
            ("alerts.example.com", "https://alerts.example.com"),
            ("alerts.example.com:443", "https://alerts.example.com"),
        ] {
            assert_eq!(refused(&[("host", host), ("origin", own)]), None, "{own}");
        }
        for foreign in [
            "null",
            "",
            "http://evil.example",
            "http://localhost",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://localhost:8080.evil.example",
            "http://localhost:80801",
            "file://localhost:8080",
            "chrome-extension://localhost:8080",
            "localhost:8080",
        ] {
            let headers = [("host", "localhost:8080"), ("origin", foreign)];
            assert_eq!(refused(&headers), Some(Refusal::Origin), "{foreign}");
        }
        let own = ("origin", "http://localhost:8080");
        let twice = [("host", "localhost:8080"), own, ("origin", "http://evil.example")];
        assert_eq!(refused(&twice), Some(Refusal::Origin));
    }

    #[test]
    fn what_a_browser_says_another_site_has_it_send_is_refused() {
        let host = ("host", "localhost");
        for own in ["same-origin", "none"] {
            assert_eq!(refused(&[host, ("sec-fetch-site", own)]), None, "{own}");
        }
        // Another port of localhost is the same site, and still a stranger.
        for foreign in ["cross-site", "same-site", "Cross-Site", "", "new-word"] {
            assert_eq!(refused(&[host, ("sec-fetch-site", foreign)]), Some(Refusal::Site), "{foreign}");
        }
        let twice = [host, ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")];
        assert_eq!(refused(&twice), Some(Refusal::Site));
    }
}
