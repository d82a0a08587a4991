//! One screen, however much there is to say and however hostile it is.

use serde_json::json;

use super::super::screen::WIDTH;
use super::*;

#[test]
fn a_long_and_hostile_story_stays_on_one_screen() {
    let evil = format!("\u{1b}[31m{}\r\n\u{202e}", "evil words ".repeat(80));
    let at = "2026-11-25T09:00:00Z";
    let effect = json!({
        "id": "page:oncall", "kind": "page", "channel": evil, "dedup_key": "wf1-1", "fallback": false,
        "result": "failed", "at": at, "said": evil,
    });
    let withheld = json!({"action": "page", "reason": evil});
    let change = json!({"record": evil, "because": "waits", "said": evil, "is_detail": false});
    let decision = json!({
        "event": evil, "at": at, "by": "event", "kind": evil, "finding": null, "subject": evil, "rule": "rest",
        "family": "unclassified", "priority": "P1", "verdict": "quiet", "why": "silenced", "because": "silenced",
        "withheld": vec![withheld; 9], "effects": vec![effect; 9], "acts": [], "changes": vec![change; 9],
    });
    let whom = json!({"by": evil, "at": at});
    let incident = json!({
        "key": "wf1-1", "state": "held", "priority": "P1", "title": evil, "subject": evil, "family": evil,
        "episode": 1, "opened_at": at, "said_at": null, "last_at": at, "events": 7, "respond_by": at,
        "overdue": true, "acknowledged": whom, "assigned": evil, "escalation": 0, "bundle": null,
        "held": {"news": "new", "by": "silenced", "reason": evil, "since": at}, "campaign": "wf1-2",
        "channels": ["oncall"], "ended": whom,
    });
    let story = json!({
        "of": "incident", "event": null, "finding": null, "incident": incident, "decisions": vec![decision; 9],
        "said_with": null, "next": vec![evil; 9],
    });
    let story: IncidentDetail = serde_json::from_value(story).expect("a story");
    let lines = screen(&story, at.parse().expect("a time"));
    assert!(lines.len() <= LINES, "{} lines", lines.len());
    for line in &lines {
        assert!(line.chars().count() <= WIDTH, "{line}");
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
    }
}

#[test]
fn a_plan_that_was_approved_is_not_said_to_wait() {
    let at = "2026-11-25T09:00:00Z";
    let since = "approved by jane at 2026-11-25 09:05 UTC; pod shop/web-1 quarantined since 2026-11-25 09:06 UTC, by jane";
    let withheld = json!({
        "action": "quarantine", "since": since,
        "reason": "waits for approval (approve mode) until 2026-11-25 09:30 UTC: watchfire approve 434a6bc06491",
    });
    let decision = json!({
        "event": "event-1", "id": "event-1", "at": at, "by": "event", "kind": "k", "finding": null, "subject": "s",
        "rule": "miner", "family": "crypto-mining", "priority": "P0", "verdict": "page", "why": "new",
        "because": "first report of this incident", "withheld": [withheld], "effects": [],
        "acts": [{"id": "evidence", "target": "the event", "result": "done", "at": at, "said": "16 files"}],
    });
    let measure = json!({
        "action": "quarantine", "target": "pod shop/web-1", "state": {"done": {"since": at, "by": "jane"}},
    });
    let standing = json!({"measures": [measure], "approvals": [], "withheld": [], "told": []});
    let story = json!({
        "of": "event", "event": "event-1", "id": "event-1", "finding": null, "incident": null,
        "decisions": [decision], "said_with": null, "standing": standing, "next": [],
    });
    let story: IncidentDetail = serde_json::from_value(story).expect("a story");
    let lines = screen(&story, at.parse().expect("a time"));
    assert_eq!(
        lines,
        [
            "  pod shop/web-1 quarantined since 2026-11-25 09:00 UTC, by jane",
            "Event event-1, 2026-11-25 09:00 UTC",
            "  k: P0 by rule miner (crypto-mining)",
            "  paged: first report of this incident",
            "  evidence of the event: done, 16 files",
            "  quarantine: approved by jane at 2026-11-25 09:05 UTC; pod shop/web-1",
            "    quarantined since 2026-11-25 09:06 UTC, by jane",
            "Nobody was told",
        ]
    );
}
