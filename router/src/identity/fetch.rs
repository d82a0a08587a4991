//! What those who vouch publish, asked for over HTTPS: no redirect is followed, and no more is read than it may be.

use std::net::IpAddr;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::clients::chain;

/// One question.
const WITHIN: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const MOST: usize = 512 * 1024;

/// The whole answer to a question, where it is a good one.
///
/// # Errors
/// Why there is none; nothing of the question is told.
pub(super) async fn bytes(request: reqwest::RequestBuilder) -> Result<Vec<u8>, Unfetched> {
    let silent = |error: reqwest::Error| Unfetched::Silent(chain(&error.without_url()));
    let mut answer = request.timeout(WITHIN).send().await.map_err(silent)?;
    let mut body = Vec::new();
    while body.len() <= MOST
        && let Some(chunk) = answer.chunk().await.map_err(silent)?
    {
        body.extend_from_slice(&chunk);
    }
    match answer.status().as_u16() {
        200 if body.len() <= MOST => Ok(body),
        200 => Err(Unfetched::Silent(format!("an answer of more than {MOST} bytes"))),
        status => Err(Unfetched::Status(status, body)),
    }
}

/// The same, read as JSON.
///
/// # Errors
/// As above, or it is something else.
pub(super) async fn json<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, Unfetched> {
    let body = bytes(request).await?;
    // An error of the reader quotes what it read.
    serde_json::from_slice(&body)
        .map_err(|_| Unfetched::Silent("an answer that is not what it should be".to_owned()))
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfetched {
    /// There is one with another status, and that body.
    Status(u16, Vec<u8>),
    /// There is none, or none that can be read.
    Silent(String),
}

impl std::fmt::Display for Unfetched {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unfetched::Status(status, _) => write!(out, "it answers {status}"),
            Unfetched::Silent(why) => out.write_str(why),
        }
    }
}

/// Whether something secret may be sent there, and what is said there believed: by HTTPS, or on this machine.
pub(super) fn is_safe(url: &str) -> bool {
    let Ok(url) = url.parse::<reqwest::Url>() else { return false };
    let is_local = url.host_str().is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    is_plain && (url.scheme() == "https" || url.scheme() == "http" && is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_in_the_clear_but_of_this_machine() {
        for safe in [
            "https://login.example.com/a?b=c",
            "http://127.0.0.1:8080",
            "http://localhost/a",
            "http://[::1]:1/",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for other in [
            "",
            "http://login.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://ana:secret@login.example.com",
            "https://login.example.com/#a",
            "javascript:alert(1)",
        ] {
            assert!(!is_safe(other), "{other}");
        }
    }
}
