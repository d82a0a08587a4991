//! What ServiceNow's answers mean: done, refused for good, gone, or to be asked again.

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
        (200 | 201, Some(said)) if !said["result"].is_null() => Ok(Answer::Done(said.clone())),
        // An instance that hibernates, or a page of a login.
        (200..=299, _) => for_now("not an answer of ServiceNow's"),
        (400 | 422, Some(_)) => Ok(Answer::Refused(explained(reply, said.as_ref(), "refused"))),
        (413, _) => Ok(Answer::Refused(explained(reply, said.as_ref(), "too large"))),
        (404, Some(_)) => Ok(Answer::Gone(explained(reply, said.as_ref(), "not there, or not for us"))),
        (429, _) => Err(NotTaken::Busy { reason: explained(reply, said.as_ref(), "too many"), retry_after }),
        (401 | 403, _) => for_now("ServiceNow does not know us"),
        (408 | 500..=599, _) => for_now("ServiceNow failed"),
        _ => for_now("not an answer of ServiceNow's"),
    }
}

/// Of the question for a record, whichever.
pub(super) fn known(reply: &Reply, table: &str) -> Asked {
    match read(reply) {
        Ok(Answer::Done(_)) => Asked::Would(format!("ServiceNow lets us read {table}")),
        Ok(Answer::Refused(reason) | Answer::Gone(reason)) => Asked::WouldNot(reason),
        Err(not_taken) => Asked::WouldNot(not_taken.into_reason()),
    }
}

/// An object; a page for people is none.
fn said(reply: &Reply) -> Option<Value> {
    serde_json::from_str(&reply.body).ok().filter(Value::is_object)
}

fn explained(reply: &Reply, said: Option<&Value>, what: &str) -> String {
    let error = said.map(|said| &said["error"]);
    let texts = ["message", "detail"].into_iter().filter_map(|name| error?[name].as_str());
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    match texts.is_empty() {
        true => reply.explained(what),
        false => format!("{} {what}: {}", reply.status, clean(&texts.join(": "), TOLD_LENGTH)),
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
        let refused = |reason: &str| Ok(Answer::Refused(reason.to_owned()));
        let wrong = r#"{"error":{"message":"Invalid","detail":"no such state"},"status":"failure"}"#;
        let made = r#"{"result":{"sys_id":"a","number":"INC1"}}"#;
        let done = || Ok(Answer::Done(json!({"result": {"sys_id": "a", "number": "INC1"}})));
        let gone = r#"{"error":{"message":"No Record found","detail":null},"status":"failure"}"#;
        let table = [
            (200, made, done()),
            (201, made, done()),
            (200, r#"{"result":[]}"#, Ok(Answer::Done(json!({"result": []})))),
            (200, "{}", later("200 not an answer of ServiceNow's: {}")),
            (200, "<html>Hibernating", later("200 not an answer of ServiceNow's: <html>Hibernating")),
            (202, "", later("202 not an answer of ServiceNow's")),
            (302, "", later("302 not an answer of ServiceNow's")),
            (400, wrong, refused("400 refused: Invalid: no such state")),
            (400, "<html>", later("400 not an answer of ServiceNow's: <html>")),
            (401, wrong, later("401 ServiceNow does not know us: Invalid: no such state")),
            (403, "m", later("403 ServiceNow does not know us: m")),
            (404, gone, Ok(Answer::Gone("404 not there, or not for us: No Record found".to_owned()))),
            (404, "<html>", later("404 not an answer of ServiceNow's: <html>")),
            (408, "", later("408 ServiceNow failed")),
            (413, "", refused("413 too large")),
            (422, wrong, refused("422 refused: Invalid: no such state")),
            (429, "", Err(NotTaken::Busy { reason: "429 too many".to_owned(), retry_after: WAIT })),
            (500, "", later("500 ServiceNow failed")),
            (503, "m", later("503 ServiceNow failed: m")),
        ];
        for (status, body, fate) in table {
            assert_eq!(read(&reply(status, body)), fate, "{status} {body}");
        }
    }
}
