//! Headers of the configuration: names that are free to use, and values that a header can carry.

use reqwest::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use watchfire_core::value_schema;
use watchfire_core::yaml::{Mistake, expected};

use crate::secret::Secret;

/// What is ours or the connection's to say.
const TAKEN: [&str; 8] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The name of a header.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct HeaderField(String);

value_schema!(HeaderField, {
    "type": "string",
    "description": "The name of a header that is free to use.",
    "pattern": "^[A-Za-z0-9_-]+$"
});

impl TryFrom<String> for HeaderField {
    type Error = Mistake;

    fn try_from(text: String) -> Result<Self, Mistake> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if text.is_empty() || !text.chars().all(fits) {
            return Err(expected("the name of a header").found(format!("`{text}`")));
        }
        let name = text.to_ascii_lowercase();
        if TAKEN.contains(&name.as_str()) || name.starts_with("webhook-") {
            let mistake = expected("a header that is free to use").found(format!("`{text}`"));
            return Err(mistake.hint("it is set by the channel"));
        }
        Ok(Self(text))
    }
}

impl HeaderField {
    /// As it is written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is sent.
    pub(super) fn name(&self) -> HeaderName {
        HeaderName::from_bytes(self.0.as_bytes()).expect("letters, digits, - and _ are a name")
    }
}

/// Whether a header can carry it.
pub(in crate::channel) fn fits(value: &Secret) -> Result<(), Mistake> {
    let mistake = || expected("the value of a header").found("characters that none can have");
    HeaderValue::from_str(&value.expose()).map(|_| ()).map_err(|_| mistake())
}
