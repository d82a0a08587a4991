//! What answers of the alert API mean: a request is taken, and later it is told what became of it.

use serde_json::Value;
use watchfire_core::text::clean;

use crate::channel::Asked;
use crate::channel::reply::Reply;
use crate::failure::NotTaken;

const TOLD_LENGTH: usize = 200;

/// What was said to a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is going to be done; its id.
    Accepted(String),
    /// This request will never be taken; the reason.
    Refused(String),
}

/// What became of one that was taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// It is done; the alert's id.
    Done(String),
    /// It was not, and would not be again; the reason.
    Refused(String),
    /// That is not known yet; the request's id.
    Unknown(String),
}

/// Only what is wrong with the request ends it.
pub(super) fn read(reply: &Reply) -> Result<Answer, NotTaken> {
    let Reply { status, retry_after, .. } = *reply;
    let for_now = |what: &str| Err(NotTaken::ForNow { reason: reply.explained(what), retry_after });
    let request = id(&said(reply)["requestId"]);
    match (status, request) {
        (202, Some(request)) => Ok(Answer::Accepted(request)),
        (400 | 422, _) => Ok(Answer::Refused(reply.explained("refused"))),
        (413, _) => Ok(Answer::Refused(reply.explained("too large"))),
        (429, _) => Err(NotTaken::Busy { reason: reply.explained("too many"), retry_after }),
        (401 | 403, _) => for_now("JSM does not know us"),
        (404 | 405, _) => for_now("no alert API"),
        (408 | 500..=599, _) => for_now("JSM failed"),
        _ => for_now("not an answer of JSM's"),
    }
}

/// None while it is not known.
pub(super) fn became(reply: &Reply) -> Option<Became> {
    let data = &said(reply)["data"];
    match (reply.status, data["isSuccess"].as_bool().or(data["success"].as_bool())) {
        (200, Some(true)) => {
            Some(Became::Done(id(&data["alertId"]).unwrap_or_else(|| "of that alias".to_owned())))
        }
        (200, Some(false)) => {
            let why = data["status"].as_str().unwrap_or("without a reason");
            Some(Became::Refused(format!("taken, and then not done: {}", clean(why, TOLD_LENGTH))))
        }
        _ => None,
    }
}

/// Of the question for a request that never was.
pub(super) fn known(reply: &Reply) -> Asked {
    match (reply.status, id(&said(reply)["requestId"])) {
        (200 | 404, Some(_)) => Asked::Would("JSM takes requests by this key".to_owned()),
        (401 | 403 | 422, _) => Asked::WouldNot(reply.explained("JSM does not know us")),
        (404, None) => Asked::WouldNot(reply.explained("no alert API")),
        _ => Asked::WouldNot(reply.explained("not an answer of JSM's")),
    }
}

fn said(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_default()
}

/// It becomes part of an address, and of a receipt.
fn id(value: &Value) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let text = value.as_str().filter(|text| (1..=100).contains(&text.len()) && text.bytes().all(is_plain));
    text.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const WAIT: Option<Duration> = Some(Duration::from_secs(1));

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, retry_after: WAIT, body: body.to_owned() }
    }

    #[test]
    fn every_status_has_its_fate() {
        let later = |reason: &str| Err(NotTaken::ForNow { reason: reason.to_owned(), retry_after: WAIT });
        let refused = |reason: &str| Ok(Answer::Refused(reason.to_owned()));
        let taken = r#"{"requestId":"43a29c5c-3dbf"}"#;
        assert_eq!(read(&reply(202, taken)), Ok(Answer::Accepted("43a29c5c-3dbf".to_owned())));
        assert_eq!(
            read(&reply(202, r#"{"requestId":"../x"}"#)),
            later(r#"202 not an answer of JSM's: {"requestId":"../x"}"#)
        );
        let table = [
            (200, later("200 not an answer of JSM's: m")),
            (202, later("202 not an answer of JSM's: m")),
            (302, later("302 not an answer of JSM's: m")),
            (400, refused("400 refused: m")),
            (401, later("401 JSM does not know us: m")),
            (403, later("403 JSM does not know us: m")),
            (404, later("404 no alert API: m")),
            (413, refused("413 too large: m")),
            (422, refused("422 refused: m")),
            (429, Err(NotTaken::Busy { reason: "429 too many: m".to_owned(), retry_after: WAIT })),
            (500, later("500 JSM failed: m")),
            (503, later("503 JSM failed: m")),
        ];
        for (status, fate) in table {
            assert_eq!(read(&reply(status, "m")), fate, "{status}");
        }
    }

    #[test]
    fn what_became_of_a_request_is_done_not_done_or_not_known() {
        let of = |status, body: &str| became(&reply(status, body));
        let done = r#"{"data":{"isSuccess":true,"status":"Created alert","alertId":"8743a1b2"}}"#;
        assert_eq!(of(200, done), Some(Became::Done("8743a1b2".to_owned())));
        let failed = r#"{"data":{"isSuccess":false,"status":"Alert does not exist"}}"#;
        let why = "taken, and then not done: Alert does not exist".to_owned();
        assert_eq!(of(200, failed), Some(Became::Refused(why)));
        for (status, body) in [(404, r#"{"message":"Request not found"}"#), (200, "{}"), (503, ""), (429, "")]
        {
            assert_eq!(of(status, body), None, "{status} {body}");
        }
    }
}
