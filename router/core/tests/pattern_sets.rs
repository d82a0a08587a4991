//! A set of patterns, all of them together, against each alone and against their definition: from the tree and from the text.
//!
//! `PROPTEST_CASES=100000 cargo test -p watchfire-core --test all pattern_sets` tries so many.

use proptest::prelude::*;
use watchfire_core::json::Json;
use watchfire_core::pattern::{Notes, Pattern, PatternSet};

use crate::support::plain;

/// Entries of value lists, of every operator and of every way to look it up.
const ENTRIES: [&str; 62] = [
    "null",
    "true",
    "false",
    "5",
    "5.0",
    "-0",
    "7.5",
    "12345678901234567890",
    r#""""#,
    r#""abc""#,
    r#""ABC""#,
    r#""a\"b\\c""#,
    r#""10.0.0.1""#,
    r#""::1""#,
    r#"{"exactly":"10.0.0.1"}"#,
    r#"{"prefix":""}"#,
    r#"{"prefix":"a"}"#,
    r#"{"prefix":"ab"}"#,
    r#"{"prefix":"abc"}"#,
    r#"{"prefix":"10.0."}"#,
    r#"{"prefix":{"equals-ignore-case":"aB"}}"#,
    r#"{"prefix":{"equals-ignore-case":"ß"}}"#,
    r#"{"suffix":""}"#,
    r#"{"suffix":"c"}"#,
    r#"{"suffix":"bc"}"#,
    r#"{"suffix":{"equals-ignore-case":"BC"}}"#,
    r#"{"suffix":{"equals-ignore-case":"SSE"}}"#,
    r#"{"equals-ignore-case":"aBc"}"#,
    r#"{"equals-ignore-case":"straße"}"#,
    r#"{"wildcard":"*"}"#,
    r#"{"wildcard":""}"#,
    r#"{"wildcard":"abc"}"#,
    r#"{"wildcard":"a*"}"#,
    r#"{"wildcard":"*c"}"#,
    r#"{"wildcard":"a*c"}"#,
    r#"{"wildcard":"ab*bc"}"#,
    r#"{"wildcard":"*b*"}"#,
    r#"{"wildcard":"*bb*"}"#,
    r#"{"wildcard":"*xyz*b*"}"#,
    r#"{"wildcard":"*b*c*"}"#,
    r#"{"wildcard":"*\\**"}"#,
    r#"{"numeric":["=",5]}"#,
    r#"{"numeric":[">",5]}"#,
    r#"{"numeric":[">=",5]}"#,
    r#"{"numeric":["<",0]}"#,
    r#"{"numeric":["<=",0]}"#,
    r#"{"numeric":[">",0,"<",7.5]}"#,
    r#"{"numeric":[">=",-3,"<=",5]}"#,
    r#"{"cidr":"10.0.0.0/8"}"#,
    r#"{"cidr":"10.0.0.0/24"}"#,
    r#"{"cidr":"0.0.0.0/0"}"#,
    r#"{"cidr":"2001:db8::/32"}"#,
    r#"{"exists":true}"#,
    r#"{"exists":false}"#,
    r#"{"anything-but":"abc"}"#,
    r#"{"anything-but":["abc","ABC",""]}"#,
    r#"{"anything-but":[5,7.5]}"#,
    r#"{"anything-but":{"prefix":["ab","10"]}}"#,
    r#"{"anything-but":{"suffix":"c"}}"#,
    r#"{"anything-but":{"equals-ignore-case":"abc"}}"#,
    r#"{"anything-but":{"wildcard":["*b*","x"]}}"#,
    r#"{"prefix":"abcdefghijklmnopqrstuvwxyz"}"#,
];

