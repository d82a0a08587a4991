//! The conformance matrix: every line must be answered as AWS answers it.

use std::path::PathBuf;

use watchfire_core::json::Json;
use watchfire_core::pattern::Pattern;

/// So many cases there are; fewer, and some are lost.
const CASES: usize = 2_898;

#[test]
fn every_line_of_the_matrix_is_answered_as_aws_answers_it() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/eventpattern_matrix.jsonl");
    let lines = std::fs::read_to_string(&path).unwrap();
    assert_eq!(lines.lines().count(), CASES, "{}", path.display());
    let wrong: Vec<String> = lines.lines().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with our answer to a line, if anything.
fn wrong(line: &str) -> Option<String> {
    let case = Json::parse(line).unwrap();
    let pattern = case.get("pattern").unwrap();
    // A pattern that is a string holds the raw text: it may not be JSON at all.
    let pattern = Pattern::parse(&pattern.as_str().map_or_else(|| pattern.to_string(), str::to_owned));
    if case.get("invalid") == Some(&Json::Bool(true)) {
        return pattern.is_ok().then(|| format!("accepted: {line}"));
    }
    let expected = case.get("match") == Some(&Json::Bool(true));
    match pattern {
        Err(error) => Some(format!("refused, {error}: {line}")),
        Ok(pattern) if pattern.matches(case.get("event").unwrap()) != expected => {
            Some(format!("not {expected}: {line}"))
        }
        Ok(_) => None,
    }
}
