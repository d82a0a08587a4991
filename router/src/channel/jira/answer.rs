//! What Jira's answers mean: done, refused for good, gone, or to be asked again.

use serde_json::Value;
use watchfire_core::text::clean;

use crate::channel::Asked;
use crate::channel::reply::Reply;
use crate::failure::NotTaken;

const TOLD_LENGTH: usize = 200;

/// What was said to a request.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// It is done.
    Done(Value),
    /// This request will never be taken; the reason.
    Refused(String),
    /// What it is about is not there, or not for us; the reason.
    Gone(String),
}

/// Only what is wrong with the request ends it.
pub(super) fn read(reply: &Reply) -> Result<Answer, NotTaken> {
    let Reply { status, retry_after, .. } = *reply;
    let said = said(reply);
    let for_now = |what: &str| {
        let reason = explained(reply, said.as_ref(), what);
        Err(NotTaken::ForNow { reason, retry_after })
    };
    match (status, &said) {
        (200 | 201, Some(said)) => Ok(Answer::Done(said.clone())),
        (204, _) => Ok(Answer::Done(Value::Null)),
        (400 | 422, Some(_)) => Ok(Answer::Refused(explained(reply, said.as_ref(), "refused"))),
        (413, _) => Ok(Answer::Refused(explained(reply, said.as_ref(), "too large"))),
        (404, Some(_)) => Ok(Answer::Gone(explained(reply, said.as_ref(), "not there, or not for us"))),
        (429, _) => Err(NotTaken::Busy { reason: explained(reply, said.as_ref(), "too many"), retry_after }),
        (401 | 403, _) => for_now("Jira does not know us"),
        (408 | 500..=599, _) => for_now("Jira failed"),
        _ => for_now("not an answer of Jira's"),
    }
}

/// Of the question for the project.
pub(super) fn known(reply: &Reply, project: &str) -> Asked {
    let said = said(reply);
    match (reply.status, &said) {
        (200, Some(said)) if said["key"] == project => {
            let name = clean(said["name"].as_str().unwrap_or("?"), 60);
            Asked::Would(format!("Jira has the project {project} ({name}) for us"))
        }
        (404, Some(_)) => {
            Asked::WouldNot(format!("there is no project {project}, or whoever we are may not see it"))
        }
        (401 | 403, _) => Asked::WouldNot(explained(reply, said.as_ref(), "Jira does not know us")),
        _ => Asked::WouldNot(explained(reply, said.as_ref(), "not an answer of Jira's")),
    }
}

/// An object; a page for people is none.
fn said(reply: &Reply) -> Option<Value> {
    serde_json::from_str(&reply.body).ok().filter(Value::is_object)
}

/// With what Jira says is wrong, each field by its name.
fn explained(reply: &Reply, said: Option<&Value>, what: &str) -> String {
    let Some(said) = said else { return reply.explained(what) };
    let messages = said["errorMessages"].as_array().into_iter().flatten();
    let messages = messages.filter_map(Value::as_str).map(str::to_owned);
    let fields = said["errors"].as_object().into_iter().flatten();
    let fields = fields.filter_map(|(field, why)| Some(format!("{field}: {}", why.as_str()?)));
    let all: Vec<_> = messages.chain(fields).collect();
    match all.is_empty() {
        true => reply.explained(what),
        false => format!("{} {what}: {}", reply.status, clean(&all.join("; "), TOLD_LENGTH)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    const WAIT: Option<Duration> = Some(Duration::from_secs(1));

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, retry_after: WAIT, body: body.to_owned() }
    }

    #[test]
    fn every_status_has_its_fate() {
        let later = |reason: &str| Err(NotTaken::ForNow { reason: reason.to_owned(), retry_after: WAIT });
        let wrong = r#"{"errorMessages":[],"errors":{"priority":"it is none"}}"#;
        let refused = |reason: &str| Ok(Answer::Refused(reason.to_owned()));
        let table = [
            (200, r#"{"key":"SEC-1"}"#, Ok(Answer::Done(json!({"key": "SEC-1"})))),
            (201, r#"{"key":"SEC-1"}"#, Ok(Answer::Done(json!({"key": "SEC-1"})))),
            (204, "", Ok(Answer::Done(Value::Null))),
            (200, "<html>Log in", later("200 not an answer of Jira's: <html>Log in")),
            (302, "", later("302 not an answer of Jira's")),
            (400, wrong, refused("400 refused: priority: it is none")),
            (400, "<html>", later("400 not an answer of Jira's: <html>")),
            (401, "m", later("401 Jira does not know us: m")),
            (403, "m", later("403 Jira does not know us: m")),
            (
                404,
                r#"{"errorMessages":["Issue does not exist"]}"#,
                Ok(Answer::Gone("404 not there, or not for us: Issue does not exist".to_owned())),
            ),
            (404, "<html>", later("404 not an answer of Jira's: <html>")),
            (408, "", later("408 Jira failed")),
            (413, "", refused("413 too large")),
            (422, wrong, refused("422 refused: priority: it is none")),
            (429, "", Err(NotTaken::Busy { reason: "429 too many".to_owned(), retry_after: WAIT })),
            (500, "", later("500 Jira failed")),
            (503, "m", later("503 Jira failed: m")),
        ];
        for (status, body, fate) in table {
            assert_eq!(read(&reply(status, body)), fate, "{status} {body}");
        }
    }
}
