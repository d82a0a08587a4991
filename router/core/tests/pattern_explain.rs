//! What the engine says when a pattern does not match, and when it is no pattern.

use watchfire_core::json::Json;
use watchfire_core::pattern::{Mismatch, Pattern, PatternError};

fn explain(pattern: &str, event: &str) -> Option<String> {
    Pattern::parse(pattern)
        .unwrap()
        .explain(&Json::parse(event).unwrap())
        .map(|mismatch| mismatch.to_string())
}

fn refused(pattern: &str) -> String {
    Pattern::parse(pattern).unwrap_err().to_string()
}

const RULE: &str = r#"{
    "source": ["aws.guardduty"],
    "detail": {
        "type": [{"prefix": "CryptoCurrency:"}, "Impact:Runtime/CryptoMinerExecuted"],
        "severity": [{"numeric": [">=", 4, "<", 9]}]
    }
}"#;

#[test]
fn the_first_field_in_the_way_is_named_with_what_it_wants_and_what_is_there() {
    let pattern = Pattern::parse(RULE).unwrap();
    let event = r#"{"source": "aws.guardduty", "detail": {"type": "Recon:EC2/PortProbe", "severity": 5}}"#;
    assert_eq!(
        pattern.explain(&Json::parse(event).unwrap()),
        Some(Mismatch {
            path: "detail.type".to_owned(),
            wanted: r#"prefix "CryptoCurrency:" or "Impact:Runtime/CryptoMinerExecuted""#.to_owned(),
            found: r#""Recon:EC2/PortProbe""#.to_owned(),
        })
    );
}

#[test]
fn an_event_that_matches_needs_no_explanation() {
    let event = r#"{"source": "aws.guardduty", "detail": {"type": "CryptoCurrency:EC2/X", "severity": 5}}"#;
    assert_eq!(explain(RULE, event), None);
}

