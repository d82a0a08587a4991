//! For which decisions what surrounds a pod is asked for.

use std::collections::BTreeMap;

use watchfire_core::builders::{at, attributes, decision, notice, page};
use watchfire_core::decision::{Decision, Reason, Wanted, Withheld};
use watchfire_core::event::Subject;
use watchfire_core::ids::{ChannelName, IncidentKey};
use watchfire_core::incident::IncidentRecord;
use watchfire_core::noise::PageDraft;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record};
use watchfire_core::verdict::{Verdict, Why};

#[test]
fn details_are_asked_for_where_somebody_is_or_may_be_told_or_something_is_done() {
    let incident = IncidentKey::new("incident-1");
    let begun = IncidentRecord::begun(None, Priority::P3, None, at("2026-11-20T12:00:00Z"));
    let draft = PageDraft { face: attributes(Subject::default()), notice: notice() };
    let keeps = (Key::PageDraft(incident.clone()), Record::PageDraft(Box::new(draft)));
    let of = |record: IncidentRecord| (Key::Incident(incident.clone()), Record::Incident(record));
    let decided = |verdict, why, changes: Vec<(Key, Record)>| {
        let changes = BTreeMap::from_iter(changes);
        Decision { verdict, why, changes, ..decision("event") }
    };
    let paged = BTreeMap::from([(ChannelName::new("oncall"), Vec::new())]);
    let said = IncidentRecord { paged, ..begun.clone() };
    let chained = IncidentRecord { escalate_at: Some(at("2026-11-20T16:00:00Z")), ..begun.clone() };
    let withheld = |reason| Withheld { action: Wanted::Command("scan".to_owned()), reason };
    let quiet = || decided(Verdict::Quiet, Why::Repeat, vec![of(begun.clone())]);
    let table = [
        ("a page", decided(Verdict::Page, Why::New, Vec::new()), true),
        ("a repeat", quiet(), false),
        ("what waits to be told", decided(Verdict::Quiet, Why::Silenced, vec![keeps.clone()]), true),
        (
            "a line of the digest",
            decided(Verdict::Digest, Why::New, vec![keeps.clone(), of(begun.clone())]),
            false,
        ),
        (
            "a line of the digest, of what somebody was paged for",
            decided(Verdict::Digest, Why::ResourceJoined, vec![keeps.clone(), of(said)]),
            true,
        ),
        (
            "a line of the digest that somebody is called for later",
            decided(Verdict::Digest, Why::New, vec![keeps.clone(), of(chained)]),
            true,
        ),
        ("a page that is resolved", Decision { effects: vec![page()], ..quiet() }, true),
        (
            "what is not done, as nothing is for a repeat",
            Decision { withheld: vec![withheld(Reason::Decided(Why::Repeat))], ..quiet() },
            false,
        ),
        (
            "what a guard refuses",
            Decision { withheld: vec![withheld(Reason::Refused("it is protected".to_owned()))], ..quiet() },
            true,
        ),
    ];
    for (what, decision, expected) in table {
        assert_eq!(decision.asks_for_details(), expected, "{what}");
    }
}
