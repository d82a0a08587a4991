//! Decisions as text, in which nothing is left of the store that they were made over.

use watchfire_core::decision::Decision;
use watchfire_core::scenario::StepInput;
use watchfire_core::verdict::Why;

/// Each as JSON. What stands in one message is decided side by side, and an edition of the digest is said after all else
/// that is due: those are in the order of their ids.
pub(super) fn told(input: &StepInput, decided: Vec<Decision>) -> Vec<String> {
    let is_closed = decided.iter().any(|decision| decision.why == Why::EditionClosed);
    let as_text = |decision: &Decision| serde_json::to_string(decision).expect("a decision can be written");
    let mut lines: Vec<String> =
        decided.iter().map(|decision| without_versions(&as_text(decision))).collect();
    if is_closed || matches!(input, StepInput::Message { .. }) {
        lines.sort();
    }
    lines
}

/// The text with `wake:KEY@TIME` for `wake:KEY@TIME.VERSION`.
fn without_versions(text: &str) -> String {
    let mut parts = text.split("wake:");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        written += "wake:";
        written += &without_version(part).unwrap_or_else(|| part.to_owned());
    }
    written
}

/// Of what begins `KEY@TIME.VERSION`.
fn without_version(text: &str) -> Option<String> {
    let (key, rest) = text.split_once('@')?;
    let (time, rest) = rest.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (is_number(time) && !key.contains('"')).then(|| format!("{key}@{time}{rest}"))
}

#[test]
fn only_the_version_of_a_timer_is_left_out() {
    let text = r#"{"event":"wake:incident/wf1-a@1764.18446","x":"wake:digest@17.9#page","y":"wake: 1@2.3","z":"1.5"}"#;
    let expected =
        r#"{"event":"wake:incident/wf1-a@1764","x":"wake:digest@17#page","y":"wake: 1@2","z":"1.5"}"#;
    assert_eq!(without_versions(text), expected);
}
