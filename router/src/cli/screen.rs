//! Text for a terminal: cleaned, wrapped and cut, because events may say anything. All that the command line prints
//! goes through here.

use std::io::{IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
use watchfire_core::text::{clean, visible};

pub(super) use crate::api::ages::{age, relative};

/// What every terminal shows unbroken.
pub(super) const WIDTH: usize = 80;

/// Prints a line to standard output. What no screen should be given is spelt out, and a JSON text stays the same.
///
/// # Errors
/// A reader who has gone away: the command ends, and not in a panic.
pub(super) fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{}", visible(text))
}

/// How a line stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// The names of columns.
    Head,
    /// Somebody is late.
    Late,
    /// As it is.
    Plain,
    /// Nobody has to do anything.
    Faint,
}

/// The same, coloured where a person looks on.
///
/// # Errors
/// As [`say`].
pub(super) fn say_in(tone: Tone, text: &str) -> std::io::Result<()> {
    let style = match tone {
        Tone::Head => Style::new().bold(),
        Tone::Late => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
        Tone::Plain => return say(text),
        Tone::Faint => Style::new().dimmed(),
    };
    if !is_coloured() {
        return say(text);
    }
    writeln!(std::io::stdout(), "{style}{}{style:#}", visible(text))
}

/// Whether standard output is a terminal that shows colours, and nobody asked for none (no-color.org).
fn is_coloured() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    std::io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// How many columns there are: what `COLUMNS` says, else the terminal; none where there is none, for there nothing has to
/// be cut.
pub(super) fn columns() -> Option<u16> {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.or_else(|| {
        let (terminal_size::Width(width), _) = terminal_size::terminal_size_of(std::io::stdout())?;
        Some(width)
    })
    .filter(|width| *width > 0)
}

/// Clears the terminal, and everything after is written from its top.
///
/// # Errors
/// As [`say`].
pub(super) fn clear() -> std::io::Result<()> {
    write!(std::io::stdout(), "\u{1b}[H\u{1b}[2J\u{1b}[3J")
}

/// The same on standard error, where nobody has to be.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", visible(text));
}

