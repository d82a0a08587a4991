//! What is wrong with a text that is no CEL expression, in words for whoever wrote it.

use cel::{ParseError, ParseErrors};

use super::Wrong;
use crate::text::clean;

/// Words and signs of other languages, and what CEL writes instead.
const INSTEAD: [(&str, &str); 11] = [
    ("and", "CEL writes `&&`"),
    ("AND", "CEL writes `&&`"),
    ("or", "CEL writes `||`"),
    ("OR", "CEL writes `||`"),
    ("not", "CEL writes `!`"),
    ("NOT", "CEL writes `!`"),
    ("=", "CEL compares by `==`"),
    ("&", "CEL writes `&&`"),
    ("|", "CEL writes `||`"),
    ("if", "CEL writes `condition ? one : other`"),
    ("is", "CEL compares by `==`"),
];

/// The first mistake: what follows it is mostly its consequence.
pub(super) fn of(text: &str, errors: &ParseErrors) -> Wrong {
    if text.trim().is_empty() {
        return Wrong { offset: 0, message: "expected an expression, found none".to_owned() };
    }
    // An operand that is missing is told once more, without its place.
    let told = errors.errors.iter().filter(|error| !error.msg.starts_with("Incomplete "));
    let Some(first) = told.min_by_key(|error| error.pos).or(errors.errors.first()) else {
        return Wrong { offset: 0, message: "expected a CEL expression".to_owned() };
    };
    let offset = offset(text, first);
    let (before, rest) = text.split_at(offset);
    let found = token(rest);
    let last = before.split_whitespace().next_back().unwrap_or_default();
    // `not x` and `a <> b` are only noticed at what comes after.
    for (written, at) in
        [(found, offset), (last, offset - (before.len() - before.trim_end().len()) - last.len())]
    {
        if let Some((_, instead)) = INSTEAD.into_iter().find(|(foreign, _)| *foreign == written) {
            return Wrong { offset: at, message: format!("`{written}` is no operator: {instead}") };
        }
    }
    if before.trim_end().ends_with('<') && found == ">" {
        let message = "`<>` is no operator: CEL writes `!=`".to_owned();
        return Wrong { offset: offset - 1, message };
    }
    Wrong { offset, message: message(&first.msg, found) }
}

fn message(said: &str, found: &str) -> String {
    let said = said.strip_prefix("Syntax error: ").unwrap_or(said);
    let shown = clean(found, 40);
    let value_expected = said.split_once(" expecting ").is_some_and(|(_, what)| what.contains("IDENTIFIER"));
    if said.starts_with("token recognition error") {
        return match found.chars().next() {
            Some('\'' | '"') if said.contains('\\') => {
                "a `\\` in this text begins an escape that does not exist: write the text as r'…'".to_owned()
            }
            Some('\'' | '"') => "the text that begins here has no end".to_owned(),
            Some(_) | None => format!("`{shown}` fits nowhere in an expression"),
        };
    }
    if let Some(rest) = said.strip_prefix("missing '") {
        let missing = rest.split('\'').next().unwrap_or_default();
        let before = if found.is_empty() { "the end".to_owned() } else { format!("`{shown}`") };
        return format!("expected `{missing}` before {before}");
    }
    match said {
        "invalid argument to has() macro" => {
            return "`has` takes a member, as in `has(subject.pod)`".to_owned();
        }
        "argument must be a simple name" => {
            return "expected a name of your own for each element, as in `list.exists(one, one == 1)`"
                .to_owned();
        }
        "invalid int literal" | "invalid uint literal" => {
            return format!("`{shown}` is too large a number");
        }
        _ => {}
    }
    if said.starts_with("reserved identifier") {
        return format!("`{shown}` is a reserved word, no name");
    }
    match (found.is_empty(), value_expected) {
        (true, true) => "the expression ends where a value is expected".to_owned(),
        (true, false) => "the expression ends too early".to_owned(),
        (false, true) => format!("expected a value, found `{shown}`"),
        (false, false) => format!("expected an operator or the end, found `{shown}`"),
    }
}

/// The byte that the parser stopped at; it counts lines and characters, from 1.
fn offset(text: &str, error: &ParseError) -> usize {
    let from_zero = |number: isize| usize::try_from(number - 1).unwrap_or(0);
    let (line, column) = (from_zero(error.pos.0), from_zero(error.pos.1));
    let begins: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(begins..).unwrap_or_default();
    begins + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// The word or sign at the beginning of what is left.
fn token(rest: &str) -> &str {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let end = match rest.chars().next() {
        None => 0,
        Some('\'' | '"') => rest.len(),
        Some(first) if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        Some(first) => first.len_utf8(),
    };
    &rest[..end]
}
