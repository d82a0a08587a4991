//! What is left is what trying every text finds, too.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::json::Json;

/// Every text of so many letters at most.
fn texts(most: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    for length in 0..most {
        let longest: Vec<_> = all.iter().filter(|text| text.len() == length).cloned().collect();
        all.extend(longest.iter().flat_map(|text| ["a", "b", "c"].map(|letter| format!("{text}{letter}"))));
    }
    all
}

fn entry() -> impl Strategy<Value = Value> {
    let text = "[ab]{0,2}";
    let wildcard = "(\\*?[ab]){0,2}\\*?".prop_filter("one gap at a time", |text| !text.contains("**"));
    prop_oneof![
        text.prop_map(|text| json!(text)),
        text.prop_map(|text| json!({"prefix": text})).prop_filter("not empty", |it| it["prefix"] != ""),
        text.prop_map(|text| json!({"suffix": text})).prop_filter("not empty", |it| it["suffix"] != ""),
        wildcard.clone().prop_map(|text| json!({"wildcard": text})),
        wildcard.prop_map(|text| json!({"anything-but": {"wildcard": text}})),
        proptest::collection::vec(text, 1..3).prop_map(|texts| json!({"anything-but": texts})),
        Just(json!({"exists": true})),
        Just(json!({"exists": false})),
    ]
}

fn patterns(most: usize) -> impl Strategy<Value = Vec<Value>> {
    let list = || proptest::collection::vec(entry(), 1..3);
    let one = prop_oneof![
        list().prop_map(|x| json!({"x": x})),
        list().prop_map(|y| json!({"y": y})),
        (list(), list()).prop_map(|(x, y)| json!({"x": x, "y": y})),
    ];
    proptest::collection::vec(one, 0..=most)
}

fn compiled(patterns: &[Value]) -> Vec<Pattern> {
    patterns.iter().map(|pattern| Pattern::parse(&pattern.to_string()).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn something_is_left_exactly_where_some_value_is_found(within in patterns(2), before in patterns(3)) {
        let (within, before) = (compiled(&within), compiled(&before));
        // A path may have any text or nothing; `y` has `a`, `ab` or nothing.
        let closed = |path: &str| (path == "y").then(|| vec!["a", "ab"]);
        let domain = |path: &str| Domain { closed: closed(path), may_be_absent: true, may_be_several: false };
        let (within, before): (Vec<_>, Vec<_>) = (within.iter().collect(), before.iter().collect());
        let value = |value: Option<&str>| value.map(|text| Json::string(text.to_owned()));
        let texts = texts(6);
        let found = texts.iter().map(|text| Some(text.as_str())).chain([None]).any(|x| {
            [None, Some("a"), Some("ab")].into_iter().any(|y| {
                let members = [("x", value(x)), ("y", value(y))];
                let members = members.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
                let event = Json::Object(members.collect());
                within.iter().all(|pattern| pattern.matches(&event)) && !before.iter().any(|pattern| pattern.matches(&event))
            })
        });
        prop_assert_eq!(Pattern::leaves(&within, &before, &domain), found);
    }
}