/// Values of events, as they are written.
const VALUES: [&str; 48] = [
    "null",
    "true",
    "false",
    "5",
    "5.0",
    "0.5e1",
    "5.5",
    "7.5",
    "-0",
    "0",
    "0.0",
    "-1",
    "-3",
    "1e400",
    "12345678901234567890",
    "9007199254740993",
    r#""""#,
    r#""a""#,
    r#""ab""#,
    r#""AB""#,
    r#""abc""#,
    r#""\u0061bc""#,
    r#""ABC""#,
    r#""aBc""#,
    r#""c""#,
    r#""bc""#,
    r#""xbc""#,
    r#""abbc""#,
    r#""abxyzbc""#,
    r#""a*c""#,
    r#""a\"b\\c""#,
    r#""tab\tand\/slash""#,
    r#""straße""#,
    r#""STRASSE""#,
    r#""SS""#,
    r#""\ud83d\ude00""#,
    r#""10.0.0.1""#,
    r#""010.000.000.001""#,
    r#""::ffff:10.0.0.1""#,
    r#""10.0.1.1""#,
    r#""11.0.0.1""#,
    r#""::1""#,
    r#""0:0::1""#,
    r#""2001:db8::1""#,
    r#""abcdefghijklmnopqrstuvwxyz0123456789""#,
    r#""a text of more than sixty-four bytes, so that its end is in a block of its own: bc""#,
    "[]",
    "{}",
];

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "a", "b", "b", "c", "a.b", "a key of more than sixteen bytes"])
}

