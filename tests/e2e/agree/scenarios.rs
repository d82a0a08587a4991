//! The scenario files, decided the same by everybody.

use std::path::Path;
use std::sync::Arc;

use watchfire::rules_files;
use watchfire_core::scenario::{Beside, Scenario};

use super::{History, World};

/// A scenario by its file.
pub(crate) fn read(name: &str, text: &str) -> Scenario {
    let shipped = rules_files::read(None).unwrap();
    let event = |event: &str| rules_files::read_example(None, event);
    Scenario::read(name, text, Beside { rules: &shipped, builtin: &shipped, event: &event }).unwrap()
}

/// Each scenario file with its text.
pub(crate) fn files() -> Vec<(String, String)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/scenarios"));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() >= 60, "{} scenarios", files.len());
    let named = |file: &std::path::PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|file| (named(file), std::fs::read_to_string(file).unwrap())).collect()
}

fn history((name, text): (String, String)) -> History {
    let scenario = read(&name, &text);
    let inputs = scenario.steps.iter().flat_map(|step| step.inputs.clone()).collect();
    History { name, policy: Arc::new(scenario.into_policy()), inputs }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_is_decided_the_same_by_everybody() {
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let files = files().into_iter().filter(|(name, _)| name.contains(&only));
    let differences = World::new().await.differences(files.map(history)).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
