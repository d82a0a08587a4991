//! What a limit gathers has nothing in common but the limit: who took one roll-up has nothing of the next.

use jiff::Timestamp;
use watchfire_core::builders::at;
use watchfire_core::command::{Command, CommandKind};
use watchfire_core::decision::Decision;
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::noise::Quota;
use watchfire_core::replay::Replay;
use watchfire_core::state::{Key, Record};

use crate::support::{medium, policy};

fn clock(minute: u32) -> Timestamp {
    at(&format!("2026-11-25T09:{minute:02}:00Z"))
}

fn news(number: u32) -> String {
    medium(&format!("f{number}"))
        .in_namespace("shop", &format!("u{number}"))
        .pod(&format!("web-{number}"))
        .text()
}

/// The dedup keys that it pages under.
fn keys(decisions: &[Decision]) -> Vec<String> {
    let effects = decisions.iter().flat_map(|decision| &decision.effects);
    effects.map(|effect| effect.dedup_key.to_string()).collect()
}

#[test]
fn who_took_a_roll_up_has_nothing_of_the_next_which_is_an_alert_of_its_own_with_a_clock_of_its_own() {
    let mut policy = policy();
    policy.noise.limits.channel = Quota::new(6, 1).unwrap();
    let mut replay = Replay::new(&policy);
    replay.message_at(&news(1), clock(0));
    assert_eq!(keys(&replay.message_at(&news(2), clock(0))), Vec::<String>::new());
    let first = replay.tick(clock(10));
    let incident: IncidentKey = first[0].incident.clone().unwrap();
    assert_eq!(keys(&first), [format!("{incident}-1")]);

    let command = Command {
        id: EventId::new("command:1"),
        by: "ana".to_owned(),
        reason: String::new(),
        via: None,
        episode: None,
        plan: None,
        caller: None,
        from: None,
        wish: CommandKind::Acknowledge(incident.clone()),
    };
    replay.command(&command, clock(11));
    assert_eq!(keys(&replay.message_at(&news(3), clock(12))), Vec::<String>::new());
    assert_eq!(keys(&replay.tick(clock(20))), [format!("{incident}-1-e1")]);
    let Some(Record::Incident(now)) = replay.record(&Key::Incident(incident.clone())) else {
        panic!("it is known")
    };
    // A P2 has four hours.
    assert_eq!((now.acknowledged.clone(), now.respond_by), (None, Some(at("2026-11-25T13:20:00Z"))));

    // Nobody has that one yet: what comes after it joins it.
    assert_eq!(keys(&replay.message_at(&news(4), clock(21))), Vec::<String>::new());
    assert_eq!(keys(&replay.tick(clock(30))), [format!("{incident}-1")]);
}
