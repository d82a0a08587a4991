//! What silences cost an event: the record as the store hands it out, compiled, and the face of one finding.
//!
//! `cargo bench -p watchfire-core --bench silences`
#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box};
use jiff::Timestamp;
use watchfire_core::attributes::Attributes;
use watchfire_core::builders::{at, attributes, silence};
use watchfire_core::event::Subject;
use watchfire_core::silence::{Silences, SilencesRecord};

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    at("2026-11-25T12:00:00Z")
}

/// As many silences as asked for, all in force, of the kinds that people make; none matches.
fn silences(count: usize) -> Silences {
    let matches = |number: usize| match number % 5 {
        0 => format!(r#"{{"subject": {{"cluster": ["payments"], "namespace": ["team-{number}"]}}}}"#),
        1 => format!(
            r#"{{"family": ["crypto-mining"], "subject": {{"workload": {{"name": ["job-{number}"]}}}}}}"#
        ),
        2 => format!(r#"{{"rule": ["rule-{number}"], "priority": ["P2", "P3"]}}"#),
        3 => format!(r#"{{"subject": {{"node": [{{"wildcard": "ip-10-{number}-*.internal"}}]}}}}"#),
        _ => format!(
            r#"{{"type": [{{"prefix": "Recon:EC2/{number}"}}], "subject": {{"account": ["11112222{number:04}"]}}}}"#
        ),
    };
    let (from, to) = ("2026-11-25T09:00:00Z", "2026-11-26T09:00:00Z");
    let silence = |number: usize| silence(&format!("s-{number}"), &matches(number), from, to);
    Silences::from(SilencesRecord { silences: (0..count).map(silence).collect() })
}

fn face() -> Attributes {
    let text = |text: &str| Some(text.to_owned());
    attributes(Subject {
        account: text("111122223333"),
        region: text("eu-central-1"),
        cluster: text("payments"),
        namespace: text("checkout"),
        pod: text("checkout-api-6d5f9c7b84-x2x9k"),
        node: text("ip-10-20-47-203.eu-central-1.compute.internal"),
        ..Subject::default()
    })
}

#[divan::bench(args = [0, 10, 190])]
fn of_an_event(bencher: Bencher<'_, '_>, count: usize) {
    let (silences, face, now) = (silences(count), face(), now());
    assert_eq!(silences.of(&face, false, now), None);
    bencher.bench_local(|| black_box(&silences).of(black_box(&face), false, now).is_some());
}

/// Once for each change of the record.
#[divan::bench(args = [10, 190])]
fn compile(bencher: Bencher<'_, '_>, count: usize) {
    let record = SilencesRecord::clone(&silences(count));
    bencher.bench_local(|| Silences::from(black_box(&record).clone()));
}
