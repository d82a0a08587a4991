//! A timer as a delayed message: it says only that something will be due, and whoever gets it looks what is.
//!
//! A Lambda sleeps between two ticks, and a group's wait is seconds. A hint that is lost costs the time to the next tick, one
//! that comes twice or was forged a look at the store.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::QueueConfig;
use super::sqs::{LONGEST_DELAY, Sqs};
use crate::clients::Clients;

/// What is due later than in this time is left to a tick.
pub const WITHIN: Duration = LONGEST_DELAY;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hint {
    watchfire: Due,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Due {
    wake: Timestamp,
}

/// The message for what is due then.
fn hint(wake: Timestamp) -> String {
    serde_json::to_string(&Hint { watchfire: Due { wake } }).expect("a time can be written")
}

/// Whether a message is a hint, and nothing else besides.
pub fn is_hint(body: &str) -> bool {
    // Nearly all are events, most of them of some length.
    body.len() <= 100 && serde_json::from_str::<Hint>(body).is_ok()
}

/// Has that queue bring a hint once that time has come, from `now` on: in whole seconds, and in at most [`WITHIN`].
///
/// # Errors
/// When the queue does not take it.
pub async fn send(
    clients: &Clients,
    queue: &QueueConfig,
    wake: Timestamp,
    now: Timestamp,
) -> anyhow::Result<()> {
    let wait = Duration::try_from(wake.duration_since(now)).unwrap_or_default();
    // A hint that comes too early finds nothing.
    let wait = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    Sqs::send(clients.aws().await, queue, &hint(wake), Some(wait)).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_hint_is_one_and_nothing_that_says_more_is() {
        let due: Timestamp = "2026-11-20T03:00:12.5Z".parse().unwrap();
        assert_eq!(hint(due), r#"{"watchfire":{"wake":"2026-11-20T03:00:12.5Z"}}"#);
        assert!(is_hint(&hint(due)));
        for other in [
            "",
            "{}",
            r#"{"watchfire":{}}"#,
            r#"{"watchfire":{"wake":"soon"}}"#,
            r#"{"watchfire":{"wake":"2026-11-20T03:00:12Z","id":"e1"}}"#,
            r#"{"watchfire":{"wake":"2026-11-20T03:00:12Z"},"source":"aws.guardduty"}"#,
            r#"[{"watchfire":{"wake":"2026-11-20T03:00:12Z"}}]"#,
        ] {
            assert!(!is_hint(other), "{other}");
        }
    }
}
