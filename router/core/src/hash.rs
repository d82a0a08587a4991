//! Hashes: short ones of parts for keys of records, and the whole one of a text.

use sha2::{Digest as _, Sha256};

/// A short hash of a kind and its parts, for keys of records: whatever an event says, a key has 32 characters.
pub fn keyed(kind: &str, parts: &[&str]) -> String {
    hash([kind].into_iter().chain(parts.iter().copied()))[..32].to_owned()
}

/// SHA-256, hexadecimal, over the parts each preceded by its length, so that no two lists of parts
/// run together into the same text.
pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex(&digest.finalize())
}

/// SHA-256 of a text's bytes, in lower-case hexadecimal.
pub fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// The first half of a text's SHA-256: no two texts of one history have the same.
pub(crate) fn sum(text: &str) -> u128 {
    let digest = Sha256::digest(text);
    digest.iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
