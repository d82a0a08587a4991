//! Whether a webhook is PagerDuty's: HMAC-SHA256 over the body as it came, by a secret that both sides know.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use watchfire_core::ids::ChannelName;

use crate::secret::Secret;

/// PagerDuty shows one signature for each secret of a subscription: two while it is rotated.
const MOST_SIGNATURES: usize = 16;

/// The secrets of all subscriptions, each with the channel whose alerts it tells of.
#[derive(Debug)]
pub struct Signers(Vec<(ChannelName, Secret)>);

/// Why a webhook is not taken for PagerDuty's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// No header.
    #[error("expected the header X-PagerDuty-Signature")]
    Missing,
    /// No signature that we know how to check.
    #[error("expected a signature of version v1")]
    OtherVersion,
    /// None that could be one.
    #[error("expected v1= and 64 hexadecimal digits")]
    Malformed,
    /// By none of the secrets, or not of this body.
    #[error("expected a signature of this body by a configured secret")]
    Wrong,
}

impl Signers {
    /// Any one of them may have signed.
    pub fn new(secrets: impl IntoIterator<Item = (ChannelName, Secret)>) -> Self {
        Self(secrets.into_iter().collect())
    }

    /// Whether nobody's webhooks are taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The channel whose secret signed the body; none where several channels share that secret.
    ///
    /// `header` is `v1=HEX`, or several of them with commas in between, one of which must fit. The body is
    /// gone through once for each secret, however many signatures are shown.
    ///
    /// # Errors
    /// [`Unsigned`]: it is to be refused.
    pub fn signer(&self, header: Option<&str>, body: &[u8]) -> Result<Option<ChannelName>, Unsigned> {
        let shown = header.ok_or(Unsigned::Missing)?.split(',').take(MOST_SIGNATURES);
        let shown: Vec<&str> = shown.filter_map(|one| one.trim().strip_prefix("v1=")).collect();
        if shown.is_empty() {
            return Err(Unsigned::OtherVersion);
        }
        let shown: Vec<[u8; 32]> = shown.into_iter().filter_map(unhex).collect();
        if shown.is_empty() {
            return Err(Unsigned::Malformed);
        }
        let signed = |secret: &Secret| {
            let tag = sign(&Key::new(HMAC_SHA256, secret.expose().as_bytes()), body);
            // In a time that does not tell where the difference is.
            shown.iter().any(|shown| verify_slices_are_equal(shown, tag.as_ref()).is_ok())
        };
        let mut channels: Vec<_> = self.0.iter().filter(|(_, secret)| signed(secret)).collect();
        channels.dedup_by(|(one, _), (other, _)| one == other);
        match channels[..] {
            [] => Err(Unsigned::Wrong),
            [(channel, _)] => Ok(Some(channel.clone())),
            _ => Ok(None),
        }
    }
}

pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).expect("two digits are under 256");
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Computed elsewhere: `printf BODY | openssl dgst -sha256 -hmac SECRET`.
    const BODY: &[u8] = br#"{"event":{"id":"1"}}"#;
    const OLD: (&str, &str) =
        ("an-old-secret-of-tests", "0d354e3454311ffced0266093f433632f489ed529316ae736ec7a1c7e4267822");
    const NEW: (&str, &str) =
        ("a-new-secret-of-tests", "674ac1dabd09f49298660a68d525f02f8b68a9b101a31303895c1d474425b4fa");

    fn signers(secrets: &[(&str, &str)]) -> Signers {
        Signers::new(
            secrets.iter().map(|(channel, secret)| (ChannelName::new(*channel), Secret::new(*secret))),
        )
    }

    fn signer(signers: &Signers, header: &str) -> Result<Option<ChannelName>, Unsigned> {
        signers.signer(Some(header), BODY)
    }

    #[test]
    fn one_good_signature_among_several_is_enough_by_any_of_the_secrets() {
        let both = signers(&[("oncall", OLD.0), ("oncall", NEW.0)]);
        let (old, new) = (OLD.1, NEW.1);
        for header in [
            format!("v1={old}"),
            format!("v1={new}"),
            format!("v1={old},v1={new}"),
            format!("v1={}, v1={new}", "0".repeat(64)),
            format!("v2=later,v1=short,v1={}", old.to_uppercase()),
        ] {
            assert_eq!(signer(&both, &header), Ok(Some(ChannelName::new("oncall"))), "{header}");
        }
        assert_eq!(signer(&signers(&[("oncall", NEW.0)]), &format!("v1={old}")), Err(Unsigned::Wrong));
    }

    #[test]
    fn the_secret_says_which_channel_and_a_shared_one_says_none() {
        let header = format!("v1={}", NEW.1);
        let own = signers(&[("first", OLD.0), ("second", NEW.0)]);
        assert_eq!(signer(&own, &header), Ok(Some(ChannelName::new("second"))));
        let shared = signers(&[("first", NEW.0), ("second", NEW.0)]);
        assert_eq!(signer(&shared, &header), Ok(None));
    }

    #[test]
    fn everything_else_is_refused() {
        let one = signers(&[("oncall", OLD.0)]);
        let good = format!("v1={}", OLD.1);
        assert_eq!(one.signer(None, BODY), Err(Unsigned::Missing));
        assert_eq!(one.signer(Some(&good), &BODY[1..]), Err(Unsigned::Wrong));
        assert_eq!(one.signer(Some(&good), b""), Err(Unsigned::Wrong));
        assert_eq!(signer(&signers(&[]), &good), Err(Unsigned::Wrong));
        let late = format!("{}v1={}", format!("v1={},", "0".repeat(64)).repeat(16), OLD.1);
        for (header, reason) in [
            ("", Unsigned::OtherVersion),
            (OLD.1, Unsigned::OtherVersion),
            (&good.replace("v1", "v2"), Unsigned::OtherVersion),
            (&good.replace("v1", "V1"), Unsigned::OtherVersion),
            ("v1=", Unsigned::Malformed),
            (&good[..good.len() - 1], Unsigned::Malformed),
            (&format!("{good}0"), Unsigned::Malformed),
            (&format!("v1={}", "g".repeat(64)), Unsigned::Malformed),
            (&format!("v1={}", "é".repeat(32)), Unsigned::Malformed),
            (&format!("v1={}", "0".repeat(64)), Unsigned::Wrong),
            (&late, Unsigned::Wrong),
        ] {
            assert_eq!(signer(&one, header), Err(reason), "{header}");
        }
    }

    #[test]
    fn nothing_prints_a_secret() {
        assert!(!format!("{:?}", signers(&[("oncall", OLD.0)])).contains(OLD.0));
    }
}
