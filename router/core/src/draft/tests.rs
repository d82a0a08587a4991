use std::collections::BTreeMap;

use super::*;
use crate::decision::When;
use crate::ids::{ChannelName, DedupKey, EffectId};
use crate::noise::BundleKind;
use crate::state::Unread;
use crate::verdict::EffectKind;

fn matter() -> Matter {
    Matter {
        event: EventId::new("e"),
        cause: Cause::Event,
        source: "aws.guardduty".to_owned(),
        kind: "a kind".to_owned(),
        finding: None,
        subject: "pods/shop/cart-0".to_owned(),
        rule: RuleName::new("miner"),
        family: "crypto-mining".to_owned(),
        priority: Priority::P1,
        incident: None,
        face: None,
    }
}

fn incident(title: &str) -> IncidentRecord {
    let begun = IncidentRecord::begun(None, Priority::P1, None, Timestamp::UNIX_EPOCH);
    IncidentRecord { title: title.to_owned(), ..begun }
}

fn bundle(title: &str) -> BundleRecord {
    BundleRecord::new(BundleKind::Storm, title.to_owned(), Timestamp::UNIX_EPOCH)
}

fn effect() -> Effect {
    Effect {
        id: EffectId::new("acknowledge:oncall"),
        kind: EffectKind::Acknowledge,
        channel: ChannelName::new("oncall"),
        when: When::Now,
        dedup_key: DedupKey::new("wf1-a-1"),
        notice: Notice::empty(Priority::P1, &a(), &EventId::new("e")),
    }
}

fn a() -> IncidentKey {
    IncidentKey::new("wf1-a")
}

fn state() -> State {
    let mut state = State::default();
    state.insert(Key::Incident(a()), 3, Some(Record::Incident(incident("as it was read"))));
    state
}

fn draft(state: &State) -> Draft<'_> {
    Draft::quiet(state, matter(), Why::New, Timestamp::UNIX_EPOCH)
}

#[test]
fn a_read_sees_the_edit_and_otherwise_what_was_read() {
    let state = state();
    let mut draft = draft(&state);
    assert_eq!(draft.incident(&a()), Some(&incident("as it was read")));
    draft.put_incident(&a(), incident("as it is now"), Because::Reported);
    assert_eq!(draft.incident(&a()), Some(&incident("as it is now")));
    assert_eq!(state.incident(&a()), Some(&incident("as it was read")));
}

#[test]
fn what_was_edited_is_not_asked_for_and_the_rest_is_asked_for_at_once() {
    let state = State::default();
    let mut draft = draft(&state);
    let edited = BundleKey::new("b");
    draft.put_bundle(&edited, bundle("b"), Because::Waits);
    assert_eq!(draft.need(Key::Bundle(edited.clone())), Ok(()));
    let asked = [Key::Bundle(edited), Key::Incident(a()), Key::Silences];
    assert_eq!(draft.need_all(asked), Err(Unread(vec![Key::Incident(a()), Key::Silences])));
    assert!(!draft.has_read(&Key::Budget) && draft.budget().is_none());
}

#[test]
fn an_edit_is_logged_once_for_each_reason_in_the_order_in_which_it_was_made() {
    let state = state();
    let mut draft = draft(&state);
    let b = BundleKey::new("b");
    draft.put_bundle(&b, bundle("b"), Because::Counted);
    draft.put_incident(&a(), incident("one"), Because::Reported);
    draft.put_incident(&a(), incident("two"), Because::Reported);
    draft.put_bundle(&b, bundle("b"), Because::Waits);
    let edit = |key: &Key, because| {
        let called = matches!(key, Key::Bundle(_)).then(|| "b".to_owned());
        Edit { key: key.clone(), because, called }
    };
    let (of_a, of_b) = (Key::Incident(a()), Key::Bundle(b));
    let expected =
        vec![edit(&of_b, Because::Counted), edit(&of_a, Because::Reported), edit(&of_b, Because::Waits)];
    assert_eq!(draft.build().edits, expected);
}

#[test]
fn the_decision_has_the_last_of_each_edit_and_nothing_that_was_only_read() {
    let state = state();
    let mut draft = draft(&state);
    assert!(draft.incident(&a()).is_some());
    let b = BundleKey::new("b");
    draft.put_bundle(&b, bundle("one"), Because::Counted);
    draft.put_bundle(&b, bundle("two"), Because::Waits);
    let changes = BTreeMap::from([(Key::Bundle(b), Record::Bundle(Box::new(bundle("two"))))]);
    assert_eq!(draft.build().changes, changes);
}

#[test]
fn so_many_edits_are_logged_and_all_are_made() {
    let state = State::default();
    let mut draft = draft(&state);
    for number in 0..=Edit::MOST {
        draft.put_bundle(&BundleKey::new(format!("b{number}")), bundle("b"), Because::Waits);
    }
    let decision = draft.build();
    assert_eq!((decision.edits.len(), decision.changes.len()), (Edit::MOST, Edit::MOST + 1));
}

#[test]
fn the_edits_of_a_decision_are_read_back_and_none_are_not_written() {
    let state = State::default();
    let without = serde_json::to_string(&draft(&state).build()).unwrap();
    assert!(!without.contains("edits"), "{without}");
    let target = serde_json::from_str("\"pod/uid-1\"").map(Key::Target).unwrap();
    let mut draft = draft(&state);
    draft.put_incident(&a(), incident("a"), Because::Reported);
    draft.put(target, Record::Incident(incident("its kind is of no matter here")), Because::Planned);
    let decision = draft.build();
    let written = serde_json::to_string(&decision).unwrap();
    assert!(written.contains(r#""edits":[{"key":"incident/wf1-a","because":"reported"}"#), "{written}");
    let read: Decision = serde_json::from_str(&written).unwrap();
    assert_eq!(read.edits, decision.edits);
}

#[test]
fn somebody_is_told_of_a_bundle_by_the_decision_that_says_it_and_not_by_who_acknowledges_it() {
    let state = state();
    let b = BundleKey::new("b");
    let mut said = draft(&state);
    said.put_bundle(&b, bundle("b"), Because::Told);
    let mut acknowledged = draft(&state);
    acknowledged.put_incident(&a(), incident("the page of b"), Because::Commanded);
    let mut acknowledged = acknowledged.build();
    acknowledged.effects.push(effect());
    let unlogged = Decision { edits: Vec::new(), ..acknowledged.clone() };
    let tells = [said.build(), acknowledged, unlogged].map(|decision| decision.tells_of(&b));
    assert_eq!(tells, [true, false, true]);
}
