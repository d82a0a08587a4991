//! Text for a terminal: cleaned, wrapped and cut, because events may say anything. All that the command line prints
//! goes through here.

use std::io::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use watchfire_core::notice::{clean, visible};

/// What every terminal shows unbroken.
pub(super) const WIDTH: usize = 80;

/// Prints a line to standard output. What no screen should be given is spelt out, and a JSON text stays the same.
///
/// # Errors
/// A reader who has gone away: the command ends, and not in a panic.
pub(super) fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{}", visible(text))
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

/// Lines of at most [`WIDTH`] columns, all but the first indented further; what is over `most` lines is cut.
pub(super) fn wrapped(indent: usize, text: &str, most: usize) -> Vec<String> {
    let text = clean(text, 1_000);
    let mut lines = Vec::new();
    let mut line = " ".repeat(indent);
    let mut is_empty = true;
    for word in text.split(' ').flat_map(|word| pieces(word, WIDTH - indent - 2)) {
        if !is_empty && width(&line) + 1 + width(&word) > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent + 2)));
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
            *last = format!("{}…", last.chars().take(WIDTH - 1).collect::<String>());
        }
    }
    lines
}

fn pieces(word: &str, most: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(most).map(|piece| piece.iter().collect()).collect()
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// How long ago, in its greatest unit: `12m`, `3h`, `2d`.
pub(super) fn age(since: Timestamp, now: Timestamp) -> String {
    let time = now.duration_since(since).max(SignedDuration::ZERO);
    match (time.as_mins(), time.as_hours()) {
        (minutes, _) if minutes < 60 => format!("{minutes}m"),
        (_, hours) if hours < 48 => format!("{hours}h"),
        (_, hours) => format!("{}d", hours / 24),
    }
}

#[cfg(test)]
mod tests {
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
    fn ages_are_in_their_greatest_unit() {
        let then: Timestamp = "2026-11-25T00:00:00Z".parse().expect("a time");
        let after = |minutes| age(then, then + SignedDuration::from_mins(minutes));
        assert_eq!([-5, 0, 59, 60, 2_879, 2_880].map(after), ["0m", "0m", "59m", "1h", "47h", "2d"]);
    }
}
