//! What is wrong with a text that is not YAML, in words for whoever wrote it.

use serde_saphyr::Error;

use crate::text::clean;

/// What the parser says, in part, and what we say: the first that fits.
const WORDS: [(&str, &str); 23] = [
    (
        "\"-\" is only valid inside a block",
        "a list item with `-` cannot stand inside `[` or `{`: close the bracket before it",
    ),
    (
        "invalid indentation in multiline quoted scalar",
        "a text in quotes goes on here without indentation: close its quote before this line",
    ),
    (
        "unknown escape character",
        "a backslash between double quotes begins an escape, and this one does not exist: write it as `\\\\`, or \
         put the text in single quotes",
    ),
    ("tabs disallowed", "a tab cannot indent: use spaces"),
    (
        "mapping values are not allowed",
        "a `:` that fits nowhere: indent the line as those around it, or put a text that contains `: ` in quotes",
    ),
    ("illegal placement of ':'", "a `:` inside `[`: close the bracket before it"),
    ("unclosed quote", "the quote that begins here is never closed"),
    ("misplaced bracket", "a closing bracket that closes nothing"),
    (
        "unknown anchor",
        "`*` begins a reference, and nothing is marked with this name: put a text that begins with `*` in quotes",
    ),
    ("did not find expected key", "expected another name as those above it: indent it as much as they are"),
    (
        "did not find expected '-'",
        "expected another `- ` as those above it: indent the line as much as its list asks for",
    ),
    ("did not find expected ',' or '}'", "expected `,` or `}`: a text that contains `: ` stands in quotes"),
    ("did not find expected ',' or ']'", "expected `,` or `]`"),
    ("multiple YAML documents", "expected one document, found another after `---`"),
    ("unexpected EOF while parsing an implicit flow mapping", "expected a value, found another `,`"),
    (
        "invalid trailing content after",
        "text after the closing quote: put the whole text in quotes, and write a quote in it twice",
    ),
    ("simple key expected", "expected `name: value`, and no `:` follows"),
    (
        "block sequence entries are not allowed",
        "a list item with `- ` begins on a line of its own, or write the list as `[…]`",
    ),
    (
        "expected string scalar",
        "expected a name, found a mapping or a list: put a text that begins with a bracket in quotes",
    ),
    ("cannot deserialize null into string", "expected a name before `:`, found none"),
    ("budget", "it is too large or too deeply nested"),
    ("recursion", "it is too deeply nested"),
    ("invalid utf", "it is not text in UTF-8"),
];

/// One sentence without a place.
pub(super) fn of(error: &Error) -> String {
    if let Error::DuplicateMappingKey { key: Some(key), .. } = error {
        return format!("expected each name once, found `{}` again", clean(key, 80));
    }
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    if let Some(character) = quoted(said, "unexpected character: `", "'") {
        return match character.chars().all(char::is_control) {
            true => "a control character, which no text may hold".to_owned(),
            false => format!("no text may begin with `{character}`: put it in quotes"),
        };
    }
    if let Some(bracket) = quoted(said, "unclosed bracket '", "'") {
        return format!("the `{bracket}` that begins here is never closed");
    }
    if let Some(brackets) = quoted(said, "mismatched bracket '", "'") {
        let by = quoted(said, "closed by '", "'").unwrap_or_default();
        return format!("the `{brackets}` that begins here is closed by `{by}`");
    }
    let ours = WORDS.into_iter().find(|(part, _)| said.contains(part)).map(|(_, ours)| ours.to_owned());
    ours.unwrap_or_else(|| format!("not YAML: {}", clean(said, 200)))
}

/// The one character between `before` and `after`.
fn quoted<'s>(said: &'s str, before: &str, after: &str) -> Option<&'s str> {
    let (_, rest) = said.split_once(before)?;
    let first = rest.chars().next()?;
    rest.get(first.len_utf8()..)?.starts_with(after).then(|| &rest[..first.len_utf8()])
}
