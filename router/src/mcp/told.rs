//! What is told to an assistant: what others wrote stands apart, cleaned and cut, and no answer is larger than it can read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::text::clean;

/// The rows of one answer are at most so many bytes of JSON.
const MOST_BYTES: usize = 24 * 1024;
/// The most rows of one answer.
pub(super) const MOST_ROWS: usize = 50;
/// A text of somebody else's is cut to so many characters.
const LONGEST: usize = 500;
/// A list of them is cut to so many.
const MOST_LINES: usize = 30;

/// Why a tool has no answer, in a sentence for whoever called it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble(pub(super) String);

impl Trouble {
    pub(super) fn because(said: impl AsRef<str>) -> Self {
        Self(clean(said.as_ref(), 1_000))
    }
}

/// A text of somebody else's, fit for a line.
pub(super) fn theirs(text: impl AsRef<str>) -> String {
    clean(text.as_ref(), LONGEST)
}

/// Lines of somebody else's, the first of them; how many were left out stands in the last.
pub(super) fn lines(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let mut texts = texts.into_iter();
    let mut lines: Vec<_> = texts.by_ref().take(MOST_LINES).map(theirs).collect();
    match texts.count() {
        0 => {}
        more => lines.push(format!("and {more} more, left out here")),
    }
    lines
}

/// Where an answer goes on: as the answer before said it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Cursor(Option<String>);

impl Cursor {
    /// How many rows were told before.
    pub(super) fn from(&self) -> Result<usize, Trouble> {
        let Some(cursor) = &self.0 else { return Ok(0) };
        let expected = || Trouble::because("expected `cursor` as an answer's `next_cursor` had it");
        cursor.strip_prefix("after-").and_then(|after| after.parse().ok()).ok_or_else(expected)
    }
}

/// Some of the rows, and where to go on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    /// What to pass as `cursor` for those that follow; none where these are the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

impl<T: Serialize> Page<T> {
    /// As many rows from there on as fit. One by itself is told however large it is: its texts are cut.
    pub(super) fn of(rows: Vec<T>, cursor: &Cursor) -> Result<Self, Trouble> {
        let (from, whole) = (cursor.from()?, rows.len());
        let (mut told, mut bytes) = (Vec::new(), 0);
        for row in rows.into_iter().skip(from) {
            bytes += serde_json::to_string(&row).map_or(0, |row| row.len());
            if told.len() == MOST_ROWS || bytes > MOST_BYTES && !told.is_empty() {
                break;
            }
            told.push(row);
        }
        let next = from.saturating_add(told.len());
        let next_cursor = (next < whole).then(|| format!("after-{next}"));
        Ok(Self { rows: told, next_cursor })
    }
}

/// A part of a long text, and where to go on; it ends at a line's end where there is one.
pub(super) fn part_of(text: &str, cursor: &Cursor) -> Result<(String, Option<String>), Trouble> {
    let from = cursor.from()?;
    let rest = text.get(from..).ok_or_else(|| Trouble::because("`cursor` is behind the end of the text"))?;
    if rest.len() <= MOST_BYTES {
        return Ok((rest.to_owned(), None));
    }
    let most = (0..=MOST_BYTES).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
    let end = rest[..most].rfind('\n').map_or(most, |at| at + 1);
    Ok((rest[..end].to_owned(), Some(format!("after-{}", from + end))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor {
        Cursor(Some(text.to_owned()))
    }

    #[test]
    fn rows_come_in_pages_that_are_bounded_and_leave_none_out() {
        let rows: Vec<String> = (0..130).map(|row| format!("{row} {}", "x".repeat(700))).collect();
        let (mut told, mut at) = (Vec::new(), Cursor::default());
        loop {
            let page = Page::of(rows.clone(), &at).expect("it is a cursor of ours");
            let bytes: usize = page.rows.iter().map(String::len).sum();
            assert!(page.rows.len() <= MOST_ROWS && bytes <= MOST_BYTES, "{} {bytes}", page.rows.len());
            told.extend(page.rows);
            match page.next_cursor {
                Some(next) => at = cursor(&next),
                None => break,
            }
        }
        assert_eq!(told, rows);
        assert_eq!(Page::of(rows, &cursor("after-9999")).map(|page| page.rows.len()), Ok(0));
        for none in ["", "9", "after-", "after--1", "after-1; DROP"] {
            assert!(cursor(none).from().is_err(), "{none}");
        }
    }

    #[test]
    fn a_long_text_comes_in_parts_of_whole_lines() {
        let text: String = (0..9_000).map(|line| format!("ö line {line}\n")).collect();
        let (mut whole, mut at) = (String::new(), Cursor::default());
        loop {
            let (part, next) = part_of(&text, &at).expect("it is a cursor of ours");
            assert!(part.len() <= MOST_BYTES && part.ends_with('\n'));
            whole += &part;
            match next {
                Some(next) => at = cursor(&next),
                None => break,
            }
        }
        assert_eq!(whole, text);
        assert!(part_of(&text, &cursor("after-1")).is_err(), "in the middle of a letter");
        assert!(part_of(&text, &cursor("after-9999999")).is_err());
    }

    #[test]
    fn what_others_wrote_is_one_line_and_what_is_left_out_is_counted() {
        assert_eq!(theirs("a\u{202e}\nb\u{0}"), "a\u{fffd} b\u{fffd}");
        assert_eq!(theirs("x".repeat(900)).chars().count(), LONGEST);
        let all = lines((0..40).map(|line| line.to_string()));
        assert_eq!(all.len(), MOST_LINES + 1);
        assert_eq!(all.last().map(String::as_str), Some("and 10 more, left out here"));
    }
}
