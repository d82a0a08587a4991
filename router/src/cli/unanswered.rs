//! Why there is no answer of a worker: its address is none, nobody is there, or somebody else is.

use anyhow::{Error, anyhow};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{StatusCode, Url};
use watchfire_core::text::clean;

use super::Failed;
use super::asking::Server;
use crate::api::{VERSION_HEADER, views};
use crate::web::TOKEN;

/// Where to ask for a path.
///
/// # Errors
/// An address that is none.
pub(super) fn url(server: &Server, path: &str) -> Result<Url, Failed> {
    let Server { url, said_by } = server;
    let is_address =
        Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // Whatever is said of an address shows it, and a secret has no place in one.
    let has_more = Url::parse(url).is_ok_and(|url| {
        !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
    });
    if has_more {
        return Err(Failed::Usage(vec![format!(
            "expected a worker's address such as http://127.0.0.1:8080, found one with a user, a password, a query or a \
             fragment, which is not shown ({said_by}); the token goes into WATCHFIRE_TOKEN or --token-file"
        )]));
    }
    match Url::parse(&format!("{}{path}", url.trim_end_matches('/'))) {
        Ok(parsed) if is_address => Ok(parsed),
        Ok(_) | Err(_) => Err(Failed::Usage(vec![format!(
            "expected a worker's address such as http://127.0.0.1:8080, found `{}` ({said_by})",
            clean(url, 200)
        )])),
    }
}

/// Nobody has answered.
pub(super) fn not_reached(server: &Server, error: &reqwest::Error) -> Error {
    let Server { url, said_by } = server;
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_timeout() {
        return anyhow!("{url} does not answer in time ({said_by})");
    }
    anyhow!(
        "{url} cannot be reached: {cause} ({said_by}); is the worker running, and is this its http.listen?"
    )
}

/// Somebody has answered, and not with what was asked for.
pub(super) fn refused(server: &Server, status: StatusCode, head: &HeaderMap, text: &str) -> Error {
    let Server { url, said_by } = server;
    let is_worker = head.contains_key(VERSION_HEADER);
    let said = serde_json::from_str::<views::Error>(text)
        .map(|answer| clean(&answer.error, 2_000))
        .unwrap_or_default();
    if is_worker && status == StatusCode::UNAUTHORIZED {
        // Whoever vouches for tokens of others says more.
        if let Some(why) = said.strip_prefix(TOKEN).and_then(|said| said.strip_prefix(": ")) {
            return anyhow!("{url} does not take this token: {why}");
        }
        return anyhow!("{url} does not take this token: it is not the operator's (http.operator_token)");
    }
    // A worker that is asked by a name which is none of its own says so, and not who it is.
    if !said.is_empty() && (is_worker || status == StatusCode::FORBIDDEN) {
        return anyhow!("{said}");
    }
    let what = match (head.get(LOCATION), html_title(head, text)) {
        (Some(to), _) if status.is_redirection() => {
            format!("sends us to {}", clean(&String::from_utf8_lossy(to.as_bytes()), 200))
        }
        (_, Some(title)) => format!("answers with a web page{title} ({status})"),
        (_, None) => format!("answers {status}"),
    };
    let advice = match status.is_redirection() || html_title(head, text).is_some() {
        true => "a proxy or a login page in between?",
        false => "its health address, or another program?",
    };
    anyhow!("{url} is not a Watchfire worker's http.listen: it {what} ({said_by}); {advice}")
}

/// ` titled "…"` where it is a page of HTML; an empty text where it has no title.
fn html_title(head: &HeaderMap, text: &str) -> Option<String> {
    let kind = head.get(CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
    let is_html = kind.is_some_and(|kind| kind.starts_with("text/html"))
        || text.trim_start().to_ascii_lowercase().starts_with("<!doctype html")
        || text.trim_start().to_ascii_lowercase().starts_with("<html");
    is_html.then(|| {
        let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
        title.map(|(title, _)| format!(" titled \"{}\"", clean(title.trim(), 80))).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn server(url: &str) -> Server {
        Server { url: url.to_owned(), said_by: "--server".to_owned() }
    }

    #[test]
    fn an_address_that_is_none_is_a_mistake_of_usage() {
        for wrong in
            ["", "watchfire", "127.0.0.1:8080", "localhost:8080", "ftp://x", "unix:/run/x", "http://"]
        {
            let Err(Failed::Usage(mistakes)) = url(&server(wrong), "/v1/incidents") else {
                panic!("{wrong}")
            };
            let expected = "expected a worker's address such as http://127.0.0.1:8080, found `";
            assert_eq!(mistakes, [format!("{expected}{wrong}` (--server)")]);
        }
        let right = url(&server("https://watchfire.example.com/behind/"), "/v1/story?of=x%20y");
        let right = right.ok().map(String::from);
        assert_eq!(right.as_deref(), Some("https://watchfire.example.com/behind/v1/story?of=x%20y"));
    }

    #[test]
    fn who_answers_instead_of_a_worker_is_said() {
        let told = |status: u16, headers: &[(&'static str, &'static str)], text: &str| {
            let headers = headers.iter().map(|(name, value)| {
                (reqwest::header::HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            let status = StatusCode::from_u16(status).expect("a status");
            refused(&server("http://x"), status, &headers.collect(), text).to_string()
        };
        let worker = (VERSION_HEADER, "0.1.0");
        let table = [
            (
                told(401, &[worker], "{\"error\":\"x\"}"),
                "http://x does not take this token: it is not the operator's (http.operator_token)",
            ),
            (
                told(401, &[worker], &format!("{{\"error\":\"{TOKEN}: the token has ended\"}}")),
                "http://x does not take this token: the token has ended",
            ),
            (told(404, &[worker], "{\"error\":\"nothing is known of `x`\"}"), "nothing is known of `x`"),
            (told(403, &[], "{\"error\":\"expected a Host of ours\"}"), "expected a Host of ours"),
            (
                told(404, &[], "nope"),
                "http://x is not a Watchfire worker's http.listen: it answers 404 Not Found (--server); its health address, or another program?",
            ),
            (
                told(200, &[], "{}"),
                "http://x is not a Watchfire worker's http.listen: it answers 200 OK (--server); its health address, or another program?",
            ),
            (
                told(200, &[("content-type", "text/html; charset=utf-8")], "<html><title>Sign in</title>"),
                "http://x is not a Watchfire worker's http.listen: it answers with a web page titled \"Sign in\" (200 OK) (--server); a proxy or a login page in between?",
            ),
            (
                told(302, &[("location", "https://login.example.com")], ""),
                "http://x is not a Watchfire worker's http.listen: it sends us to https://login.example.com (--server); a proxy or a login page in between?",
            ),
        ];
        for (told, expected) in table {
            assert_eq!(told, expected);
        }
    }
}
