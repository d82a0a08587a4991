//! Properties of event patterns: against a slow reading of the definition, and against themselves.

use std::collections::BTreeMap;

use proptest::prelude::*;
use watchfire_core::json::Json;
use watchfire_core::pattern::{Pattern, PatternSet};

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

/// Of each array that a value stands in, which element.
type Membership = BTreeMap<usize, usize>;

/// The definition, read slowly: every value of every field is tried against every other.
struct Slow<'e> {
    values: BTreeMap<String, Vec<(&'e Json<'e>, Membership)>>,
    arrays: usize,
}

impl<'e> Slow<'e> {
    fn flatten(&mut self, json: &'e Json<'e>, path: Option<&str>, membership: &Membership) {
        match json {
            Json::Object(members) => {
                for (key, json) in members {
                    let path = path.map_or_else(|| key.to_string(), |path| format!("{path}.{key}"));
                    self.flatten(json, Some(&path), membership);
                }
            }
            Json::Array(elements) => {
                self.arrays += 1;
                let array = self.arrays;
                for (index, element) in elements.iter().enumerate() {
                    let mut membership = membership.clone();
                    if matches!(element, Json::Object(_) | Json::Array(_)) {
                        membership.insert(array, index);
                    }
                    self.flatten(element, path, &membership);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                let path = path.unwrap_or_default().to_owned();
                self.values.entry(path).or_default().push((json, membership.clone()));
            }
        }
    }

    fn holds(&self, fields: &[(String, Json<'_>)], chosen: &Membership) -> bool {
        let Some(((path, wanted), rest)) = fields.split_first() else { return true };
        let values = self.values.get(path).map_or(&[][..], |values| values);
        let agrees = |membership: &Membership| {
            membership.iter().all(|(array, index)| chosen.get(array).is_none_or(|other| index == other))
        };
        let mut there = values.iter().filter(|(_, membership)| agrees(membership)).peekable();
        let may_be_absent = wanted.elements().iter().any(|value| value.to_string() == r#"{"exists":false}"#);
        if there.peek().is_none() && may_be_absent && self.holds(rest, chosen) {
            return true;
        }
        there.filter(|(value, _)| wanted.elements().iter().any(|wanted| accepts(wanted, value))).any(
            |(_, membership)| {
                let mut chosen = chosen.clone();
                chosen.extend(membership);
                self.holds(rest, &chosen)
            },
        )
    }
}

fn accepts(wanted: &Json<'_>, value: &Json<'_>) -> bool {
    match wanted.to_string().as_str() {
        r#"{"exists":true}"# => true,
        r#"{"exists":false}"# => false,
        r#"{"anything-but":1}"# => value.to_string() != "1",
        literal => value.to_string() == literal,
    }
}

/// The fields of a pattern on each way through its `$or`, which is its last member, if it has one.
fn ways<'p>(pattern: &'p Json<'p>) -> Vec<Vec<(String, Json<'p>)>> {
    fn collect<'p>(json: &'p Json<'p>, path: &str, fields: &mut BTreeMap<String, Json<'p>>) {
        for (key, json) in json.members().iter().filter(|(key, _)| key != "$or") {
            let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            match json {
                Json::Array(_) => drop(fields.insert(path, json.clone())),
                _ => collect(json, &path, fields),
            }
        }
    }
    let mut fields = BTreeMap::new();
    collect(pattern, "", &mut fields);
    let Some(or) = pattern.get("$or") else { return vec![fields.into_iter().collect()] };
    let way = |element| {
        let mut fields = fields.clone();
        collect(element, "", &mut fields);
        fields.into_iter().collect()
    };
    or.elements().iter().map(way).collect()
}

fn slowly(pattern: &Json<'_>, event: &Json<'_>) -> bool {
    let mut slow = Slow { values: BTreeMap::new(), arrays: 0 };
    slow.flatten(event, None, &Membership::new());
    ways(pattern).iter().any(|fields| slow.holds(fields, &Membership::new()))
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
        prop_assert_eq!(pattern.matches(&event), slowly(&json, &event));
        prop_assert_eq!(pattern.explain(&event).is_none(), pattern.matches(&event));
    }
}
