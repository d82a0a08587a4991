//! What an answer of the API server that is not a yes means: the one place that says which pass by themselves.

use std::fmt;
use std::time::Duration;

use watchfire_core::text::clean;

use crate::failure::Failure;

/// Of what the API server says, so much is told.
const QUOTED: usize = 200;

/// A call that did not bring what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No answer, or one that says to come again.
    Passing {
        /// Why.
        reason: String,
        /// Not before that much time.
        retry_after: Option<Duration>,
    },
    /// There is no such object, or no such kind.
    Absent(String),
    /// Someone else was faster, holds the field, or the precondition is not met.
    Conflict(String),
    /// A test of a JSON patch failed, or what was sent is not valid.
    Unfit(String),
    /// We may not.
    Forbidden {
        /// What, such as `may not list pods in shop`.
        what: String,
        /// How the API server says it.
        said: String,
    },
    /// It was refused, and would be again.
    Refused(String),
}

/// What was asked, in the words of the API's permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    /// Such as `patch`.
    pub(super) verb: &'static str,
    /// Such as `pods` or `deployments/scale`.
    pub(super) resource: String,
    /// Empty for what is in none.
    pub(super) namespace: &'a str,
    /// Empty for a list.
    pub(super) name: &'a str,
}

/// What came back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) code: u16,
    pub(super) retry_after: Option<&'a str>,
    pub(super) body: &'a [u8],
}

impl Fault {
    /// What an answer with a status of 400 or more means.
    pub(super) fn of(asked: &Asked<'_>, answer: Answer<'_>) -> Self {
        let Answer { code, retry_after, body } = answer;
        let said = Said::read(body);
        let quoted = clean(&said.text, QUOTED);
        let reason = match quoted.is_empty() {
            true => format!("{asked}: HTTP {code}"),
            false => format!("{asked}: {quoted}"),
        };
        let retry_after = retry_after.and_then(|seconds| seconds.trim().parse().ok()).or(said.retry_after);
        let retry_after = retry_after.map(Duration::from_secs);
        // Whatever its status, a refusal by a webhook or an admission policy is an opinion on the request.
        if ["denied the request", "denied request"].iter().any(|words| said.text.contains(words)) {
            return Fault::Refused(reason);
        }
        match code {
            // Credentials are renewed by the client, so that a token which has just ended passes.
            401 | 408 | 429 | 500 | 502..=504 => Fault::Passing { reason, retry_after },
            403 if said.is_about_permissions() => {
                Fault::Forbidden { what: format!("may not {} {}", asked.verb, asked.place()), said: quoted }
            }
            404 | 410 => Fault::Absent(reason),
            409 => Fault::Conflict(reason),
            422 => Fault::Unfit(reason),
            _ => Fault::Refused(reason),
        }
    }

    /// The call did not come to an answer.
    pub(super) fn unanswered(asked: &Asked<'_>, because: &dyn fmt::Display) -> Self {
        let because = clean(&because.to_string(), QUOTED);
        let reason = format!("{asked}: the API server does not answer: {because}");
        Fault::Passing { reason, retry_after: None }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Passing { reason, retry_after } => Failure::Transient { reason, retry_after },
            Fault::Forbidden { what, said } => {
                let reason = format!("{what}: `watchfire rbac` prints the role that may ({said})");
                Failure::Permanent { reason }
            }
            Fault::Absent(reason)
            | Fault::Conflict(reason)
            | Fault::Unfit(reason)
            | Fault::Refused(reason) => Failure::Permanent { reason },
        }
    }
}

impl Asked<'_> {
    /// `pods in shop`.
    fn place(&self) -> String {
        match self.namespace.is_empty() {
            true => self.resource.clone(),
            false => format!("{} in {}", self.resource, self.namespace),
        }
    }
}

impl fmt::Display for Asked<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, resource, namespace, name } = self;
        match (namespace.is_empty(), name.is_empty()) {
            (true, true) => write!(out, "{verb} {resource}"),
            (true, false) => write!(out, "{verb} {resource} {name}"),
            (false, true) => write!(out, "{verb} {resource} in {namespace}"),
            (false, false) => write!(out, "{verb} {resource} {namespace}/{name}"),
        }
    }
}

