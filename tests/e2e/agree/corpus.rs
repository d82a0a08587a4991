//! Events as AWS sends them, decided the same by everybody, and printed so by `watchfire replay`.
//!
//! Each file of `tests/data` that holds deliveries is a history, and so are the examples of the shipped rules: every event
//! comes at the time that it gives itself, as `replay` has it, and what is due before it comes first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use watchfire::config::Config;
use watchfire::rules_files;
use watchfire_core::decision::{Cause, Decision};
use watchfire_core::policy::Policy;
use watchfire_core::replay::Replay;
use watchfire_core::rules::RuleSet;
use watchfire_core::scenario::StepInput;
use watchfire_core::text::visible;
use watchfire_tests::{Configuration, repository, watchfire};

use super::{History, World};

/// Without digests: a table says them ten seconds later, and what else was due by then came before them.
fn configuration() -> Configuration {
    Configuration::new("http://127.0.0.1:9")
}

fn policy() -> Policy {
    let config = Config::parse("test", &configuration().text()).unwrap();
    config.policy(RuleSet::load(&rules_files::read(None).unwrap()).unwrap())
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|its| its == extension));
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

/// Deliveries, one a line, by the name of where they are from.
fn deliveries() -> Vec<(String, Vec<String>)> {
    let data = watchfire_tests::data();
    let files_of_lines =
        [data.join("cases"), data.join("kinds")].into_iter().flat_map(|folder| files(&folder, "jsonl"));
    let mut all: Vec<_> = files_of_lines
        .map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            let lines = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
            (file.file_name().unwrap().to_string_lossy().into_owned(), lines)
        })
        .collect();
    let examples = files(&repository().join("rules/examples"), "json").into_iter().map(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        value.to_string()
    });
    all.push(("rules/examples".to_owned(), examples.collect()));
    all
}

/// The deliveries with what is due between them, and at last a day later; and all decisions.
fn inputs(deliveries: &[String], policy: &Policy) -> (Vec<StepInput>, Vec<Decision>) {
    let mut replay = Replay::new(policy);
    let (mut inputs, mut all) = (Vec::new(), Vec::new());
    for text in deliveries {
        let decided = replay.message(text);
        let ticks = decided.iter().take_while(|decision| decision.cause == Cause::Timer);
        let mut ticks: Vec<_> = ticks.map(|decision| decision.at).collect();
        ticks.dedup();
        // Of some nothing is to be decided.
        let Some(at) = decided.last().map(|last| last.at) else { continue };
        inputs.extend(ticks.into_iter().map(|at| StepInput::Tick { at }));
        inputs.push(StepInput::Message { text: text.clone(), at });
        all.extend(decided);
    }
    let last = all.last().unwrap().at;
    inputs.push(StepInput::Tick { at: last + SignedDuration::from_hours(24) });
    (inputs, all)
}

/// As `watchfire replay` prints it.
fn printed(decision: &Decision) -> String {
    let withheld = decision.withheld.iter();
    let withheld = withheld.map(|withheld| json!({"action": withheld.action, "reason": withheld.reason}));
    let line = json!({
        "event_id": decision.event.shown(), "source": decision.source, "type": decision.kind,
        "finding_key": decision.finding, "subject": decision.subject, "priority": decision.priority,
        "rule": decision.rule, "verdict": decision.verdict, "why": decision.why,
        "effects": decision.effect_kinds(), "withheld": withheld.collect::<Vec<_>>(),
    });
    visible(&line.to_string()).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_as_aws_sends_them_are_decided_the_same_by_everybody() {
    let policy = Arc::new(policy());
    let history = |(name, deliveries): (String, Vec<String>)| {
        let (inputs, _) = inputs(&deliveries, &policy);
        History { name, policy: policy.clone(), inputs }
    };
    let differences = World::new().await.differences(deliveries().into_iter().map(history)).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn replay_prints_what_everybody_decides() {
    let (folder, policy) = (tempfile::tempdir().unwrap(), policy());
    let all: Vec<_> = deliveries().into_iter().flat_map(|(_, deliveries)| deliveries).collect();
    std::fs::write(folder.path().join("watchfire.yaml"), configuration().text()).unwrap();
    std::fs::write(folder.path().join("events.jsonl"), all.join("\n")).unwrap();
    let arguments = ["replay", "events.jsonl", "--config", "watchfire.yaml", "--output", "json"];
    let replayed = watchfire(folder.path(), &arguments, "");
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    let (_, decided) = inputs(&all, &policy);
    let expected: Vec<_> = decided.iter().map(printed).collect();
    assert_eq!(replayed.stdout.lines().collect::<Vec<_>>(), expected);
}
