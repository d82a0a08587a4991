//! Places in a text that somebody wrote: line, column, and the line itself with a caret under the place.

use std::fmt;

use serde_saphyr::Location;

use crate::text::is_unfit;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
}

impl Place {
    pub(super) fn of(location: &Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }

    /// The place of a byte of a text.
    pub fn of_byte(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() as u64 + 1, column: line.chars().count() as u64 + 1 }
    }
}

/// Where a value stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Where it begins, or where it is referred to.
    pub(super) place: Place,
    /// Its bytes as they are written, first and last plus one; none where that is not known.
    bytes: Option<(usize, usize)>,
}

impl Source {
    pub(super) fn of(referenced: &Location, defined: &Location) -> Self {
        let span = defined.span();
        let begins = span.byte_offset().and_then(|offset| usize::try_from(offset).ok());
        let length = span.byte_len().and_then(|length| usize::try_from(length).ok());
        let bytes = begins.zip(length).map(|(begins, length)| (begins, begins + length));
        Self { place: Place::of(referenced), bytes }
    }

    /// Where a byte of the text that was read stands in the file. Quotes, folded lines and indentation are
    /// written, but not read; what is no white space comes in the same order in both.
    pub(super) fn inside(&self, file: &str, text: &str, offset: usize) -> Option<Place> {
        let (first, end) = self.bytes?;
        let written = file.get(first..end)?;
        let before = text.get(..offset)?;
        let wanted = before.chars().filter(|c| !c.is_whitespace()).count();
        let at = Written::of(written).nth(wanted).unwrap_or(written.trim_end().len());
        Some(Place::of_byte(file, first + at))
    }
}

/// The characters of a scalar as it is written, white space left out: where each begins.
struct Written<'w> {
    text: &'w str,
    quote: Option<char>,
    at: usize,
}

impl<'w> Written<'w> {
    fn of(text: &'w str) -> Self {
        let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''));
        Self { text, quote, at: quote.map_or(0, char::len_utf8) }
    }
}

impl Iterator for Written<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            let begins = self.at;
            let rest = self.text.get(begins..)?;
            let mut characters = rest.chars();
            let first = characters.next()?;
            let second = characters.next();
            let (length, counts) = match (self.quote, first, second) {
                (Some('"'), '\\', Some(escape)) => {
                    let more = match escape {
                        'x' => 2,
                        'u' => 4,
                        'U' => 8,
                        _ => 0,
                    };
                    let blank = escape.is_whitespace() || matches!(escape, 'n' | 't' | 'r' | 'v' | 'f' | '_');
                    (1 + escape.len_utf8() + more, !blank)
                }
                (Some('\''), '\'', Some('\'')) => (2, true),
                _ => (first.len_utf8(), !first.is_whitespace()),
            };
            self.at += length;
            if counts {
                return Some(begins);
            }
        }
    }
}

/// A text as it may stand on anyone's screen: as many characters, `�` for each that is not fit for one.
pub(super) fn fit(text: &str) -> String {
    let seen = |c: char| match c {
        ' ' | '\t' => ' ',
        c if is_unfit(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(seen).collect()
}

/// A line of a text with a caret under a place in it, for people. It may be anyone's text: what is not fit for
/// a screen is shown as `�`, and of a long line only what is around the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    line: String,
    /// How many characters stand before the caret.
    before: usize,
}

impl Excerpt {
    /// So much of a line is shown on either side of the caret.
    const AROUND: usize = 60;

    /// The line of that place; none where the text has no such line.
    pub fn of(text: &str, place: Place) -> Option<Self> {
        let line = usize::try_from(place.line.checked_sub(1)?).ok()?;
        let line: Vec<char> = text.lines().nth(line)?.chars().collect();
        let column = usize::try_from(place.column.saturating_sub(1)).ok()?.min(line.len());
        let indent = line.iter().take(column).take_while(|c| c.is_whitespace()).count();
        let first = indent.max(column.saturating_sub(Self::AROUND));
        let last = line.len().min(column + Self::AROUND);
        let mut shown = fit(&String::from_iter(&line[first..last]));
        let mut before = column - first;
        if first > indent {
            shown.insert_str(0, "… ");
            before += 2;
        }
        if last < line.len() {
            shown.push_str(" …");
        }
        Some(Self { line: shown, before })
    }
}

/// Two lines, indented, without an end.
impl fmt::Display for Excerpt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, before } = self;
        write!(out, "    {}\n    {:before$}^", line.trim_end(), "")
    }
}
