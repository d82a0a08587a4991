//! Lenient access: a member in either case of its first letter, a number written as text, a time in any
//! of the spellings AWS uses.

use std::borrow::Cow;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::rfc2822};

use super::Severity;
use crate::json::Json;

/// The value at a dotted path, such as `service.archived` or `resources.0.uid`; `null` is absent.
///
/// The first letter of each name may be in either case: the wire says `accountId`, the AWS CLI `AccountId`.
pub(super) fn at<'v, 'a>(json: &'v Json<'a>, path: &str) -> Option<&'v Json<'a>> {
    path.split('.').try_fold(json, member)
}

/// One member by its name, which may contain dots; of repeats the last. One element, if it is an index.
pub(super) fn member<'v, 'a>(json: &'v Json<'a>, name: &str) -> Option<&'v Json<'a>> {
    let found = match json {
        Json::Object(members) => {
            members.iter().rev().find(|(key, _)| same_name(key, name)).map(|(_, value)| value)
        }
        Json::Array(elements) => name.parse::<usize>().ok().and_then(|index| elements.get(index)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    };
    found.filter(|found| !matches!(found, Json::Null))
}

fn same_name(key: &str, name: &str) -> bool {
    match (key.as_bytes(), name.as_bytes()) {
        ([first, rest @ ..], [wanted, others @ ..]) => rest == others && first.eq_ignore_ascii_case(wanted),
        (key, name) => key == name,
    }
}

/// The elements of a list; an object in place of a list is a list of one.
pub(super) fn list<'v, 'a>(json: &'v Json<'a>, path: &str) -> &'v [Json<'a>] {
    match at(json, path) {
        Some(Json::Array(elements)) => elements,
        Some(object @ Json::Object(_)) => std::slice::from_ref(object),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => &[],
    }
}

/// A text, or a number's text; none where it is empty.
pub(super) fn text(json: &Json<'_>, path: &str) -> Option<String> {
    at(json, path).and_then(as_text)
}

/// The first of these paths that holds a text.
pub(super) fn first_text(json: &Json<'_>, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| text(json, path))
}

