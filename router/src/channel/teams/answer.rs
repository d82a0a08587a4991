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

/// Only what is wrong with the card ends it: a workflow can be switched on while the page waits.
pub(super) fn read(reply: &Reply) -> Result<Answer, NotTaken> {
    let Reply { status, retry_after, body: _ } = *reply;
    let for_now = |what: &str| Err(NotTaken::ForNow { reason: reply.explained(what), retry_after });
    match status {
        200 | 202 => Ok(Answer::Begun),
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
}
