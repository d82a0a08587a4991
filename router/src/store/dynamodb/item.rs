//! An item as DynamoDB's API has it: attributes by name, each with its type.

use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_types::base64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an attribute is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Attribute {
    /// A text.
    S(String),
    /// A number, as its digits.
    N(String),
    /// Bytes.
    B(Bytes),
    /// Several texts, each once; never none.
    SS(BTreeSet<String>),
}

/// Bytes, in base64 on their way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) Vec<u8>);

/// An item, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Item(BTreeMap<String, Attribute>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&base64::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        base64::decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Attribute::S(text.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Attribute::S(text)
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Attribute::N(number.to_string())
    }
}

impl From<u64> for Attribute {
    fn from(number: u64) -> Self {
        Attribute::N(number.to_string())
    }
}

impl From<Vec<u8>> for Attribute {
    fn from(bytes: Vec<u8>) -> Self {
        Attribute::B(Bytes(bytes))
    }
}

impl Attribute {
    /// In bytes, by DynamoDB's rules.
    fn size(&self) -> usize {
        match self {
            Attribute::S(text) => text.len(),
            Attribute::N(digits) => digits.len().div_ceil(2) + 1,
            Attribute::B(Bytes(bytes)) => bytes.len(),
            Attribute::SS(texts) => texts.iter().map(String::len).sum(),
        }
    }
}

impl Item {
    /// The same with that attribute.
    pub(super) fn with(mut self, name: &str, attribute: impl Into<Attribute>) -> Self {
        self.0.insert(name.to_owned(), attribute.into());
        self
    }

    /// The same with all of these.
    pub(super) fn with_all(self, all: impl IntoIterator<Item = (&'static str, Attribute)>) -> Self {
        all.into_iter().fold(self, |item, (name, to)| item.with(name, to))
    }

    /// The same with that attribute, if there is one.
    pub(super) fn with_any(self, name: &str, attribute: Option<impl Into<Attribute>>) -> Self {
        match attribute {
            Some(attribute) => self.with(name, attribute),
            None => self,
        }
    }

    /// The same with that set; DynamoDB has no empty ones.
    pub(super) fn with_set(self, name: &str, texts: BTreeSet<String>) -> Self {
        if texts.is_empty() { self } else { self.with(name, Attribute::SS(texts)) }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Attribute::S(text) => Some(text),
            Attribute::N(_) | Attribute::B(_) | Attribute::SS(_) => None,
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Attribute::N(digits) => digits.parse().ok(),
            Attribute::S(_) | Attribute::B(_) | Attribute::SS(_) => None,
        }
    }

    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        match self.0.get(name)? {
            Attribute::B(Bytes(bytes)) => Some(bytes),
            Attribute::S(_) | Attribute::N(_) | Attribute::SS(_) => None,
        }
    }

    /// None of them where there is no such set.
    pub(super) fn set(&self, name: &str) -> BTreeSet<String> {
        match self.0.get(name) {
            Some(Attribute::SS(texts)) => texts.clone(),
            Some(Attribute::S(_) | Attribute::N(_) | Attribute::B(_)) | None => BTreeSet::new(),
        }
    }

    /// Takes the last so many bytes of an attribute out of it.
    pub(super) fn cut(&mut self, name: &str, bytes: usize) -> Vec<u8> {
        match self.0.get_mut(name) {
            Some(Attribute::B(Bytes(all))) => all.split_off(all.len().saturating_sub(bytes)),
            Some(Attribute::S(_) | Attribute::N(_) | Attribute::SS(_)) | None => Vec::new(),
        }
    }

    /// In bytes, by DynamoDB's rules, by which it is limited and paid for.
    pub(super) fn size(&self) -> usize {
        self.0.iter().map(|(name, attribute)| name.len() + attribute.size()).sum()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_is_written_as_the_api_has_it_and_read_back() {
        let item = Item::default()
            .with("pk", "R#incident#a")
            .with("version", u64::MAX >> 1)
            .with("body", vec![0, 255, 1])
            .with_set("pending", ["b".to_owned(), "a".to_owned()].into())
            .with_set("nothing", BTreeSet::new())
            .with_any("due", None::<i64>);
        let expected = json!({"pk": {"S": "R#incident#a"}, "version": {"N": "9223372036854775807"},
            "body": {"B": "AP8B"}, "pending": {"SS": ["a", "b"]}});
        assert_eq!(serde_json::to_value(&item).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Item>(expected).unwrap(), item);
        assert_eq!(item.size(), 2 + 12 + 7 + 11 + 4 + 3 + 7 + 2);
        assert_eq!(item.number("version"), Some(i64::MAX));
    }
}
