//! What went through the proxy, and what is done to what comes next.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use watchfire_kubernetes::{Failure, Query};

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its place in the order of arrival, from 0.
    pub index: usize,
    /// `GET`, …
    pub method: String,
    /// Without the query.
    pub path: String,
    /// As it came; empty where there is none.
    pub query: String,
    /// Of the request.
    pub content_type: String,
    /// Of the request; null where there is none, text where it is not JSON.
    pub body: Value,
    /// What it was answered; none where it was dropped, or is not answered yet.
    pub status: Option<u16>,
    /// When it came.
    pub at: Instant,
}

impl Call {
    /// Whether it changes, or would change, something.
    pub fn writes(&self) -> bool {
        self.method != "GET" && !self.path.contains("/selfsubject")
    }

    /// Whether it was sent as a dry run, by its query or its body.
    pub fn is_dry(&self) -> bool {
        let options = [&self.body, &self.body["deleteOptions"]];
        Query::parse(&self.query).get("dryRun").is_some()
            || options.iter().any(|options| options["dryRun"].as_array().is_some_and(|all| !all.is_empty()))
    }

    /// `PATCH /api/v1/namespaces/x/pods/y`, for whole comparisons.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Which calls are meant; each condition narrows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    method: Option<String>,
    paths: Vec<String>,
    body: Option<String>,
    nth: Option<usize>,
}

impl Match {
    /// All calls.
    pub fn any() -> Match {
        Match::default()
    }

    /// All that change something, dry runs included.
    pub fn writes() -> Match {
        Match::default().method("!GET")
    }

    /// Of that method; `!GET` means all others.
    #[must_use]
    pub fn method(mut self, method: &str) -> Match {
        self.method = Some(method.to_owned());
        self
    }

    /// With that in `path?query`; several must all be in it, `!` before one means that it must not.
    #[must_use]
    pub fn path(mut self, part: &str) -> Match {
        self.paths.push(part.to_owned());
        self
    }

    /// With that in the body's text.
    #[must_use]
    pub fn body(mut self, part: &str) -> Match {
        self.body = Some(part.to_owned());
        self
    }

    /// Only the n-th of those, counted from 1 and from now.
    #[must_use]
    pub fn nth(mut self, number: usize) -> Match {
        self.nth = Some(number);
        self
    }

    fn meets(&self, method: &str, target: &str, body: &str) -> bool {
        let has = |text: &str, part: &str| match part.strip_prefix('!') {
            Some(part) => !text.contains(part),
            None => text.contains(part),
        };
        let method = self.method.as_ref().is_none_or(|wanted| match wanted.strip_prefix('!') {
            Some(other) => method != other,
            None => method == wanted,
        });
        method
            && self.paths.iter().all(|part| has(target, part))
            && self.body.as_ref().is_none_or(|part| has(body, part))
    }
}

/// What is done to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// It is not forwarded; that is the answer.
    Refused(Box<Failure>),
    /// It is forwarded after that time.
    Delay(Duration),
    /// It is forwarded at once, and answered after that time.
    DelayAfter(Duration),
    /// The connection is closed, nothing is forwarded.
    Drop,
    /// It is forwarded, the connection is closed instead of the answer.
    DropAfter,
}

impl Fault {
    /// Refused with that code and the body the real server gives with it.
    pub fn status(code: u16) -> Fault {
        Fault::Refused(Box::new(Failure::of_code(code, None)))
    }

    /// 429 with that many seconds of `Retry-After`.
    pub fn too_many(retry_after: u64) -> Fault {
        Fault::Refused(Box::new(Failure::too_many_requests(retry_after)))
    }
}

#[derive(Debug)]
struct Rule {
    which: Match,
    fault: Fault,
    seen: usize,
    left: Option<usize>,
}

/// All faults that are in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(Arc<Mutex<Vec<Rule>>>);

/// A fault in force, to be limited.
#[derive(Debug)]
pub struct Standing<'a>(&'a Faults, usize);

impl Standing<'_> {
    /// Only so many times.
    pub fn times(self, count: usize) {
        self.0.change(|rules| rules[self.1].left = Some(count));
    }
}

impl Faults {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Rule>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn add(&self, which: Match, fault: Fault) -> Standing<'_> {
        let index = self.change(|rules| {
            rules.push(Rule { which, fault, seen: 0, left: None });
            rules.len() - 1
        });
        Standing(self, index)
    }

    pub(super) fn heal(&self) {
        self.change(Vec::clear);
    }

    /// What is done to this call: the first fault that means it.
    pub(super) fn next(&self, method: &str, target: &str, body: &str) -> Option<Fault> {
        self.change(|rules| {
            let mut found = None;
            for rule in rules.iter_mut().filter(|rule| rule.which.meets(method, target, body)) {
                rule.seen += 1;
                let mine = rule.which.nth.is_none_or(|nth| nth == rule.seen) && rule.left != Some(0);
                if found.is_none() && mine {
                    rule.left = rule.left.map(|left| left - 1);
                    found = Some(rule.fault.clone());
                }
            }
            found
        })
    }
}
