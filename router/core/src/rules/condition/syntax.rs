//! What is wrong with a text that is no CEL expression, in words for whoever wrote it.

use cel::{ParseError, ParseErrors};

use super::Wrong;
use crate::text::clean;
use crate::yaml::{Mistake, expected, wrong};

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
        return Wrong { offset: 0, mistake: expected("an expression").found("none") };
    }
    // An operand that is missing is told once more, without its place.
    let told = errors.errors.iter().filter(|error| !error.msg.starts_with("Incomplete "));
    let Some(first) = told.min_by_key(|error| error.pos).or(errors.errors.first()) else {
        return Wrong { offset: 0, mistake: expected("a CEL expression") };
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
            let mistake = wrong(format!("`{written}` is no operator")).hint(instead);
            return Wrong { offset: at, mistake };
        }
    }
    if before.trim_end().ends_with('<') && found == ">" {
        let mistake = wrong("`<>` is no operator").hint("CEL writes `!=`");
        return Wrong { offset: offset - 1, mistake };
    }
    Wrong { offset, mistake: mistake(&first.msg, found) }
}

fn mistake(said: &str, found: &str) -> Mistake {
    let said = said.strip_prefix("Syntax error: ").unwrap_or(said);
    let shown = clean(found, 40);
    let value_expected = said.split_once(" expecting ").is_some_and(|(_, what)| what.contains("IDENTIFIER"));
    if said.starts_with("token recognition error") {
        return match found.chars().next() {
            Some('\'' | '"') if said.contains('\\') => {
                wrong("a `\\` in this text begins an escape that does not exist")
                    .hint("write the text as r'…'")
            }
            Some('\'' | '"') => wrong("the text that begins here has no end"),
            Some(_) | None => wrong(format!("`{shown}` fits nowhere in an expression")),
        };
    }
    if let Some(rest) = said.strip_prefix("missing '") {
        let missing = rest.split('\'').next().unwrap_or_default();
        let before = if found.is_empty() { "the end".to_owned() } else { format!("`{shown}`") };
        return expected(format!("`{missing}` before {before}"));
    }
    match said {
        "invalid argument to has() macro" => {
            return wrong("`has` takes a member, as in `has(subject.pod)`");
        }
        "argument must be a simple name" => {
            return expected("a name of your own for each element, as in `list.exists(one, one == 1)`");
        }
        "invalid int literal" | "invalid uint literal" => {
            return wrong(format!("`{shown}` is too large a number"));
        }
        _ => {}
    }
    if said.starts_with("reserved identifier") {
        return wrong(format!("`{shown}` is a reserved word, no name"));
    }
    match (found.is_empty(), value_expected) {
        (true, true) => expected("a value").found("the end of the expression"),
        (true, false) => wrong("the expression ends too early"),
        (false, true) => expected("a value").found(format!("`{shown}`")),
        (false, false) => expected("an operator or the end").found(format!("`{shown}`")),
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
