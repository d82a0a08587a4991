//! Drills: told by the route of their priority and ended at once; no incident, no act, nothing that stays; and held by
//! whatever would hold a page.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use watchfire_core::decision::{Decision, When};
use watchfire_core::drill::Drill;
use watchfire_core::event::Event;
use watchfire_core::notice::Notice;
use watchfire_core::policy::Policy;
use watchfire_core::priority::Priority;
use watchfire_core::replay::Replay;
use watchfire_core::state::Key;
use watchfire_core::verdict::{EffectKind, Verdict, Why};

use crate::support::policy;

const NOW: &str = "2026-11-29T03:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn drill(priority: Priority, id: &str) -> String {
    Drill { priority, by: "jane".to_owned() }.event(id, now())
}

fn decided(policy: &Policy, text: &str) -> Decision {
    Replay::new(policy).message_at(text, now()).remove(0)
}

#[test]
fn a_drill_is_told_by_the_route_of_its_priority_and_ends_itself() {
    let decision = decided(&policy(), &drill(Priority::P0, "d1"));
    assert_eq!(
        (decision.verdict, decision.why, decision.priority),
        (Verdict::Page, Why::Drill, Priority::P0)
    );
    let page = |channel: &str| vec![(decision.event.clone(), format!("page:{channel}"))];
    let effects = decision.effects.iter().map(|effect| {
        let after = match &effect.when {
            When::Now => "now".to_owned(),
            When::Unless { effect, within_seconds } => format!("unless {effect} in {within_seconds}"),
            When::IfDone(pages) => {
                let pages: Vec<_> =
                    pages.iter().map(|(event, page)| (event.clone(), page.to_string())).collect();
                assert_eq!(pages, page(effect.channel.as_str()));
                "if done".to_owned()
            }
        };
        (effect.id.to_string(), effect.dedup_key.to_string(), after)
    });
    let effect = |id: &str, when: &str| (id.to_owned(), "drill-d1".to_owned(), when.to_owned());
    let expected = [
        effect("page:oncall", "now"),
        effect("page:mail", "unless page:oncall in 60"),
        effect("resolve:oncall", "if done"),
        effect("resolve:mail", "if done"),
    ];
    assert_eq!(effects.collect::<Vec<_>>(), expected);
}

#[test]
fn a_drill_opens_no_incident_and_does_nothing_to_the_cluster() {
    let policy = policy();
    let mut replay = Replay::new(&policy);
    let decision = replay.message_at(&drill(Priority::P0, "d1"), now()).remove(0);
    assert_eq!((decision.incident, decision.acts), (None, Vec::new()));
    let left: BTreeSet<&Key> = replay.records().map(|(key, _)| key).collect();
    assert!(!left.iter().any(|key| matches!(key, Key::Incident(_) | Key::PageDraft(_))), "{left:?}");
}

#[test]
fn every_form_of_it_begins_with_that_it_is_one() {
    let event = Event::read("{\"id\":\"d1\",\"source\":\"watchfire\",\"detail-type\":\"x\"}").unwrap().id;
    let notice = Drill { priority: Priority::P0, by: "<b>jane".to_owned() }.notice(&event, now());
    for kind in [EffectKind::Page, EffectKind::Resolve] {
        assert!(notice.subject(kind).starts_with("DRILL "), "{}", notice.subject(kind));
        assert!(notice.text(kind).starts_with("DRILL "), "{}", notice.text(kind));
        assert!(notice.html(kind).contains("<title>DRILL "), "{}", notice.html(kind));
    }
    assert!(notice.text(EffectKind::Page).contains("Nothing is asked of you: this is a drill."));
    // A page that was written down before there were drills is none.
    let mut stored = serde_json::to_value(&notice).unwrap();
    stored.as_object_mut().unwrap().remove("drill");
    assert!(!serde_json::from_value::<Notice>(stored).unwrap().drill);
}

#[test]
fn what_would_hold_a_page_holds_a_drill_and_nothing_of_it_waits() {
    let policy = policy();
    let mut replay = Replay::new(&policy);
    let mut verdicts = Vec::new();
    for number in 0..40 {
        let at = now() + SignedDuration::from_secs(number);
        let decision = replay.message_at(&drill(Priority::P1, &format!("d{number}")), at).remove(0);
        verdicts.push((decision.verdict, decision.why));
    }
    assert_eq!(verdicts[0], (Verdict::Page, Why::Drill));
    assert_eq!(verdicts[39], (Verdict::Quiet, Why::Limited));
    let waits = |key: &Key| matches!(key, Key::Bundle(_) | Key::Incident(_));
    assert_eq!(replay.records().filter(|(key, _)| waits(key)).count(), 0);
    // P0 has no limit.
    assert_eq!(decided(&policy, &drill(Priority::P0, "d")).verdict, Verdict::Page);
}

#[test]
fn without_a_route_nobody_is_told_and_it_says_so() {
    let decision = decided(&policy(), &drill(Priority::P3, "d1"));
    let withheld: Vec<_> = decision.withheld.iter().map(ToString::to_string).collect();
    assert_eq!(
        (decision.verdict, withheld),
        (Verdict::Quiet, vec!["page: no channel is told of it; a page would go to the digest".to_owned()])
    );
}
