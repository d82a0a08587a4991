//! Whether a request is Slack's: HMAC-SHA256 over its time and its body as it came, and not long ago.
//!
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>

use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use jiff::{SignedDuration, Timestamp};

use super::{App, Apps};
use crate::pagerduty::unhex;

/// Slack's own advice: whatever is older may have been captured.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// What a request shows beside its body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'r> {
    pub(crate) timestamp: Option<&'r str>,
    pub(crate) signature: Option<&'r str>,
}

/// Why a request is not taken for Slack's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// One of the headers is not there, or there twice.
    #[error("expected the headers X-Slack-Request-Timestamp and X-Slack-Signature, each once")]
    Missing,
    /// None that could be one.
    #[error("expected a time in seconds, and v0= with 64 hexadecimal digits")]
    Malformed,
    /// It may have been captured.
    #[error("expected a request of the last five minutes: is the clock of this machine right?")]
    Old,
    /// By none of the secrets, or not of this body and time.
    #[error("expected a signature of this request by a configured signing secret")]
    Wrong,
}

impl Apps {
    /// The app that has signed the request.
    ///
    /// # Errors
    /// [`Unsigned`]: it is to be refused.
    pub(crate) fn signer(&self, shown: Shown<'_>, body: &[u8], now: Timestamp) -> Result<&App, Unsigned> {
        let (Some(timestamp), Some(signature)) = (shown.timestamp, shown.signature) else {
            return Err(Unsigned::Missing);
        };
        let is_number = (1..=12).contains(&timestamp.len()) && timestamp.bytes().all(|b| b.is_ascii_digit());
        let at = timestamp.parse().ok().filter(|_| is_number);
        let at = at.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let (Some(at), Some(tag)) = (at, signature.strip_prefix("v0=").and_then(unhex)) else {
            return Err(Unsigned::Malformed);
        };
        if now.duration_since(at).abs() > FRESH {
            return Err(Unsigned::Old);
        }
        let signed = [b"v0:", timestamp.as_bytes(), b":", body].concat();
        // In a time that does not tell where the difference is.
        let is_by = |app: &&App| {
            let key = Key::new(HMAC_SHA256, app.secret.expose().as_bytes());
            verify(&key, &signed, &tag).is_ok()
        };
        self.apps.iter().find(is_by).ok_or(Unsigned::Wrong)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::secret::Secret;

    /// The example of Slack's documentation; its signature was computed by `openssl dgst -sha256 -hmac` as well.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
        &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
        &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const AT: &str = "1531420618";
    const TAG: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn apps(secrets: &[&str]) -> Apps {
        let hooks: reqwest::Url = "https://hooks.slack.com/".parse().unwrap();
        let app = |secret: &&str| App { secret: Secret::new(*secret), hooks: hooks.clone() };
        Apps { apps: secrets.iter().map(app).collect(), http: reqwest::Client::new() }
    }

    fn checked(secrets: &[&str], timestamp: &str, tag: &str, body: &str, late: i64) -> Result<(), Unsigned> {
        let now = Timestamp::from_second(1_531_420_618 + late).unwrap();
        let shown = Shown { timestamp: Some(timestamp), signature: Some(tag) };
        apps(secrets).signer(shown, body.as_bytes(), now).map(|_| ())
    }

    #[test]
    fn the_example_of_slacks_documentation_is_signed_and_so_it_is_by_any_app_of_ours() {
        assert_eq!(checked(&[SECRET], AT, TAG, BODY, 0), Ok(()));
        assert_eq!(checked(&["another0another0", SECRET], AT, TAG, BODY, 0), Ok(()));
        assert_eq!(checked(&["another0another0"], AT, TAG, BODY, 0), Err(Unsigned::Wrong));
        assert_eq!(checked(&[], AT, TAG, BODY, 0), Err(Unsigned::Wrong));
    }

    #[test]
    fn what_is_five_minutes_off_is_refused_however_well_it_is_signed() {
        for late in [-300, -299, 299, 300] {
            assert_eq!(checked(&[SECRET], AT, TAG, BODY, late), Ok(()), "{late}");
        }
        for late in [-301, 301, 86_400] {
            assert_eq!(checked(&[SECRET], AT, TAG, BODY, late), Err(Unsigned::Old), "{late}");
        }
    }

    #[test]
    fn another_time_another_body_and_what_is_no_signature_are_refused() {
        assert_eq!(checked(&[SECRET], "1531420619", TAG, BODY, 0), Err(Unsigned::Wrong));
        assert_eq!(checked(&[SECRET], AT, TAG, &format!("{BODY}x"), 0), Err(Unsigned::Wrong));
        assert_eq!(checked(&[SECRET], AT, TAG, "", 0), Err(Unsigned::Wrong));
        for tag in ["", "v0=", &TAG[3..], &TAG[..60], &TAG.replace("v0", "v1"), &format!("{TAG}00")] {
            assert_eq!(checked(&[SECRET], AT, tag, BODY, 0), Err(Unsigned::Malformed), "{tag}");
        }
        for at in ["", "-1", "+1531420618", " 1531420618", "1531420618.0", "9999999999999"] {
            assert_eq!(checked(&[SECRET], at, TAG, BODY, 0), Err(Unsigned::Malformed), "{at}");
        }
        let none = Shown { timestamp: Some(AT), signature: None };
        let now = Timestamp::from_second(1_531_420_618).unwrap();
        assert_eq!(apps(&[SECRET]).signer(none, b"", now).map(|_| ()), Err(Unsigned::Missing));
    }

    #[test]
    fn nothing_prints_a_secret() {
        assert!(!format!("{:?}", apps(&[SECRET])).contains(SECRET));
    }
}
