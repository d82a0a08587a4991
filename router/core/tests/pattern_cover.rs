//! Promises about one pattern that takes everything another does: what is said is so, on every value and event.

use proptest::prelude::*;
use watchfire_core::json::Json;
use watchfire_core::pattern::Pattern;

/// Entries of value lists, of every operator.
const ENTRIES: [&str; 54] = [
    "null",
    "true",
    "false",
    "5",
    "5.0",
    "8",
    "12345678901234567890",
    "\"\"",
    "\"abc\"",
    "\"ABC\"",
    "\"10.0.0.1\"",
    "{\"exactly\":\"10.0.0.1\"}",
    "{\"exactly\":\"010.0.0.1\"}",
    "{\"prefix\":\"a\"}",
    "{\"prefix\":\"ab\"}",
    "{\"prefix\":\"A\"}",
    "{\"prefix\":\"10.0.\"}",
    "{\"prefix\":{\"equals-ignore-case\":\"a\"}}",
    "{\"suffix\":\"c\"}",
    "{\"suffix\":\"bc\"}",
    "{\"suffix\":{\"equals-ignore-case\":\"C\"}}",
    "{\"equals-ignore-case\":\"abc\"}",
    "{\"wildcard\":\"*\"}",
    "{\"wildcard\":\"a*\"}",
    "{\"wildcard\":\"ab*\"}",
    "{\"wildcard\":\"*c\"}",
    "{\"wildcard\":\"a*c\"}",
    "{\"wildcard\":\"*b*\"}",
    "{\"wildcard\":\"abc\"}",
    "{\"numeric\":[\"=\",5]}",
    "{\"numeric\":[\">\",5]}",
    "{\"numeric\":[\">=\",5]}",
    "{\"numeric\":[\"<\",8]}",
    "{\"numeric\":[\"<=\",8]}",
    "{\"numeric\":[\">\",5,\"<\",8]}",
    "{\"numeric\":[\">=\",5,\"<=\",8]}",
    "{\"cidr\":\"10.0.0.0/8\"}",
    "{\"cidr\":\"10.0.0.0/24\"}",
    "{\"cidr\":\"11.0.0.0/8\"}",
    "{\"cidr\":\"::/0\"}",
    "{\"cidr\":\"2001:db8::/32\"}",
    "{\"exists\":true}",
    "{\"exists\":false}",
    "{\"anything-but\":\"abc\"}",
    "{\"anything-but\":[\"abc\",\"ABC\"]}",
    "{\"anything-but\":5}",
    "{\"anything-but\":[5,8]}",
    "{\"anything-but\":{\"prefix\":\"a\"}}",
    "{\"anything-but\":{\"prefix\":\"ab\"}}",
    "{\"anything-but\":{\"prefix\":[\"ab\",\"A\"]}}",
    "{\"anything-but\":{\"suffix\":\"c\"}}",
    "{\"anything-but\":{\"equals-ignore-case\":\"abc\"}}",
    "{\"anything-but\":{\"wildcard\":\"a*\"}}",
    "{\"anything-but\":{\"wildcard\":\"*c\"}}",
];

/// Values of events; the last of them is none.
const VALUES: [&str; 34] = [
    "null",
    "true",
    "false",
    "5",
    "5.0",
    "0.5e1",
    "5.5",
    "8",
    "8.1",
    "4.9",
    "-1",
    "12345678901234567890",
    "\"\"",
    "\"a\"",
    "\"A\"",
    "\"ab\"",
    "\"AB\"",
    "\"abc\"",
    "\"ABC\"",
    "\"aBc\"",
    "\"c\"",
    "\"xc\"",
    "\"bc\"",
    "\"xbc\"",
    "\"abxc\"",
    "\"10.0.0.1\"",
    "\"010.0.0.1\"",
    "\"::ffff:10.0.0.1\"",
    "\"10.0.1.1\"",
    "\"11.0.0.1\"",
    "\"::1\"",
    "\"2001:db8::1\"",
    "[]",
    "",
];

fn events() -> Vec<String> {
    let event = |value: &&str| match *value {
        "" => "{}".to_owned(),
        value => format!("{{\"a\":{value}}}"),
    };
    VALUES.iter().map(event).collect()
}

