//! A part of the file with its line; what is wrong in it is kept beside the parts that are right.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

/// A part as it was read, or why it could not be: where in it, and what was expected.
pub(super) struct Placed<T> {
    /// From 1; none for a part that the file leaves out.
    pub(super) line: Option<u64>,
    pub(super) value: Result<T, Unfit>,
}

/// What is wrong in a part.
pub(super) struct Unfit {
    /// Path inside the part; may be empty.
    pub(super) path: String,
    pub(super) message: String,
}

impl<T: Default> Default for Placed<T> {
    fn default() -> Self {
        Self { line: None, value: Ok(T::default()) }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<serde_json::Value>::deserialize(deserializer)?;
        let value = serde_path_to_error::deserialize(spanned.value).map_err(|error| {
            let path = error.path().to_string();
            let path = if path == "." { String::new() } else { path };
            Unfit { path, message: error.into_inner().to_string() }
        });
        Ok(Self { line: Some(spanned.referenced.line()), value })
    }
}
