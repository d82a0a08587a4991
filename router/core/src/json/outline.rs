//! The outline of a JSON text: its outermost members or elements, each still as it was written.

use std::borrow::Cow;

use super::Json;
use super::reader::Reader;

/// A JSON text's first value, its parts still as they were written.
#[derive(Debug)]
pub(crate) enum Outline<'a> {
    Object(Vec<Member<'a>>),
    Array(Vec<&'a str>),
    Other,
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) name: Cow<'a, str>,
    /// Its JSON text.
    pub(crate) value: &'a str,
}

/// The outline of a text's first value, and what follows that; nothing follows what is neither object nor array.
/// A value that is cut off ends with the text.
pub(crate) fn outline(text: &str) -> (Outline<'_>, &str) {
    let mut reader = Reader::new(text);
    let skipped = |reader: &mut Reader<'_>, next| {
        let from = reader.at();
        reader.skip(next);
        text.get(from..reader.at()).expect("a value begins and ends between characters")
    };
    let outline = match reader.peek() {
        Some(b'[') => {
            let mut elements = Vec::new();
            reader.sequence(b']', |reader, next| elements.push(skipped(reader, next)));
            Outline::Array(elements)
        }
        Some(b'{') => {
            let mut members = Vec::new();
            reader.sequence(b'}', |reader, next| {
                let member = reader.member(next, skipped);
                members.extend(member.map(|(name, value)| Member { name, value }));
            });
            Outline::Object(members)
        }
        Some(_) | None => return (Outline::Other, ""),
    };
    (outline, reader.rest())
}

impl Outline<'_> {
    /// The members of an object; none for any other text.
    pub(crate) fn members_of(text: &str) -> Option<Vec<Member<'_>>> {
        match outline(text) {
            (Outline::Object(members), _) => Some(members),
            (Outline::Array(_) | Outline::Other, _) => None,
        }
    }

    /// The elements of an array; none for any other text.
    pub(crate) fn elements_of(text: &str) -> Option<Vec<&str>> {
        match outline(text) {
            (Outline::Array(elements), _) => Some(elements),
            (Outline::Object(_) | Outline::Other, _) => None,
        }
    }

    /// The content of a string; none for any other text.
    pub(crate) fn string_of(text: &str) -> Option<Cow<'_, str>> {
        // Only a string is read in full.
        match text.starts_with(['"', '\'']).then(|| Json::read(text).0) {
            Some(Json::String(text)) => Some(text),
            Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) | None => {
                None
            }
        }
    }
}