#[test]
fn what_covers_an_entry_takes_every_value_that_the_entry_takes() {
    let texts = events();
    let events: Vec<_> = texts.iter().map(|text| Json::parse(text).unwrap()).collect();
    let patterns: Vec<_> =
        ENTRIES.iter().map(|entry| Pattern::parse(&format!("{{\"a\":[{entry}]}}")).unwrap()).collect();
    let mut proven = 0;
    for (wide, written) in patterns.iter().zip(ENTRIES) {
        for (narrow, other) in patterns.iter().zip(ENTRIES) {
            if Pattern::cover(std::iter::once(wide), narrow) {
                proven += usize::from(written != other);
                let taken = events.iter().filter(|event| narrow.matches(event));
                let lost: Vec<_> = taken.filter(|event| !wide.matches(event)).collect();
                assert!(lost.is_empty(), "{written} does not take all of {other}: {lost:?}");
            }
        }
    }
    assert!(proven > 150, "{proven}");
}

#[test]
fn what_is_plainly_wider_is_known_to_be() {
    for (wide, narrow) in [
        (r#"{"a": [1]}"#, r#"{"a": [1], "b": [2]}"#),
        (r#"{"a": [1, 2]}"#, r#"{"a": [2]}"#),
        (r#"{"a": {"b": [{"prefix": "x"}]}}"#, r#"{"a": {"b": ["xy", {"prefix": "xz"}]}}"#),
        (r#"{"$or": [{"a": [1]}, {"b": [1]}]}"#, r#"{"b": [1], "c": [1]}"#),
        (r#"{"a": [{"exists": true}]}"#, r#"{"a": [1, null, {"anything-but": "x"}]}"#),
        (r#"{"a": [{"exists": false}, 1]}"#, r#"{"a": [{"exists": false}]}"#),
        (r#"{"a": [{"numeric": [">=", 7]}]}"#, r#"{"a": [{"numeric": [">", 7, "<", 9]}, 8]}"#),
    ] {
        let [wide, narrow] = [wide, narrow].map(|text| Pattern::parse(text).unwrap());
        assert!(Pattern::cover(std::iter::once(&wide), &narrow), "{wide:?} {narrow:?}");
        assert!(!Pattern::cover(std::iter::once(&narrow), &wide), "{wide:?} {narrow:?}");
    }
}

/// Fields over few paths with few values, so that one pattern is often wider than another.
fn pattern() -> impl Strategy<Value = String> {
    let entry = prop::sample::select(vec![
        "1",
        "2",
        "{\"exists\":true}",
        "{\"exists\":false}",
        "{\"anything-but\":1}",
    ]);
    let list = prop::collection::vec(entry, 1..3).prop_map(|entries| format!("[{}]", entries.join(",")));
    let path = prop::sample::select(vec!["a", "a.b", "b", "b.c", "c"]);
    let fields = || {
        prop::collection::btree_map(path.clone(), list.clone(), 1..4).prop_map(|fields| {
            let fields: Vec<_> = fields.iter().map(|(path, list)| format!("\"{path}\":{list}")).collect();
            fields.join(",")
        })
    };
    prop_oneof![
        3 => fields().prop_map(|fields| format!("{{{fields}}}")),
        1 => (fields(), fields()).prop_map(|(one, other)| format!("{{\"$or\":[{{{one}}},{{{other}}}]}}")),
    ]
}

/// Events over the same paths, with arrays and repeated keys.
fn event() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["1", "2", "null", "[]"]).prop_map(str::to_owned);
    let key = || prop::sample::select(vec!["a", "b", "c", "a.b"]);
    let object = move |value: BoxedStrategy<String>| {
        prop::collection::vec((key(), value), 0..4).prop_map(|members| {
            let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        })
    };
    let inner = leaf.prop_recursive(3, 16, 3, move |inner| {
        let list = prop::collection::vec(inner.clone(), 0..3).prop_map(|all| format!("[{}]", all.join(",")));
        prop_oneof![object(inner.boxed()), list]
    });
    object(inner.boxed())
}

proptest! {
    #[test]
    fn what_is_covered_is_taken_whatever_the_arrays(
        wide in prop::collection::vec(pattern(), 1..4),
        narrow in pattern(),
        events in prop::collection::vec(event(), 20),
    ) {
        let wide: Vec<_> = wide.iter().map(|text| Pattern::parse(text).unwrap()).collect();
        let narrow = Pattern::parse(&narrow).unwrap();
        if Pattern::cover(wide.iter(), &narrow) {
            for event in &events {
                let event = Json::parse(event).unwrap();
                if narrow.matches(&event) {
                    prop_assert!(wide.iter().any(|wide| wide.matches(&event)), "{event} {wide:?} {narrow:?}");
                }
            }
        }
    }
}
