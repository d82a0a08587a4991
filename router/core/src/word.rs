//! The word of an enum's variant: serde's, as it stands in files and records, for pages, metrics and screens too.

use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Serialize};

/// The name under which serde writes a variant.
pub fn of(variant: &impl Serialize) -> &'static str {
    serde_variant::to_variant_name(variant).expect("a variant of an enum without a tag has a name")
}

/// The variant that serde reads from a word; none where it is nobody's.
pub fn read<'w, T: Deserialize<'w>>(word: &'w str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(word)).ok()
}
