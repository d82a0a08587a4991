//! What is most urgent is named, and first, however much else a page or a digest tells of; the rest is counted.

use watchfire_core::decision::Decision;
use watchfire_core::noise::BundleRecord;
use watchfire_core::notice::List;
use watchfire_core::replay::Replay;
use watchfire_core::scenario::{Beside, Scenario, StepInput};
use watchfire_core::state::Record;
use watchfire_core::verdict::Why;
use watchfire_core::yaml::wrong;

/// A history of those steps, and all that was decided in it.
fn played<T>(policy: &str, steps: &str, look: impl FnOnce(&[Decision], &Replay<'_>) -> T) -> T {
    let text = format!(
        "promise: a history\nrules: plain\nstart: 2026-11-25T09:00:00Z\npolicy: {policy}\nsteps:\n{steps}"
    );
    let beside = Beside { rules: &[], builtin: &[], event: &|_| Err(wrong("")) };
    let scenario = Scenario::read("history", &text, beside).unwrap();
    let mut replay = Replay::new(scenario.policy());
    let inputs = scenario.steps.iter().flat_map(|step| &step.inputs);
    let decisions = inputs.flat_map(|input| match input {
        StepInput::Message { text, at } => replay.message_at(text, *at),
        StepInput::Command { command, at } => vec![replay.command(command, *at)],
        StepInput::Tick { at } => replay.tick(*at),
    });
    let decisions: Vec<_> = decisions.collect();
    look(&decisions, &replay)
}

/// The lists of every page with that reason.
fn lists(decisions: &[Decision], why: Why) -> Vec<List> {
    let pages = decisions.iter().filter(|decision| decision.why == why);
    pages.filter_map(|page| page.effects.first()).flat_map(|effect| effect.notice.lists.clone()).collect()
}

fn bundles(replay: &Replay<'_>) -> Vec<BundleRecord> {
    let bundle = |record: &Record| match record {
        Record::Bundle(bundle) => Some((**bundle).clone()),
        _ => None,
    };
    replay.records().filter_map(|(_, record)| bundle(record)).collect()
}

const STORM: &str = "{noise: {storm: {incidents: 1, within_minutes: 5}}}";

/// That many P2 of one family, then a P1 of it, all new.
fn drowned(lesser: usize) -> String {
    format!(
        r#"
  - at: +0m
    times: {lesser}
    guardduty: {{id: "f{{n}}", type: "Execution:Runtime/NewBinaryExecuted", pod: "shop/web-{{n}}"}}
    expect: []
  - at: +10s
    guardduty: {{id: urgent, type: "Execution:Runtime/NewBinaryExecuted", pod: "shop/drowned", severity: 7}}
    expect: []
"#
    )
}

#[test]
fn a_p1_behind_160_p2_is_named_first_in_the_page_of_their_storm() {
    let steps = drowned(161) + "  - {at: +1m, expect: []}\n";
    let (pages, members) = played(STORM, &steps, |decisions, replay| {
        (lists(decisions, Why::Bundled), bundles(replay).remove(0).members.len())
    });
    assert_eq!((pages.len(), members), (1, BundleRecord::MOST));
    let List { head: _, lines, more } = &pages[0];
    assert_eq!(lines[0], "P1 NewBinaryExecuted: payments pods/shop/drowned (09:00 UTC)");
    assert_eq!(lines[1], "P2 NewBinaryExecuted: payments pods/shop/web-10 (09:00 UTC)");
    assert_eq!(lines.len() as u64 + more, 161);
}

#[test]
fn it_is_named_in_every_page_of_a_storm_that_goes_on() {
    let mut steps = drowned(120);
    for page in 1..=12 {
        steps += &format!(
            r#"
  - at: +{minute}m
    times: 120
    guardduty: {{id: "g{page}-{{n}}", type: "Execution:Runtime/NewBinaryExecuted", pod: "p{page}/web-{{n}}"}}
    expect: []
  - at: +{minute}m1s
    guardduty: {{id: "u{page}", type: "Execution:Runtime/NewBinaryExecuted", pod: "p{page}/drowned", severity: 7}}
    expect: []
  - {{at: +{minute}m2s, expect: []}}
"#,
            minute = page * 6
        );
    }
    let pages = played(STORM, &steps, |decisions, _| lists(decisions, Why::Bundled));
    let first: Vec<_> = pages.iter().map(|list| list.lines[0].clone()).collect();
    assert_eq!(pages.len(), 12);
    assert!(first.iter().all(|line| line.starts_with("P1 NewBinaryExecuted: payments pods/")), "{first:#?}");
}

#[test]
fn what_is_new_takes_the_place_of_what_was_said() {
    let group = r#"{noise: {storm: {incidents: 200}, groups: [{name: all, match: {family: [tool]}, group_by: [subject.account]}]}}"#;
    let steps = r#"
  - at: +0m
    times: 100
    guardduty: {id: "f{n}", type: "Execution:Runtime/NewBinaryExecuted", pod: "shop/web-{n}"}
    expect: []
  - {at: +30s, expect: []}
  - at: +1m
    times: 2
    guardduty: {id: "g{n}", type: "Execution:Runtime/NewBinaryExecuted", pod: "bank/new-{n}"}
    expect: []
  - {at: +1h, expect: []}
"#;
    let pages = played(group, steps, |decisions, _| lists(decisions, Why::Bundled));
    let named = [
        "P2 NewBinaryExecuted: payments pods/bank/new-1 (09:01 UTC)",
        "P2 NewBinaryExecuted: payments pods/bank/new-2 (09:01 UTC)",
    ];
    assert_eq!((&pages[1].lines[..], pages[1].more), (&named.map(str::to_owned)[..], 0));
}

#[test]
fn a_bundle_whose_members_made_room_is_over_when_all_of_them_are() {
    let steps = drowned(130)
        + r#"
  - {at: +1m, expect: []}
  - at: +2m
    times: 130
    guardduty: {id: "f{n}", archived: true}
    expect: []
  - {at: +3m, guardduty: {id: urgent, archived: true}, expect: []}
"#;
    let (bundle, last) = played(STORM, &steps, |decisions, replay| {
        (bundles(replay).remove(0), decisions.last().unwrap().clone())
    });
    assert_eq!((bundle.open, bundle.unsaid, bundle.members.len()), (0, 0, 0));
    let resolved: Vec<_> = last.effects.iter().map(|effect| effect.id.as_str()).collect();
    assert_eq!(resolved.len(), 1, "{resolved:?}");
    assert!(resolved[0].starts_with("resolve:oncall:wf1-"), "{resolved:?}");
}

#[test]
fn a_p2_behind_300_p3_is_named_first_in_the_digest_and_all_are_counted() {
    let policy = "{routes: {P0: [oncall], P1: [oncall]}}";
    let steps = r#"
  - at: +0m
    times: 300
    guardduty: {id: "f{n}", type: "Discovery:Runtime/SuspiciousCommand", pod: "shop/web-{n}"}
    expect: []
  - at: +1m
    guardduty: {id: urgent, type: "Execution:Runtime/NewBinaryExecuted", pod: shop/drowned}
    expect: []
  - {at: +1d, expect: []}
"#;
    let (lists, title) = played(policy, steps, |decisions, _| {
        let page = decisions.iter().find(|decision| decision.why == Why::Digested).unwrap();
        (lists(decisions, Why::Digested), page.effects[0].notice.title.clone())
    });
    assert_eq!(title, "301 incidents since Wednesday 09:00: 300 discovery, 1 tool");
    let heads: Vec<_> = lists.iter().map(|list| list.head.as_str()).collect();
    assert_eq!(heads, ["tool: 1 new", "discovery: 300 new"]);
    assert_eq!(lists[0].lines, ["[P2] NewBinaryExecuted (payments pods/shop/drowned): 1 event, still open"]);
    assert_eq!((lists[1].lines.len(), lists[1].more), (50, 250));
}

#[test]
fn what_was_counted_and_never_said_is_counted_in_the_digest() {
    let policy = "{noise: {storm: {incidents: 1, within_minutes: 5}}}";
    let steps = r#"
  - at: +0m
    times: 161
    every_seconds: 1
    guardduty: {id: "f{n}", type: "Execution:Runtime/NewBinaryExecuted", pod: "shop/web-{n}"}
    expect: []
  - at: +4m
    times: 161
    guardduty: {id: "f{n}", archived: true}
    expect: []
  - {at: +5m, expect: []}
  - {at: +1d, expect: []}
"#;
    let (lists, title) = played(policy, steps, |decisions, _| {
        let page = decisions.iter().find(|decision| decision.why == Why::Digested).unwrap();
        (lists(decisions, Why::Digested), page.effects[0].notice.title.clone())
    });
    assert_eq!(title, "160 incidents since Wednesday 09:05: 160 tool");
    let counted =
        "[P2] 60 more, which were counted and not listed; held by storm of tool in account 111122223333";
    assert!(lists[0].lines.contains(&counted.to_owned()), "{lists:#?}");
    assert_eq!((lists.len(), lists[0].lines.len(), lists[0].more), (1, 50, 51));
}
