//! Made-up histories, as core's noise suite plays them by the thousand, decided the same by everybody.
//!
//! Always the same eight; `WATCHFIRE_TEST_SEED=…` makes others, `WATCHFIRE_TABLE_HISTORIES=…` so many.

use std::sync::Arc;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::scenarios::read;
use super::{History, World};

#[path = "../../../router/core/tests/histories/made_up.rs"]
mod made_up;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn texts() -> Vec<String> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("WATCHFIRE_TEST_SEED").unwrap_or(12).to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let histories = number("WATCHFIRE_TABLE_HISTORIES").unwrap_or(8);
    (0..histories).map(|_| made_up::history().new_tree(&mut runner).unwrap().current()).collect()
}

/// Without digests: a table says them ten seconds later, and what else was due by then came before them.
fn history((number, text): (usize, String)) -> History {
    let mut text: Value = serde_json::from_str(&text).unwrap();
    text["policy"]["digest"] = json!([]);
    let scenario = read("history", &text.to_string());
    let inputs = scenario.steps.iter().flat_map(|step| step.inputs.clone()).collect();
    History { name: format!("history {}", number + 1), policy: Arc::new(scenario.into_policy()), inputs }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_histories_are_decided_the_same_by_everybody() {
    let histories = texts().into_iter().enumerate().map(history);
    let differences = World::new().await.differences(histories).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
