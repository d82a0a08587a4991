//! An event that no reader knows: the scalars of its detail by their paths, those that sound like a name or a message
//! first, so that it can be read without its raw text.

use super::Seen;
use crate::event::read::{as_text, text};
use crate::json::Json;

/// More rows than this are not told.
const MOST_ROWS: usize = 16;
/// What lies deeper is not told, nor what comes after so many values.
const MOST_DEPTH: usize = 4;
const MOST_VALUES: usize = 400;
/// Longer paths are no names.
const LONGEST_PATH: usize = 60;

/// Words of names that say what it is about; the earlier, the sooner a reader wants it.
const TELLING: [&str; 22] = [
    "output",
    "message",
    "title",
    "summary",
    "rule",
    "reason",
    "error",
    "status",
    "state",
    "severity",
    "priority",
    "user",
    "name",
    "host",
    "namespace",
    "pod",
    "cmd",
    "exe",
    "path",
    "image",
    "container",
    "ip",
];

/// What happened, in a few words: by the first of these that a sender fills.
pub(super) fn headline(detail: &Json<'_>) -> Option<String> {
    const NAMES: [&str; 8] = ["title", "rule", "summary", "message", "name", "event", "reason", "output"];
    NAMES.iter().find_map(|name| text(detail, name))
}

/// The rows.
pub(super) fn tell(detail: &Json<'_>, seen: &mut Seen) {
    let mut found = Vec::new();
    collect(detail, "", 0, &mut found);
    let all = found.len();
    // In the order of the event among what is equally telling.
    found.sort_by_key(|(path, _)| rank(path));
    for (path, value) in found.into_iter().take(MOST_ROWS) {
        seen.say(&path, Some(value));
    }
    if all > MOST_ROWS {
        seen.say("More in the event", Some(format!("{} values, see its raw text", all - MOST_ROWS)));
    }
}

fn collect(json: &Json<'_>, path: &str, depth: usize, found: &mut Vec<(String, String)>) {
    if found.len() >= MOST_VALUES || path.len() > LONGEST_PATH {
        return;
    }
    match json {
        Json::Object(members) if depth < MOST_DEPTH => {
            for (name, value) in members {
                let dot = if path.is_empty() { "" } else { "." };
                collect(value, &format!("{path}{dot}{name}"), depth + 1, found);
            }
        }
        // A list of names is one thing to read.
        Json::Array(elements) if elements.iter().all(|element| as_text(element).is_some()) => {
            let texts: Vec<_> = elements.iter().take(super::MOST).filter_map(as_text).collect();
            let more = elements.len().saturating_sub(texts.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            found.push((path.to_owned(), format!("{}{more}", texts.join(", "))));
        }
        Json::Array(elements) if depth < MOST_DEPTH => {
            for (place, element) in elements.iter().take(super::MOST).enumerate() {
                collect(element, &format!("{path}[{place}]"), depth + 1, found);
            }
        }
        Json::Bool(truth) => found.push((path.to_owned(), truth.to_string())),
        Json::Number(_) | Json::String(_) => {
            found.extend(as_text(json).map(|value| (path.to_owned(), value)));
        }
        Json::Object(_) | Json::Array(_) | Json::Null => {}
    }
}

fn rank(path: &str) -> usize {
    let last = path.rsplit(['.', '[']).next().unwrap_or(path).to_ascii_lowercase();
    let depth = path.matches(['.', '[']).count();
    let word = TELLING.iter().position(|word| last.contains(word)).unwrap_or(TELLING.len());
    word * MOST_DEPTH * 4 + depth
}
