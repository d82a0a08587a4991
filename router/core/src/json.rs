//! JSON as it was written: numbers keep their text, objects keep their order and their repeats.
//!
//! AWS's event patterns compare some numbers by their spelling and see every occurrence of a repeated
//! key, so a tree that has already rounded the one and dropped the other cannot be matched correctly.

use std::borrow::Cow;
use std::fmt;

use hifijson::token::Lex as _;
use hifijson::{SliceLexer, num::LexWrite as _, str::LexAlloc as _};

/// How deep arrays and objects may nest; the same bound as `serde_json`.
pub const MAX_DEPTH: usize = 128;

/// One JSON value, borrowing from the text wherever nothing had to be unescaped.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, by its text.
    Number(Cow<'a, str>),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object: its members in the order they came, repeats included.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {offset}: {expected}")]
pub struct JsonError {
    /// Byte at which reading stopped.
    pub offset: usize,
    /// What was expected there.
    pub expected: String,
}

impl<'a> Json<'a> {
    /// Parses a whole text: exactly one value, nothing after it but white space.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut lexer = SliceLexer::new(text.as_bytes());
        let parsed = lexer.exactly_one(SliceLexer::ws_peek, |next, lexer| value(next, lexer, MAX_DEPTH));
        parsed.map_err(|error| JsonError {
            offset: text.len() - lexer.as_slice().len(),
            expected: error.to_string(),
        })
    }

    /// The member of that name; of repeats the last, as every AWS SDK reads them.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(members) => {
                members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// The elements of an array; none for anything else.
    pub fn elements(&self) -> &[Json<'a>] {
        match self {
            Json::Array(elements) => elements,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => &[],
        }
    }

    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        match self {
            Json::Object(members) => members,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => &[],
        }
    }

    /// A string value that owns or borrows its text.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Json::String(text.into())
    }
}

fn value<'a>(next: u8, lexer: &mut SliceLexer<'a>, depth: usize) -> Result<Json<'a>, hifijson::Error> {
    use hifijson::token::Expect;
    Ok(match next {
        b'a'..=b'z' => match lexer.null_or_bool().ok_or(Expect::Value)? {
            None => Json::Null,
            Some(truth) => Json::Bool(truth),
        },
        b'0'..=b'9' | b'-' => Json::Number(Cow::Borrowed(lexer.num_string().validated()?.0)),
        b'"' => Json::String(lexer.discarded().str_string()?),
        b'[' => {
            let depth = depth.checked_sub(1).ok_or(hifijson::Error::Depth)?;
            let mut elements = Vec::new();
            lexer.discarded().seq(b']', SliceLexer::ws_peek, |next, lexer| {
                elements.push(value(next, lexer, depth)?);
                Ok::<_, hifijson::Error>(())
            })?;
            Json::Array(elements)
        }
        b'{' => {
            let depth = depth.checked_sub(1).ok_or(hifijson::Error::Depth)?;
            let mut members = Vec::new();
            lexer.discarded().seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                let key = lexer.str_string().map_err(hifijson::Error::Str)?;
                lexer.expect(SliceLexer::ws_peek, b':').ok_or(Expect::Colon)?;
                let next = lexer.ws_peek().ok_or(Expect::Value)?;
                members.push((key, value(next, lexer, depth)?));
                Ok::<_, hifijson::Error>(())
            })?;
            Json::Object(members)
        }
        _ => Err(Expect::Value)?,
    })
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => out.write_str("null"),
            Json::Bool(truth) => write!(out, "{truth}"),
            Json::Number(text) => out.write_str(text),
            Json::String(text) => quoted(text, out),
            Json::Array(elements) => {
                out.write_str("[")?;
                for (index, element) in elements.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(out, "{comma}{element}")?;
                }
                out.write_str("]")
            }
            Json::Object(members) => {
                out.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { "," })?;
                    quoted(key, out)?;
                    write!(out, ":{value}")?;
                }
                out.write_str("}")
            }
        }
    }
}

fn quoted(text: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let text = serde_json::to_string(text).map_err(|_| fmt::Error)?;
    out.write_str(&text)
}

/// So that a `Json` can be handed to anything that reads serde, CEL among it. A number becomes the
/// nearest integer or double.
impl serde::Serialize for Json<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{SerializeMap as _, SerializeSeq as _};
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(truth) => serializer.serialize_bool(*truth),
            Json::Number(text) => match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(integer), _) => serializer.serialize_i64(integer),
                (Err(_), Ok(double)) => serializer.serialize_f64(double),
                (Err(_), Err(_)) => serializer.serialize_str(text),
            },
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(elements) => {
                let mut out = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements {
                    out.serialize_element(element)?;
                }
                out.end()
            }
            Json::Object(members) => {
                let mut out = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    out.serialize_entry(key, value)?;
                }
                out.end()
            }
        }
    }
}

/// So that a pattern written in YAML becomes the tree that its JSON text would have been.
impl<'de> serde::Deserialize<'de> for Json<'static> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> serde::de::Visitor<'de> for AnyValue {
    type Value = Json<'static>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("null, true, false, a number, a string, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Json::Number(Cow::Owned(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Json::Number(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
        // JSON has no way to write these.
        if !number.is_finite() {
            return Err(E::custom("expected a finite number"));
        }
        Ok(Json::Number(Cow::Owned(number.to_string())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = access.next_entry::<String, _>()? {
            members.push((Cow::Owned(key), value));
        }
        Ok(Json::Object(members))
    }
}
