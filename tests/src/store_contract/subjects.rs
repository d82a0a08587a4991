//! Workers that decide about different subjects never make each other stale, whatever else those share.

use watchfire::store::{Committed, Store};
use watchfire_core::context::Context;
use watchfire_core::decide::Case;
use watchfire_core::decision::Decision;
use watchfire_core::event::Event;
use watchfire_core::ids::ChannelName;
use watchfire_core::journal::Entry;
use watchfire_core::noise::Quota;
use watchfire_core::policy::{Policy, Route, Routes};
use watchfire_core::priority::Priority;
use watchfire_core::rules::{RuleFile, RuleSet};
use watchfire_core::state::{State, Unread};
use watchfire_core::verdict::Why;

use super::builders::at;
use watchfire_core::builders::GuardDuty;

const RULES: &str = "
rules:
  - {name: low, family: low, match: {finding: {severity: [{numeric: ['<', 4]}]}}, priority: P3}
  - {name: all, family: tool, priority: P2}
";
/// So many decide on the same records, each about a pod of its own.
const WORKERS: usize = 8;

fn policy() -> Policy {
    let rules = RuleFile { name: "rules.yaml".to_owned(), text: RULES.to_owned() };
    let oncall = Route { to: vec![ChannelName::new("oncall")], fallback: None };
    let routes = Routes::new([(Priority::P2, oncall)]);
    let mut policy = Policy::new(RuleSet::load(&[rules]).unwrap(), routes);
    policy.digest = vec![ChannelName::new("mail")];
    policy
}

/// What a worker has decided and not committed.
struct Undecided {
    read: State,
    entry: Entry,
}

async fn decide(store: &Store, policy: &Policy, text: String) -> Undecided {
    let event = Event::read(&text).unwrap();
    let context = Context::none();
    let case = Case::new(&event, policy, &context);
    let mut read = State::default();
    loop {
        match case.decide(&read, at(0)) {
            Ok(decision) => {
                let entry = Entry {
                    decision,
                    raw: text.clone(),
                    sha256: String::new(),
                    outcomes: Default::default(),
                };
                return Undecided { read, entry };
            }
            Err(Unread(missing)) => store.load(&missing, &mut read).await.unwrap(),
        }
    }
}

async fn commit(store: &Store, Undecided { read, entry }: Undecided) -> (Committed, Decision) {
    (store.commit(&read, &entry).await.unwrap(), entry.decision)
}

fn pod(kind: &str, severity: f64, number: usize) -> GuardDuty {
    GuardDuty::of(kind, severity, &format!("web-{number}"))
}

fn event(finding: &GuardDuty, number: usize) -> String {
    finding.event(&format!("e{number}")).to_string()
}

/// All decide, then all commit.
async fn at_once(store: &Store, policy: &Policy, events: impl Iterator<Item = String>) -> Vec<Why> {
    let mut undecided = Vec::new();
    for event in events {
        undecided.push(decide(store, policy, event).await);
    }
    let mut whys = Vec::new();
    for one in undecided {
        let (committed, decision) = commit(store, one).await;
        assert_eq!(committed, Committed::Yes, "{decision:#?}");
        whys.push(decision.why);
    }
    whys
}

pub async fn decisions_about_different_subjects_never_make_each_other_stale(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let mut policy = policy();
    let tool = "Execution:Runtime/SuspiciousTool";
    let all = |kind: &'static str, severity, from: usize| {
        (from..from + WORKERS).map(move |number| event(&pod(kind, severity, number), number))
    };
    // Paged: they share the limits of their channel, rule and family, and are counted lest they be a storm.
    assert_eq!(at_once(&store, &policy, all(tool, 5.0, 0)).await, [Why::New; WORKERS]);
    // Put into the same edition of the digest.
    assert_eq!(at_once(&store, &policy, all(tool, 2.0, 100)).await, [Why::New; WORKERS]);
    // Over one limit, in one roll-up.
    policy.noise.limits.rule = Quota::new(1, 1).unwrap();
    let other = "Execution:Runtime/ReverseShell";
    assert_eq!(at_once(&store, &policy, all(other, 5.0, 200)).await, [Why::Limited; WORKERS]);
    // In one storm.
    policy.noise.storm.most = 1;
    assert_eq!(at_once(&store, &policy, all(tool, 5.0, 300)).await, [Why::Stormed; WORKERS]);
    // Over, while others wait with them.
    let over =
        (200..).take(WORKERS - 1).map(|number| event(&pod(other, 5.0, number).put_aside(), 1_000 + number));
    assert_eq!(at_once(&store, &policy, over).await, [Why::Closed; WORKERS - 1]);
}
