//! Bearer tokens: recognised by their digests, in a time that tells neither where a difference is nor how long one is.
//!
//! Tokens that Watchfire makes have 256 random bits, so that a plain SHA-256 of one can stand in a configuration:
//! nobody finds what it was made of by trying. A password's hash would have to be slow and take memory; this one is
//! looked at with every request, and is to be neither.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use crate::secret::Secret;

/// What a token of ours begins with, so that whoever looks for secrets that were left lying about finds it.
const BEGINS: &str = "wft_";
/// A shorter one can be found by trying, and is nobody's: an empty one is what a script sends whose variable is not set.
pub(crate) const LEAST_CHARACTERS: usize = 16;
/// What is hashed where a variable is not set.
const NOTHING: [&[u8]; 3] = [b"", b"\n", b" "];
/// A SHA-256, in bytes.
const BYTES: usize = 32;

/// A token that can be recognised, not told.
#[derive(Clone, Debug)]
pub struct Token(Secret);

impl From<&Secret> for Token {
    fn from(secret: &Secret) -> Self {
        Self(secret.clone())
    }
}

impl Token {
    /// Whether a request shows it.
    pub(crate) fn is_shown(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_some_and(|shown| self.digest().is(&Digest::of(shown)))
    }

    /// Its digest as it is now: a secret is rotated.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.0.expose().as_bytes())
    }
}

/// The SHA-256 of a token. It prints as `***`: what a token is compared with is nobody's business either.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest([u8; BYTES]);

value_schema!(Digest, {
    "type": "string",
    "description": "The SHA-256 of a token in 64 digits, as `watchfire token new` prints it.",
    "pattern": "^[0-9a-f]{64}$"
});

impl Digest {
    /// That of a token.
    pub fn of(token: &[u8]) -> Self {
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(digest(&SHA256, token).as_ref());
        Self(bytes)
    }

    /// Whether it is the same one.
    pub(super) fn is(&self, other: &Digest) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    /// As it stands in a configuration.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl TryFrom<String> for Digest {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        // A token that was pasted in its place is not shown.
        let wrong =
            || expected("the SHA-256 of a token, 64 digits 0-9a-f").hint("watchfire token new prints it");
        let digits = text.as_bytes();
        let is_lower = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if digits.len() != 2 * BYTES || !is_lower {
            return Err(wrong());
        }
        let mut bytes = [0; BYTES];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        let digest = Self(bytes);
        match NOTHING.iter().any(|nothing| Self::of(nothing) == digest) {
            true => Err(wrong().found("that of nothing: whoever shows no token would be let in")),
            false => Ok(digest),
        }
    }
}

/// A new token of 256 random bits.
///
/// # Errors
/// The system gives no random bits.
pub fn new_token() -> Result<Secret, Unspecified> {
    Ok(Secret::new(format!("{BEGINS}{}", random()?)))
}

/// 256 random bits, as a cookie and a header can carry them.
pub(crate) fn random() -> Result<String, Unspecified> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What stands behind `Bearer`, in any case, and one or more spaces; none where it is said more than once.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?.as_bytes();
    let (scheme, rest) = value.split_at_checked(b"bearer".len())?;
    let shown = rest.trim_ascii_start();
    (scheme.eq_ignore_ascii_case(b"bearer") && shown.len() < rest.len()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_is_shown_by_bearer_in_any_case_and_by_nothing_else() {
        let token = Token::from(&Secret::new("a-token-of-the-tests"));
        let is_shown = |value: &str| {
            let value = HeaderValue::from_str(value).expect("a header");
            token.is_shown(&HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
        };
        for right in ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "] {
            assert!(is_shown(&format!("{right} a-token-of-the-tests")), "{right}");
        }
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "a-token-of-the-tests",
            "Basic a-token-of-the-tests",
            "Bearera-token-of-the-tests",
            "Bearer: a-token-of-the-tests",
            "Bearer a-token-of-the-test",
            "Bearer a-token-of-the-tests2",
            "Bearer A-TOKEN-OF-THE-TESTS",
            "Bearer ***",
        ] {
            assert!(!is_shown(wrong), "{wrong}");
        }
        assert!(!token.is_shown(&HeaderMap::new()));
    }

    #[test]
    fn two_headers_that_show_a_token_show_none() {
        let token = Token::from(&Secret::new("a-token-of-the-tests"));
        let value = HeaderValue::from_static("Bearer a-token-of-the-tests");
        let mut headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.clone())]);
        assert!(token.is_shown(&headers));
        headers.append(header::AUTHORIZATION, value);
        assert!(!token.is_shown(&headers));
    }

    #[test]
    fn a_digest_reads_as_it_is_written_and_does_not_print() {
        let digest = Digest::of(b"a-token-of-the-tests");
        assert_eq!(Digest::try_from(digest.hex()).ok(), Some(digest));
        assert_eq!(format!("{digest:?}"), "***");
        let long = digest.hex() + "0";
        for wrong in ["", "hunter2", &digest.hex()[1..], &long, &digest.hex().to_uppercase(), &"é".repeat(32)]
        {
            let said = Digest::try_from(wrong.to_owned()).expect_err("it is none").to_string();
            assert!(said.contains("64 digits") && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn every_new_token_is_another_and_has_256_bits() {
        let (one, other) = (new_token().expect("random bits"), new_token().expect("random bits"));
        assert!(one != other);
        let text = one.expose();
        let bits = URL_SAFE_NO_PAD.decode(text.strip_prefix(BEGINS).expect("it begins so"));
        assert_eq!(bits.expect("base64").len(), 32);
    }
}
