//! What goes over the wire, word for word: whoever wrote a program for it needs not write it again. And the document
//! takes it.

#![allow(clippy::unwrap_used)]

use boon::{Compiler, Schemas};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use watchfire_core::action::ActionName;
use watchfire_core::command::CommandKind;
use watchfire_core::ids::{ApprovalId, IncidentKey, SilenceId};
use watchfire_core::silence::{Extension, SilenceDraft};

use super::params::{self, Named};
use super::{document, views};

/// Whether the document's schema of that name takes a value.
fn is_taken(name: &str, value: &Value) -> Result<(), String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("openapi.json", serde_json::from_str(&document()).unwrap()).unwrap();
    let index = compiler.compile(&format!("openapi.json#/components/schemas/{name}"), &mut schemas).unwrap();
    schemas.validate(value, index).map_err(|error| format!("{name}: {error:#}"))
}

/// What is on the wire is read, and written as it was.
fn is_kept<T: Serialize + DeserializeOwned>(name: &str, wire: &Value) -> T {
    let read: T = serde_json::from_value(wire.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&read).unwrap(), wire, "{name}");
    assert_eq!(is_taken(name, wire), Ok(()), "{wire}");
    read
}

#[test]
fn every_wish_is_sent_as_it_is_kept_and_the_document_takes_it() {
    let (incident, at) = (IncidentKey::new("wf1-1"), "2026-11-25T09:00:00Z".parse().unwrap());
    let draft = SilenceDraft {
        matches: "{}".to_owned(),
        starts_at: None,
        ends_at: at,
        ticket: None,
        yes_cover_p0: false,
    };
    let annotate = |with: Value| CommandKind::Annotate {
        incident: incident.clone(),
        with: serde_json::from_value(with).unwrap(),
    };
    for wish in [
        CommandKind::Approve(ApprovalId::new("434a6bc0")),
        CommandKind::Deny(ApprovalId::new("434a6bc0")),
        CommandKind::Release(incident.clone()),
        CommandKind::Act(ActionName::Quarantine),
        CommandKind::FollowUp {
            incident: incident.clone(),
            text: "rotate".to_owned().try_into().unwrap(),
            to: Some(watchfire_core::ids::ChannelName::new("jira")),
        },
        CommandKind::Propose { incident: incident.clone(), action: ActionName::Quarantine },
        CommandKind::SwitchOff,
        CommandKind::SwitchOn,
        CommandKind::Acknowledge(incident.clone()),
        CommandKind::Take(incident.clone()),
        CommandKind::Unacknowledge(incident.clone()),
        CommandKind::Resolve(incident.clone()),
        CommandKind::Reassign { incident: incident.clone(), to: "platform".to_owned() },
        annotate(json!({"note": "a load test"})),
        annotate(json!({"link": {"url": "https://tickets.example.com/OPS-1", "title": "OPS-1"}})),
        annotate(json!({"link": {"url": "https://tickets.example.com/OPS-1"}})),
        annotate(json!({"unlink": "https://tickets.example.com/OPS-1"})),
        annotate(json!({"label": {"set": {"team": "shop"}, "remove": ["cause"]}})),
        CommandKind::Silence(draft),
        CommandKind::Expire(SilenceId::new("s-1")),
        CommandKind::Extend(Extension { silence: SilenceId::new("s-1"), ends_at: at }),
    ] {
        let wire = json!({"by": "ana", "reason": "", "wish": wish, "on": null, "dry_run": true, "id": null});
        let command: params::Command = is_kept("Command", &wire);
        assert_eq!(command.wish, wish);
    }
}

#[test]
fn a_command_may_leave_out_what_has_a_default_and_nothing_else() {
    let least = json!({"by": "ana", "wish": {"act": "quarantine"}, "on": {"pod": {"namespace": "shop", "name": "a"}}});
    assert_eq!(is_taken("Command", &least), Ok(()));
    let command: params::Command = serde_json::from_value(least).unwrap();
    let expected = params::Command {
        by: "ana".to_owned(),
        reason: String::new(),
        wish: CommandKind::Act(ActionName::Quarantine),
        on: Some(Named::Pod { namespace: "shop".to_owned(), name: "a".to_owned() }),
        dry_run: false,
        id: None,
    };
    assert_eq!(command, expected);
    for wrong in [
        json!({"by": "ana"}),
        json!({"by": "ana", "wish": "nothing"}),
        json!({"by": "ana", "wish": "switch_off", "why": ""}),
        json!({"by": "ana", "wish": {"annotate": {"incident": "wf1-1", "with": {"note": ""}}}}),
        json!({"by": "ana", "wish": {"annotate": {"incident": "wf1-1", "with": {"note": "a".repeat(1_001)}}}}),
        json!({"by": "ana", "wish": {"annotate": {"incident": "wf1-1", "with": {"unlink": "javascript:x"}}}}),
        json!({"by": "ana", "wish": {"annotate": {"incident": "wf1-1", "with": {"label": {"set": {"": "x"}}}}}}),
    ] {
        assert!(serde_json::from_value::<params::Command>(wrong.clone()).is_err(), "{wrong}");
        assert!(is_taken("Command", &wrong).is_err(), "{wrong}");
    }
}

#[test]
fn answers_are_as_they_always_were() {
    let at = "2026-11-25T09:00:00Z";
    is_kept::<views::Accepted>("Accepted", &json!({"accepted": 3}));
    is_kept::<views::Heard>("Heard", &json!({"heard": "not-ours"}));
    is_kept::<views::Error>("Error", &json!({"error": "expected an event"}));
    is_kept::<views::Error>(
        "Error",
        &json!({"error": "`a` may be any of ab, ac", "candidates": ["ab", "ac"]}),
    );
    is_kept::<views::Mitigation>("Mitigation", &json!({"off": null, "elsewhere": null, "mode": "observe"}));
    let off = json!({"by": "ana", "reason": "game day", "at": at});
    is_kept::<views::Mitigation>(
        "Mitigation",
        &json!({"off": off, "elsewhere": "it says so", "mode": "enforce"}),
    );
    is_kept::<views::Reloaded>("Reloaded", &json!({"outcome": "unchanged"}));
    is_kept::<views::Reloaded>("Reloaded", &json!({"outcome": "refused", "mistakes": ["a"]}));
    is_kept::<views::Approval>(
        "Approval",
        &json!({
            "id": "434a6bc06491", "short": "434a6bc0", "action": "quarantine", "target": "pod shop/web-1",
            "plan": "label it", "hash": "abc", "because": "approve mode", "priority": "P0", "incident": "wf1-1",
            "asked_at": at, "expires_at": at,
            "answer": {"verdict": "denied", "by": "ana", "reason": "", "at": at},
        }),
    );
    is_kept::<views::Contained>(
        "Contained",
        &json!({
            "incident": "wf1-1", "short": "wf1-1", "target": "pod shop/web-1", "undo": "take the label off",
            "acts": [{
                "action": {"rule": "quarantine"}, "event": "event:a#1", "effect": "quarantine:pod/shop/web-1", "at": at,
                "state": "done", "undo": [], "by": "ana",
            }],
        }),
    );
}
