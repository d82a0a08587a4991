//! Deliveries that were once judged wrong, and more of their kinds, decided by the shipped rules: what comes out of
//! each line, against a golden.
//!
//! `WRITE_GOLDENS=1` writes the goldens anew; the difference is to be looked at before it is accepted.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use watchfire_core::decision::Decision;
use watchfire_core::ids::IncidentKey;
use watchfire_core::pattern::Pattern;
use watchfire_core::policy::Policy;
use watchfire_core::replay::Replay;
use watchfire_core::rules::{RuleFile, RuleSet};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|its| its == extension)).collect();
    files.sort();
    files
}

/// The shipped rules; P0 to P2 page, P3 is for the digest.
fn policy() -> Policy {
    let read = |path: PathBuf| RuleFile {
        name: path.display().to_string(),
        text: std::fs::read_to_string(path).unwrap(),
    };
    let rules: Vec<_> = files(&repository().join("rules"), "yaml").into_iter().map(read).collect();
    Policy { rules: RuleSet::load(&rules).unwrap(), ..support::policy() }
}

/// Every decision in a line: the event, priority, verdict, why, which incident, the rule, what it is about.
fn told(decisions: &[Decision]) -> String {
    let mut known: BTreeMap<IncidentKey, usize> = BTreeMap::new();
    let mut text = String::new();
    for decision in decisions {
        let next = known.len() + 1;
        let incident = decision.incident.as_ref();
        let number = incident.map(|key| *known.entry(key.clone()).or_insert(next));
        let incident = match number {
            Some(number) if number == next => format!("new #{number}"),
            Some(number) => format!("same #{number}"),
            None => "none".to_owned(),
        };
        let Decision { event, priority, why, rule, subject, .. } = decision;
        let (event, verdict, why) = (event.shown(), decision.verdict.as_str(), why.as_str());
        let kinds: Vec<_> = decision.effect_kinds().iter().map(|kind| kind.as_str()).collect();
        let effects = kinds.join(" ");
        writeln!(text, "{event} | {priority} {verdict} {why} | {incident} | {rule} | {subject} | {effects}")
            .unwrap();
    }
    text
}

fn replayed(path: &Path, policy: &Policy) -> Vec<Decision> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut replay = Replay::new(policy);
    text.lines().filter(|line| !line.trim().is_empty()).flat_map(|line| replay.message(line)).collect()
}

#[allow(clippy::disallowed_methods, reason = "whoever changes what is decided writes it anew")]
fn compare(folder: &str) {
    let folder = repository().join("tests/data").join(folder);
    let policy = policy();
    let mut all = String::new();
    for path in files(&folder, "jsonl") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        writeln!(all, "== {name}\n{}", told(&replayed(&path, &policy))).unwrap();
    }
    let golden = folder.join("decided.txt");
    if std::env::var("WRITE_GOLDENS").is_ok() {
        std::fs::write(&golden, &all).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    let differs = all.lines().zip(expected.lines()).find(|(is, was)| is != was);
    assert!(all == expected, "{}: the first line that differs: {differs:#?}", golden.display());
}

#[test]
fn what_was_once_judged_wrong_is_judged_right() {
    compare("cases");
}

#[test]
fn more_of_each_kind_is_judged_alike() {
    compare("kinds");
}

/// What is said in the pages of each event of a case, as text.
fn pages(case: &str) -> Vec<String> {
    let path = repository().join("tests/data/cases").join(format!("{case}.jsonl"));
    let decisions = replayed(&path, &policy());
    let pages = decisions.iter().filter_map(|decision| decision.effects.first());
    pages.map(|effect| serde_json::to_string(&effect.notice).unwrap()).collect()
}

#[test]
fn the_text_of_what_cannot_be_read_is_in_its_page_and_so_is_the_text_of_the_next() {
    let pages = pages("sns-with-text");
    assert!(pages[0].contains("Finding CryptoCurrency:Runtime/BitcoinTool.B severity 8"), "{}", pages[0]);
    // The second waits for a quarter of an hour, and is said then.
    assert!(pages[1].contains("GuardDuty HIGH: Backdoor:EC2/C&CActivity.B"), "{}", pages[1]);
}

#[test]
fn what_the_finding_of_a_button_is_about_stands_in_its_page() {
    for page in pages("buttons-pressed-again") {
        for word in ["should not allow ingress", "sg-0aaaaaaaaaaaaaaa1", "CustomAction:"] {
            assert!(page.contains(word), "{word}: {page}");
        }
    }
}

#[test]
fn a_silence_matches_each_of_several_resources() {
    let path = repository().join("tests/data/cases/three-buckets.jsonl");
    let decisions = replayed(&path, &policy());
    let face = decisions[0].face.as_ref().unwrap().json();
    let matches = |bucket: &str| {
        let pattern = format!(r#"{{"subject": {{"resource": ["arn:aws-us-gov:s3:::{bucket}"]}}}}"#);
        Pattern::parse(&pattern).unwrap().matches(&face)
    };
    assert_eq!(["b1", "b2", "b3", "b4"].map(matches), [true, true, true, false]);
}

#[test]
fn a_muted_alarm_says_by_what_and_until_when() {
    let path = repository().join("tests/data/cases/muted-alarm.jsonl");
    let decisions = replayed(&path, &policy());
    let reasons: Vec<_> = decisions[0].withheld.iter().map(ToString::to_string).collect();
    let by = "arn:aws-us-gov:cloudwatch:us-gov-west-1:111122223333:alarm-mute-rule:deploy";
    let expected = format!("page: muted by {by}; paged if it is still open at 2026-11-20 12:00 UTC");
    assert_eq!(reasons, [expected]);
}
