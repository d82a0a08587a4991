//! A few rules, findings for each of them, and decisions as readable lines.

#![allow(missing_docs, unreachable_pub)]

pub mod plain;
pub mod scene;
pub mod world;

use std::collections::BTreeSet;

use watchfire_core::builders::{GuardDuty, rules};
use watchfire_core::decision::{Decision, When};
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::{Policy, Route, Routes};
use watchfire_core::priority::Priority;
use watchfire_core::replay::Replay;

const RULES: &str = r#"
rules:
  - name: miner
    family: crypto-mining
    match: {finding: {type: [{prefix: "CryptoCurrency:Runtime/"}]}}
    priority: P0
    actions: [evidence, quarantine]
  - name: shadowed
    family: shadowed
    match: {finding: {type: ["Trojan:Runtime/DropPoint"]}}
    priority: P1
    stage: shadow
  - name: graded-high
    family: graded
    match: {finding: {type: ["Execution:Runtime/SuspiciousTool"], severity: [{numeric: [">=", 7]}]}}
    priority: P1
  - name: graded
    family: graded
    match: {finding: {type: ["Execution:Runtime/SuspiciousTool"]}}
    priority: P2
  - name: low
    family: low
    when: finding != null && finding.type == "Discovery:Kubernetes/TorIPCaller"
    priority: P3
  - name: catch-all
    family: unclassified
    priority: P2
"#;

pub fn policy() -> Policy {
    let route = |fallback: Option<&str>| Route {
        to: vec![ChannelName::new("oncall")],
        fallback: fallback.map(ChannelName::new),
    };
    let routes = Routes::new([
        (Priority::P0, route(Some("mail"))),
        (Priority::P1, route(Some("mail"))),
        (Priority::P2, route(None)),
    ]);
    Policy::new(rules(RULES), routes)
}

/// The pod that most findings are about.
pub const POD: &str = "checkout-6c9f7d5b8-x2x4q";

fn about(kind: &str, severity: f64, id: &str) -> GuardDuty {
    GuardDuty::of(kind, severity, POD).in_namespace("shop", "u1").id(id)
}

pub fn miner(id: &str) -> GuardDuty {
    about("CryptoCurrency:Runtime/BitcoinTool.B", 8.0, id)
}

pub fn medium(id: &str) -> GuardDuty {
    about("Execution:Runtime/NewBinaryExecuted", 5.0, id)
}

pub fn graded(id: &str) -> GuardDuty {
    about("Execution:Runtime/SuspiciousTool", 5.0, id)
}

pub fn low(id: &str) -> GuardDuty {
    about("Discovery:Kubernetes/TorIPCaller", 2.0, id)
}

pub fn shadowed(id: &str) -> GuardDuty {
    about("Trojan:Runtime/DropPoint", 8.0, id)
}

/// Every decision of a story as a line: time, priority, verdict, reason, effects, what was withheld.
pub fn decisions(story: &[String]) -> Vec<String> {
    replayed(story).iter().map(line).collect()
}

fn replayed(story: &[String]) -> Vec<Decision> {
    let policy = policy();
    let mut replay = Replay::new(&policy);
    story.iter().flat_map(|text| replay.message(text)).collect()
}

pub fn dedup_keys(story: &[String]) -> BTreeSet<String> {
    let decisions = replayed(story);
    decisions
        .iter()
        .flat_map(|decision| &decision.effects)
        .map(|effect| effect.dedup_key.to_string())
        .collect()
}

fn line(decision: &Decision) -> String {
    let clock = &decision.at.to_string()[11..16];
    let mut line =
        format!("{clock} {} {} {}", decision.priority, decision.verdict.as_str(), decision.why.as_str());
    let effects = decision.effects.iter().map(|effect| match &effect.when {
        When::Now => effect.id.to_string(),
        When::Unless { effect: primary, .. } => format!("{} unless {primary}", effect.id),
        When::IfDone(_) => format!("{} if done", effect.id),
    });
    let effects: Vec<_> = effects.collect();
    if !effects.is_empty() {
        line += &format!(" -> {}", effects.join(", "));
    }
    let withheld: Vec<_> = decision.withheld.iter().map(|withheld| withheld.action.as_str()).collect();
    if !withheld.is_empty() && effects.is_empty() {
        line += &format!(" withheld {}", withheld.join(", "));
    }
    line
}

/// Expected lines, without their indentation.
pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
