//! Promises about what PagerDuty says, and about the configuration of listening to it.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use watchfire_core::command::CommandKind;
use watchfire_core::ids::IncidentKey;

use super::incident::{Asked, changes};
use super::*;
use crate::config::Config;

const INCIDENT: &str = "wf1-0123456789abcdef";

fn incident() -> IncidentKey {
    IncidentKey::new(INCIDENT)
}

fn user(name: &str) -> Value {
    json!({"id": "PUSER01", "type": "user_reference", "summary": name})
}

fn event(event_type: &str) -> Value {
    json!({"event": {
        "id": "01EVENT", "event_type": event_type, "resource_type": "incident",
        "occurred_at": "2026-11-20T12:00:00.123Z", "agent": user("Jane"), "client": null,
        "data": {
            "id": "PINC01", "type": "incident", "incident_key": format!("{INCIDENT}-3"),
            "assignees": [user("Ken"), user("Ann")],
        },
    }})
}

fn told(body: &Value) -> Told {
    let via = ChannelName::new("oncall");
    read(body.to_string().as_bytes(), Some("delivery-1"), Some(&via)).unwrap()
}

fn wish(body: &Value) -> Result<CommandKind, Heard> {
    match told(body) {
        Told::Change(change) => Ok(change.command.wish),
        Told::Nothing(heard) => Err(heard),
    }
}

#[test]
fn every_event_type_has_its_wish_and_what_asks_nothing_is_left_alone() {
    let to = "pagerduty: Ken, Ann".to_owned();
    let table = [
        ("incident.acknowledged", Ok(CommandKind::Acknowledge(incident()))),
        ("incident.unacknowledged", Ok(CommandKind::Unacknowledge(incident()))),
        ("incident.reopened", Ok(CommandKind::Unacknowledge(incident()))),
        ("incident.resolved", Ok(CommandKind::Resolve(incident()))),
        ("incident.reassigned", Ok(CommandKind::Reassign { incident: incident(), to: to.clone() })),
        ("incident.delegated", Ok(CommandKind::Reassign { incident: incident(), to })),
        ("incident.escalated", Err(Heard::Unconcerned)),
        ("incident.triggered", Err(Heard::Unconcerned)),
        ("incident.annotated", Err(Heard::Unconcerned)),
        ("service.updated", Err(Heard::Unconcerned)),
        ("incident.invented.tomorrow", Err(Heard::Unconcerned)),
        ("pagey.ping", Err(Heard::Ping)),
        ("", Err(Heard::Unconcerned)),
    ];
    for (event_type, expected) in table {
        assert_eq!(wish(&event(event_type)), expected, "{event_type}");
    }
}

#[test]
fn a_change_says_who_through_what_and_of_which_episode() {
    let Told::Change(change) = told(&event("incident.acknowledged")) else { panic!("it is one") };
    let command = watchfire_core::command::Command {
        id: watchfire_core::ids::EventId::new("pagerduty:01EVENT"),
        by: "pagerduty: Jane".to_owned(),
        reason: "incident.acknowledged, webhook delivery-1".to_owned(),
        via: Some(ChannelName::new("oncall")),
        episode: Some(3),
        plan: None,
        caller: None,
        from: None,
        wish: CommandKind::Acknowledge(incident()),
    };
    assert_eq!(*change, Change { command, incident: incident(), episode: 3 });
}

#[test]
fn what_is_missing_null_or_of_another_type_is_borne() {
    for nothing in
        [json!({}), json!([]), json!(null), json!({"event": 7}), json!({"event": {"event_type": []}})]
    {
        assert_eq!(wish(&nothing), Err(Heard::Unconcerned), "{nothing}");
    }
    for (member, value) in
        [("agent", json!(null)), ("agent", json!("Jane")), ("agent", json!({"summary": 7}))]
    {
        let mut body = event("incident.resolved");
        body["event"][member] = value;
        let Told::Change(change) = told(&body) else { panic!("it is one") };
        assert_eq!(change.command.by, "pagerduty");
    }
    for key in [json!(null), json!(""), json!("srv-1"), json!(7), json!("wf1-x"), json!("wf1--1")] {
        let mut body = event("incident.resolved");
        body["event"]["data"]["incident_key"] = key.clone();
        assert_eq!(wish(&body), Err(Heard::NotOurs), "{key}");
    }
    let mut body = event("incident.reassigned");
    body["event"]["data"]["assignees"] = json!(null);
    assert_eq!(wish(&body), Ok(CommandKind::Reassign { incident: incident(), to: "pagerduty".to_owned() }));
    assert!(read(b"{", None, None).is_err());
}

#[test]
fn names_are_cleaned_and_cannot_be_a_channels() {
    let mut body = event("incident.reassigned");
    body["event"]["agent"] = user("Ja\nne\u{202e}  Doe");
    body["event"]["data"]["assignees"] = json!([user("mail"), user(&"x".repeat(500))]);
    let Told::Change(change) = told(&body) else { panic!("it is one") };
    assert_eq!(change.command.by, "pagerduty: Ja ne\u{fffd} Doe");
    let CommandKind::Reassign { incident: _, to } = change.command.wish else { panic!("it is one") };
    let cut = to.starts_with("pagerduty: mail, xxx") && to.ends_with('…') && to.chars().count() <= 100;
    assert!(cut, "{to}");
}