/// [`text`] of a value.
pub(super) fn as_text(value: &Json<'_>) -> Option<String> {
    match value {
        Json::String(text) => present(text).map(str::to_owned),
        Json::Number(number) => Some(number.clone().into_owned()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The text without surrounding white space; none where it is empty. Whatever stands there is a name: a
/// namespace may be called `null`, and a pod `unknown`.
pub(super) fn present(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// An account id; where it came as a number, with the leading zeros that a number loses.
pub(super) fn account(json: &Json<'_>, path: &str) -> Option<String> {
    match at(json, path)? {
        Json::Number(number) => Some(format!("{number:0>12}")),
        other => as_text(other),
    }
}

/// A finite number, or one written as text.
pub(super) fn number(json: &Json<'_>, path: &str) -> Option<f64> {
    at(json, path).and_then(as_number)
}

/// [`number`] of a value.
pub(super) fn as_number(value: &Json<'_>) -> Option<f64> {
    let text: &Cow<'_, str> = match value {
        Json::Number(text) | Json::String(text) => text,
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// How often; 1 where it is not said.
pub(super) fn count(value: Option<&Json<'_>>) -> u64 {
    // `as` saturates: what is negative counts as 0.
    value.and_then(as_number).map_or(1, |number| number as u64)
}

/// Whether it is `true`, or says so.
pub(super) fn is_true(value: Option<&Json<'_>>) -> bool {
    match value {
        Some(Json::Bool(truth)) => *truth,
        Some(Json::String(text)) => text.trim().eq_ignore_ascii_case("true"),
        Some(Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_)) | None => false,
    }
}

/// A severity label of any of the sources, as the lowest severity of its band.
pub(super) fn label(text: &str) -> Option<Severity> {
    const LABELS: [(&str, f64); 8] = [
        ("informational", 0.0),
        ("info", 0.0),
        ("low", 1.0),
        ("medium", 4.0),
        ("moderate", 4.0),
        ("high", 7.0),
        ("critical", 9.0),
        ("fatal", 9.0),
    ];
    let found = LABELS.iter().find(|(label, _)| text.trim().eq_ignore_ascii_case(label));
    found.map(|(_, lowest)| Severity::new(*lowest))
}

/// A time; none where it cannot be read.
pub(super) fn time(json: &Json<'_>, path: &str) -> Option<Timestamp> {
    at(json, path).and_then(as_time)
}

/// [`time`] of a value.
pub(super) fn as_time(value: &Json<'_>) -> Option<Timestamp> {
    match value {
        Json::String(text) => time_in(text),
        Json::Number(number) => since_epoch(number),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The first of these paths that holds a time.
pub(super) fn first_time(json: &Json<'_>, paths: &[&str]) -> Option<Timestamp> {
    paths.iter().find_map(|path| time(json, path))
}

fn time_in(text: &str) -> Option<Timestamp> {
    // EKS writes `…Z[UTC]`, Health RFC 2822, Inspector's older events `Mar 1, 2026, 5:06:00 AM`; a time
    // without an offset is UTC everywhere in AWS.
    let text = text.trim();
    let plain = text.split_once('[').map_or(text, |(time, _)| time);
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    let in_words = || DateTime::strptime("%b %d, %Y, %I:%M:%S %p", plain.replace('\u{202f}', " ")).ok();
    (plain.parse().ok())
        .or_else(|| since_epoch(plain))
        .or_else(|| plain.parse().ok().and_then(utc))
        .or_else(|| rfc2822::parse(plain).ok().map(|time| time.timestamp()))
        .or_else(|| in_words().and_then(utc))
}

/// Seconds since 1970, with or without a fraction or exponent; a number too great for that is milliseconds.
fn since_epoch(text: &str) -> Option<Timestamp> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    let seconds = if number.abs() < 1e11 { number } else { number / 1e3 };
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_time_that_aws_uses_is_read() {
        let cases = [
            (r#""2026-03-04T05:06:07.985Z""#, "2026-03-04T05:06:07.985Z"),
            (r#""2026-03-04T05:06:07.985+0000""#, "2026-03-04T05:06:07.985Z"),
            (r#""2026-03-04T00:06:07.752000-05:00""#, "2026-03-04T05:06:07.752Z"),
            (r#""2026-03-04T05:06:07.832Z[UTC]""#, "2026-03-04T05:06:07.832Z"),
            (r#""2026-03-04T05:06:07""#, "2026-03-04T05:06:07Z"),
            (r#""2026-03-04 05:06:07Z""#, "2026-03-04T05:06:07Z"),
            (r#""Wed, 4 Mar 2026 05:06:07 GMT""#, "2026-03-04T05:06:07Z"),
            (r#""Mar 4, 2026, 5:06:07 AM""#, "2026-03-04T05:06:07Z"),
            ("\"Mar 4, 2026, 5:06:07\u{202f}PM\"", "2026-03-04T17:06:07Z"),
            ("1636625755", "2021-11-11T10:15:55Z"),
            ("1636625755.218", "2021-11-11T10:15:55.218Z"),
            ("1.636625755218E9", "2021-11-11T10:15:55.218Z"),
            (r#""1.636625755218E9""#, "2021-11-11T10:15:55.218Z"),
            ("1636625755218", "2021-11-11T10:15:55.218Z"),
            (r#"" 1636625755 ""#, "2021-11-11T10:15:55Z"),
        ];
        for (text, expected) in cases {
            let read = as_time(&Json::parse(text).unwrap());
            assert_eq!(read, Some(expected.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [r#""""#, r#""soon""#, "1e300", "-1e300", "true", "[]", "null", r#""NaN""#, r#""inf""#] {
            assert_eq!(as_time(&Json::parse(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn only_what_is_absent_null_or_empty_is_nothing() {
        let json = Json::parse(r#"{"a": " ", "b": "null", "c": "N/A", "d": " x ", "e": 7, "f": null}"#);
        let json = json.unwrap();
        let read = ["a", "b", "c", "d", "e", "f", "g"].map(|path| text(&json, path).unwrap_or_default());
        assert_eq!(read, ["", "null", "N/A", "x", "7", "", ""]);
        for word in ["none", "unknown", "undefined", "-", "<none>", "<nil>", "NULL", "nil"] {
            assert_eq!(present(word), Some(word));
        }
    }

    #[test]
    fn a_path_takes_either_case_of_the_first_letter_an_index_and_the_last_of_repeats() {
        let json = Json::parse(r#"{"Aa": [{"b": 1}], "x": {"y": 1}, "x": {"y": 2}}"#).unwrap();
        assert_eq!(text(&json, "aa.0.B"), Some("1".into()));
        assert_eq!(text(&json, "x.y"), Some("2".into()));
        assert_eq!(text(&json, "aA.0.b"), None);
        assert_eq!(text(&json, "aa.1.b"), None);
    }

    #[test]
    fn an_account_that_came_as_a_number_has_its_zeros_back() {
        let json = Json::parse(r#"{"n": 11122223333, "s": "011122223333"}"#).unwrap();
        assert_eq!(account(&json, "n"), account(&json, "s"));
    }
}
