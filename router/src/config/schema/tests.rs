//! What is checked in is what the types say, takes every file there is, and refuses what a check refuses.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use watchfire_core::yaml::Node;

use super::super::file::PARTS;
use super::super::mistakes::{REST, TABLE, cases};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The files of a folder that are YAML.
fn files(name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn of(text: &str) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("schema.json", serde_json::from_str(text).unwrap()).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn takes(&self, text: &str) -> Result<(), String> {
        let Ok(node) = Node::parse(text) else { return Err("not YAML".to_owned()) };
        let value: Value = serde_json::to_value(node.json()).unwrap();
        self.schemas.validate(&value, self.index).map_err(|error| format!("{error:#}"))
    }
}

#[test]
fn what_is_checked_in_is_what_the_types_say() {
    for (name, schema) in [
        ("config", super::schema()),
        ("rules", watchfire_core::rules::schema()),
        ("scenario", watchfire_core::scenario::schema()),
    ] {
        let path = folder("router/schemas").join(format!("{name}.json"));
        if std::env::var_os("WRITE_SCHEMAS").is_some() {
            std::fs::write(&path, &schema).unwrap();
        }
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(checked_in == schema, "{} is not as the types are: WRITE_SCHEMAS=1", path.display());
    }
}

#[test]
fn it_names_every_part_that_is_read_and_no_other() {
    let schema: Value = serde_json::from_str(&super::schema()).unwrap();
    let mut named: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut read = PARTS.to_vec();
    named.sort_unstable();
    read.sort_unstable();
    assert_eq!(named, read);
}

#[test]
fn every_shipped_file_is_taken_and_names_its_schema_in_its_first_line() {
    let sets = [
        (super::schema(), vec![folder("router/watchfire.example.yaml")], "schemas/config.json"),
        (watchfire_core::rules::schema(), files("rules"), "../router/schemas/rules.json"),
        (watchfire_core::scenario::schema(), files("rules/scenarios"), "../../router/schemas/scenario.json"),
    ];
    for (schema, files, address) in sets {
        let schema = Schema::of(&schema);
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            assert_eq!(schema.takes(&text), Ok(()), "{}", file.display());
            let first = format!("# yaml-language-server: $schema={address}");
            assert_eq!(text.lines().next(), Some(first.as_str()), "{}", file.display());
        }
    }
}

/// Mistakes that no schema can know: of several members together, of what lies elsewhere, of a language in a text.
const ONLY_A_CHECK_KNOWS: &[&str] = &[
    "both forms of queues",
    "a queue twice, and a name twice",
    "an address that is no loopback and has no token",
    "a token of those who send events, and nothing that takes them",
    "hosts with scheme or port",
    "a variable that is not set, a file that is not there",
    "a token file that is empty, and one that is not text",
    "a token that is easily guessed, and one that no header carries",
    "the same token for senders and operators",
    "one address for two",
    "the same source for both tokens",
    "a routing key of another length",
    "a routing key with other characters",
    "a webhook secret that is easily guessed, a token of the REST API that no header carries",
    "leaving something out of the whole page",
    "a webhook whose headers, secret and template cannot be used",
    "an authority for mail that is not there, and one that is none",
    "a password that is not set",
    "a template that is never closed, and one that names what pages do not have",
    "a template that fits no page of some kind",
    "a route to a channel that does not exist",
    "a fallback that is the channel itself, or of what is not urgent",
    "a route to what only writes back",
    "routes that are never reached",
    "writing back to a channel that tells people",
    "a maintenance window for a priority that there is none of",
    "a maintenance window without an end, in no time zone",
    "names of rules, families and finders that there are not",
    "a business that closes before it opens",
    "a cluster without a name",
    "a cluster with another's ARN",
    "a kubeconfig that is not there",
    "a store that is a folder",
    "a store under a file, evidence in one",
    "a store behind a link that leads nowhere",
    "mitigation without a cluster or evidence",
    "a folder of rules that is not there",
    "a folder of rules that holds none",
    "an example that is not there",
    "a canary, and nothing that takes it",
    "a watch of nothing",
    "a watch of a cluster that is asked for each event, and nothing that takes what it tells",
    "namespaces of a watch that name none",
    "a Prometheus with a password in its address",
    "a heartbeat that cannot be called",
    "a build that is not for FIPS where one is required",
    "a name that stands for others, one that is no line, and a token that two have",
    "a role in no namespace",
    "letting in whoever asks from this machine, where another address is listened on",
    "two people for what nobody approves",
    "tokens of Kubernetes in a namespace that is none",
    "routes that are never taken, tell one twice, or whose words nobody reads",
    "a token that lets in whoever shows nothing",
    "names of namespaces that are none",
    "a calendar that is none",
    "a calendar that is not there",
    "a calendar whose address is a secret",
    "a text said where there are no threads, and nowhere",
    "an address of a model with a password in it",
    "a token of a model with a space in it",
];

#[test]
fn what_a_check_refuses_an_editor_refuses_as_far_as_a_schema_can_say_it() {
    let schema = Schema::of(&super::schema());
    let mut taken = Vec::new();
    for case in cases(TABLE) {
        let rest = if case.file.contains("channels:") { "" } else { REST };
        let is_taken = schema.takes(&format!("{}{rest}", case.file)).is_ok();
        if case.said == "no mistakes" {
            assert!(is_taken, "{}", case.promise);
        } else if is_taken {
            taken.push(case.promise);
        }
    }
    assert_eq!(taken, ONLY_A_CHECK_KNOWS);
}

#[test]
fn wrong_rules_and_scenarios_are_refused() {
    let rules = Schema::of(&watchfire_core::rules::schema());
    let right = "rules: [{name: a, family: b, priority: P1, match: {source: [x]}, actions: [evidence]}]";
    assert_eq!(rules.takes(right), Ok(()));
    for (before, after) in [
        ("rules:", "rule:"),
        ("name: a", "nam: a"),
        ("name: a", "name: A b"),
        ("priority: P1", "priority: P4"),
        ("priority: P1, ", ""),
        ("match: {source: [x]}", "match: {}"),
        ("match: {source: [x]}", "match: [source]"),
        ("[evidence]", "[evidense]"),
        ("[evidence]", "evidence"),
        ("[evidence]", "[evidence], examples: [{event: a.json, expect: match}]"),
        ("[evidence]", "[evidence], stage: off"),
    ] {
        assert!(rules.takes(&right.replace(before, after)).is_err(), "{before} -> {after}");
    }
    let scenario = Schema::of(&watchfire_core::scenario::schema());
    let right =
        "{promise: a, rules: plain, start: '2026-11-25T09:00:00Z', steps: [{at: +1h30m, expect: []}]}";
    assert_eq!(scenario.takes(right), Ok(()));
    for (before, after) in [
        ("promise: a, ", ""),
        ("plain", "plane"),
        ("+1h30m", "1h30m"),
        ("+1h30m", "+1 hour"),
        ("expect: []", "expect: nothing"),
        ("expect: []", "expects: []"),
        ("expect: []", "expect: [], guardduty: {id: f1, severty: 8}"),
        ("rules: plain", "rules: plain, policy: {routes: {P9: []}}"),
    ] {
        assert!(scenario.takes(&right.replace(before, after)).is_err(), "{before} -> {after}");
    }
}
