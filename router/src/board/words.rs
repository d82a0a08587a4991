//! How the board writes times and what a sender wrote.

use jiff::Timestamp;
use watchfire_core::text::clean;
use watchfire_core::zone::Zone;

use crate::api::ages::{age, relative};

/// No line that is shown is longer.
const LENGTH: usize = 1_000;

/// A time as HTML: in UTC, to the second; a script says it in the viewer's zone.
pub(super) fn when(at: Timestamp) -> String {
    time(at, "", &Zone::UTC.second(at))
}

/// How long ago it was, or how long it is until then.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    time(at, " data-as=\"ago\"", &relative(at, now))
}

/// How long there is until then.
pub(super) fn until(at: Timestamp, now: Timestamp) -> String {
    match at <= now {
        true => time(at, " data-as=\"until\" class=\"late\"", &format!("overdue {}", age(at, now))),
        false => time(at, " data-as=\"until\"", &format!("{} left", age(now, at))),
    }
}

fn time(at: Timestamp, attributes: &str, text: &str) -> String {
    format!("<time datetime=\"{at}\"{attributes} title=\"{}\">{text}</time>", Zone::UTC.second(at))
}

/// A page without what its clocks say, which is another text every minute though nothing has happened. What senders
/// write is escaped, so that each of these elements is one of the above.
pub(super) fn without_clocks(html: &str) -> String {
    let mut pieces = html.split("<time ");
    let mut without = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (clock, rest) = piece.split_once("</time>").unwrap_or((piece, ""));
        without.push_str(clock.split([' ', '>']).next().unwrap_or_default());
        without.push_str(rest);
    }
    without
}

/// What somebody else wrote, as one line.
pub(super) fn line(text: &str) -> String {
    clean(text, LENGTH)
}

/// A time in a text that is copied: in UTC.
pub(super) fn in_utc(at: Timestamp) -> String {
    Zone::UTC.second(at)
}

/// What is said of one thing, as one line of text.
pub(super) fn in_a_line(parts: &[&str]) -> String {
    let said: Vec<_> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    line(&said.join(" | "))
}

/// How many there are of something.
pub(super) fn several(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// A path with one question behind it.
pub(super) fn about(path: &str, of: &str) -> String {
    asking(path, &[("of", of)])
}

/// A path with questions behind it; those that say nothing are left out.
pub(super) fn asking(path: &str, questions: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    questions.iter().filter(|(_, value)| !value.is_empty()).for_each(|(name, value)| {
        query.append_pair(name, value);
    });
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_time_is_said_in_utc_and_for_a_script() {
        assert_eq!(
            when(at("2026-11-29T22:40:07Z")),
            "<time datetime=\"2026-11-29T22:40:07Z\" title=\"2026-11-29 22:40:07 UTC\">2026-11-29 22:40:07 UTC</time>"
        );
    }

    #[test]
    fn a_clock_counts_down_and_then_says_how_late_it_is() {
        let (by, now) = (at("2026-11-29T22:40:00Z"), at("2026-11-29T22:28:00Z"));
        assert!(until(by, now).ends_with(">12m left</time>"), "{}", until(by, now));
        assert!(until(now, by).contains("class=\"late\"") && until(now, by).ends_with(">overdue 12m</time>"));
    }

    #[test]
    fn without_clocks_a_page_is_the_same_as_long_as_nothing_happens() {
        let page = |at: &str, now: &str| {
            format!("<p>a {} b {}</p>", until(self::at(at), self::at(now)), when(self::at(at)))
        };
        let text = without_clocks(&page("2026-11-29T22:40:00Z", "2026-11-29T22:28:00Z"));
        let at = "datetime=\"2026-11-29T22:40:00Z\"";
        assert_eq!(text, format!("<p>a {at} b {at}</p>"));
        assert_eq!(text, without_clocks(&page("2026-11-29T22:40:00Z", "2026-11-29T23:28:00Z")));
    }

    #[test]
    fn a_question_is_escaped_and_an_empty_one_left_out() {
        assert_eq!(asking("/", &[("match", "namespace=a&b"), ("state", "")]), "/?match=namespace%3Da%26b");
        assert_eq!(asking("/", &[("state", "")]), "/");
    }
}