#[test]
fn without_an_id_the_body_is_the_id_and_the_unsigned_header_never_is() {
    let id = |body: &Value, delivery: &str| match read(body.to_string().as_bytes(), Some(delivery), None)
        .unwrap()
    {
        Told::Change(change) => change.command.id,
        Told::Nothing(heard) => panic!("{heard:?}"),
    };
    let whole = event("incident.resolved");
    assert_eq!(id(&whole, "one"), id(&whole, "two"));
    let mut bare = whole.clone();
    bare["event"]["id"] = json!(null);
    let mut other = bare.clone();
    other["event"]["occurred_at"] = json!("later");
    assert_eq!(id(&bare, "one"), id(&bare, "two"));
    assert_ne!(id(&bare, "one"), id(&other, "one"));
}

#[test]
fn what_watchfire_acknowledged_itself_is_an_echo_and_a_time_limit_is_none() {
    for kind in ["service_reference", "events_api_v2_inbound_integration_reference"] {
        for (event_type, expected) in [
            ("incident.acknowledged", Err(Heard::Echo)),
            ("incident.unacknowledged", Ok(CommandKind::Unacknowledge(incident()))),
            ("incident.resolved", Ok(CommandKind::Resolve(incident()))),
        ] {
            let mut body = event(event_type);
            body["event"]["agent"]["type"] = json!(kind);
            assert_eq!(wish(&body), expected, "{event_type} by {kind}");
        }
    }
}

/// An incident as the REST API shows it, with members changed.
fn shown(status: &str, members: Value) -> Value {
    let mut incident = json!({
        "id": "PINC01", "type": "incident", "status": status, "incident_key": format!("{INCIDENT}-3"),
        "created_at": "2026-11-20T12:00:00Z", "last_status_change_at": "2026-11-20T12:05:00Z",
        "last_status_change_by": user("Jane"), "service": {"id": "PSERV1", "type": "service_reference"},
        "assigned_via": "escalation_policy", "acknowledgements": [],
        "assignments": [{"at": "2026-11-20T12:01:00Z", "assignee": user("Ken")}],
    });
    let Value::Object(members) = members else { panic!("an object") };
    members.into_iter().for_each(|(name, value)| incident[name] = value);
    incident
}

/// The id, who and what of each change.
fn found(incidents: &[Value]) -> (Vec<(String, String, CommandKind)>, Vec<Heard>) {
    let (key, incident, channel) = (format!("{INCIDENT}-3"), incident(), ChannelName::new("oncall"));
    let asked = Asked { key: &key, of: (&incident, 3), channel: &channel };
    let (changes, others) = changes(&json!({"incidents": incidents}), asked);
    let told = changes.into_iter().map(|change| {
        assert_eq!((change.episode, change.command.via), (3, Some(channel.clone())));
        (change.command.id.to_string(), change.command.by, change.command.wish)
    });
    (told.collect(), others)
}

fn one(id: &str, by: &str, wish: CommandKind) -> (Vec<(String, String, CommandKind)>, Vec<Heard>) {
    (vec![(format!("pagerduty:PINC01/{id}"), by.to_owned(), wish)], Vec::new())
}

#[test]
fn a_status_found_by_asking_is_one_change_by_whoever_made_it() {
    let acknowledged =
        json!({"acknowledgements": [{"at": "2026-11-20T12:05:00Z", "acknowledger": user("Ann")}]});
    let (at, jane) = ("2026-11-20T12:05:00Z", "pagerduty: Jane");
    assert_eq!(
        found(&[shown("acknowledged", acknowledged)]),
        one(&format!("acknowledged/{at}"), "pagerduty: Ann", CommandKind::Acknowledge(incident()))
    );
    assert_eq!(
        found(&[shown("resolved", json!({}))]),
        one(&format!("resolved/{at}"), jane, CommandKind::Resolve(incident()))
    );
    assert_eq!(
        found(&[shown("triggered", json!({}))]),
        one(&format!("triggered/{at}"), jane, CommandKind::Unacknowledge(incident()))
    );
}

#[test]
fn an_alert_that_nobody_touched_an_echo_and_a_strangers_incident_are_no_change() {
    let fresh = json!({"last_status_change_at": "2026-11-20T12:00:00Z"});
    assert_eq!(found(&[shown("triggered", fresh)]), (Vec::new(), Vec::new()));
    let ours = json!({"last_status_change_by": {"type": "service_reference", "summary": "P0"}});
    assert_eq!(found(&[shown("acknowledged", ours)]), (Vec::new(), vec![Heard::Echo]));
    for stranger in [json!({"incident_key": "another"}), json!({"incident_key": format!("{INCIDENT}-31")})] {
        assert_eq!(found(&[shown("resolved", stranger)]), (Vec::new(), Vec::new()));
    }
    for odd in [json!(7), json!({}), json!(null), shown("invented", json!({}))] {
        assert_eq!(found(&[odd]), (Vec::new(), Vec::new()));
    }
    // Where alerts are kept apart from incidents, the incident has no key of its own.
    let apart = found(&[shown("resolved", json!({"incident_key": null}))]);
    assert_eq!(
        apart,
        one("resolved/2026-11-20T12:05:00Z", "pagerduty: Jane", CommandKind::Resolve(incident()))
    );
}

