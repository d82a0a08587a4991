//! From a message's text to its decision, with the shipped rules: what one core does per event.
//!
//! `cargo bench -p watchfire-core --bench decide`

use std::fs;
use std::path::Path;

use divan::{Bencher, black_box};
use watchfire_core::builders::shipped_rules;
use watchfire_core::context::Context;
use watchfire_core::decide::Case;
use watchfire_core::event::{Event, messages};
use watchfire_core::ids::ChannelName;
use watchfire_core::json::Json;
use watchfire_core::policy::{Policy, Routes};
use watchfire_core::rules::RuleSet;
use watchfire_core::state::State;

fn main() {
    let policy = policy();
    println!("{} rules, an event of {} bytes", policy.rules.rules().len(), event().len());
    divan::main();
}

fn rules_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules"))
}

fn policy() -> Policy {
    let rules = RuleSet::load(&shipped_rules()).expect("the shipped rules are right");
    Policy::new(rules, Routes::all_to(&ChannelName::new("oncall")))
}

/// A GuardDuty runtime finding of 4.4 KB, as EventBridge delivers it.
fn event() -> String {
    fs::read_to_string(rules_folder().join("examples/miner.json"))
        .expect("the example is there")
        .trim()
        .to_owned()
}

/// The same finding with a type that no rule names, so that it gets to the catch-all by severity.
fn unknown() -> String {
    event().replace("CryptoCurrency:Runtime/BitcoinTool.B", "Tomorrow:Runtime/NotYetKnown")
}

#[divan::bench]
fn json_only(bencher: Bencher) {
    let text = event();
    bencher.bench(|| Json::parse(black_box(&text)).is_ok());
}

#[divan::bench]
fn read(bencher: Bencher) {
    let text = event();
    bencher.bench(|| messages(black_box(&text)).is_ok_and(|texts| Event::read(&texts[0]).is_ok()));
}

/// The figure of the README: from the text to the rule.
#[divan::bench]
fn read_and_classify(bencher: Bencher) {
    let (text, policy) = (event(), policy());
    bencher.bench(|| classified(black_box(&text), &policy));
}

#[divan::bench]
fn read_and_classify_unknown_type(bencher: Bencher) {
    let (text, policy) = (unknown(), policy());
    bencher.bench(|| classified(black_box(&text), &policy));
}

#[divan::bench]
fn read_classify_and_decide(bencher: Bencher) {
    let (text, policy) = (event(), policy());
    let now = "2026-11-20T12:00:00Z".parse().expect("a time");
    bencher.bench(|| {
        let texts = messages(black_box(&text)).expect("it can be read");
        let event = Event::read(&texts[0]).expect("it can be read");
        Case::new(&event, &policy, &Context::none())
            .decide(&State::whole(), now)
            .expect("a whole state")
            .effects
            .len()
    });
}

fn classified(text: &str, policy: &Policy) -> usize {
    let texts = messages(text).expect("it can be read");
    let event = Event::read(&texts[0]).expect("it can be read");
    policy.rules.classify(&event, &Context::none()).rule.name.as_str().len()
}
