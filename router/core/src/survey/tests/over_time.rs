//! What becomes over time of what is seen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::super::*;
use super::{ago, at};

pub(super) fn looping(uid: &str) -> Symptom {
    let mut about = About::object(Thing::Pod, "shop", &format!("pay-{uid}"), uid);
    about.owner = Some("r1".into());
    Symptom::new(Condition::CrashLoop, about, None, "Container app has ended 7 times.")
}

pub(super) fn down(since: Option<Timestamp>) -> Symptom {
    Symptom::new(
        Condition::NodeNotReady,
        About::of_cluster(Thing::Node, "n1", "un1"),
        since,
        "It is not ready.",
    )
}

/// What is said at each of these minutes, where so many looks show it.
fn over(memory: &mut Memory, looks: &[(i64, &[Symptom])]) -> Vec<(i64, State)> {
    let mut all = Vec::new();
    for (minute, symptoms) in looks {
        let said = memory.observe(symptoms.to_vec(), &Blind::new(), &Settings::default(), at(*minute));
        all.extend(said.into_iter().map(|said| (*minute, said.state)));
    }
    all
}

#[test]
fn it_is_told_once_it_has_held_and_over_once_it_has_been_gone() {
    let it: &[Symptom] = &[looping("1")];
    let none: &[Symptom] = &[];
    let mut memory = Memory::default();
    // Held for two minutes; away for less than ten it goes on.
    let looks = [(0, it), (1, it), (2, it), (3, none), (12, it), (13, none), (21, none), (22, none)];
    assert_eq!(over(&mut memory, &looks), [(2, State::Begins), (22, State::Over)]);
    assert_eq!(memory.told(), BTreeMap::new());
    // What is gone before it has held was never told.
    let looks = [(30, it), (31, none), (45, none), (46, it), (47, none)];
    assert_eq!(over(&mut memory, &looks), []);
}

#[test]
fn what_the_cluster_says_to_hold_for_long_is_told_by_the_first_look_of_a_restarted_worker() {
    let mut memory = Memory::default();
    assert_eq!(over(&mut memory, &[(0, &[down(ago(2))])]), [(0, State::Begins)]);
    let mut memory = Memory::default();
    assert_eq!(over(&mut memory, &[(0, &[down(ago(1))]), (1, &[down(ago(1))])]), [(1, State::Begins)]);
    // No clock that is ahead makes it later than it was seen.
    let mut memory = Memory::default();
    let ahead = down(Some(at(600)));
    assert_eq!(
        over(&mut memory, &[(0, std::slice::from_ref(&ahead)), (2, std::slice::from_ref(&ahead))]),
        [(2, State::Begins)]
    );
}

#[test]
fn it_is_told_again_every_half_hour_which_is_48_entries_a_day() {
    let mut memory = Memory::default();
    let it = [down(ago(5))];
    let looks: Vec<_> = (0..=24 * 60).map(|minute| (minute, &it[..])).collect();
    let said = over(&mut memory, &looks);
    let again = said.iter().filter(|(_, state)| *state == State::GoesOn).count();
    assert_eq!((said[0], again), ((0, State::Begins), 48));
}

#[test]
fn what_could_not_be_looked_at_neither_begins_nor_ends_and_goes_on_to_be_told() {
    let mut memory = Memory::default();
    assert_eq!(over(&mut memory, &[(0, &[down(ago(5))])]), [(0, State::Begins)]);
    let blind = Blind::from([(Condition::NodeNotReady, "not permitted (403)".to_owned())]);
    let mut said = Vec::new();
    for minute in 1..=60 {
        let of = memory.observe(Vec::new(), &blind, &Settings::default(), at(minute));
        said.extend(of.into_iter().map(|said| said.state));
    }
    assert_eq!(said, [State::GoesOn, State::GoesOn]);
    // Seen again, it has to be gone for its own time from then on.
    assert_eq!(over(&mut memory, &[(61, &[]), (62, &[])]), [(62, State::Over)]);
}

#[test]
fn of_many_pods_of_one_owner_three_are_told_and_the_others_counted() {
    let many: Vec<_> = (0..40).map(|number| looping(&format!("{number:02}"))).collect();
    let mut memory = Memory::default();
    let settings = Settings::default();
    assert_eq!(memory.observe(many.clone(), &Blind::new(), &settings, at(0)), []);
    let said = memory.observe(many, &Blind::new(), &settings, at(2));
    let seen: BTreeSet<_> = said.iter().map(|said| said.seen.as_str()).collect();
    let expected = "Container app has ended 7 times. 37 more of the same owner have it, too.";
    assert_eq!((said.len(), seen), (3, BTreeSet::from([expected])));
    assert_eq!(memory.left_out(), 0);
}

#[test]
fn more_than_can_be_remembered_is_counted_and_the_worst_is_remembered() {
    let lone = |number: usize| {
        let about = About::object(Thing::Pod, "shop", "pay", &format!("{number:05}"));
        Symptom::new(Condition::Pending, about, ago(60), "")
    };
    let mut all: Vec<_> = (0..2_000).map(lone).collect();
    all.push(down(ago(5)));
    let mut memory = Memory::default();
    let said = memory.observe(all, &Blind::new(), &Settings::default(), at(0));
    assert_eq!((said.len(), memory.left_out()), (1_000, 1_001));
    assert!(said.iter().any(|said| said.condition == Condition::NodeNotReady));
}

#[test]
fn workers_that_see_the_same_at_the_same_time_have_one_claim_and_a_relapse_has_another() {
    let said = |second: i64, state| {
        let Symptom { condition, about, seen, .. } = down(ago(5));
        let at = at(0) + SignedDuration::from_secs(second);
        Said { condition, about, level: Level::Critical, state, since: at, seen, at }.claim()
    };
    assert_eq!(said(1, State::Begins), said(31, State::Begins));
    assert_ne!(said(1, State::Begins), said(1, State::Over));
    // Held and gone for two minutes each, it cannot begin again within two.
    assert_ne!(said(1, State::Begins), said(121, State::Begins));
    assert_eq!(said(1, State::GoesOn), said(1_799, State::GoesOn));
    assert_ne!(said(1, State::GoesOn), said(1_801, State::GoesOn));
}
