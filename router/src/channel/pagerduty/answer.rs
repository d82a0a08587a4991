//! What PagerDuty's answers mean: accepted, refused for good, or to be asked again.

use std::time::Duration;

use serde::Deserialize;

use crate::channel::reply::Reply;
use crate::failure::NotTaken;

/// What PagerDuty said about an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Taken; the receipt.
    Accepted(String),
    /// This event will never be taken; the reason.
    Refused(String),
}

/// The documented body, of success and of error.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    message: String,
    dedup_key: String,
    errors: Vec<String>,
}

/// Whether it may be the key that is not known any more.
pub(super) fn may_be_by_the_key(status: u16) -> bool {
    matches!(status, 400 | 401 | 403)
}

pub(super) fn read(reply: Reply) -> Result<Answer, NotTaken> {
    judge(reply.status, &reply.body, reply.retry_after)
}

fn judge(status: u16, body: &str, retry_after: Option<Duration>) -> Result<Answer, NotTaken> {
    let Body { message, dedup_key, errors } = serde_json::from_str(body).unwrap_or_default();
    let said = [vec![message], errors].concat();
    let said = said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    let explained = |what: &str| match said.as_str() {
        "" => format!("{status} {what}"),
        said => format!("{status} {what}: {said}"),
    };
    match status {
        202 => Ok(Answer::Accepted(format!("accepted, dedup key {dedup_key}"))),
        400 => Ok(Answer::Refused(explained("bad request"))),
        413 => Ok(Answer::Refused(explained("too large"))),
        429 => Err(NotTaken::Busy { reason: explained("too many events"), retry_after }),
        408 | 425 | 500..=599 => Err(NotTaken::ForNow { reason: explained("PagerDuty failed"), retry_after }),
        // PagerDuty documents no other; then a proxy or a wrong address said it, and that can be mended
        // while the page waits on the queue.
        _ => Err(NotTaken::ForNow { reason: explained("not an answer of PagerDuty's"), retry_after }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn every_status_has_its_fate() {
        let later =
            |reason: &str| Err(NotTaken::ForNow { reason: reason.to_owned(), retry_after: Some(SECOND) });
        let busy =
            |reason: &str| Err(NotTaken::Busy { reason: reason.to_owned(), retry_after: Some(SECOND) });
        let refused = |reason: &str| Ok(Answer::Refused(reason.to_owned()));
        let table = [
            (202, Ok(Answer::Accepted("accepted, dedup key k".to_owned()))),
            (200, later("200 not an answer of PagerDuty's: m; e")),
            (302, later("302 not an answer of PagerDuty's: m; e")),
            (400, refused("400 bad request: m; e")),
            (403, later("403 not an answer of PagerDuty's: m; e")),
            (404, later("404 not an answer of PagerDuty's: m; e")),
            (408, later("408 PagerDuty failed: m; e")),
            (413, refused("413 too large: m; e")),
            (425, later("425 PagerDuty failed: m; e")),
            (429, busy("429 too many events: m; e")),
            (500, later("500 PagerDuty failed: m; e")),
            (503, later("503 PagerDuty failed: m; e")),
        ];
        for (status, fate) in table {
            let body = r#"{"status":"s","message":"m","errors":["e"],"dedup_key":"k"}"#;
            assert_eq!(judge(status, body, Some(SECOND)), fate, "{status}");
        }
    }

    #[test]
    fn an_answer_without_a_readable_body_still_counts() {
        assert_eq!(judge(202, "", None), Ok(Answer::Accepted("accepted, dedup key ".to_owned())));
        assert_eq!(judge(400, "<html>", None), Ok(Answer::Refused("400 bad request".to_owned())));
    }
}
