//! Where a message is: what a receipt says, and what the next effect is told by it.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// How such a receipt begins. It is kept in the journal.
const PREFIX: &str = "message ";

/// A message in Slack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Posted {
    pub(super) channel: String,
    pub(super) ts: String,
}

impl Posted {
    /// As Slack says it.
    pub(super) fn of(said: &Value) -> Option<Self> {
        let text = |name: &str| said[name].as_str().map(str::to_owned);
        Self { channel: text("channel")?, ts: text("ts")? }.to_string().parse().ok()
    }
}

impl fmt::Display for Posted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PREFIX}{}/{}", self.channel, self.ts)
    }
}

impl FromStr for Posted {
    type Err = ();

    /// Of a receipt; what comes after the place is for people.
    fn from_str(receipt: &str) -> Result<Self, ()> {
        let (channel, rest) = receipt.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/')).ok_or(())?;
        let ts = rest.split(',').next().unwrap_or_default();
        let is_id = !channel.is_empty() && channel.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_ts = ts.contains('.') && ts.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if is_id && is_ts { Ok(Self { channel: channel.to_owned(), ts: ts.to_owned() }) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_says_where_a_message_is_and_one_of_another_channel_does_not() {
        let posted = Posted { channel: "C0123ABCDEF".to_owned(), ts: "1503435956.000247".to_owned() };
        assert_eq!(posted.to_string(), "message C0123ABCDEF/1503435956.000247");
        for receipt in [posted.to_string(), format!("{posted}, updated; its thread: no_text")] {
            assert_eq!(receipt.parse(), Ok(posted.clone()), "{receipt}");
        }
        for other in [
            "",
            "taken",
            "accepted, dedup key k",
            "message C1/",
            "message /1.2",
            "message C1/x.y",
            "message C1/12",
        ] {
            assert_eq!(other.parse::<Posted>(), Err(()), "{other}");
        }
    }
}
