//! Editions of the digest: what is decided about one incident changes nothing that others have read, until the
//! edition is closed; and what the first version has put by is said.

use std::collections::{BTreeMap, BTreeSet};

use watchfire_core::builders::at;
use watchfire_core::context::Context;
use watchfire_core::decide::Case;
use watchfire_core::decision::Decision;
use watchfire_core::digest::{Contents, DigestRecord, EditionNumber};
use watchfire_core::event::Event;
use watchfire_core::ids::{ChannelName, IncidentKey};
use watchfire_core::policy::Policy;
use watchfire_core::replay::Replay;
use watchfire_core::state::{Key, Record, State, Unread};
use watchfire_core::verdict::Why;

use crate::support::{self, policy};

/// Wednesday.
const BEFORE_OPENING: &str = "2026-11-25T08:00:00Z";
const OPENING: &str = "2026-11-25T09:00:00Z";

fn with_digest() -> Policy {
    let mut policy = policy();
    policy.digest = vec![ChannelName::new("mail")];
    policy
}

fn low(number: usize) -> String {
    support::low(&format!("f{number}")).pod(&format!("web-{number}")).title("A title").text()
}

/// A decision on those records, with every key that it has read.
fn decided(text: &str, policy: &Policy, records: &BTreeMap<Key, Record>) -> (Decision, BTreeSet<Key>) {
    let event = Event::read(text).unwrap();
    let context = Context::none();
    let case = Case::new(&event, policy, &context);
    let mut state = State::default();
    loop {
        match case.decide(&state, at(BEFORE_OPENING)) {
            Ok(decision) => {
                return (decision, state.versions().map(|(key, _)| key.clone()).collect());
            }
            Err(Unread(missing)) => {
                for key in missing {
                    let record = records.get(&key).cloned();
                    state.insert(key, 0, record);
                }
            }
        }
    }
}

fn records(replay: &Replay<'_>) -> BTreeMap<Key, Record> {
    replay.records().map(|(key, record)| (key.clone(), record.clone())).collect()
}

#[test]
fn what_goes_to_the_digest_changes_nothing_that_others_have_read() {
    let policy = with_digest();
    let mut replay = Replay::new(&policy);
    replay.message_at(&low(0), at(BEFORE_OPENING));
    let records = records(&replay);
    let (first, first_read) = decided(&low(1), &policy, &records);
    let (second, second_read) = decided(&low(2), &policy, &records);
    let changed = |decision: &Decision| decision.changes.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(changed(&first).intersection(&second_read).collect::<Vec<_>>(), Vec::<&Key>::new());
    assert_eq!(changed(&second).intersection(&first_read).collect::<Vec<_>>(), Vec::<&Key>::new());
    let line = Key::DigestLine(EditionNumber(0), first.incident.clone().unwrap());
    assert!(first.changes.contains_key(&line), "{:#?}", first.changes.keys());
}

#[test]
fn whoever_decides_while_the_edition_is_closed_decides_again_for_the_next() {
    let policy = with_digest();
    let mut replay = Replay::new(&policy);
    replay.message_at(&low(0), at(BEFORE_OPENING));
    let (_, read) = decided(&low(1), &policy, &records(&replay));
    let closed = replay.tick(at(OPENING));
    let whys: Vec<_> = closed.iter().map(|decision| decision.why).collect();
    assert_eq!(whys, [Why::EditionClosed, Why::Digested]);
    // So a commit of what was read before is stale.
    assert!(read.contains(&Key::Digest) && closed[0].changes.contains_key(&Key::Digest));
    replay.message_at(&low(1), at("2026-11-25T09:00:01Z"));
    let lines = replay.records().filter_map(|(key, _)| match key {
        Key::DigestLine(edition, _) => Some(edition.0),
        _ => None,
    });
    assert_eq!(lines.collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn how_much_is_in_an_edition_changes_nothing_about_what_the_next_line_costs() {
    let policy = with_digest();
    let mut replay = Replay::new(&policy);
    let size = |decision: &Decision| {
        serde_json::to_string(&decision.changes.values().collect::<Vec<_>>()).unwrap().len()
    };
    let sizes: Vec<_> = (0..1_000)
        .map(|number| size(&replay.message_at(&low(1_000 + number), at(BEFORE_OPENING))[0]))
        .collect();
    assert_eq!(sizes[1], sizes[999]);
}

#[test]
fn keys_of_the_digest_are_read_as_they_are_written() {
    let incident = IncidentKey::new("wf1-a");
    let keys = [
        Key::Digest,
        Key::DigestDays,
        Key::DigestEdition(EditionNumber(7)),
        Key::DigestLine(EditionNumber(7), incident),
    ];
    let written = keys.clone().map(|key| key.to_string());
    assert_eq!(written, ["digest", "digest-days", "digest-edition/7", "digest-line/7/wf1-a"]);
    assert_eq!(written.map(|text| Key::parse(&text)), keys.map(Some));
    assert_eq!(Key::parse("digest-line/x/wf1-a"), None);
    assert_eq!(Key::parse("digest-contents/7"), None, "nothing is kept there");
}

/// What the first version has left: the incident of the finding `known`, and three that were only counted.
fn first_version(known: &IncidentKey) -> DigestRecord {
    serde_json::from_value(serde_json::json!({
        "from": "2026-11-24T09:00:00Z",
        "due_at": OPENING,
        "lines": {known.as_str(): {"priority": "P2", "family": "low", "title": "kept", "subject": "", "events": 1,
            "since": "2026-11-24T10:00:00Z", "open": true, "held": null}},
        "more": 3,
        "families": {"low": 4},
        "days": {"2026-11-24": {"low": 4}},
        "counted_from": "2026-11-24",
    }))
    .unwrap()
}

#[test]
fn what_the_first_version_has_put_by_is_said_with_what_came_since_and_counted_once() {
    let policy = with_digest();
    let known = decided(&low(0), &policy, &BTreeMap::new()).0.incident.unwrap();
    let mut kept = BTreeMap::from([(Key::Digest, Record::Digest(Box::new(first_version(&known))))]);
    for number in [0, 1] {
        let (decision, _) = decided(&low(number), &policy, &kept);
        kept.extend(decision.changes);
    }
    let Some(Record::Digest(record)) = kept.get(&Key::Digest) else { panic!("it is there") };
    assert_eq!((record.lines[&known].title.as_str(), record.lines.len()), ("A title", 1));
    let mut contents = Contents::default();
    for (key, record) in &kept {
        if let (Key::DigestLine(_, incident), Record::DigestLine(line)) = (key, record) {
            contents.add(incident.clone(), (**line).clone());
        }
    }
    let contents = contents.with_record(record);
    assert_eq!((contents.total, contents.more(), contents.families["low"]), (5, 3, 5));
}
