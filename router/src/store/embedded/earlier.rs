//! What entries of earlier releases do not say and this one needs.

use watchfire_core::command::Command;
use watchfire_core::decision::{Cause, Decision};
use watchfire_core::event::OWN_SOURCE;
use watchfire_core::verdict::Why;

/// An entry with its cause: until release 0.1 it was only told by names of ours, which no event can have.
pub(super) fn with_cause(decision: Decision, raw: &str) -> Decision {
    // What has attributes was an event; what is of ours has none.
    if decision.cause != Cause::Event || decision.face.is_some() {
        return decision;
    }
    let is_command = decision.source == OWN_SOURCE && decision.kind.starts_with("Command:");
    let command = is_command.then(|| serde_json::from_str::<Command>(raw).ok()).flatten();
    let cause = match (command, decision.why) {
        (Some(command), _) => command.cause(),
        (None, Why::Completed) => Cause::Completion,
        (None, Why::Acted | Why::NotContained) => Cause::Report,
        (None, _) => Cause::Timer,
    };
    Decision { cause, ..decision }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};
    use watchfire_core::ids::ApprovalId;

    use super::*;

    fn decided(source: &str, kind: &str, why: &str, face: Value) -> Decision {
        let mut decision = json!({
            "event": "e", "source": source, "kind": kind, "finding": null, "subject": "s",
            "at": "2026-11-20T12:00:00Z", "rule": "r", "family": "f", "priority": "P1", "verdict": "quiet",
            "why": why, "incident": null, "effects": [], "withheld": [],
        });
        decision["face"] = face;
        serde_json::from_value(decision).unwrap()
    }

    #[test]
    fn an_entry_of_an_earlier_release_gets_the_cause_that_it_had() {
        let approve = r#"{"id":"command:1","by":"ana","reason":"sure","wish":{"approve":"0123456789ab"}}"#;
        let approved = Cause::Command {
            by: "ana".to_owned(),
            reason: "sure".to_owned(),
            says: None,
            approves: Some(ApprovalId::new("0123456789ab")),
            caller: None,
        };
        let cases = [
            (OWN_SOURCE, "Command:approve", "commanded", approve, approved),
            (OWN_SOURCE, "Due:incident", "escalated", "", Cause::Timer),
            ("aws.guardduty", "Backdoor:EC2/C&CActivity.B", "acted", "", Cause::Report),
            ("aws.guardduty", "Backdoor:EC2/C&CActivity.B", "completed", "", Cause::Completion),
            // Another's text may be that of a command.
            ("custom", "Command:approve", "commanded", approve, Cause::Timer),
        ];
        for (source, kind, why, raw, cause) in cases {
            let decision = decided(source, kind, why, Value::Null);
            assert_eq!(with_cause(decision, raw).cause, cause, "{source} {kind} {why}");
        }
    }

    #[test]
    fn what_says_its_cause_keeps_it() {
        let decision =
            Decision { cause: Cause::Completion, ..decided(OWN_SOURCE, "k", "acted", Value::Null) };
        assert_eq!(with_cause(decision.clone(), "{}"), decision);
    }
}
