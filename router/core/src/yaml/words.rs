//! What is wrong with a text that is not YAML, in words for whoever wrote it.

use serde_saphyr::Error;

use super::{Mistake, expected, wrong};
use crate::text::clean;

/// What we say.
type Ours = fn() -> Mistake;

/// What the parser says, in part, and what we say: the first that fits.
const WORDS: [(&str, Ours); 23] = [
    ("\"-\" is only valid inside a block", || {
        wrong("a list item with `-` cannot stand inside `[` or `{`").hint("close the bracket before it")
    }),
    ("invalid indentation in multiline quoted scalar", || {
        wrong("a text in quotes goes on here without indentation").hint("close its quote before this line")
    }),
    ("unknown escape character", || {
        wrong("a backslash between double quotes begins an escape, and this one does not exist")
            .hint("write it as `\\\\`, or put the text in single quotes")
    }),
    ("tabs disallowed", || wrong("a tab cannot indent").hint("use spaces")),
    ("mapping values are not allowed", || {
        wrong("a `:` that fits nowhere")
            .hint("indent the line as those around it, or put a text that contains `: ` in quotes")
    }),
    ("illegal placement of ':'", || wrong("a `:` inside `[`").hint("close the bracket before it")),
    ("unclosed quote", || wrong("the quote that begins here is never closed")),
    ("misplaced bracket", || wrong("a closing bracket that closes nothing")),
    ("unknown anchor", || {
        wrong("`*` begins a reference, and nothing is marked with this name")
            .hint("put a text that begins with `*` in quotes")
    }),
    ("did not find expected key", || {
        expected("another name as those above it").hint("indent it as much as they are")
    }),
    ("did not find expected '-'", || {
        expected("another `- ` as those above it").hint("indent the line as much as its list asks for")
    }),
    ("did not find expected ',' or '}'", || {
        expected("`,` or `}`").hint("a text that contains `: ` stands in quotes")
    }),
    ("did not find expected ',' or ']'", || {
        expected("`,` or `]`").hint("the bracket before it is not closed")
    }),
    ("multiple YAML documents", || expected("one document").found("another after `---`")),
    ("unexpected EOF while parsing an implicit flow mapping", || expected("a value").found("another `,`")),
    ("invalid trailing content after", || {
        wrong("text after the closing quote")
            .hint("put the whole text in quotes, and write a quote in it twice")
    }),
    ("simple key expected", || expected("`name: value`").found("no `:`")),
    ("block sequence entries are not allowed", || {
        wrong("a list item with `- ` begins on a line of its own, or write the list as `[…]`")
    }),
    ("expected string scalar", || {
        let mistake = expected("a name").found("a mapping or a list");
        mistake.hint("put a text that begins with a bracket in quotes")
    }),
    ("cannot deserialize null into string", || expected("a name before `:`").found("none")),
    ("budget", || wrong("it is too large or too deeply nested")),
    ("recursion", || wrong("it is too deeply nested")),
    ("invalid utf", || wrong("it is not text in UTF-8")),
];

/// What is wrong, without its place.
pub(super) fn of(error: &Error) -> Mistake {
    if let Error::DuplicateMappingKey { key: Some(key), .. } = error {
        return expected("each name once").found(format!("`{}` again", clean(key, 80)));
    }
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    if let Some(character) = quoted(said, "unexpected character: `", "'") {
        return match character.chars().all(char::is_control) {
            true => wrong("a control character, which no text may hold"),
            false => wrong(format!("no text may begin with `{character}`")).hint("put it in quotes"),
        };
    }
    if let Some(bracket) = quoted(said, "unclosed bracket '", "'") {
        return wrong(format!("the `{bracket}` that begins here is never closed"));
    }
    if let Some(brackets) = quoted(said, "mismatched bracket '", "'") {
        let by = quoted(said, "closed by '", "'").unwrap_or_default();
        return wrong(format!("the `{brackets}` that begins here is closed by `{by}`"));
    }
    match WORDS.into_iter().find(|(part, _)| said.contains(part)) {
        Some((_, ours)) => ours(),
        None => wrong(format!("not YAML: {}", clean(said, 200))),
    }
}

/// The one character between `before` and `after`.
fn quoted<'s>(said: &'s str, before: &str, after: &str) -> Option<&'s str> {
    let (_, rest) = said.split_once(before)?;
    let first = rest.chars().next()?;
    rest.get(first.len_utf8()..)?.starts_with(after).then(|| &rest[..first.len_utf8()])
}