fn object(members: Vec<(String, String)>) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn pattern() -> impl Strategy<Value = String> {
    let entries = prop_oneof![
        8 => prop::collection::vec(prop::sample::select(&ENTRIES[..]), 1..3),
        1 => prop::collection::vec(prop::sample::select(&ENTRIES[..]), 4..9),
    ];
    let values = entries.prop_map(|entries| format!("[{}]", entries.join(",")));
    let fields = |sizes| {
        let member = (key(), prop::option::weighted(0.4, key()), values.clone());
        prop::collection::vec(member, sizes).prop_map(|members| {
            let member = |(key, inner, values): (&str, Option<&str>, String)| {
                (
                    key.to_owned(),
                    inner.map_or_else(|| values.clone(), |inner| format!("{{{inner:?}:{values}}}")),
                )
            };
            object(members.into_iter().map(member).collect())
        })
    };
    prop_oneof![
        5 => fields(1..4),
        1 => (fields(1..3), fields(1..3), fields(1..3)).prop_map(|(one, two, three)| {
            format!(r#"{},"$or":[{two},{three}]}}"#, one.strip_suffix('}').unwrap())
        }),
    ]
}

/// Events over the same keys, others that no pattern asks for, white space and escapes in keys.
fn event() -> impl Strategy<Value = String> {
    let written = prop_oneof![
        12 => key().prop_map(str::to_owned),
        1 => Just("\\u0061".to_owned()),
        1 => Just("b\\u002ea".to_owned()),
        2 => Just("nobody asks".to_owned()),
    ];
    let members = move |value: BoxedStrategy<String>, sizes: std::ops::Range<usize>| {
        let space = prop::sample::select(vec!["", "", "", " ", "\n  "]);
        prop::collection::vec((written.clone(), space, value), sizes).prop_map(|members| {
            let member = |(key, space, value)| format!("{space}\"{key}\"{space}:{space}{value}{space}");
            format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
        })
    };
    let inner = members.clone();
    let value =
        prop::sample::select(&VALUES[..]).prop_map(str::to_owned).prop_recursive(3, 12, 3, move |value| {
            prop_oneof![
                1 => inner(value.clone().boxed(), 0..4),
                1 => prop::collection::vec(value, 0..4).prop_map(|all| format!("[{}]", all.join(", "))),
            ]
        });
    members(value.boxed(), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_patterns_together_match_what_their_definition_says(
        texts in prop::collection::vec(pattern(), 8..24), events in prop::collection::vec(event(), 1..4),
    ) {
        let jsons: Vec<Json<'_>> = texts.iter().map(|text| Json::parse(text).unwrap()).collect();
        let patterns: Vec<Pattern> = jsons.iter().map(|json| Pattern::from_json(json).unwrap()).collect();
        let set = PatternSet::new(patterns.clone());
        let mut notes = Notes::default();
        for text in &events {
            let event = Json::parse(text).unwrap();
            let expected: Vec<usize> =
                (0..texts.len()).filter(|index| plain::matches(&jsons[*index], &event)).collect();
            let alone: Vec<usize> = (0..texts.len()).filter(|index| patterns[*index].matches(&event)).collect();
            prop_assert_eq!(&alone, &expected, "alone, of {:?}", text);
            prop_assert_eq!(&set.matching(&event).collect::<Vec<_>>(), &expected, "of the tree of {:?}", text);
            prop_assert_eq!(set.matching_text(text, &mut notes), &expected[..], "of {:?}", text);
        }
    }

    #[test]
    fn a_text_that_is_cut_off_matches_what_can_be_read_of_it(
        texts in prop::collection::vec(pattern(), 8..12), event in event(), at in any::<prop::sample::Index>(),
    ) {
        let set = PatternSet::new(texts.iter().map(|text| Pattern::parse(text).unwrap()).collect());
        let mut at = at.index(event.len() + 1);
        while !event.is_char_boundary(at) {
            at -= 1;
        }
        let (read, _) = Json::read(&event[..at]);
        let mut notes = Notes::default();
        let expected: Vec<usize> = set.matching(&read).collect();
        prop_assert_eq!(set.matching_text(&event[..at], &mut notes), &expected[..], "{}", &event[..at]);
    }
}

/// Of ten fields, each twice, so that they are looked up.
fn ten_times(patterns: &[&str]) -> PatternSet {
    let texts = patterns.iter().cycle().take(patterns.len().max(10));
    PatternSet::new(texts.map(|text| Pattern::parse(text).unwrap()).collect())
}

#[test]
fn what_nests_too_deep_is_no_value_of_the_text_as_of_the_tree() {
    let set = ten_times(&[r#"{"a":[null]}"#, r#"{"a":[1]}"#]);
    let mut notes = Notes::default();
    for depth in [1, 126, 127, 128, 129, 100_000] {
        for inner in ["1", "{}", ""] {
            let text = format!(r#"{{"a":{}{inner}{}}}"#, "[".repeat(depth), "]".repeat(depth));
            let (read, _) = Json::read(&text);
            let expected: Vec<usize> = set.matching(&read).collect();
            assert_eq!(set.matching_text(&text, &mut notes), &expected[..], "{depth} deep: {inner}");
        }
    }
}

#[test]
fn what_is_no_object_matches_nothing() {
    let set = ten_times(&[r#"{"a":[{"exists":false}]}"#, r#"{"a":[{"anything-but":1}]}"#]);
    let mut notes = Notes::default();
    assert_eq!(set.matching_text("{}", &mut notes), &[0, 2, 4, 6, 8]);
    for text in ["", "[]", "[{}]", "1", "null", "\"a\"", "x"] {
        assert_eq!(set.matching_text(text, &mut notes), &[0_usize; 0], "{text}");
    }
}

/// What is noted of one event is nothing to the next, nor to another set.
#[test]
fn notes_can_be_used_for_any_event_and_set() {
    let (one, other) = (ten_times(&[r#"{"a":[1]}"#, r#"{"b":[2]}"#]), ten_times(&[r#"{"a":[2],"b":[1]}"#]));
    let mut notes = Notes::default();
    for _ in 0..3 {
        assert_eq!(one.matching_text(r#"{"a":1}"#, &mut notes), &[0, 2, 4, 6, 8]);
        assert_eq!(one.matching_text(r#"{"b":2}"#, &mut notes), &[1, 3, 5, 7, 9]);
        assert_eq!(one.matching_text("{}", &mut notes), &[0_usize; 0]);
        assert_eq!(other.matching_text(r#"{"a":2,"b":1}"#, &mut notes).len(), 10);
        assert_eq!(other.matching_text(r#"{"a":1,"b":2}"#, &mut notes), &[0_usize; 0]);
    }
}
