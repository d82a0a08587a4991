//! Patterns against a table of what the public matcher does.

use serde_json::Value;
use watchfire_core::json::Json;
use watchfire_tests::{data, repository, watchfire};

#[test]
fn every_case_of_the_matrix_is_answered_alike() {
    let cases =
        std::fs::read_to_string(data().join("eventpattern_matrix.jsonl")).expect("the table is there");
    assert!(!cases.is_empty(), "how many there are, the core's own test counts");
    let output = watchfire(repository(), &["pattern"], &cases);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(output.stdout.lines().count(), cases.lines().count(), "one answer per case");
    let differs = |(case, answer): &(&str, &str)| {
        // Some cases have numbers that serde_json refuses, 1e400 among them.
        let case = Json::parse(case).expect("a case is JSON");
        let answer: Value = serde_json::from_str(answer).expect("an answer is JSON");
        match case.get("match") {
            Some(Json::Bool(expected)) => answer["match"].as_bool() != Some(*expected),
            Some(_) | None => answer["invalid"].as_str().is_none(),
        }
    };
    let different: Vec<_> = cases.lines().zip(output.stdout.lines()).filter(differs).collect();
    let shown: String =
        different.iter().take(20).map(|(case, answer)| format!("{case}\n  -> {answer}\n")).collect();
    assert!(different.is_empty(), "{} of {} differ:\n{shown}", different.len(), cases.lines().count());
}
