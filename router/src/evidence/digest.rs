//! SHA-256 from the same cryptographic module as TLS: the FIPS module, in a build for FIPS.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

/// The sum, in 64 lower-case hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in digest(&SHA256, bytes).as_ref() {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
    }
    text
}

/// The sum as S3's `x-amz-checksum-sha256` has it.
pub(crate) fn sha256_base64(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(digest(&SHA256, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_the_standard() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
        assert_eq!(sha256_base64(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