#[test]
fn only_the_newest_incident_of_a_service_counts() {
    let old = shown("resolved", json!({}));
    let members = json!({
        "id": "PINC02", "created_at": "2026-11-20T12:06:00Z", "last_status_change_at": "2026-11-20T12:06:00Z",
    });
    let new = shown("triggered", members);
    for both in [[old.clone(), new.clone()], [new, old]] {
        assert_eq!(found(&both), (Vec::new(), Vec::new()));
    }
}

#[test]
fn a_reassignment_counts_where_a_person_chose() {
    let by_hand = json!({
        "assigned_via": "direct_assignment", "last_status_change_at": "2026-11-20T12:00:00Z",
        "assignments": [
            {"at": "2026-11-20T12:07:00Z", "assignee": user("Ken")},
            {"at": "2026-11-20T12:08:00Z", "assignee": user("Ann")},
        ],
    });
    let to = "pagerduty: Ken, Ann".to_owned();
    assert_eq!(
        found(&[shown("triggered", by_hand.clone())]),
        one("assigned/2026-11-20T12:08:00Z", "pagerduty", CommandKind::Reassign { incident: incident(), to })
    );
    let mut resolved_later = shown("resolved", by_hand);
    resolved_later["last_status_change_at"] = json!("2026-11-20T12:09:00Z");
    let (changes, _) = found(&[resolved_later]);
    let wishes: Vec<_> = changes.iter().map(|(_, _, wish)| wish.as_str()).collect();
    assert_eq!(wishes, ["reassign", "resolve"], "in the order in which they were made");
}

/// The mistakes in a configuration whose PagerDuty channel has that part.
fn mistakes(part: &str) -> Vec<String> {
    let text = format!(
        "channels:\n  oncall:\n    pagerduty:\n      routing_key: {{env: KEY}}\n      {part}\nroutes: {{P0: \
         {{to: [oncall]}}, P1: {{to: [oncall]}}}}\n"
    );
    match Config::parse("watchfire.yaml", &text) {
        Ok(_) => Vec::new(),
        Err(mistakes) => {
            mistakes.iter().map(|mistake| format!("{}: {}", mistake.path, mistake.mistake)).collect()
        }
    }
}

#[test]
fn what_is_wrong_about_listening_is_told_with_its_place() {
    for fine in [
        "webhook_secrets: [{env: A}, {file: /run/secrets/b}]",
        "poll: {token: {env: A}}",
        "poll: {token: {env: A}, api: 'https://api.eu.pagerduty.com', every_seconds: 5}",
    ] {
        assert_eq!(mistakes(fine), [""; 0], "{fine}");
    }
    let table = [
        ("poll: {token: {env: A}, every_seconds: 4}", "poll.every_seconds: expected 5 to 3600, found 4"),
        (
            "poll: {token: {env: A}, every_seconds: 3601}",
            "poll.every_seconds: expected 5 to 3600, found 3601",
        ),
        (
            "poll: {token: {env: A}, api: 'http://pd.example.com'}",
            "poll.api: expected an https address, found `http://pd.example.com`",
        ),
        ("poll: {}", "poll: expected `token`, found none"),
        (
            "poll: {token: {env: A}, key: x}",
            "poll.key: unknown member `key`: expected one of `token`, `api`, `every_seconds`",
        ),
    ];
    for (part, expected) in table {
        assert_eq!(mistakes(part), [format!("channels.oncall.pagerduty.{expected}")], "{part}");
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_one_is_refused_by_its_place_and_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "hunter2").unwrap();
    let opened = async |config: Value| {
        let config = serde_json::from_value(config).unwrap();
        let channels = BTreeMap::from([("oncall".to_owned(), config)]);
        Inbound::open(&channels, &Clients::new(None).unwrap()).await.map_err(|error| format!("{error:#}"))
    };
    let short = json!({"pagerduty": {"routing_key": {"env": "KEY"}, "webhook_secrets": [{"file": path}]}});
    let expected = format!(
        "channel oncall: webhook_secrets[0]: file {}: expected a webhook secret of at least 16 characters, found one of 7",
        path.display()
    );
    assert_eq!(opened(short).await.unwrap_err(), expected);
    let unset = json!({"pagerduty": {"routing_key": {"env": "KEY"}, "poll": {"token": {"env": "WATCHFIRE_NEVER_SET"}}}});
    let expected = "channel oncall: poll: token: environment variable WATCHFIRE_NEVER_SET: not set";
    assert_eq!(opened(unset).await.unwrap_err(), expected);
    let none = opened(json!({"pagerduty": {"routing_key": {"env": "KEY"}}})).await.unwrap();
    assert!(none.signers.is_empty() && none.pollers.is_empty());
}
