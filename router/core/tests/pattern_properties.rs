//! Properties of event patterns: against a slow reading of the definition, and against themselves.

use proptest::prelude::*;
use watchfire_core::json::Json;
use watchfire_core::pattern::{Pattern, PatternSet};

use crate::support::plain;

/// Any JSON at all, made of words that patterns know.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        prop_oneof![Just("1"), Just("-0"), Just("5.0"), Just("1e400"), Just("12345678901234567890")]
            .prop_map(str::to_owned),
        word().prop_map(|word| format!("{word:?}")),
        "[a-z0-9.:/*\\\\ é😀]{0,8}".prop_map(|text| Json::string(text).to_string()),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec((word(), inner), 0..4).prop_map(|all| {
                let members: Vec<String> =
                    all.iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "b",
        "a.b",
        "",
        "$or",
        "prefix",
        "suffix",
        "equals-ignore-case",
        "wildcard",
        "numeric",
        "cidr",
        "exists",
        "anything-but",
        "exactly",
        "=",
        "<",
        ">=",
        "10.0.0.0/8",
        "10.0.0.1",
        "::1",
        "*a*",
        "ß",
    ])
}

/// Events full of arrays, with repeated keys and dotted ones.
fn event() -> impl Strategy<Value = String> {
    nested(prop::sample::select(vec!["1", "2", "null"]).prop_map(str::to_owned).boxed(), 1..5, true)
}

/// Patterns over the same few paths.
fn pattern() -> impl Strategy<Value = String> {
    let values = prop::sample::select(vec![
        "[1]",
        "[2]",
        "[1,2]",
        r#"[{"exists":true}]"#,
        r#"[{"exists":false}]"#,
        r#"[{"exists":false},1]"#,
        r#"[{"anything-but":1}]"#,
    ]);
    let fields = nested(values.prop_map(str::to_owned).boxed(), 1..5, false);
    prop_oneof![
        3 => fields.clone(),
        1 => (fields.clone(), fields.clone(), fields).prop_map(|(one, two, three)| {
            format!(r#"{},"$or":[{two},{three}]}}"#, one.strip_suffix('}').unwrap())
        }),
    ]
}

/// An object over the keys `a`, `b`, `c` and `a.b`, nested; with arrays where they are allowed.
fn nested(leaf: BoxedStrategy<String>, sizes: std::ops::Range<usize>, arrays: bool) -> BoxedStrategy<String> {
    let key = || prop::sample::select(vec!["a", "a", "b", "b", "c", "a.b"]);
    let object = move |value: BoxedStrategy<String>, sizes: std::ops::Range<usize>| {
        prop::collection::vec((key(), value), sizes).prop_map(|all| {
            let members: Vec<String> = all.iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
            format!("{{{}}}", members.join(","))
        })
    };
    let inner = leaf.prop_recursive(4, 24, 3, move |inner| {
        let objects = object(inner.clone().boxed(), 1..4).boxed();
        if !arrays {
            return objects;
        }
        prop_oneof![
            1 => objects,
            2 => prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(","))),
        ]
        .boxed()
    });
    object(inner.boxed(), sizes).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_on_any_pattern_and_event(pattern in any_json(), event in any_json()) {
        let event = Json::parse(&event).unwrap();
        if let Ok(pattern) = Pattern::parse(&pattern) {
            prop_assert_eq!(pattern.explain(&event).is_none(), pattern.matches(&event));
        }
    }

    #[test]
    fn any_operator_is_read_or_refused_and_never_panics(
        operator in any_json(), event in any_json(), name in word(),
    ) {
        let event = format!(r#"{{"a":{event}}}"#);
        if let Ok(pattern) = Pattern::parse(&format!(r#"{{"a":[{{{name:?}:{operator}}}]}}"#)) {
            let event = Json::parse(&event).unwrap();
            prop_assert_eq!(pattern.explain(&event).is_none(), pattern.matches(&event));
        }
    }

    #[test]
    fn a_set_agrees_with_each_of_its_patterns(
        patterns in prop::collection::vec(pattern(), 0..12), event in event(), refused in 0_usize..4,
    ) {
        let event = Json::parse(&event).unwrap();
        let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect();
        let alone: Vec<usize> = (0..patterns.len()).filter(|index| patterns[*index].matches(&event)).collect();
        let set = PatternSet::new(patterns);
        prop_assert_eq!(set.matching(&event).collect::<Vec<_>>(), alone.clone());
        let mut asked = 0;
        let accepted = set.first_matching(&event, |_| { asked += 1; asked > refused });
        prop_assert_eq!(accepted, alone.get(refused).copied());
    }
}

proptest! {
    // The rare corners (an inner scalar that chooses an element, a repeated key) need more tries.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases * 10,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn arrays_are_as_consistent_as_the_definition_says(pattern in pattern(), event in event()) {
        let (json, event) = (Json::parse(&pattern).unwrap(), Json::parse(&event).unwrap());
        let pattern = Pattern::from_json(&json).unwrap();
        prop_assert_eq!(pattern.matches(&event), plain::matches(&json, &event));
        prop_assert_eq!(pattern.explain(&event).is_none(), pattern.matches(&event));
    }
}
