//! Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use watchfire_core::yaml::{Mistake, expected};

use crate::secret::Secret;

/// What a secret for signing begins with.
const PREFIX: &str = "whsec_";
/// How many bytes it may have.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Whether it can sign.
pub(super) fn fits(secret: &Secret) -> Result<(), Mistake> {
    let form = || {
        expected("whsec_ and 24 to 64 bytes in base64, as `echo whsec_$(openssl rand -base64 32)` makes one")
    };
    match key(&secret.expose()) {
        None => Err(form().found("another form")),
        Some(key) if BYTES.contains(&key.len()) => Ok(()),
        Some(key) => Err(form().found(format!("one of {} bytes", key.len()))),
    }
}

fn key(secret: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()
}

/// The value of the header: a signature by each secret.
pub(super) fn of(secrets: &[Secret], id: &str, at: i64, body: &[u8]) -> String {
    let signed = [format!("{id}.{at}.").as_bytes(), body].concat();
    let by = |secret: &Secret| {
        let tag = sign(&Key::new(HMAC_SHA256, &key(&secret.expose())?), &signed);
        Some(format!("v1,{}", BASE64_STANDARD.encode(tag)))
    };
    secrets.iter().filter_map(by).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn a_signature_is_that_of_the_specification_and_each_secret_signs() {
        let body = br#"{"test": 2432232314}"#;
        let signed = |secrets: &[Secret]| of(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        let first = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed(&[Secret::new(SECRET)]), first);
        let both = signed(&[Secret::new(SECRET), Secret::new(format!("{PREFIX}{}", "QUFB".repeat(8)))]);
        assert!(both.starts_with(&format!("{first} v1,")) && !both.ends_with(first), "{both}");
    }

    #[test]
    fn what_cannot_sign_is_refused_and_not_told() {
        assert!(fits(&Secret::new(SECRET)).is_ok());
        for (wrong, found) in [
            ("hunter2".to_owned(), "found another form"),
            (SECRET.replace(PREFIX, ""), "found another form"),
            (format!("{PREFIX}not base64"), "found another form"),
            (format!("{PREFIX}{}", "QUFB".repeat(7)), "found one of 21 bytes"),
            (format!("{PREFIX}{}", "QUFB".repeat(22)), "found one of 66 bytes"),
        ] {
            let said = fits(&Secret::new(wrong.clone())).expect_err("no secret").to_string();
            assert!(said.ends_with(found) && !said.contains(&wrong), "{said}");
        }
    }
}
