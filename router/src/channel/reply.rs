//! An answer by HTTP, whoever gives it: its status, when to come back, and a body that tells no secret.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::base64;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use watchfire_core::text::clean;

use crate::clients::chain;
use crate::failure::NotTaken;

/// What is read of an answer; those that say something are a few hundred bytes.
const MOST_READ: usize = 8 * 1024;
/// What is told of one.
const TOLD_LENGTH: usize = 200;
/// Shorter parts of an address are words.
const LEAST_SECRET: usize = 8;
/// Longer than that nobody is sent away; whoever asks for more has not thought of a P0.
const LATEST_RETURN: Duration = Duration::from_secs(3600);

/// What another side said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Not before that much time; none where nobody said.
    pub(super) retry_after: Option<Duration>,
    /// Without what was to be hidden.
    pub(super) body: String,
}

impl Reply {
    /// Whether it is a page for people: of a login, of a proxy.
    pub(super) fn is_html(&self) -> bool {
        self.body.trim_start().starts_with('<')
    }

    /// Sends, and reads what comes back. A server that quotes the request would put what is in `hide` into logs and
    /// journal.
    pub(super) async fn to(
        request: reqwest::RequestBuilder,
        whose: &str,
        hide: &[&str],
    ) -> Result<Self, NotTaken> {
        let response = request.send().await.map_err(|error| {
            let reason = format!("{whose} did not answer: {}", chain(&error.without_url()));
            NotTaken::ForNow { reason, retry_after: None }
        })?;
        Ok(Self::read(response, hide).await)
    }

    async fn read(mut response: reqwest::Response, hide: &[&str]) -> Self {
        let status = response.status().as_u16();
        let retry_after = asks_to_wait(response.headers(), Timestamp::now());
        let mut body = Vec::new();
        // The status is the answer; a body that breaks off only costs the explanation.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_READ {
                break;
            }
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        let mut hidden: Vec<String> = hide.iter().flat_map(|secret| quoted_as(secret)).collect();
        hidden.sort_by_key(|form| std::cmp::Reverse(form.len()));
        let body = hidden.iter().fold(body, |body, form| body.replace(form, "***"));
        Self { status, retry_after, body }
    }

    /// `404 what: the beginning of the body`.
    pub(super) fn explained(&self, what: &str) -> String {
        match clean(self.body.trim(), TOLD_LENGTH) {
            said if said.is_empty() => format!("{} {what}", self.status),
            said => format!("{} {what}: {said}", self.status),
        }
    }
}

/// How an answer may quote a secret: whole, without `Bearer` or `whsec_` before it, what `Basic` has encoded, and each of
/// these as an address would have it.
fn quoted_as(secret: &str) -> Vec<String> {
    let mut forms: Vec<String> = secret.split_whitespace().skip(1).map(str::to_owned).collect();
    let pairs = forms.iter().filter_map(|word| String::from_utf8(base64::decode(word).ok()?).ok());
    let pairs: Vec<String> = pairs.collect();
    let passwords = pairs.iter().filter_map(|pair| Some(pair.split_once(':')?.1.to_owned()));
    forms.extend(passwords.collect::<Vec<_>>());
    forms.extend(pairs);
    forms.extend(secret.strip_prefix("whsec_").map(str::to_owned));
    forms.retain(|form| form.len() >= LEAST_SECRET);
    forms.extend((!secret.is_empty()).then(|| secret.to_owned()));
    let encoded = forms.iter().map(|form| utf8_percent_encode(form, NON_ALPHANUMERIC).to_string());
    let encoded: Vec<String> = encoded.collect();
    forms.extend(encoded);
    forms
}

/// What of an address that is a secret an answer may quote: who knows it can write there.
pub(super) fn secret_parts(address: &reqwest::Url) -> Vec<String> {
    let path = address.path();
    let query = address.query().map(str::to_owned);
    let segments = path.split('/').filter(|segment| segment.len() >= LEAST_SECRET).map(str::to_owned);
    let whole = [address.to_string(), path.to_owned()].into_iter().filter(|part| part.len() >= LEAST_SECRET);
    let values = address.query().into_iter().flat_map(|query| query.split('&'));
    let values = values.filter_map(|pair| Some(pair.split_once('=')?.1.to_owned()));
    let values = values.chain(address.query_pairs().map(|(_, value)| value.into_owned()));
    let values = values.chain(address.password().map(str::to_owned));
    let values = values.filter(|value| value.len() >= LEAST_SECRET);
    whole.chain(query).chain(segments).chain(values).collect()
}

/// A secret that is sent, if there is one.
pub(super) fn quotable(secret: &Option<Arc<String>>) -> Vec<&str> {
    secret.iter().map(|secret| secret.as_str()).collect()
}

/// `Retry-After`, in seconds or as a date.
pub(crate) fn asks_to_wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = DateTimeParser::new().parse_timestamp(text).ok()?;
            // Negative: it is past.
            Duration::try_from(date.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(LATEST_RETURN))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_makes_an_address_a_secret_is_hidden_and_its_words_are_not() {
        let address = "https://hooks.example.com/services/in/B0123456789?sig=abc".parse().unwrap();
        let expected = [
            "https://hooks.example.com/services/in/B0123456789?sig=abc",
            "/services/in/B0123456789",
            "sig=abc",
            "services",
            "B0123456789",
        ];
        assert_eq!(secret_parts(&address), expected);
        assert_eq!(secret_parts(&"http://[::1]/in".parse().unwrap()), ["http://[::1]/in"]);
    }

    #[test]
    fn what_is_signed_into_an_address_is_hidden_by_itself_too() {
        let address = "https://u:pass-word-1@example.com/?v=1&sig=a-b%3Dc-d-e-f".parse().unwrap();
        let parts = secret_parts(&address);
        for value in ["a-b%3Dc-d-e-f", "a-b=c-d-e-f", "pass-word-1"] {
            assert!(parts.iter().any(|part| part == value), "{value}: {parts:?}");
        }
    }

    #[test]
    fn a_secret_is_known_in_every_form_in_which_it_may_be_quoted() {
        let table: [(&str, &[&str]); 5] = [
            ("Bearer abc-12345", &["abc-12345", "Bearer abc-12345", "abc%2D12345", "Bearer%20abc%2D12345"]),
            (
                "Basic c3ZjOnBhc3N3b3JkOTk=",
                &[
                    "c3ZjOnBhc3N3b3JkOTk=",
                    "password99",
                    "svc:password99",
                    "Basic c3ZjOnBhc3N3b3JkOTk=",
                    "c3ZjOnBhc3N3b3JkOTk%3D",
                    "password99",
                    "svc%3Apassword99",
                    "Basic%20c3ZjOnBhc3N3b3JkOTk%3D",
                ],
            ),
            ("whsec_AAECAwQF", &["AAECAwQF", "whsec_AAECAwQF", "AAECAwQF", "whsec%5FAAECAwQF"]),
            ("a b", &["a b", "a%20b"]),
            ("", &[]),
        ];
        for (secret, forms) in table {
            assert_eq!(quoted_as(secret), forms, "{secret}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "2026-11-20T03:00:00Z".parse().unwrap();
        let table = [
            ("30", Some(30)),
            (" 0 ", Some(0)),
            ("86400", Some(3600)),
            ("Fri, 20 Nov 2026 03:01:30 GMT", Some(90)),
            ("Fri, 20 Nov 2026 02:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ];
        for (text, seconds) in table {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(asks_to_wait(&headers, now), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(asks_to_wait(&HeaderMap::new(), now), None);
    }
}
