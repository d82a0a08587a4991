//! A list in a page under a head of its own, bounded: what does not fit is counted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::clean;

/// Lines that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct List {
    /// What the lines are, in one line.
    pub head: String,
    /// The lines, the most telling first; there may be none, where the head says it all.
    pub lines: Vec<String>,
    /// How many more there are.
    pub more: u64,
}

impl List {
    /// What is over so many lines is counted, not listed.
    pub const MOST_LINES: usize = 50;
    /// A line is cut to so many characters, and so is the head.
    pub const LINE_LENGTH: usize = 300;

    /// A list of those lines, cleaned and bounded, and so many more that are not given.
    pub fn new(head: &str, lines: impl IntoIterator<Item = impl AsRef<str>>, more: u64) -> List {
        let clean = |text: &str| clean(text, Self::LINE_LENGTH);
        let mut lines = lines.into_iter();
        let listed = lines.by_ref().take(Self::MOST_LINES).map(|line| clean(line.as_ref())).collect();
        List { head: clean(head), lines: listed, more: more.saturating_add(lines.count() as u64) }
    }

    /// What stands under the lines; nothing where there are no more.
    pub(super) fn rest(&self) -> String {
        match (self.more, self.lines.is_empty()) {
            (0, _) => String::new(),
            (more, false) => format!("and {more} more"),
            (more, true) => format!("{more}, not listed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_bounded_and_counts_what_it_leaves_out() {
        let many: Vec<String> = (0..53).map(|number| format!("line {number}")).collect();
        let list = List::new("all", &many, 9);
        let expected = List { head: "all".to_owned(), lines: many[..50].to_vec(), more: 12 };
        assert_eq!(list, expected);
        assert_eq!(list.rest(), "and 12 more");
    }

    #[test]
    fn hostile_lines_become_harmless_ones() {
        let list = List::new("a\r\nBcc: x", ["\u{202e}b\n\nc", &"x".repeat(400)], u64::MAX);
        let long = format!("{}…", "x".repeat(299));
        let expected =
            List { head: "a Bcc: x".to_owned(), lines: vec!["\u{fffd}b c".to_owned(), long], more: u64::MAX };
        assert_eq!(list, expected);
    }
}
