//! Whatever stands in an event's place, reading it ends in an event or in a reason, never in a panic.

use std::borrow::Cow;

use proptest::prelude::*;
use watchfire_core::event::{Event, messages};
use watchfire_core::json::Json;

use crate::fixtures::fixture;

fn names() -> Vec<String> {
    let folder = std::fs::read_dir(format!("{}/tests/fixtures", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let files = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = files.filter_map(|file| file.strip_suffix(".json").map(str::to_owned)).collect();
    names.sort();
    names
}

/// Reads a body to its end, and holds it to what is promised of every event.
fn read_all(body: &str) {
    let Ok(texts) = messages(body) else { return };
    // Only an empty list is nothing, and a whole one.
    assert!(!texts.is_empty() || (body.contains("[") && Json::parse(body).is_ok()), "{body}");
    for text in texts {
        match Event::read(&text) {
            Ok(event) => {
                assert!(!event.id.as_str().is_empty() && event.id.as_str().len() <= 256);
                assert!(!event.source.is_empty() && !event.detail_type.is_empty());
                let ours = |name: &str| event.json.members().iter().filter(|(key, _)| key == name).count();
                assert_eq!((ours("finding"), ours("subject")), (usize::from(event.finding.is_some()), 1));
                if let Some(finding) = event.finding {
                    assert!(!finding.key.as_str().is_empty() && finding.key.as_str().len() <= 1024);
                }
                let again = event.json.to_string();
                assert!(Event::read(&again).is_ok(), "{again}");
            }
            Err(unreadable) => assert!(unreadable.reason.chars().count() < 800, "{unreadable}"),
        }
    }
}

/// How many values there are in a tree, itself among them.
fn size(json: &Json<'_>) -> usize {
    let elements = json.elements().iter().map(size);
    let members = json.members().iter().map(|(_, value)| size(value));
    1 + elements.chain(members).sum::<usize>()
}

/// The tree with its `at`-th value, counted from the root, replaced; without it where there is no other.
fn replaced<'a>(json: &Json<'a>, at: usize, other: Option<&Json<'a>>) -> Option<Json<'a>> {
    if at == 0 {
        return other.cloned();
    }
    let mut before = 1;
    let mut child = |value: &Json<'a>| {
        let (from, to) = (before, before + size(value));
        before = to;
        if (from..to).contains(&at) { replaced(value, at - from, other) } else { Some(value.clone()) }
    };
    Some(match json {
        Json::Array(elements) => Json::Array(elements.iter().filter_map(child).collect()),
        Json::Object(members) => {
            let members = members.iter().filter_map(|(name, value)| Some((name.clone(), child(value)?)));
            Json::Object(members.collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    })
}

#[test]
fn no_member_of_any_event_may_be_missing_or_of_another_type_without_an_answer() {
    let others = ["null", "true", "\"\"", "\"x\"", "-7e300", "[]", "{}", "[[{\"a\":1}]]", "\"é/é:é@é\""];
    let others = others.map(|text| Json::parse(text).unwrap());
    for name in names() {
        let text = fixture(&name);
        let json = Json::parse(&text).unwrap();
        for at in 1..size(&json) {
            for other in others.iter().map(Some).chain([None]) {
                read_all(&replaced(&json, at, other).unwrap().to_string());
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Json<'static>> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|number| Json::Number(Cow::Owned(number.to_string()))),
        (-1e20..1e20).prop_map(|number: f64| Json::Number(Cow::Owned(format!("{number:e}")))),
        any::<String>().prop_map(Json::string),
        "(arn:)?[a-z:/@.-]{0,20}".prop_map(Json::string),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop_oneof![
            any::<String>(),
            "[a-z]{0,3}",
            Just("name".to_owned()),
            Just("type".to_owned()),
            Just("id".to_owned()),
            Just("uid".to_owned()),
            Just("Id".to_owned()),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::vec((name.prop_map(Cow::Owned), inner), 0..6).prop_map(Json::Object),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_in_place_of_any_member_is_answered(
        name in prop::sample::select(names()),
        at in any::<prop::sample::Index>(),
        other in any_json(),
    ) {
        let text = fixture(&name);
        let json = Json::parse(&text).unwrap();
        let at = at.index(size(&json));
        read_all(&replaced(&json, at, Some(&other)).unwrap().to_string());
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        read_all(&text);
        prop_assert!(Event::read(&text).is_err());
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_json_is_answered(json in any_json()) {
        read_all(&json.to_string());
    }
}
