//! What is proposed waits for a human, whoever proposes it and whatever the mode.

use jiff::Timestamp;
use watchfire_core::action::ActionName;
use watchfire_core::command::CommandKind;
use watchfire_core::containment::ApprovalRecord;
use watchfire_core::decision::Decision;
use watchfire_core::ids::{ApprovalId, EffectId, EventId, IncidentKey};
use watchfire_core::mitigation::Mode;
use watchfire_core::state::{Key, Record};
use watchfire_core::verdict::Why;

use crate::support::world::{NOW, World, example};

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A pod with an incident.
fn world(mode: Mode) -> (World, IncidentKey) {
    let mut world = World::new(mode);
    let decision = world.decide(&example("miner.json"), now());
    let incident = decision.incident.expect("it is a finding");
    (world, incident)
}

fn propose(world: &mut World, incident: &IncidentKey, action: ActionName, id: &str) -> Decision {
    let wish = CommandKind::Propose { incident: incident.clone(), action };
    world.command(id, ("assistant", "token"), wish, now())
}

fn said(decision: &Decision) -> String {
    decision.withheld.iter().map(|withheld| withheld.reason.to_string()).collect::<Vec<_>>().join("; ")
}

fn plan<'w>(world: &'w World, id: &ApprovalId) -> &'w ApprovalRecord {
    match world.record(&Key::Approval(id.clone())) {
        Some(Record::Approval(record)) => record,
        other => panic!("no plan: {other:?}"),
    }
}

#[test]
fn a_proposal_does_nothing_and_pages_nobody_and_is_done_once_a_human_approves_its_plan() {
    for mode in [Mode::Observe, Mode::Approve, Mode::Enforce] {
        let (mut world, incident) = world(mode);
        let decision = propose(&mut world, &incident, ActionName::DeletePod, "command:1");
        assert_eq!((decision.why, decision.acts.len(), decision.effects.len()), (Why::Commanded, 0, 0));
        assert_eq!(decision.incident.as_ref(), Some(&incident));
        let id = ApprovalId::of(&EventId::new("command:1"), &EffectId::new("delete-pod"));
        let asked = plan(&world, &id);
        assert_eq!(asked.because, "assistant proposes it: seen in the flow logs");
        assert_eq!(asked.asked_by.as_deref(), Some("token:assistant"));
        assert!(matches!(world.record(&Key::Incident(incident.clone())),
            Some(Record::Incident(record)) if record.approvals.contains(&id)));
        let approved = world.command("command:2", ("bo", "token"), CommandKind::Approve(id), now());
        let acts: Vec<_> = approved.acts.iter().map(|act| act.id.as_str()).collect();
        assert_eq!(acts, ["evidence", "delete-pod"], "{mode:?}: {}", said(&approved));
    }
}

#[test]
fn one_of_an_action_waits_at_a_time_and_only_of_what_contains_and_for_an_open_incident() {
    let (mut world, incident) = world(Mode::Observe);
    let first = propose(&mut world, &incident, ActionName::DeletePod, "command:1");
    assert_eq!(first.why, Why::Commanded);
    let id = ApprovalId::of(&EventId::new("command:1"), &EffectId::new("delete-pod"));
    let again = propose(&mut world, &incident, ActionName::DeletePod, "command:2");
    assert_eq!(again.why, Why::Declined);
    assert_eq!(said(&again), format!("a plan of it waits for an approval already: {id}"));
    let looks = propose(&mut world, &incident, ActionName::Evidence, "command:3");
    assert_eq!(looks.why, Why::Declined);
    let nowhere = propose(&mut world, &IncidentKey::new("wf1-00"), ActionName::DeletePod, "command:4");
    assert_eq!(nowhere.why, Why::Declined, "{}", said(&nowhere));
}

#[test]
fn what_the_guards_refuse_is_not_proposed_either() {
    let (mut world, incident) = world(Mode::Enforce);
    world.command("command:off", ("ana", "token"), CommandKind::SwitchOff, now());
    let decision = propose(&mut world, &incident, ActionName::DeletePod, "command:1");
    assert_eq!(decision.why, Why::Declined);
    assert!(said(&decision).contains("switched off"), "{}", said(&decision));
}
