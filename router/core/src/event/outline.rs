//! The outline of a JSON text: its outermost members or elements, each still as it was written.

use std::borrow::Cow;

use hifijson::token::{Expect, Lex as _};
use hifijson::{Error, SliceLexer, num::Lex as _, str::Lex as _, str::LexAlloc as _};

use crate::json::{Json, MAX_DEPTH};

/// A JSON text's outermost value, its parts still as they were written.
pub(super) enum Outline<'a> {
    Object(Vec<Member<'a>>),
    Array(Vec<&'a str>),
    Other,
}

/// A member of an object.
pub(super) struct Member<'a> {
    pub(super) name: Cow<'a, str>,
    /// Its JSON text.
    pub(super) value: &'a str,
}

/// The members of an object; none for any other text.
pub(super) fn as_object(text: &str) -> Option<Vec<Member<'_>>> {
    match outline(text) {
        Ok(Outline::Object(members)) => Some(members),
        Ok(Outline::Array(_) | Outline::Other) | Err(_) => None,
    }
}

/// The elements of an array; none for any other text.
pub(super) fn as_array(text: &str) -> Option<Vec<&str>> {
    match outline(text) {
        Ok(Outline::Array(elements)) => Some(elements),
        Ok(Outline::Object(_) | Outline::Other) | Err(_) => None,
    }
}

/// The content of a string; none for any other text.
pub(super) fn as_string(text: &str) -> Option<Cow<'_, str>> {
    // Only a string is parsed in full.
    match text.starts_with('"').then(|| Json::parse(text)) {
        Some(Ok(Json::String(text))) => Some(text),
        Some(
            Ok(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) | Err(_),
        )
        | None => None,
    }
}

/// Reads a text's outline, or says what was expected; it nests at most as deep as [`Json::parse`] allows.
pub(super) fn outline(text: &str) -> Result<Outline<'_>, String> {
    let mut lexer = SliceLexer::new(text.as_bytes());
    lexer.exactly_one(SliceLexer::ws_peek, |next, lexer| outermost(next, lexer, text)).map_err(|error| {
        let offset = text.len() - lexer.as_slice().len();
        format!("not JSON at byte {offset}: {error}")
    })
}

fn outermost<'a>(next: u8, lexer: &mut SliceLexer<'a>, text: &'a str) -> Result<Outline<'a>, Error> {
    Ok(match next {
        b'[' => {
            let mut elements = Vec::new();
            lexer.discarded().seq(b']', SliceLexer::ws_peek, |next, lexer| {
                elements.push(skipped(next, lexer, text)?);
                Ok::<_, Error>(())
            })?;
            Outline::Array(elements)
        }
        b'{' => {
            let mut members = Vec::new();
            lexer.discarded().seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                let name = lexer.str_string().map_err(Error::Str)?;
                lexer.expect(SliceLexer::ws_peek, b':').ok_or(Expect::Colon)?;
                let next = lexer.ws_peek().ok_or(Expect::Value)?;
                members.push(Member { name, value: skipped(next, lexer, text)? });
                Ok::<_, Error>(())
            })?;
            Outline::Object(members)
        }
        next => {
            skip(next, lexer, MAX_DEPTH)?;
            Outline::Other
        }
    })
}

fn skipped<'a>(next: u8, lexer: &mut SliceLexer<'a>, text: &'a str) -> Result<&'a str, Error> {
    let from = text.len() - lexer.as_slice().len();
    skip(next, lexer, MAX_DEPTH - 1)?;
    let to = text.len() - lexer.as_slice().len();
    Ok(text.get(from..to).expect("a token begins and ends with an ASCII character"))
}

fn skip(next: u8, lexer: &mut SliceLexer<'_>, depth: usize) -> Result<(), Error> {
    match next {
        b'a'..=b'z' => lexer.null_or_bool().map(|_| ()).ok_or(Expect::Value)?,
        b'0'..=b'9' | b'-' => lexer.num_ignore().validate().map(|_| ())?,
        b'"' => lexer.discarded().str_ignore()?,
        b'[' => {
            let depth = depth.checked_sub(1).ok_or(Error::Depth)?;
            lexer.discarded().seq(b']', SliceLexer::ws_peek, |next, lexer| skip(next, lexer, depth))?;
        }
        b'{' => {
            let depth = depth.checked_sub(1).ok_or(Error::Depth)?;
            lexer.discarded().seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                lexer.str_ignore().map_err(Error::Str)?;
                lexer.expect(SliceLexer::ws_peek, b':').ok_or(Expect::Colon)?;
                skip(lexer.ws_peek().ok_or(Expect::Value)?, lexer, depth)
            })?;
        }
        _ => Err(Expect::Value)?,
    }
    Ok(())
}
