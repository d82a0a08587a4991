//! What a decision changed, behind what it says.

use serde_json::json;

use super::*;

fn changes() -> Decision {
    let at = "2026-11-25T09:00:00Z";
    let change = |said: &str, is_detail| json!({"record": "r", "because": "told", "said": said, "is_detail": is_detail});
    let others = (1..=6)
        .map(|number| change(&format!("incident wf1-{number} is part of this attack sequence"), false));
    let changes: Vec<_> = [change("the finding: reported", true)].into_iter().chain(others).collect();
    let decision = json!({
        "event": "event-1", "at": at, "by": "event", "kind": "k", "finding": null, "subject": "s",
        "rule": "miner", "family": "crypto-mining", "priority": "P0", "verdict": "page", "why": "new",
        "because": "first report of this incident", "withheld": [], "effects": [], "acts": [], "changes": changes,
    });
    serde_json::from_value(decision).expect("a decision")
}

#[test]
fn what_a_decision_does_not_say_otherwise_is_said_behind_it_and_not_without_end() {
    let lines = decided(&changes(), Changes::Beside);
    assert_eq!(
        lines,
        [
            "2026-11-25 09:00:00 UTC  P0  page    new            k event-1",
            "  also: incident wf1-1 is part of this attack sequence; incident wf1-2 is part",
            "    of this attack sequence; incident wf1-3 is part of this attack sequence; 3",
            "    more, see incidents timeline --verbose",
        ]
    );
}

#[test]
fn every_record_that_a_decision_changed_is_said_to_whoever_asks_for_all() {
    let lines = decided(&changes(), Changes::All);
    assert_eq!(lines.len(), 8, "{lines:#?}");
    assert_eq!(lines[1], "  changed: the finding: reported");
}
