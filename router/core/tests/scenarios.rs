//! Every scenario file of `rules/scenarios` holds, run in memory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use watchfire_core::builders::shipped_rules;
use watchfire_core::scenario::{Beside, Scenario};
use watchfire_core::yaml::wrong;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

/// The YAML files of a folder, in name order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}

fn scenarios() -> Vec<(String, Result<Scenario, String>)> {
    let rules = shipped_rules();
    let event = |name: &str| {
        std::fs::read_to_string(folder().join(name))
            .map_err(|error| wrong(format!("no event file `{name}`: {error}")))
    };
    let read = |path: PathBuf| {
        let name = format!("rules/scenarios/{}", path.file_name().unwrap().to_string_lossy());
        let text = std::fs::read_to_string(&path).unwrap();
        let beside = Beside { rules: &rules, builtin: &rules, event: &event };
        let scenario = Scenario::read(&name, &text, beside).map_err(|mistakes| {
            let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            mistakes.join("\n")
        });
        (name, scenario)
    };
    files(&folder().join("scenarios")).into_iter().map(read).collect()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "whoever writes a scenario runs that one")]
fn every_scenario_holds() {
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let mut failures = Vec::new();
    for (name, scenario) in scenarios().into_iter().filter(|(name, _)| name.contains(&only)) {
        let failed = match scenario {
            Ok(scenario) => {
                let differences = scenario.run();
                println!(
                    "{} {}: {}",
                    if differences.is_empty() { "ok  " } else { "FAIL" },
                    name,
                    scenario.promise
                );
                differences.iter().map(ToString::to_string).collect::<Vec<_>>()
            }
            Err(mistakes) => vec![mistakes],
        };
        failures.extend(failed);
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn there_are_at_least_sixty_each_named_by_a_promise_of_its_own() {
    let scenarios = scenarios();
    let promises: BTreeSet<_> =
        scenarios.iter().map(|(_, read)| read.as_ref().unwrap().promise.clone()).collect();
    assert_eq!(promises.len(), scenarios.len());
    assert!(promises.len() >= 60, "{}", promises.len());
}
