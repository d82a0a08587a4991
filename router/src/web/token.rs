//! What callers must show: a bearer token, compared by its digest before anything of a body is read.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, header};

use crate::secret::Secret;

/// A token that can be recognised, not told.
#[derive(Clone, Debug)]
pub struct Token(Secret);

impl From<&Secret> for Token {
    fn from(secret: &Secret) -> Self {
        Self(secret.clone())
    }
}

impl Token {
    /// Whether a request shows it. Digests are compared, in a time that tells neither where the difference is
    /// nor how long the token is.
    pub(super) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
        shown.is_some_and(|shown| {
            let known = digest(&SHA256, self.0.expose().as_bytes());
            verify_slices_are_equal(digest(&SHA256, shown).as_ref(), known.as_ref()).is_ok()
        })
    }
}

/// What stands behind `Bearer`, in any case, and one or more spaces.
fn bearer(value: &[u8]) -> Option<&[u8]> {
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
}