#[test]
fn every_operator_says_what_it_wants() {
    for (values, wanted) in [
        (r#"["a", null, true, 1.50]"#, r#""a" or null or true or 1.50"#),
        (r#"["10.0.0.1"]"#, "the address 10.0.0.1"),
        (r#"[{"suffix": ".b"}]"#, r#"suffix ".b""#),
        (r#"[{"wildcard": "a*"}]"#, r#"wildcard "a*""#),
        (r#"[{"equals-ignore-case": "B"}]"#, r#""B" in any case"#),
        (r#"[{"prefix": {"equals-ignore-case": "B"}}]"#, r#"prefix "B" in any case"#),
        (r#"[{"suffix": {"equals-ignore-case": "B"}}]"#, r#"suffix "B" in any case"#),
        (r#"[{"numeric": ["=", 7.0]}]"#, "a number = 7"),
        (r#"[{"numeric": [">", 1, "<=", 2.5]}]"#, "a number > 1 and <= 2.5"),
        (r#"[{"numeric": ["<", 1]}, {"numeric": [">=", 3]}]"#, "a number < 1 or a number >= 3"),
        (r#"[{"cidr": "10.1.2.3/8"}]"#, "an address in 10.0.0.0/8"),
        (r#"[{"exists": false}]"#, "nothing"),
        (r#"[{"anything-but": ["c", "x"]}]"#, r#"anything but "c" or "x""#),
        (r#"[{"anything-but": {"prefix": "c"}}]"#, r#"anything but prefix "c""#),
        (r#"[{"anything-but": {"suffix": ["c", "d"]}}]"#, r#"anything but suffix "c" or suffix "d""#),
        (r#"[{"anything-but": {"wildcard": "c*"}}]"#, r#"anything but wildcard "c*""#),
        (r#"[{"anything-but": {"equals-ignore-case": "C"}}]"#, r#"anything but "C" in any case"#),
        (r#"[1, 2, 3, 4, 5, 6, 7, 8]"#, "1 or 2 or 3 or 4 or 5 or 6 or 2 more"),
    ] {
        let explanation = explain(&format!(r#"{{"x": {values}}}"#), r#"{"x": "c"}"#);
        assert_eq!(explanation, Some(format!(r#"x: wanted {wanted}, found "c""#)));
    }
    assert_eq!(explain(r#"{"x": [{"exists": true}]}"#, "{}").unwrap(), "x: wanted anything, found nothing");
    let numbers = explain(r#"{"x": [{"anything-but": [1, 2.50]}]}"#, r#"{"x": 2.5}"#);
    assert_eq!(numbers.unwrap(), "x: wanted anything but 1 or 2.5, found 2.5");
}

#[test]
fn what_is_there_is_shown_as_it_was_written_and_shortened() {
    for (event, found) in [
        ("{}".to_owned(), "nothing".to_owned()),
        (r#"{"x": {"y": 1}}"#.to_owned(), "nothing".to_owned()),
        (r#"{"x": null}"#.to_owned(), "null".to_owned()),
        (r#"{"x": 5.0}"#.to_owned(), "5.0".to_owned()),
        (r#"{"x": [1, [true, "b"]]}"#.to_owned(), r#"1, true, "b""#.to_owned()),
        (r#"{"x": [1, 2, 3, 4, 5]}"#.to_owned(), "1, 2, 3 and 2 more".to_owned()),
        (format!(r#"{{"x": "{}"}}"#, "é".repeat(500)), format!("\"{}…", "é".repeat(79))),
        (r#"{"x": "a\n\u001b[31m"}"#.to_owned(), r#""a\n\u{1b}[31m""#.to_owned()),
    ] {
        let explanation = explain(r#"{"x": ["a"]}"#, &event).unwrap();
        assert_eq!(explanation, format!(r#"x: wanted "a", found {found}"#));
    }
}

#[test]
fn fields_are_looked_at_by_path() {
    let pattern = r#"{"b": [1], "a": {"z": [1], "c": [1]}}"#;
    assert_eq!(explain(pattern, "{}").unwrap(), "a.c: wanted 1, found nothing");
    assert_eq!(explain(pattern, r#"{"a.c": 1}"#).unwrap(), "a.z: wanted 1, found nothing");
    assert_eq!(explain(pattern, r#"{"a": {"c": 1, "z": 1}}"#).unwrap(), "b: wanted 1, found nothing");
}

#[test]
fn values_of_different_elements_are_named_as_the_reason() {
    let pattern = r#"{"tags": {"key": ["env"], "value": ["prod"]}}"#;
    let event = r#"{"tags": [{"key": "env", "value": "test"}, {"key": "tier", "value": "prod"}]}"#;
    assert_eq!(
        explain(pattern, event).unwrap(),
        r#"tags.value: wanted "prod" in the same array element as the fields before it, found "test", "prod""#
    );
}

#[test]
fn alternatives_of_which_none_matches_are_each_explained() {
    let pattern = r#"{"detail": {"$or": [{"a": [1]}, {"b": [2]}, {"c": [3]}, {"d": [4]}]}}"#;
    assert_eq!(
        explain(pattern, r#"{"detail": {"a": 5}}"#).unwrap(),
        "detail.$or: wanted one of 4 alternatives, found that none matched: \
         detail.a: wanted 1, found 5; detail.b: wanted 2, found nothing; detail.c: wanted 3, found nothing; \
         and 1 more"
    );
}

#[test]
fn a_field_that_every_alternative_needs_is_named_before_the_alternatives() {
    let pattern = r#"{"source": ["x"], "$or": [{"a": [1]}, {"b": [2]}]}"#;
    assert_eq!(explain(pattern, r#"{"source": "y"}"#).unwrap(), r#"source: wanted "x", found "y""#);
}

#[test]
fn what_is_not_an_object_is_named_as_the_reason() {
    assert_eq!(
        explain(r#"{"a": [{"exists": false}]}"#, "[1]").unwrap(),
        "event: wanted an object, found [1]"
    );
}

#[test]
fn a_refused_pattern_says_where_what_was_expected_and_what_was_found() {
    let error = Pattern::parse(r#"{"detail": {"severity": [{"numeric": [">=", "7"]}]}}"#).unwrap_err();
    assert_eq!(
        error,
        PatternError {
            path: "detail.severity[0].numeric[1]".to_owned(),
            expected: "a number that a double holds exactly as written".to_owned(),
            found: "\"7\"".to_owned(),
        }
    );
    assert_eq!(
        refused(r#"{"a": "x"}"#),
        r#"a: expected a list of values, or an object with at least one field, found "x""#
    );
    assert_eq!(refused("[]"), "pattern: expected an object with at least one field, found []");
    assert!(
        refused("{").starts_with("pattern: expected a JSON object, found not JSON at byte 1"),
        "{}",
        refused("{")
    );
    assert_eq!(
        refused(r#"{"a": [{"regex": "x"}]}"#),
        "a[0].regex: expected an operator: prefix, suffix, equals-ignore-case, wildcard, numeric, cidr, exists or \
         anything-but, found \"regex\""
    );
}

#[test]
fn more_than_1000_combinations_are_refused() {
    let ten = |name: &str| {
        let alternatives: Vec<String> = (0..10).map(|value| format!(r#"{{"{name}": [{value}]}}"#)).collect();
        format!(r#""$or": [{}]"#, alternatives.join(","))
    };
    let three = format!("{{{}, {}, {}}}", ten("a"), ten("b"), ten("c"));
    assert!(Pattern::parse(&three).unwrap().matches(&Json::parse(r#"{"a": 9, "b": 0, "c": 5}"#).unwrap()));
    let four = format!("{{{}, {}, {}, {}}}", ten("a"), ten("b"), ten("c"), ten("d"));
    assert_eq!(
        refused(&four),
        "$or: expected at most 1000 combinations of alternatives in the whole pattern, found more"
    );
}
