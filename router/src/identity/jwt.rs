//! JSON web tokens: read, and proven by a key of whoever signed them.
//!
//! What is compared with what is said in one, `claims` knows; `key`, by which ways to sign it may be proven.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Stranger;
use super::key::{Algorithm, Key};

/// The longest token, in bytes.
const LONGEST: usize = 24 * 1024;

/// A token that nobody has proven yet.
#[derive(Clone, Debug)]
pub(super) struct Unproven<'t> {
    /// What its head says.
    pub(super) head: Map<String, Value>,
    claims: Map<String, Value>,
    /// What is signed, as it came.
    signed: &'t str,
    signature: &'t str,
}

impl<'t> Unproven<'t> {
    /// Three parts in base64url, two of them objects; none where it is something else. Padding, which some write, is part
    /// of what is signed.
    pub(super) fn read(token: &'t str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.').filter(|_| token.len() <= LONGEST)?;
        let (head, claims) = signed.split_once('.')?;
        let (head, claims) = (object(head)?, object(claims)?);
        (!signature.is_empty()).then_some(Self { head, claims, signed, signature })
    }

    /// Who has signed it, as it says itself.
    pub(super) fn issuer(&self) -> &str {
        text(&self.claims, "iss")
    }

    /// When it ends, as it says itself; none where it does not.
    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        time(&self.claims, "exp")
    }

    /// What its head says that it is signed by; none where that is not taken.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        text(&self.head, "alg").parse().ok()
    }

    /// What it says, proven by that key.
    ///
    /// # Errors
    /// It is not signed by it.
    pub(super) fn proven(self, key: &Key, algorithm: Algorithm) -> Result<Map<String, Value>, Stranger> {
        let signature = URL_SAFE_NO_PAD.decode(self.signature.trim_end_matches('='));
        let is_signed =
            signature.is_ok_and(|signature| key.has_signed(algorithm, self.signed.as_bytes(), &signature));
        if !is_signed {
            return Err(Stranger::refused("the token is not signed by whom it says"));
        }
        // What must be understood to be taken rightly, and is not.
        if self.head.contains_key("crit") {
            return Err(Stranger::refused("the token has a head that is not understood"));
        }
        Ok(self.claims)
    }
}

/// A text of an object; empty where there is none.
pub(super) fn text<'v>(object: &'v Map<String, Value>, name: &str) -> &'v str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A time of an object, in seconds since 1970; none where there is none that there is.
pub(super) fn time(object: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    let seconds = object.get(name)?;
    let whole = seconds.as_i64().or_else(|| {
        let seconds = seconds.as_f64().filter(|seconds| (0.0..253_402_300_800.0).contains(seconds))?;
        format!("{seconds:.0}").parse().ok()
    });
    Timestamp::from_second(whole?).ok()
}

/// Whether it is shaped as one.
pub(super) fn is_shaped(token: &str) -> bool {
    Unproven::read(token).is_some()
}

/// When it ends, as it says itself; none where it does not.
pub(super) fn ends_at(token: &str) -> Option<Timestamp> {
    Unproven::read(token)?.ends_at()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_when_it_says_and_what_is_no_token_says_nothing() {
        let claims = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let at = Timestamp::from_second(1_764_500_000).ok();
        assert_eq!(ends_at(&claims(r#"{"exp": 1764500000}"#)), at);
        assert_eq!(ends_at(&claims(r#"{"exp": 1764500000.2}"#)), at);
        for nothing in
            ["{}", "[]", r#"{"exp": 1e300}"#, r#"{"exp": -1.5}"#, r#"{"exp": "1764500000"}"#, "x"].map(claims)
        {
            assert_eq!(ends_at(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_token_has_three_parts_two_of_them_objects() {
        for one in ["e30.e30.c2ln", "e30.e30=.c2ln", "e30=.e30.c2ln"] {
            assert!(is_shaped(one), "{one}");
        }
        let long = format!("e30.e30.{}", "a".repeat(LONGEST));
        for other in [
            "",
            "..",
            "e30.e30",
            "e30..c2ln",
            "e30.e30.c2ln.",
            "e30.e30.c2ln.x",
            "W10.e30.c2ln",
            "x.e30.c2ln",
            &long,
        ] {
            assert!(!is_shaped(other), "{other}");
        }
    }

    #[test]
    fn no_token_is_signed_by_nothing_or_by_a_shared_secret() {
        let by = |algorithm: &str| {
            let head = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg": "{algorithm}"}}"#));
            let token = format!("{head}.e30.c2ln");
            Unproven::read(&token).and_then(|token| token.algorithm())
        };
        assert_eq!(by("ES256"), Some(Algorithm::Es256));
        for none in ["none", "None", "HS256", "HS512", "EdDSA", "es256", "", "RS1"] {
            assert_eq!(by(none), None, "{none}");
        }
    }
}
