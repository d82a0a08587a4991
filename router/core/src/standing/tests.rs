//! What became of each page, in words.

use serde_json::{Value, json};

use super::*;
use crate::builders::{self, decision, page};
use crate::decision::{Decision, Effect, When};
use crate::ids::{ChannelName, EffectId};

const AT: &str = "2026-11-29T02:10:00Z";

/// A decision that pages `oncall`, with `mail` as its fallback, and what became of either.
fn entry(outcomes: &Value) -> Entry {
    let effect = |channel: &str, when| Effect {
        id: EffectId::new(format!("page:{channel}")),
        channel: ChannelName::new(channel),
        when,
        ..page()
    };
    let unless = When::Unless { effect: EffectId::new("page:oncall"), within_seconds: 60 };
    let effects = vec![effect("oncall", When::Now), effect("mail", unless)];
    let outcomes = serde_json::from_value(outcomes.clone()).expect("outcomes");
    Entry { outcomes, ..builders::entry(Decision { effects, ..decision("event-1") }) }
}

fn came_of(outcomes: &Value) -> Vec<String> {
    Delivery::of(&entry(outcomes)).iter().map(Delivery::came_of).collect()
}

#[test]
fn a_delivery_says_who_stood_in_and_who_is_owed_what() {
    let done = json!({"done": {"at": AT, "receipt": ""}});
    let failed = json!({"failed": {"at": AT, "reason": "400"}});
    let idle = json!({"not_needed": {"at": AT}});
    assert_eq!(came_of(&json!({})), ["pending", "pending, should oncall not take it"]);
    assert_eq!(came_of(&json!({"page:oncall": done, "page:mail": idle})), ["done", "not needed"]);
    assert_eq!(came_of(&json!({"page:mail": done})), ["owed: mail stood in", "done, standing in for oncall"]);
    assert_eq!(
        came_of(&json!({"page:oncall": failed, "page:mail": done})),
        ["failed, mail stood in", "done, standing in for oncall"]
    );
    assert_eq!(
        came_of(&json!({"page:oncall": done, "page:mail": done})),
        ["done", "done, standing in for oncall"],
        "what was owed has been delivered"
    );
}

#[test]
fn whoever_did_not_have_to_be_told_is_not_among_those_who_were() {
    let idle =
        json!({"page:oncall": {"done": {"at": AT, "receipt": ""}}, "page:mail": {"not_needed": {"at": AT}}});
    let entries = [entry(&idle)];
    let now = AT.parse().expect("a time");
    let incident = crate::ids::IncidentKey::new("wf1-1");
    let sources = Sources {
        incident: &incident,
        record: None,
        entries: &entries,
        said_with: None,
        targets: &[],
        approvals: &[],
        playbook: None,
        zone: &Zone::UTC,
        now,
    };
    let told: Vec<_> =
        Standing::of(&sources).told.iter().map(|told| told.delivery.channel.to_string()).collect();
    assert_eq!(told, ["oncall"]);
}