/// The `Status` in an answer's body, or its text where it is none.
#[derive(Debug, Default)]
struct Said {
    text: String,
    retry_after: Option<u64>,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let Ok(status) = serde_json::from_slice::<serde_json::Value>(body) else {
            return Self { text: String::from_utf8_lossy(body).into_owned(), retry_after: None };
        };
        let mut text = status["message"].as_str().unwrap_or_default().to_owned();
        // A refused eviction names its budget only here.
        for cause in status["details"]["causes"].as_array().into_iter().flatten() {
            if cause["reason"] == "DisruptionBudget" {
                text = cause["message"].as_str().unwrap_or_default().to_owned();
            }
        }
        Self { text, retry_after: status["details"]["retryAfterSeconds"].as_u64() }
    }

    /// A quota or a namespace on its way out says 403, too.
    fn is_about_permissions(&self) -> bool {
        self.text.is_empty() || (self.text.contains(" cannot ") && self.text.contains(" resource "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked<'static> {
        Asked { verb: "patch", resource: "pods".to_owned(), namespace: "shop", name: "pay-1" }
    }

    fn passing(reason: &str, seconds: Option<u64>) -> Fault {
        Fault::Passing { reason: reason.to_owned(), retry_after: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn every_status_is_one_that_passes_or_one_that_does_not() {
        let status = |message: &str| format!(r#"{{"kind":"Status","message":"{message}"}}"#);
        let said = |text: &str| format!("patch pods shop/pay-1: {text}");
        let webhook = r#"admission webhook \"v.example\" denied the request: no"#;
        let webhook_said = said(r#"admission webhook "v.example" denied the request: no"#);
        let forbidden =
            r#"pods \"pay-1\" is forbidden: User \"w\" cannot patch resource \"pods\" in API group \"\""#;
        let cases = [
            (400, None, status("bad"), Fault::Refused(said("bad"))),
            (401, None, status("Unauthorized"), passing(&said("Unauthorized"), None)),
            (
                403,
                None,
                status(forbidden),
                Fault::Forbidden {
                    what: "may not patch pods in shop".to_owned(),
                    said: "pods \"pay-1\" is forbidden: User \"w\" cannot patch resource \"pods\" in API group \"\""
                        .to_owned(),
                },
            ),
            (403, None, status("exceeded quota"), Fault::Refused(said("exceeded quota"))),
            (403, None, status(webhook), Fault::Refused(webhook_said.clone())),
            (404, None, "404 page not found\n".to_owned(), Fault::Absent(said("404 page not found"))),
            (405, None, status("no"), Fault::Refused(said("no"))),
            (408, None, String::new(), passing(&said("HTTP 408"), None)),
            (409, None, status("modified"), Fault::Conflict(said("modified"))),
            (410, None, status("gone"), Fault::Absent(said("gone"))),
            (415, None, status("type"), Fault::Refused(said("type"))),
            (422, None, status("invalid"), Fault::Unfit(said("invalid"))),
            (422, None, status(webhook), Fault::Refused(webhook_said)),
            (429, Some("7"), status("slow"), passing(&said("slow"), Some(7))),
            (429, None, status("slow"), passing(&said("slow"), None)),
            (
                429,
                None,
                r#"{"message":"slow","details":{"retryAfterSeconds":3}}"#.to_owned(),
                passing(&said("slow"), Some(3)),
            ),
            (
                429,
                Some("10"),
                r#"{"message":"Cannot evict pod as it would violate the pod's disruption budget.","details":
                    {"causes":[{"reason":"DisruptionBudget","message":"The disruption budget d1 needs 1"}]}}"#
                    .to_owned(),
                passing(&said("The disruption budget d1 needs 1"), Some(10)),
            ),
            (500, None, status("etcd"), passing(&said("etcd"), None)),
            (501, None, status("no"), Fault::Refused(said("no"))),
            (502, None, String::new(), passing(&said("HTTP 502"), None)),
            (503, Some("1"), String::new(), passing(&said("HTTP 503"), Some(1))),
            (504, None, String::new(), passing(&said("HTTP 504"), None)),
        ];
        for (code, retry_after, body, expected) in cases {
            let answer = Answer { code, retry_after, body: body.as_bytes() };
            assert_eq!(Fault::of(&asked(), answer), expected, "{code} {body}");
        }
    }

    #[test]
    fn what_a_webhook_says_is_cut() {
        let body = format!(r#"{{"message":"admission webhook denied the request: {}"}}"#, "x".repeat(5_000));
        let Fault::Refused(reason) =
            Fault::of(&asked(), Answer { code: 400, retry_after: None, body: body.as_bytes() })
        else {
            panic!("not refused")
        };
        assert!(reason.chars().count() < 230, "{reason}");
    }
}
