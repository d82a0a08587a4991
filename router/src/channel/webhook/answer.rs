//! What a receiver's answers mean: taken, refused for good, too much of it, or to be asked again.

use crate::channel::reply::Reply;
use crate::failure::NotTaken;

/// What the receiver said about a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Taken; the receipt.
    Accepted(String),
    /// This page will never be taken; the reason.
    Refused(String),
    /// Less of it may be; the reason.
    TooLarge(String),
}

/// Whose a status is that no receiver documents nobody knows: only what can be about the page ends it.
pub(super) fn read(reply: &Reply) -> Result<Answer, NotTaken> {
    let Reply { status, retry_after, body: _ } = *reply;
    let for_now = |what: &str| Err(NotTaken::ForNow { reason: reply.explained(what), retry_after });
    match status {
        200..=299 => Ok(Answer::Accepted(format!("taken with {status}"))),
        413 => Ok(Answer::TooLarge(reply.explained("too large"))),
        429 => Err(NotTaken::Busy { reason: reply.explained("too many"), retry_after }),
        408 | 425 | 500..=599 => for_now("the receiver failed"),
        409 => for_now("the receiver is at it already"),
        401 | 403 => for_now("the receiver does not know us"),
        404 | 405 | 407 | 410 => for_now("the receiver is not there"),
        400..=499 => Ok(Answer::Refused(reply.explained("refused"))),
        _ => for_now("not an answer of a receiver's"),
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
        let taken = |receipt: &str| Ok(Answer::Accepted(receipt.to_owned()));
        let table = [
            (200, taken("taken with 200")),
            (202, taken("taken with 202")),
            (204, taken("taken with 204")),
            (302, later("302 not an answer of a receiver's: said")),
            (400, refused("400 refused: said")),
            (401, later("401 the receiver does not know us: said")),
            (403, later("403 the receiver does not know us: said")),
            (404, later("404 the receiver is not there: said")),
            (405, later("405 the receiver is not there: said")),
            (407, later("407 the receiver is not there: said")),
            (408, later("408 the receiver failed: said")),
            (409, later("409 the receiver is at it already: said")),
            (410, later("410 the receiver is not there: said")),
            (413, Ok(Answer::TooLarge("413 too large: said".to_owned()))),
            (415, refused("415 refused: said")),
            (422, refused("422 refused: said")),
            (425, later("425 the receiver failed: said")),
            (429, Err(NotTaken::Busy { reason: "429 too many: said".to_owned(), retry_after: wait })),
            (500, later("500 the receiver failed: said")),
            (503, later("503 the receiver failed: said")),
            (600, later("600 not an answer of a receiver's: said")),
        ];
        for (status, fate) in table {
            let reply = Reply { status, retry_after: wait, body: "said".to_owned() };
            assert_eq!(read(&reply), fate, "{status}");
        }
    }
}
