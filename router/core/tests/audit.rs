//! Whatever a person asks for is in the audit trail: who, from where, what, how it was and how it is.

use jiff::Timestamp;
use serde_json::json;
use watchfire_core::audit::{Actor, AuditEntry, AuditHead};
use watchfire_core::command::CommandKind;
use watchfire_core::ids::{ApprovalId, IncidentKey};
use watchfire_core::mitigation::Mode;
use watchfire_core::state::{Key, Record};

use crate::support::world::World;

fn minute(minute: u32) -> Timestamp {
    format!("2026-11-20T12:{minute:02}:00Z").parse().unwrap()
}

/// All entries, each of which follows the one before; and the newest is the one that is kept as such.
fn trail(world: &World) -> Vec<AuditEntry> {
    let (mut head, mut entries) = (AuditHead::default(), Vec::new());
    while let Some(Record::Audit(record)) = world.record(&Key::Audit(head.number + 1)) {
        let (entry, next) = head.follow(&record.line).unwrap();
        entries.push(entry);
        head = next;
    }
    match world.record(&Key::AuditHead) {
        Some(Record::AuditHead(kept)) => assert_eq!(*kept, head),
        other => assert_eq!((other, &entries), (None, &Vec::new())),
    }
    entries
}

#[test]
fn what_is_done_and_what_is_declined_is_in_the_trail_with_how_it_was_and_is() {
    let mut world = World::new(Mode::Observe);
    world.command("command:1", ("ana", "token"), CommandKind::SwitchOff, minute(0));
    let unknown = ApprovalId::new("0123456789ab");
    world.command("command:2", ("bo", "iam"), CommandKind::Approve(unknown), minute(1));
    world.command("command:3", ("ana", "token"), CommandKind::SwitchOn, minute(2));
    let entries = trail(&world);
    let told: Vec<_> = entries.iter().map(|it| (it.what.as_str(), it.on.as_str(), it.at)).collect();
    let expected = [
        ("mitigation-off", "", minute(0)),
        ("approve", "0123456789ab", minute(1)),
        ("mitigation-on", "", minute(2)),
    ];
    assert_eq!(told, expected);

    let who = Actor {
        name: "ana".to_owned(),
        how: "token".to_owned(),
        from: Some("10.0.0.7".to_owned()),
        ..Actor::default()
    };
    assert_eq!((&entries[0].who, entries[0].reason.as_str()), (&who, "seen in the flow logs"));
    assert_eq!(entries[0].before["switch"], json!(null));
    assert_eq!(entries[0].after["switch"]["off"]["by"], json!("ana"));
    assert_eq!(entries[2].before["switch"]["off"]["by"], json!("ana"));
    assert_eq!(entries[2].after["switch"]["off"], json!(null));
    assert_eq!(entries[0].declined, None);
    assert_eq!(entries[1].declined.as_deref(), Some("no plan waits as 0123456789ab"));
    assert!(entries[1].before.is_empty() && entries[1].after.is_empty(), "{:?}", entries[1]);
}

#[test]
fn of_an_incident_only_what_is_different_is_told() {
    let mut world = World::new(Mode::Observe);
    world.command("command:1", ("ana", "token"), CommandKind::SwitchOff, minute(0));
    let key = IncidentKey::new("wf1-mitigation-switch");
    world.command("command:2", ("bo", "token"), CommandKind::Acknowledge(key), minute(1));
    let entry = trail(&world).pop().unwrap();
    assert_eq!((entry.what.as_str(), entry.on.as_str()), ("acknowledge", "wf1-mitigation-switch"));
    let (before, after) =
        (&entry.before["incident/wf1-mitigation-switch"], &entry.after["incident/wf1-mitigation-switch"]);
    assert_eq!(before["acknowledged"], json!(null));
    assert_eq!(after["acknowledged"]["by"], json!("bo"));
    assert_eq!(after.get("title"), None);
}

#[test]
fn what_is_added_to_an_incident_is_in_the_trail_and_nobody_is_told() {
    let mut world = World::new(Mode::Observe);
    world.command("command:1", ("ana", "token"), CommandKind::SwitchOff, minute(0));
    let incident = IncidentKey::new("wf1-mitigation-switch");
    let annotate = |with: serde_json::Value| {
        let with = serde_json::from_value(with).unwrap();
        CommandKind::Annotate { incident: incident.clone(), with }
    };
    let note = annotate(json!({"note": "a game day"}));
    let noted = world.command("command:2", ("bo", "token"), note.clone(), minute(1));
    let declined = world.command("command:3", ("bo", "token"), note, minute(2));
    let label = annotate(json!({"label": {"set": {"cause": "game day"}}}));
    world.command("command:4", ("bo", "token"), label, minute(3));
    world.command("command:5", ("bo", "token"), CommandKind::Resolve(incident.clone()), minute(4));
    let link = annotate(json!({"link": {"url": "https://tickets.example.com/OPS-1", "title": "OPS-1"}}));
    let linked = world.command("command:6", ("bo", "token"), link, minute(5));

    assert_eq!((noted.effects.len(), noted.incident.as_ref()), (0, Some(&incident)));
    assert_eq!(linked.why, watchfire_core::verdict::Why::Commanded, "also once it is over");
    let entries = trail(&world);
    let told: Vec<_> = entries.iter().map(|it| (it.what.as_str(), it.on.as_str())).collect();
    let on = incident.as_str();
    let all =
        [("mitigation-off", ""), ("note", on), ("note", on), ("label", on), ("resolve", on), ("link", on)];
    assert_eq!(told, all);
    let key = format!("annotations/{on}");
    let kept = json!([{"by": "bo", "at": minute(1), "episode": 1, "text": "a game day"}]);
    assert_eq!((&entries[1].before[&key], &entries[1].after[&key]["notes"]), (&json!(null), &kept));
    assert_eq!(declined.withheld[0].reason.to_string(), "the note before it says the same");
    assert_eq!(entries[2].declined.as_deref(), Some("the note before it says the same"));
    let labels = &entries[3].after[&format!("incident/{on}")]["labels"];
    assert_eq!(labels, &json!({"cause": "game day"}));
    assert_eq!(entries[5].after[&key]["links"][0]["url"], json!("https://tickets.example.com/OPS-1"));
}
