//! Promises about the members that rules may name: those that events have, and no others.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use watchfire_core::context::{Context, Namespace};
use watchfire_core::event::{
    Event, messages, near_dead_letter, not_delivered, store_unavailable, unreadable,
};
use watchfire_core::ids::EventId;
use watchfire_core::json::Json;
use watchfire_core::priority::Priority;
use watchfire_core::rules::{RuleFile, RuleSet};

/// Every text that is known to be delivered: the examples of the shipped rules, and the fixtures of the readers.
fn texts() -> Vec<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [here.join("../../rules/examples"), here.join("tests/fixtures"), here.join("../demo")];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.extension().unwrap() == "json");
    files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Asks for everything that the object has, by its path; nothing inside `detail`, which is the sender's.
fn pattern(json: &Json<'_>, is_event: bool) -> Json<'static> {
    let members = json.members().iter().filter(|(_, value)| {
        let is_empty = value.elements().is_empty() && value.members().is_empty();
        !(is_empty && matches!(value, Json::Array(_) | Json::Object(_)))
    });
    let asked = |value: &Json<'_>| match value {
        Json::Object(_) => pattern(value, false),
        Json::Array(elements) => Json::Array(elements.iter().map(own).collect()),
        scalar => Json::Array(vec![own(scalar)]),
    };
    let members = members.filter(|(name, _)| !(is_event && name == "detail"));
    Json::Object(members.map(|(name, value)| (name.to_string().into(), asked(value))).collect())
}

