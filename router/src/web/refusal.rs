//! Why a request or a connection is refused: what it is answered, counted each time, said now and then.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use strum::{IntoStaticStr, VariantArray};

use super::line::End;
use crate::api::views;
use crate::telemetry::{self, Metrics};

/// Why somebody is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Refusal {
    /// It was sent to a name that is none of ours, as by a page that had its name point here.
    Host,
    /// A page of another origin has it sent.
    Origin,
    /// A browser says that another site has it sent.
    Site,
    /// The token is not shown.
    Token,
    /// There is no token that could be shown.
    NoToken,
    /// Whoever would know who asks does not answer.
    Unheard,
    /// Whoever asks has not the role for it.
    Role,
    /// A browser sends it without the token of its session, as a page of another site has it do.
    Csrf,
    /// The body is of a type that is not taken.
    ContentType,
    /// The body is larger than what is taken.
    TooLarge,
    /// The body did not come in time.
    TooSlow,
    /// The body broke off, or is not written as HTTP wants it.
    Broken,
    /// Too many bodies are held already.
    Busy,
    /// A connection had to make room for another.
    Crowded,
    /// A connection showed, sent or took nothing for too long.
    Silent,
}

impl Refusal {
    const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The word in metrics and log lines.
    fn as_str(self) -> &'static str {
        self.into()
    }

    fn status(self) -> StatusCode {
        match self {
            Refusal::Host
            | Refusal::Origin
            | Refusal::Site
            | Refusal::NoToken
            | Refusal::Role
            | Refusal::Csrf => StatusCode::FORBIDDEN,
            Refusal::Token => StatusCode::UNAUTHORIZED,
            Refusal::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::TooSlow | Refusal::Silent => StatusCode::REQUEST_TIMEOUT,
            Refusal::Broken => StatusCode::BAD_REQUEST,
            Refusal::Busy | Refusal::Crowded | Refusal::Unheard => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Counts every refusal, and says those of one kind once a minute, with how many there were.
#[derive(Debug)]
pub struct Refusals {
    metrics: Arc<Metrics>,
    paced: [Paced; Refusal::ALL.len()],
}

#[derive(Debug)]
struct Paced {
    pace: DefaultDirectRateLimiter,
    unsaid: AtomicU64,
}

impl Refusals {
    /// None so far.
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        let pace = || RateLimiter::direct(Quota::per_minute(NonZeroU32::MIN));
        let paced = Refusal::ALL.map(|_| Paced { pace: pace(), unsaid: AtomicU64::new(0) });
        Arc::new(Self { metrics, paced })
    }

    /// Refused for that reason; `detail` is what a human needs to mend it, and may be a stranger's text.
    pub(crate) fn count(&self, reason: Refusal, detail: impl Display) {
        self.metrics.refused(reason.as_str());
        let Paced { pace, unsaid } = &self.paced[reason as usize];
        unsaid.fetch_add(1, Ordering::Relaxed);
        if pace.check().is_ok() {
            telemetry::http_refused(reason.as_str(), &detail.to_string(), unsaid.swap(0, Ordering::Relaxed));
        }
    }

    /// Why a connection ended without its own doing, where that is a refusal.
    pub(super) fn ended(&self, end: End) {
        match end {
            End::Overdue => {
                self.count(Refusal::Silent, "a connection showed, sent or took nothing for too long")
            }
            // Counted by who asked it to.
            End::MakesRoom | End::Idle => {}
        }
    }

    /// The same, and the answer to it. Whoever is refused has to connect again: their place is needed.
    pub(super) fn answer(&self, reason: Refusal, detail: impl Display) -> Response {
        self.count(reason, &detail);
        let mut answer = (reason.status(), Json(views::Error::because(detail.to_string()))).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        match reason {
            Refusal::Token => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Refusal::Busy => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
            Refusal::Unheard => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5")),
            Refusal::Host
            | Refusal::Origin
            | Refusal::Site
            | Refusal::NoToken
            | Refusal::Role
            | Refusal::Csrf
            | Refusal::ContentType
            | Refusal::TooLarge
            | Refusal::TooSlow
            | Refusal::Broken
            | Refusal::Crowded
            | Refusal::Silent => None,
        };
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_place_and_word() {
        for (place, reason) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
        }
        let words: std::collections::BTreeSet<_> = Refusal::ALL.map(Refusal::as_str).into();
        assert_eq!(words.len(), Refusal::ALL.len());
    }

    #[test]
    fn every_refusal_is_counted_however_few_are_said() {
        let metrics = Arc::new(Metrics::default());
        let refusals = Refusals::new(metrics.clone());
        for _ in 0..100 {
            refusals.count(Refusal::Token, "expected a token");
        }
        refusals.count(Refusal::Host, "expected another name");
        let page = metrics.text();
        assert!(page.contains(r#"watchfire_http_refused_total{reason="token"} 100"#), "{page}");
        assert!(page.contains(r#"watchfire_http_refused_total{reason="host"} 1"#), "{page}");
        assert_eq!(refusals.paced[Refusal::Token as usize].unsaid.load(Ordering::Relaxed), 99);
    }
}
