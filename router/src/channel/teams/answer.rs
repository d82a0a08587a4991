//! What a workflow's answers mean: begun, refused for good, or to be asked again.

use crate::channel::reply::Reply;
use crate::failure::NotTaken;

/// What the workflow said about a card.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has begun.
    Begun,
    /// This card will never be taken; the reason.
    Refused(String),
}

/// Only what is wrong with the card ends it: a workflow can be switched on while the page waits. A workflow begins with
/// 202, and with 200 where it has an answer of its own; what says 200 in HTML is a login or a proxy.
pub(super) fn read(reply: &Reply) -> Result<Answer, NotTaken> {
    let Reply { status, retry_after, .. } = *reply;
    let for_now = |what: &str| Err(NotTaken::ForNow { reason: reply.explained(what), retry_after });
    match status {
        202 => Ok(Answer::Begun),
        200 if !reply.is_html() => Ok(Answer::Begun),
        400 => Ok(Answer::Refused(reply.explained("refused"))),
        413 => Ok(Answer::Refused(reply.explained("too large"))),
        429 => Err(NotTaken::Busy { reason: reply.explained("too many"), retry_after }),
        401 | 403 | 404 => for_now("the workflow is not there"),
        408 | 500..=599 => for_now("Teams failed"),
        _ => for_now("not an answer of a workflow's"),
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
            (200, Ok(Answer::Begun)),
            (202, Ok(Answer::Begun)),
            (204, later("204 not an answer of a workflow's: said")),
            (302, later("302 not an answer of a workflow's: said")),
            (400, refused("400 refused: said")),
            (401, later("401 the workflow is not there: said")),
            (403, later("403 the workflow is not there: said")),
            (404, later("404 the workflow is not there: said")),
            (408, later("408 Teams failed: said")),
            (413, refused("413 too large: said")),
            (429, Err(NotTaken::Busy { reason: "429 too many: said".to_owned(), retry_after: wait })),
            (500, later("500 Teams failed: said")),
            (502, later("502 Teams failed: said")),
        ];
        for (status, fate) in table {
            let reply = Reply { status, retry_after: wait, body: "said".to_owned() };
            assert_eq!(read(&reply), fate, "{status}");
        }
    }

    #[test]
    fn a_page_for_people_is_no_answer_of_a_workflows_whatever_its_status() {
        let reply = |status, body: &str| Reply { status, retry_after: None, body: body.to_owned() };
        for body in ["<html>Sign in", "\n<!DOCTYPE html>"] {
            let said = read(&reply(200, body)).expect_err("nobody has taken it").into_reason();
            assert_eq!(said, format!("200 not an answer of a workflow's: {}", body.trim()));
        }
        for body in ["", "1", "{}", "taken"] {
            assert_eq!(read(&reply(200, body)), Ok(Answer::Begun), "{body}");
        }
    }
}
