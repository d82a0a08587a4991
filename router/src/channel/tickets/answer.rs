//! What the answers of whoever keeps tickets mean: done, refused for good, gone, or to be asked again.

use serde_json::Value;
use watchfire_core::text::clean;

use crate::channel::reply::Reply;
use crate::failure::NotTaken;

const TOLD_LENGTH: usize = 200;

/// How one of them answers.
#[derive(Debug)]
pub(in crate::channel) struct Dialect {
    /// What it is called.
    pub(in crate::channel) name: &'static str,
    /// Whether an object is an answer to what was asked.
    pub(in crate::channel) is_answer: fn(&Value) -> bool,
    /// What it says is wrong.
    pub(in crate::channel) faults: fn(&Value) -> Vec<String>,
}

/// What was said to a request.
#[derive(Debug, PartialEq)]
pub(in crate::channel) enum Answer {
    /// It is done.
    Done(Value),
    /// This request will never be taken; the reason.
    Refused(String),
    /// What it is about is not there, or not for us; the reason.
    Gone(String),
}

impl Dialect {
    /// Only what is wrong with the request ends it.
    pub(in crate::channel) fn read(&self, reply: &Reply) -> Result<Answer, NotTaken> {
        let Reply { status, retry_after, .. } = *reply;
        let said = said(reply);
        let told = |what: &str| self.explained(reply, what);
        let for_now = |what: &str| {
            let reason = told(&what.replace("{}", self.name));
            Err(NotTaken::ForNow { reason, retry_after })
        };
        match (status, &said) {
            (200 | 201, Some(said)) if (self.is_answer)(said) => Ok(Answer::Done(said.clone())),
            (204, _) => Ok(Answer::Done(Value::Null)),
            (400 | 422, Some(_)) => Ok(Answer::Refused(told("refused"))),
            (413, _) => Ok(Answer::Refused(told("too large"))),
            (404, Some(_)) => Ok(Answer::Gone(told("not there, or not for us"))),
            (429, _) => Err(NotTaken::Busy { reason: told("too many"), retry_after }),
            (401 | 403, _) => for_now("{} does not know us"),
            (408 | 500..=599, _) => for_now("{} failed"),
            // A page of a login, or an instance that hibernates.
            _ => for_now("not an answer of {}'s"),
        }
    }

    /// With what it says is wrong, if it says that.
    fn explained(&self, reply: &Reply, what: &str) -> String {
        let faults = said(reply).map(|said| (self.faults)(&said)).unwrap_or_default();
        match faults.is_empty() {
            true => reply.explained(what),
            false => format!("{} {what}: {}", reply.status, clean(&faults.join("; "), TOLD_LENGTH)),
        }
    }
}

/// An object; a page for people is none.
fn said(reply: &Reply) -> Option<Value> {
    serde_json::from_str(&reply.body).ok().filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    const WAIT: Option<Duration> = Some(Duration::from_secs(1));
    const JIRA: &Dialect = &crate::channel::jira::DIALECT;
    const SERVICENOW: &Dialect = &crate::channel::servicenow::DIALECT;

    fn of(dialect: &Dialect, status: u16, body: &str) -> Result<Answer, NotTaken> {
        dialect.read(&Reply { status, retry_after: WAIT, body: body.to_owned() })
    }

    #[test]
    fn every_status_has_its_fate() {
        let wrong = r#"{"errors":{"priority":"it is none"},"error":{"message":"priority: it is none"}}"#;
        for dialect in [JIRA, SERVICENOW] {
            let later = |reason: &str| {
                let reason = reason.replace("{}", dialect.name);
                Err(NotTaken::ForNow { reason, retry_after: WAIT })
            };
            let refused = |reason: &str| Ok(Answer::Refused(reason.to_owned()));
            let gone = "404 not there, or not for us: priority: it is none".to_owned();
            let table = [
                (200, "<html>Log in", later("200 not an answer of {}'s: <html>Log in")),
                (202, "", later("202 not an answer of {}'s")),
                (204, "", Ok(Answer::Done(Value::Null))),
                (302, "", later("302 not an answer of {}'s")),
                (400, wrong, refused("400 refused: priority: it is none")),
                (400, "<html>", later("400 not an answer of {}'s: <html>")),
                (401, "m", later("401 {} does not know us: m")),
                (403, wrong, later("403 {} does not know us: priority: it is none")),
                (404, wrong, Ok(Answer::Gone(gone))),
                (404, "<html>", later("404 not an answer of {}'s: <html>")),
                (408, "", later("408 {} failed")),
                (413, "", refused("413 too large")),
                (422, wrong, refused("422 refused: priority: it is none")),
                (429, "", Err(NotTaken::Busy { reason: "429 too many".to_owned(), retry_after: WAIT })),
                (500, "", later("500 {} failed")),
                (503, "m", later("503 {} failed: m")),
            ];
            for (status, body, fate) in table {
                assert_eq!(of(dialect, status, body), fate, "{} {status} {body}", dialect.name);
            }
        }
    }

    #[test]
    fn what_each_of_them_says_to_a_request_that_it_takes() {
        let done = |said: Value| Ok(Answer::Done(said));
        assert_eq!(of(JIRA, 201, r#"{"key":"SEC-1"}"#), done(json!({"key": "SEC-1"})));
        let made = json!({"result": {"sys_id": "a", "number": "INC1"}});
        assert_eq!(of(SERVICENOW, 201, &made.to_string()), done(made));
        assert_eq!(of(SERVICENOW, 200, r#"{"result":[]}"#), done(json!({"result": []})));
        let reason = "200 not an answer of ServiceNow's: {}".to_owned();
        assert_eq!(of(SERVICENOW, 200, "{}"), Err(NotTaken::ForNow { reason, retry_after: WAIT }));
        let refusal = r#"{"errorMessages":["No."],"errors":{"priority":"it is none"}}"#;
        assert_eq!(
            of(JIRA, 400, refusal),
            Ok(Answer::Refused("400 refused: No.; priority: it is none".to_owned()))
        );
        let refusal = r#"{"error":{"message":"Invalid","detail":"no such state"},"status":"failure"}"#;
        assert_eq!(
            of(SERVICENOW, 400, refusal),
            Ok(Answer::Refused("400 refused: Invalid: no such state".to_owned()))
        );
    }
}
