//! What Alertmanager's answers mean: taken, refused for good, or to be asked again.

use serde_json::Value;

use crate::channel::reply::Reply;
use crate::failure::NotTaken;

/// What Alertmanager said about alerts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has them.
    Taken,
    /// It will never take them; the reason.
    Refused(String),
}

/// Only what is wrong with the alerts ends them.
pub(super) fn read(reply: &Reply) -> Result<Answer, NotTaken> {
    let Reply { status, retry_after, .. } = *reply;
    let for_now = |what: &str| Err(NotTaken::ForNow { reason: reply.explained(what), retry_after });
    match status {
        200 if !reply.is_html() => Ok(Answer::Taken),
        400 | 422 => Ok(Answer::Refused(reply.explained("refused"))),
        413 => Ok(Answer::Refused(reply.explained("too large"))),
        429 => Err(NotTaken::Busy { reason: reply.explained("too many"), retry_after }),
        401 | 403 => for_now("Alertmanager does not know us"),
        404 | 405 | 407 => for_now("no API v2 of an Alertmanager"),
        408 | 500..=599 => for_now("Alertmanager failed"),
        _ => for_now("not an answer of Alertmanager's"),
    }
}

/// Of `GET /api/v2/status`.
pub(super) fn version(reply: &Reply) -> Result<String, NotTaken> {
    let said: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    match (reply.status, said["versionInfo"]["version"].as_str()) {
        (200, Some(version)) => Ok(format!("Alertmanager {version}")),
        // Its body holds the whole configuration of Alertmanager, and is longer than what is read.
        (200, None) if reply.body.trim_start().starts_with('{') => Ok("an Alertmanager".to_owned()),
        _ => match read(reply) {
            Ok(Answer::Refused(reason)) => Err(NotTaken::ForGood { reason }),
            Ok(Answer::Taken) => Err(NotTaken::ForGood { reason: "it is no Alertmanager".to_owned() }),
            Err(not_taken) => Err(not_taken),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_status_has_its_fate() {
        let wait = Some(Duration::from_secs(1));
        let later = |reason: &str| Err(NotTaken::ForNow { reason: reason.to_owned(), retry_after: wait });
        let refused = |reason: &str| Ok(Answer::Refused(reason.to_owned()));
        let table = [
            (200, Ok(Answer::Taken)),
            (202, later("202 not an answer of Alertmanager's: said")),
            (302, later("302 not an answer of Alertmanager's: said")),
            (400, refused("400 refused: said")),
            (401, later("401 Alertmanager does not know us: said")),
            (403, later("403 Alertmanager does not know us: said")),
            (404, later("404 no API v2 of an Alertmanager: said")),
            (405, later("405 no API v2 of an Alertmanager: said")),
            (408, later("408 Alertmanager failed: said")),
            (413, refused("413 too large: said")),
            (422, refused("422 refused: said")),
            (429, Err(NotTaken::Busy { reason: "429 too many: said".to_owned(), retry_after: wait })),
            (500, later("500 Alertmanager failed: said")),
            (503, later("503 Alertmanager failed: said")),
        ];
        for (status, fate) in table {
            let reply = Reply { status, retry_after: wait, body: "said".to_owned() };
            assert_eq!(read(&reply), fate, "{status}");
        }
        let page = Reply { status: 200, retry_after: wait, body: "<html>Log in".to_owned() };
        assert_eq!(read(&page), later("200 not an answer of Alertmanager's: <html>Log in"));
    }
}
