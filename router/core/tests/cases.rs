//! Deliveries that were once judged wrong, and more of their kinds, decided by the shipped rules: what comes out of
//! each line, against a golden.
//!
//! `WRITE_GOLDENS=1` writes the goldens anew; the difference is to be looked at before it is accepted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use watchfire_core::builders::shipped_rules;
use watchfire_core::decision::Decision;
use watchfire_core::ids::IncidentKey;
use watchfire_core::pattern::Pattern;
use watchfire_core::policy::Policy;
use watchfire_core::replay::Replay;
use watchfire_core::rules::RuleSet;

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
    Policy { rules: RuleSet::load(&shipped_rules()).unwrap(), ..crate::support::policy() }
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

/// What is decided of those events of a kind, a line each: the event, priority, verdict, why.
fn decided(kind: &str, events: &[&str]) -> Vec<String> {
    let path = repository().join("tests/data/kinds").join(format!("{kind}.jsonl"));
    let decisions = replayed(&path, &policy());
    let asked = decisions.iter().filter(|decision| events.contains(&&*decision.event.shown()));
    let line = |decision: &Decision| {
        let Decision { event, priority, verdict, why, .. } = decision;
        format!("{} {priority} {} {}", event.shown(), verdict.as_str(), why.as_str())
    };
    asked.map(line).collect()
}

#[test]
fn a_known_finding_that_names_another_pod_bucket_caller_or_instance_is_said_and_its_copies_are_not() {
    assert_eq!(
        decided("named-later", &["j2", "j3", "j5", "j7", "j9", "j12", "j14", "j16", "j18", "j21", "j26"]),
        [
            "j2 P1 page resource_joined",
            "j3 P1 quiet repeat",
            "j5 P1 quiet outdated",
            "j7 P1 page resource_joined",
            "j9 P1 page resource_joined",
            "j12 P1 quiet repeat",
            "j14 P1 page resource_joined",
            "j16 P1 page resource_joined",
            "j18 P1 page resource_joined",
            "j21 P1 page resource_joined",
            "j26 P1 page resource_joined",
        ]
    );
}

#[test]
fn beyond_what_is_remembered_another_is_said_once_in_a_window() {
    assert_eq!(
        decided("named-more-than-remembered", &["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"]),
        [
            "w1 P1 quiet repeat",
            "w2 P1 quiet repeat",
            "w3 P1 quiet repeat",
            "w4 P1 page resource_joined",
            "w5 P1 quiet repeat",
            "w6 P1 quiet repeat",
            "w7 P1 page resource_joined",
            "w8 P1 quiet repeat",
        ]
    );
}

#[test]
fn no_verdict_of_a_check_closes_or_lowers_an_attack_and_a_check_is_closed_by_its_own() {
    let events = ["c2", "c4", "c5", "c6", "c7", "c9", "c11", "c12", "c13", "c15", "c17", "c19"];
    assert_eq!(
        decided("compliance-of-threats", &events),
        [
            "c2 P1 quiet repeat",
            "c4 P1 quiet repeat",
            "c5 P1 page new",
            "c6 P1 page new",
            "c7 P1 page new",
            "c9 P1 quiet repeat",
            "c11 P1 quiet repeat",
            "c12 P1 page new",
            "c13 P1 page new",
            "c15 P1 quiet repeat",
            "c17 P2 quiet closed",
            "c19 P2 quiet closed",
        ]
    );
}

#[test]
fn muted_posture_is_put_aside_and_an_empty_status_code_is_none() {
    assert_eq!(
        decided("muted-posture", &["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9"]),
        [
            "q1 P2 page new",
            "q2 P2 quiet closed",
            "q3 P2 page reopened",
            "q4 P2 quiet not_open",
            "q5 P2 quiet not_open",
            "q6 P3 digest new",
            "q7 P2 page new",
            "q8 P1 page new",
            "q9 P1 page new",
        ]
    );
}

#[test]
fn a_scan_that_lists_a_threat_has_found_it_whatever_its_result_is_called() {
    let listed = ["z1", "z2", "z3", "z4", "z5", "z6", "z7", "z8", "z9", "z18", "z19"];
    assert_eq!(decided("scans", &listed), listed.map(|event| format!("{event} P1 page new")));
    let unknown = ["z13", "z14", "z15", "z16", "z17"];
    assert_eq!(decided("scans", &unknown), unknown.map(|event| format!("{event} P2 page new")));
    let clean = ["z10", "z11", "z12"];
    assert_eq!(decided("scans", &clean), clean.map(|event| format!("{event} P3 digest new")));
}

#[test]
fn whatever_form_a_call_has_that_blinds_the_watcher_it_is_p1_and_what_blinds_nothing_or_failed_is_not() {
    let not_blinding = [11, 12, 16, 20, 21, 22, 24, 37, 38, 42, 43, 44, 48];
    let expected = (1..=49).map(|number| {
        let priority = if not_blinding.contains(&number) { "P2" } else { "P1" };
        format!("g{number} {priority} page new")
    });
    let events: Vec<_> = (1..=49).map(|number| format!("g{number}")).collect();
    let events: Vec<_> = events.iter().map(String::as_str).collect();
    assert_eq!(decided("blinded", &events), expected.collect::<Vec<_>>());
}

#[test]
fn a_mute_that_says_nothing_mutes_nothing() {
    let nothing = ["f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f16"];
    assert_eq!(
        decided("mutes-that-say-nothing", &nothing),
        nothing.map(|event| format!("{event} P1 page new"))
    );
    let muted = ["f12", "f13", "f14", "f15"];
    assert_eq!(
        decided("mutes-that-say-nothing", &muted),
        muted.map(|event| format!("{event} P1 quiet muted"))
    );
}

#[test]
fn what_its_own_detail_contradicts_is_not_well_again_and_without_a_name_closes_nothing() {
    let events = ["s2", "s3", "s4", "s6", "s7", "s8", "s11", "s13", "s14", "s16"];
    assert_eq!(
        decided("contradictions", &events),
        [
            "s2 P2 quiet repeat",
            "s3 P3 quiet closed",
            "s4 P2 page reopened",
            "s6 P2 page new",
            "s7 P2 page new",
            "s8 P2 page new",
            "s11 P2 quiet repeat",
            "s13 P3 quiet closed",
            "s14 P2 page new",
            "s16 P3 quiet not_open",
        ]
    );
}

#[test]
fn a_severe_finding_that_is_not_spelt_as_aws_spells_it_is_p1_and_closes_nothing() {
    let events = ["v1", "v2", "v3", "v4", "v5", "v6b", "v6c", "v7", "v8", "v10"];
    assert_eq!(decided("spelt-otherwise", &events), events.map(|event| format!("{event} P1 page new")));
}

#[test]
fn each_contributor_of_an_alarm_is_an_incident_of_its_own_with_a_name_or_without() {
    let events =
        ["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9", "k10", "k12", "k13", "k14", "k15", "k22"];
    assert_eq!(
        decided("contributors-and-their-alarm", &events),
        [
            "k1 P1 page new",
            "k2 P1 page new",
            "k3 P1 page new",
            "k4 P1 quiet closed",
            "k5 P1 quiet closed",
            "k6 P1 quiet closed",
            "k7 P1 page new",
            "k8 P1 page new",
            "k9 P1 quiet closed",
            "k10 P1 quiet repeat",
            "k12 P1 page new",
            "k13 P1 quiet repeat",
            "k14 P1 quiet not_open",
            "k15 P1 quiet not_open",
            "k22 P2 page new",
        ]
    );
}