fn own(json: &Json<'_>) -> Json<'static> {
    match json {
        Json::Null => Json::Null,
        Json::Bool(truth) => Json::Bool(*truth),
        Json::Number(text) => Json::Number(text.to_string().into()),
        Json::String(text) => Json::String(text.to_string().into()),
        other => panic!("{other} is no value of a pattern"),
    }
}

/// The same of every object as conditions ask.
fn conditions(path: &str, json: &Json<'_>, all: &mut Vec<String>) {
    for (name, value) in json.members() {
        let path = format!("{path}[\"{name}\"]");
        all.push(format!("has({}) || {path} == {path}", dotted(&path)));
        if path != "event[\"detail\"]" {
            conditions(&path, value, all);
        }
    }
}

/// `a["b"]` as `a.b`, where `b` is a word; else something else that is true or false.
fn dotted(path: &str) -> String {
    let dotted = path.replace("[\"", ".").replace("\"]", "");
    if dotted.contains('-') { "event.id".to_owned() } else { dotted }
}

/// One rule for each of these, and a catch-all.
fn load(bodies: &[String]) -> Result<RuleSet, String> {
    let rule = |(index, body): (usize, &String)| {
        format!("  - {{name: rule-{index}, family: first, priority: P1, {body}}}\n")
    };
    let rules: String = bodies.iter().enumerate().map(rule).collect();
    let text = format!("rules:\n{rules}  - {{name: rest, family: rest, priority: P2}}\n");
    RuleSet::load(&[RuleFile { name: "r.yaml".to_owned(), text }]).map_err(|mistakes| {
        let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        mistakes.join("\n")
    })
}

/// Each condition is asked of the first event that has what it names.
fn may_be_asked(event: &Event<'_>, told: &mut BTreeSet<String>) {
    let mut asked = Vec::new();
    conditions("event", &event.json, &mut asked);
    let asked = asked.into_iter().filter(|condition| told.insert(condition.clone()));
    let conditions = asked.map(|condition| format!("when: {}", Json::string(condition.as_str())));
    let pattern = format!("match: {}", pattern(&event.json, true));
    let bodies: Vec<_> = std::iter::once(pattern).chain(conditions).collect();
    let rules = load(&bodies).unwrap();
    for (rule, trace) in rules.explain(event, &Context::none()).rules {
        assert!(trace.is_match(), "{}: {trace}: {bodies:?} of {}", rule.name, event.json);
    }
}

#[test]
fn whatever_an_event_has_may_be_asked_for() {
    let (mut events, mut told) = (0, BTreeSet::new());
    for text in texts() {
        for text in messages(&text).unwrap() {
            if let Ok(event) = Event::read(&text) {
                events += 1;
                may_be_asked(&event, &mut told);
            }
        }
    }
    assert!(events > 80, "{events}");
}

#[test]
fn whatever_our_own_events_have_may_be_asked_for() {
    let (now, mut told) = (Timestamp::UNIX_EPOCH, BTreeSet::new());
    may_be_asked(&unreadable("x", "no JSON", now), &mut told);
    may_be_asked(&near_dead_letter("m-1", 4, "no answer", now), &mut told);
    may_be_asked(&not_delivered(&EventId::new("e-1"), Priority::P0, "refused", now), &mut told);
    may_be_asked(
        &store_unavailable("the table t", now, "no answer", &watchfire_core::zone::Zone::default(), now),
        &mut told,
    );
}

#[test]
fn what_may_hold_is_not_refused() {
    let free = [
        "finding != null && finding.type == 'Discovery:Kubernetes/TorIPCaller'",
        "size(event.detail.affectedEntities) >= 2",
        "event.detail.list.exists(one, one.name == 'x' || one.count > 5)",
        "event['detail-type'] == 'x' && event.resources.exists(arn, arn.endsWith('/x'))",
        "finding.severity > 7.5 ? finding.count >= 2 : !finding.sample",
        "has(subject.pod) && !(subject.namespace in ['shop', 'bank'])",
        "finding.title.matches(r'^\\d+') || matches(finding.title, '[a-z]')",
        "int(event.detail.count) + 1 > size(finding.title) * 2 - 1",
        "finding.band in ['HIGH', 'CRITICAL'] && finding.state == \"open\"",
        "string(finding.severity) + 'x' != subject.account + subject.region",
        "event.detail.?a.orValue(5) == 5",
        "'severity' in finding && type(finding.severity) == type(1)",
        "[1, 2, 3].filter(n, n > 1).map(n, n * 2).exists_one(n, n == 4)",
        "event.detail.resource['eksClusterDetails'].tags[0].key.startsWith('a')",
    ];
    let asking = [
        "pod.owner == null || pod.owner.kind == 'DaemonSet'",
        "pod.labels['tier'] == 'edge' || 'team' in pod.labels || has(pod.annotations.owner)",
        "pod.containers.exists(c, c.image.contains('nginx') && c.restarts > 3)",
        "size(pod.containers.filter(c, c.digest != null)) > 0 && pod.ips[0] == subject.ip",
        "pod.containers.map(c, c.name).exists(name, name == subject.container.name)",
        "pod.labels.exists(name, name.startsWith('app')) && pod.created_at < '2026'",
        "node.unschedulable || node.pool != 'spot'",
        "namespace.labels.team == 'shop' && namespace.name in ['a', 'b']",
    ];
    let when = |condition: &&str| format!("when: {}", Json::string(condition.to_string()));
    let free: Vec<_> = free.iter().map(when).collect();
    let asking = asking.iter().map(|condition| format!("{}, unknown: page", when(condition)));
    let bodies: Vec<_> = free.into_iter().chain(asking).collect();
    load(&bodies).unwrap();
}

#[test]
fn the_namespace_of_a_pod_may_be_asked() {
    let rules = load(&["when: \"namespace.labels.team == 'shop'\", unknown: no-match".to_owned()]).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let event = unreadable("x", "no JSON", now);
    let labels = [("team".to_owned(), "shop".to_owned())].into();
    let namespace = Namespace { name: "web".to_owned(), labels, ..Namespace::default() };
    let known = Context { namespace: Some(namespace), ..Context::none() };
    let rule = |context: &Context| rules.classify(&event, context).rule.name.to_string();
    assert_eq!([rule(&known), rule(&Context::none())], ["rule-0", "rest"]);
}
