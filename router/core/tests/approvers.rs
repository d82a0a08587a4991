//! Two people for what one may not have done alone: whoever asks is none of them, and nobody is two.

use jiff::Timestamp;
use watchfire_core::action::ActionName;
use watchfire_core::command::CommandKind;
use watchfire_core::containment::ApprovalRecord;
use watchfire_core::decision::Decision;
use watchfire_core::ids::{ApprovalId, EffectId, EventId};
use watchfire_core::mitigation::Mode;
use watchfire_core::state::{Key, Record};
use watchfire_core::verdict::Why;

use crate::support::world::World;

fn minute(minute: u32) -> Timestamp {
    format!("2026-11-20T12:{minute:02}:00Z").parse().unwrap()
}

/// A pod, and a quarantine that two people have to approve.
fn world(mode: Mode) -> World {
    let mut world = World::new(mode);
    world.policy.mitigation.approvers.insert(ActionName::Quarantine, 2);
    world
}

/// Quarantined by hand, by ana: what waits.
fn asked(world: &mut World) -> ApprovalId {
    let decision =
        world.command("command:ask", ("ana", "token"), CommandKind::Act(ActionName::Quarantine), minute(0));
    let acts: Vec<_> = decision.acts.iter().map(|act| act.id.as_str()).collect();
    assert_eq!((decision.why, acts), (Why::Commanded, vec!["evidence"]), "{:?}", decision.withheld);
    ApprovalId::of(&EventId::new("command:ask"), &EffectId::new("quarantine"))
}

fn approve(world: &mut World, id: &ApprovalId, who: (&str, &str), at: u32) -> Decision {
    let event = format!("command:{at}");
    world.command(&event, who, CommandKind::Approve(id.clone()), minute(at))
}

fn said(decision: &Decision) -> String {
    let said: Vec<_> = decision.withheld.iter().map(|withheld| withheld.reason.to_string()).collect();
    said.join("; ")
}

fn plan<'w>(world: &'w World, id: &ApprovalId) -> &'w ApprovalRecord {
    match world.record(&Key::Approval(id.clone())) {
        Some(Record::Approval(record)) => record,
        other => panic!("no plan: {other:?}"),
    }
}

#[test]
fn what_is_asked_for_by_hand_waits_for_two_others_and_is_done_with_the_second() {
    let mut world = world(Mode::Enforce);
    let id = asked(&mut world);
    assert_eq!(plan(&world, &id).asked_by.as_deref(), Some("token:ana"));

    let first = approve(&mut world, &id, ("bo", "token"), 1);
    assert_eq!((first.why, first.acts.len()), (Why::Commanded, 0));
    assert!(said(&first).contains("1 of 2 people have approved it: bo"), "{}", said(&first));
    assert_eq!(plan(&world, &id).answer, None);

    let second = approve(&mut world, &id, ("cy", "iam"), 2);
    let acts: Vec<_> = second.acts.iter().map(|act| act.id.as_str()).collect();
    assert_eq!((second.why, acts), (Why::Commanded, vec!["evidence", "quarantine", "restart"]));
    let by: Vec<_> = second.acts.iter().map(|act| act.approved_by.as_deref()).collect();
    assert_eq!(by, [Some("bo and cy"); 3]);
    let approvers: Vec<_> = plan(&world, &id).approvers.iter().map(|it| it.person.as_str()).collect();
    assert_eq!(approvers, ["token:bo", "iam:cy"]);
}

#[test]
fn whoever_asks_approves_nothing_and_the_same_person_twice_is_one() {
    let mut world = world(Mode::Enforce);
    let id = asked(&mut world);
    let own = approve(&mut world, &id, ("ana", "token"), 1);
    assert_eq!((own.why, own.acts.len()), (Why::Declined, 0));
    assert_eq!(said(&own), "2 others have to approve it, and ana has asked for it");
    assert_eq!(approve(&mut world, &id, ("bo", "token"), 2).why, Why::Commanded);
    let again = approve(&mut world, &id, ("bo", "token"), 3);
    assert_eq!((again.why, again.acts.len()), (Why::Declined, 0));
    assert_eq!(said(&again), "2 people have to approve it, and bo did at 2026-11-20 04:02 PST");
    assert_eq!(plan(&world, &id).approvers.len(), 1);
}

#[test]
fn what_would_follow_a_quarantine_that_failed_waits_for_two_where_it_wants_two() {
    let mut world = World::new(Mode::Enforce);
    world.policy.mitigation.approvers.insert(ActionName::Cordon, 2);
    world.policy.mitigation.if_not_verified = Some(ActionName::Cordon);
    let decision =
        world.command("command:ask", ("ana", "token"), CommandKind::Act(ActionName::Quarantine), minute(0));
    assert!(!decision.acts.iter().any(|act| act.id.as_str() == "cordon"), "{:?}", decision.acts);
    let because = "2 others have to approve it, and only if quarantine fails";
    assert!(said(&decision).contains(because), "{}", said(&decision));
}

#[test]
fn one_who_denies_is_enough() {
    let mut world = world(Mode::Enforce);
    let id = asked(&mut world);
    assert_eq!(approve(&mut world, &id, ("bo", "token"), 1).why, Why::Commanded);
    let denied = world.command("command:deny", ("cy", "token"), CommandKind::Deny(id.clone()), minute(2));
    assert_eq!(denied.why, Why::Commanded);
    let late = approve(&mut world, &id, ("di", "token"), 3);
    assert_eq!((late.why, late.acts.len()), (Why::Declined, 0));
}

#[test]
fn where_one_is_enough_nothing_is_different() {
    let mut world = World::new(Mode::Enforce);
    let decision =
        world.command("command:ask", ("ana", "token"), CommandKind::Act(ActionName::Quarantine), minute(0));
    let acts: Vec<_> = decision.acts.iter().map(|act| act.id.as_str()).collect();
    assert_eq!(acts, ["evidence", "quarantine", "restart"]);
}

#[test]
fn one_name_of_the_configuration_is_one_person_by_a_token_or_by_a_button() {
    let mut world = world(Mode::Enforce);
    let id = asked(&mut world);
    let own = approve(&mut world, &id, ("ana", "slack"), 1);
    assert_eq!(said(&own), "2 others have to approve it, and ana has asked for it");
    assert_eq!(approve(&mut world, &id, ("bo", "slack"), 2).why, Why::Commanded);
    assert_eq!(approve(&mut world, &id, ("bo", "token"), 3).why, Why::Declined);
    // What AWS calls somebody is nobody's choice here.
    let second = approve(&mut world, &id, ("bo", "iam"), 4);
    assert_eq!(second.acts.len(), 3, "{}", said(&second));
}

#[test]
fn whoever_was_shown_another_plan_neither_approves_nor_denies_what_waits() {
    let mut world = world(Mode::Enforce);
    let id = asked(&mut world);
    let shown = plan(&world, &id).act.hash.short().to_owned();
    for (at, wish) in [(1, CommandKind::Approve(id.clone())), (2, CommandKind::Deny(id.clone()))] {
        let event = format!("command:{at}");
        let other = world.command_about(Some("0123456789ab"), &event, ("bo", "slack"), wish, minute(at));
        assert_eq!(said(&other), format!("its plan is another by now, {shown}: look at it again"));
    }
    assert_eq!(plan(&world, &id).answer, None);
    let own = CommandKind::Deny(id.clone());
    let denied = world.command_about(Some(&shown), "command:3", ("bo", "slack"), own, minute(3));
    assert_eq!((denied.why, plan(&world, &id).answer.is_some()), (Why::Commanded, true));
}
