//! How a row is written: as JSON, compressed where that is shorter.
//!
//! A row that begins as JSON does is JSON, which is all that schemas before 4 wrote. The first byte of any other says by
//! which dictionary it was compressed. A dictionary never changes: a better one gets a number of its own.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, LazyLock};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::CParameter;

use crate::store::Error;

/// Made of the rules' examples, decided, by `cargo run -p watchfire-tests --bin dictionary`.
const DICTIONARY_1: &[u8] = include_bytes!("dictionary-1");
const BY_DICTIONARY_1: u8 = 1;
const LEVEL: i32 = 3;
/// In bytes: shorter rows are not worth a look.
const WORTH_IT: usize = 128;
/// In bytes: a row that says it is longer than this is damaged.
const MOST: usize = 1 << 30;
/// The first byte and the length, in four.
const HEAD: usize = 5;

static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1, LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_1));

/// An entry without its outcomes: the large part, which never changes.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept<D, T> {
    pub(super) decision: D,
    pub(super) raw: T,
    pub(super) sha256: T,
}

thread_local! {
    // Each is some hundred kilobytes to set up, and one row after the other goes through it.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

pub(super) fn to_row(row: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_vec(row).expect("our own types have text as keys and fail nowhere");
    // What cannot be compressed is as good as it is.
    packed(&json).unwrap_or(json)
}

pub(super) fn from_row<T: DeserializeOwned>(row: &[u8], what: impl Fn() -> String) -> Result<T, Error> {
    let parsed = match row.split_first() {
        Some((&BY_DICTIONARY_1, rest)) => unpacked(rest).and_then(|json| Ok(serde_json::from_slice(&json)?)),
        Some(_) | None => serde_json::from_slice(row).map_err(io::Error::from),
    };
    parsed.map_err(|cause| Error::Corrupt { what: what(), cause: Arc::new(cause) })
}

/// None where it would not be shorter.
fn packed(json: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(json.len()).ok().filter(|_| (WORTH_IT..MOST).contains(&json.len()))?;
    let compressed = COMPRESSOR.with_borrow_mut(|kept| -> io::Result<_> {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => {
                let mut new = Compressor::with_prepared_dictionary(&ENCODER)?;
                // A row that was altered on the disk is to be found out.
                new.set_parameter(CParameter::ChecksumFlag(true))?;
                kept.insert(new)
            }
        };
        compressor.compress(json)
    });
    let compressed = compressed.ok().filter(|compressed| HEAD + compressed.len() < json.len())?;
    let mut row = Vec::with_capacity(HEAD + compressed.len());
    row.push(BY_DICTIONARY_1);
    row.extend(length.to_le_bytes());
    row.extend(compressed);
    Some(row)
}

fn unpacked(rest: &[u8]) -> io::Result<Vec<u8>> {
    let no_row = || io::Error::new(io::ErrorKind::InvalidData, "no compressed row");
    let (length, compressed) = rest.split_first_chunk::<4>().ok_or_else(no_row)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MOST {
        return Err(no_row());
    }
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::with_prepared_dictionary(&DECODER)?),
        };
        decompressor.decompress(compressed, length)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use watchfire_core::hash::sha256;

    use super::*;

    type Row = BTreeMap<String, String>;

    fn row(text: &str) -> Row {
        BTreeMap::from([("incident".to_owned(), text.to_owned())])
    }

    fn read(bytes: &[u8]) -> Result<Row, Error> {
        from_row(bytes, || "a row".to_owned())
    }

    #[test]
    fn what_is_written_is_read_and_takes_a_fraction_of_its_json() {
        for text in ["", "short", &"longer ".repeat(50), &"\u{0}\"ü\\".repeat(100_000)] {
            let bytes = to_row(&row(text));
            assert_eq!(read(&bytes).expect("it is whole"), row(text));
            assert!(
                text.len() < WORTH_IT || bytes.len() < text.len() / 3,
                "{} of {}",
                bytes.len(),
                text.len()
            );
        }
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read() {
        let json = serde_json::to_vec(&row(&"longer ".repeat(50))).expect("texts");
        assert_eq!(read(&json).expect("JSON is a row"), row(&"longer ".repeat(50)));
    }

    #[test]
    fn no_byte_of_a_compressed_row_is_altered_unnoticed() {
        let whole = to_row(&row(&"a row of some length ".repeat(30)));
        assert_eq!(whole[0], BY_DICTIONARY_1);
        for at in 0..whole.len() {
            for flip in [1, 0x80] {
                let mut altered = whole.clone();
                altered[at] ^= flip;
                let answer = read(&altered);
                assert!(
                    answer.is_err()
                        || answer.is_ok_and(|read| read == row(&"a row of some length ".repeat(30)))
                );
            }
            assert!(matches!(read(&whole[..at]), Err(Error::Corrupt { .. })));
        }
    }

    /// Rows that were written with it could not be read with any other.
    #[test]
    fn the_dictionary_is_the_one_that_rows_were_written_with() {
        let hexadecimal: String = DICTIONARY_1.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sha256(&hexadecimal), "9e00993cf436a8e19aa37249efb08c8af9185eb6f29fe0f04a70c26372e10fdd");
    }
}
