//! The conformance table in `patterns/`: written from the published semantics, one file a topic.
//!
//! `pattern JSON` begins a group; `match NAME: EVENT` and `none NAME: EVENT` are its cases;
//! `refused NAME at PATH: TEXT` is a pattern that must be refused, and where (`-` for the whole).

use watchfire_core::json::Json;
use watchfire_core::pattern::{Pattern, PatternSet};

const TOPICS: [(&str, &str); 10] = [
    ("exact", include_str!("patterns/exact.txt")),
    ("strings", include_str!("patterns/strings.txt")),
    ("numbers", include_str!("patterns/numbers.txt")),
    ("addresses", include_str!("patterns/addresses.txt")),
    ("anything_but", include_str!("patterns/anything_but.txt")),
    ("exists", include_str!("patterns/exists.txt")),
    ("structure", include_str!("patterns/structure.txt")),
    ("or", include_str!("patterns/or.txt")),
    ("arrays", include_str!("patterns/arrays.txt")),
    ("refused", include_str!("patterns/refused.txt")),
];

struct Matching {
    name: String,
    pattern: &'static str,
    event: &'static str,
    matches: bool,
}

struct Refused {
    name: String,
    text: &'static str,
    path: &'static str,
}

fn table() -> (Vec<Matching>, Vec<Refused>) {
    let (mut matching, mut refused) = (Vec::new(), Vec::new());
    for (topic, text) in TOPICS {
        let mut pattern = "";
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (kind, rest) = line.split_once(' ').unwrap();
            if kind == "pattern" {
                pattern = rest;
                continue;
            }
            let (name, json) = rest.split_once(':').unwrap();
            match kind {
                "refused" => {
                    let (name, path) = name.rsplit_once(" at ").unwrap();
                    let path = if path == "-" { "" } else { path };
                    refused.push(Refused { name: format!("{topic}: {name}"), text: json.trim(), path });
                }
                "match" | "none" => {
                    let name = format!("{topic}: {pattern}: {name}");
                    matching.push(Matching { name, pattern, event: json.trim(), matches: kind == "match" });
                }
                other => panic!("neither pattern, match, none nor refused: {other}"),
            }
        }
    }
    (matching, refused)
}

#[test]
fn every_event_of_the_table_is_matched_as_it_says() {
    for Matching { name, pattern, event, matches } in table().0 {
        let pattern = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{name}: {error}"));
        let event = Json::parse(event).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(pattern.matches(&event), matches, "{name}");
        assert_eq!(pattern.explain(&event).is_none(), matches, "{name}");
    }
}

#[test]
fn every_mistake_of_the_table_is_refused_where_it_says() {
    for Refused { name, text, path } in table().1 {
        let error = Pattern::parse(text).expect_err(&name);
        assert_eq!(error.path, path, "{name}: {error}");
    }
}

/// One event against all patterns at once, where they share paths and values and must not disturb each other.
#[test]
fn all_patterns_of_the_table_together_agree_with_each_alone() {
    let matching = table().0;
    let patterns: Vec<Pattern> = matching.iter().map(|case| Pattern::parse(case.pattern).unwrap()).collect();
    let set = PatternSet::new(patterns.clone());
    for case in &matching {
        let event = Json::parse(case.event).unwrap();
        let alone: Vec<usize> =
            (0..patterns.len()).filter(|index| patterns[*index].matches(&event)).collect();
        assert_eq!(set.matching(&event).collect::<Vec<_>>(), alone, "{}", case.event);
    }
}

#[test]
fn the_table_has_at_least_300_cases_each_with_its_own_name() {
    let (matching, refused) = table();
    let mut names: Vec<&String> =
        matching.iter().map(|case| &case.name).chain(refused.iter().map(|case| &case.name)).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 300, "{count}");
}
