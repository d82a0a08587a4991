//! The filters and tests that a template names, wherever it does: each is to be there before the first page.

/// Each with where it stands, and what stands before it: `|` or `is`.
pub(super) fn named(text: &str) -> Vec<(usize, &'static str, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find('{')).map(|at| from + at) {
        let end = match text.get(start..start + 2) {
            Some("{{") => "}}",
            Some("{%") => "%}",
            Some("{#") => {
                from = text[start..].find("#}").map_or(text.len(), |at| start + at + 2);
                continue;
            }
            _ => {
                from = start + 1;
                continue;
            }
        };
        from = inside(text, start + 2, end, &mut found);
    }
    found
}

/// Those in one tag; returns where it ends. What stands in quotes is text.
fn inside<'t>(
    text: &'t str,
    start: usize,
    end: &str,
    found: &mut Vec<(usize, &'static str, &'t str)>,
) -> usize {
    let mut at = start;
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with(end) {
            return at + end.len();
        }
        match c {
            '\'' | '"' => {
                at += 1 + quoted(&text[at + 1..], c);
                continue;
            }
            '|' => found.extend(name_after(text, at + 1).map(|(place, name)| (place, "|", name))),
            _ if is_word(text, at, "is") => {
                let negated = name_after(text, at + 2).filter(|(_, name)| *name == "not");
                let from = negated.map_or(at + 2, |(place, name)| place + name.len());
                found.extend(name_after(text, from).map(|(place, name)| (place, "is", name)));
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    text.len()
}

/// How long a text in quotes is, with the last of them.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether the word stands there, and no part of another.
fn is_word(text: &str, at: usize, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    text[at..].starts_with(word)
        && !text[..at].ends_with(is_part)
        && !text[at + word.len()..].starts_with(is_part)
}

fn name_after(text: &str, from: usize) -> Option<(usize, &str)> {
    let rest = &text[from..];
    let start = from + (rest.len() - rest.trim_start().len());
    let length =
        text[start..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len() - start);
    (length > 0).then(|| (start, &text[start..start + length]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_and_test_is_found_and_nothing_else() {
        let text = "a | b {{ title | upper|trim('|x') }} {# | c #} {% if \"it is \\\" odd\" is not even %}\
                    {{ this.is | join(', ') }} is none {{ a is\n defined }}{{ open | last";
        let found: Vec<_> = named(text).into_iter().map(|(_, operator, name)| (operator, name)).collect();
        let expected =
            [("|", "upper"), ("|", "trim"), ("is", "even"), ("|", "join"), ("is", "defined"), ("|", "last")];
        assert_eq!(found, expected);
        assert!(named(text).iter().all(|(at, _, name)| text[*at..].starts_with(name)));
    }
}