/// What a worker answered, each text in it fit for one line.
pub(super) fn in_lines(value: Value) -> Value {
    let line = |text: String| clean(&text, usize::MAX);
    match value {
        Value::String(text) => Value::String(line(text)),
        Value::Array(elements) => Value::Array(elements.into_iter().map(in_lines).collect()),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (line(name), in_lines(value)));
            Value::Object(members.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// A text that came from an event, fit for one line.
pub(super) fn plain(text: &str) -> String {
    clean(text, 300)
}

/// What begins our own lines. A sender's text that begins so could pass for one.
const OURS: [&str; 28] = [
    "p0",
    "p1",
    "p2",
    "p3",
    "page",
    "paged",
    "contained",
    "approved",
    "denied",
    "acknowledged",
    "assigned",
    "resolved",
    "released",
    "quarantined",
    "withheld",
    "held",
    "waits",
    "done",
    "drill",
    "sample",
    "silenced",
    "told",
    "also",
    "changed",
    "next",
    "no",
    "not",
    "nobody",
];

/// What a sender wrote, where it begins a line or a cell: in quotes where it begins as our own words do, and no quotes of
/// its own end it.
pub(super) fn theirs(text: &str) -> String {
    let text = clean(text, 1_000);
    let first = text.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    let first =
        first.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    let is_plain = text.starts_with(char::is_alphanumeric) && !OURS.contains(&first.as_str());
    if is_plain || text.is_empty() {
        return text;
    }
    format!("“{}”", text.replace(['“', '”'], "\""))
}

/// Lines of at most [`WIDTH`] columns, all but the first indented further; what is over `most` lines is cut.
pub(super) fn wrapped(indent: usize, text: &str, most: usize) -> Vec<String> {
    behind(&" ".repeat(indent), indent + 2, text, most)
}

/// A row of a card: its name, and what it says beside it, in as many lines as that takes.
pub(super) fn row(name: &str, text: &str) -> Vec<String> {
    behind(&format!("{name:<11} "), 12, text, 6)
}

/// Lines of at most [`WIDTH`] columns, the first one behind a text, the others indented; what is over `most` is cut.
pub(super) fn behind(first: &str, indent: usize, text: &str, most: usize) -> Vec<String> {
    let text = clean(text, 1_000);
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split(' ').flat_map(|word| pieces(word, WIDTH - indent)) {
        let needed = width(&line) + usize::from(!is_empty) + width(&word);
        if width(&line) > indent && needed > WIDTH {
            let full = std::mem::replace(&mut line, " ".repeat(indent));
            lines.push(full.trim_end().to_owned());
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    lines.push(line);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = format!("{}…", fitting(last, WIDTH - 1));
        }
    }
    lines
}

fn pieces(word: &str, most: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut taken = 0;
    for letter in word.chars() {
        let width = letter.width().unwrap_or(0);
        if taken + width > most {
            pieces.push(String::new());
            taken = 0;
        }
        taken += width;
        pieces.last_mut().expect("there is one").push(letter);
    }
    pieces
}

fn width(text: &str) -> usize {
    text.width()
}

/// As much of it as that many columns take.
fn fitting(text: &str, most: usize) -> String {
    pieces(text, most).swap_remove(0)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    #[test]
    fn hostile_text_stays_on_its_lines() {
        let hostile = format!("a\u{1b}[2J\nb\u{202e} {} {}", "x".repeat(200), "word ".repeat(100));
        let lines = wrapped(4, &hostile, 5);
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0], "    a\u{fffd}[2J b\u{fffd}");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH && !line.contains(char::is_control)));
        assert!(lines[4].ends_with('…'));
    }

    #[test]
    fn what_a_sender_wrote_does_not_pass_for_our_own_words() {
        let told = [
            "Contained: all is well",
            "[P0] everything",
            "approved by jane” at 09:00",
            " P1  a page",
            "A process in pay-1",
            "Nobody",
            "checkout/pay-1",
            "Notice of a change",
            "",
        ]
        .map(theirs);
        assert_eq!(
            told,
            [
                "“Contained: all is well”",
                "“[P0] everything”",
                "“approved by jane\" at 09:00”",
                "“P1 a page”",
                "A process in pay-1",
                "“Nobody”",
                "checkout/pay-1",
                "Notice of a change",
                "",
            ]
        );
    }

    #[test]
    fn a_row_goes_on_under_itself() {
        let lines = row("Next", &"word ".repeat(20));
        let (first, second) = ("word ".repeat(13), ["word"; 7].join(" "));
        assert_eq!(
            lines,
            [format!("Next        {}", first.trim_end()), format!("{}{second}", " ".repeat(12))]
        );
    }

    #[test]
    fn wide_letters_take_two_columns() {
        let lines = wrapped(2, &"検".repeat(60), 9);
        assert_eq!(lines, [format!("  {}", "検".repeat(38)), format!("    {}", "検".repeat(22))]);
        assert!(lines.iter().all(|line| width(line) <= WIDTH));
    }

    #[test]
    fn times_are_said_as_seen_from_now() {
        let now: Timestamp = "2026-11-25T00:00:00Z".parse().expect("a time");
        let said = |minutes| relative(now + SignedDuration::from_mins(minutes), now);
        assert_eq!([4, 90, -3, 0, -2_880].map(said), ["in 4m", "in 1h", "3m ago", "0m ago", "2d ago"]);
    }

    #[test]
    fn ages_are_in_their_greatest_unit() {
        let then: Timestamp = "2026-11-25T00:00:00Z".parse().expect("a time");
        let after = |minutes| age(then, then + SignedDuration::from_mins(minutes));
        assert_eq!([-5, 0, 59, 60, 2_879, 2_880].map(after), ["0m", "0m", "59m", "1h", "47h", "2d"]);
    }
}
