//! The shipped rules, a cluster with one Deployment, and a memory: whole stories from an event to what became of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use watchfire_core::builders::{self, at, entry, labels, owner, shipped_rules};
use watchfire_core::calendar::Calendar;
use watchfire_core::command::{Asked, Command, CommandKind};
use watchfire_core::context::{
    Cluster, Confidence, Context, Details, Known, Method, Node, Place, Pod, Pods, Selecting, Selector,
    Workload, WorkloadKind,
};
use watchfire_core::decide::Case;
use watchfire_core::decision::{Caller, Decision};
use watchfire_core::event::Event;
use watchfire_core::follow_up;
use watchfire_core::hash::sha256;
use watchfire_core::ids::{ChannelName, EventId};
use watchfire_core::journal::{ActEnd, Entry, Outcome};
use watchfire_core::mitigation::{Mitigation, Mode};
use watchfire_core::policy::{Pages, Policy, Route, Routes};
use watchfire_core::priority::Priority;
use watchfire_core::rules::RuleSet;
use watchfire_core::state::{Key, Record, State, Unread};
use watchfire_core::timer::Timer;
use watchfire_core::zone::Zone;

/// A little after the shipped examples happened.
pub const NOW: &str = "2026-11-18T09:14:44Z";

/// What was decided so far, and what it is decided by.
pub struct World {
    pub policy: Policy,
    pub context: Context,
    records: BTreeMap<Key, (u64, Record)>,
}

/// An event of the shipped examples.
pub fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/examples").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The channel that is told.
pub fn route() -> ChannelName {
    ChannelName::new("mail")
}

/// The shipped rules, people in Los Angeles, and a cluster that they call `prod-gov`.
pub fn policy() -> Policy {
    let rules = RuleSet::load(&shipped_rules()).unwrap();
    let to = || Route { to: vec![route()], fallback: None };
    let routes = Routes::new([(Priority::P0, to()), (Priority::P1, to()), (Priority::P2, to())]);
    let calendar =
        Calendar::new("America/Los_Angeles", &["Mon", "Tue", "Wed", "Thu", "Fri"], "09:00", "17:00", &[])
            .unwrap();
    let pages = Pages {
        alias: Some("prod-gov".to_owned()),
        public_url: Some("https://watchfire.example.com".to_owned()),
    };
    Policy { calendar, pages, mitigation: mitigation(Mode::Observe), ..Policy::new(rules, routes) }
}

fn ours() -> Cluster {
    Cluster {
        name: "payments-prod".to_owned(),
        arn: Some("arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments-prod".to_owned()),
        vpc: None,
    }
}

fn mitigation(mode: Mode) -> Mitigation {
    Mitigation {
        cluster: Some(ours()),
        mode,
        keeps_evidence: true,
        zone: Zone::named("America/Los_Angeles").unwrap(),
        ..Mitigation::default()
    }
}

impl World {
    /// The pod of most of the shipped examples.
    pub fn new(mode: Mode) -> Self {
        Self::about(mode, "checkout", "checkout-api", "6d5f9c7b84-x2x9k")
    }

    /// A pod in its Deployment, in a cluster that is ready for quarantines.
    pub fn about(mode: Mode, namespace: &str, app: &str, pod: &str) -> Self {
        let policy = Policy { mitigation: mitigation(mode), ..policy() };
        Self { policy, context: context(namespace, app, pod), records: BTreeMap::new() }
    }

    /// What is decided about an event.
    pub fn decide(&mut self, text: &str, now: Timestamp) -> Decision {
        let event = Event::read(text).unwrap();
        let case = Case::new(&event, &self.policy, &self.context);
        let decision = self.read(|state| case.decide(state, now));
        self.commit(decision)
    }

    /// What is decided about what a person asks for.
    pub fn command(&mut self, id: &str, caller: (&str, &str), wish: CommandKind, now: Timestamp) -> Decision {
        self.command_about(None, id, caller, wish, now)
    }

    /// The same, of who was shown that plan.
    pub fn command_about(
        &mut self,
        plan: Option<&str>,
        id: &str,
        caller: (&str, &str),
        wish: CommandKind,
        now: Timestamp,
    ) -> Decision {
        let (by, how) = caller;
        let caller = Some(Box::new(Caller { how: how.to_owned(), subject: None, says: None }));
        let command = Command {
            id: EventId::new(id),
            by: by.to_owned(),
            reason: "seen in the flow logs".to_owned(),
            via: None,
            episode: None,
            plan: plan.map(str::to_owned),
            caller,
            from: Some("10.0.0.7".to_owned()),
            wish,
        };
        let (policy, context) = (&self.policy, &self.context);
        let asked = Asked { command: &command, policy, context, effect: None, names: None };
        let decision = self.read(|state| asked.decide(state, now));
        self.commit(decision)
    }

    /// The record under that key.
    pub fn record(&self, key: &Key) -> Option<&Record> {
        self.records.get(key).map(|(_, record)| record)
    }

    /// What is decided once an act of a decision is done.
    pub fn act(&mut self, decision: &Decision, act: &str, said: &str, at: Timestamp) -> Decision {
        self.report(decision, act, ActEnd::Done, said, at)
    }

    /// What is decided once an act of a decision has failed.
    pub fn fail(&mut self, decision: &Decision, act: &str, said: &str, at: Timestamp) -> Decision {
        self.report(decision, act, ActEnd::Failed, said, at)
    }

    fn report(&mut self, decision: &Decision, act: &str, end: ActEnd, said: &str, at: Timestamp) -> Decision {
        let act = decision.acts.iter().find(|other| other.id.as_str() == act).unwrap();
        let outcome = Outcome::Acted { at, end, said: said.to_owned(), steps: Vec::new() };
        let outcomes = BTreeMap::from([(act.id.clone(), outcome.clone())]);
        let entry = Entry { outcomes, ..entry(decision.clone()) };
        let report = self.read(|state| follow_up::report(&entry, act, &outcome, &self.policy, state, at));
        self.commit(report)
    }

    /// What is decided about the records whose time has come.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Decision> {
        let due = self.records.iter().filter_map(|(key, (_, record))| Some((record.wake_at()?, key.clone())));
        let due: Vec<_> = due.filter(|(at, _)| *at <= now).collect();
        let mut decisions = Vec::new();
        for (at, key) in due {
            let decision = self.read(|state| Timer::new(&key, at, &self.policy).decide(state, now));
            decisions.extend(decision.map(|decision| self.commit(decision)));
        }
        decisions
    }

    fn read<T>(&self, decide: impl Fn(&State) -> Result<T, Unread>) -> T {
        let mut state = State::default();
        loop {
            match decide(&state) {
                Ok(decided) => return decided,
                Err(Unread(missing)) => {
                    for key in missing {
                        let known = self.records.get(&key).cloned();
                        let (version, record) =
                            known.map_or((0, None), |(version, record)| (version, Some(record)));
                        state.insert(key, version, record);
                    }
                }
            }
        }
    }

    fn commit(&mut self, decision: Decision) -> Decision {
        let found = |key: &Key| self.records.get(key).map(|(_, record)| record.clone());
        for (key, record) in decision.comes_to(found).expect("nobody else changes anything") {
            let version = self.records.get(&key).map_or(0, |(version, _)| *version);
            self.records.insert(key, (version + 1, record));
        }
        decision
    }
}

/// What the cluster says about the pod.
fn context(namespace: &str, app: &str, pod: &str) -> Context {
    let (hash, _) = pod.split_once('-').unwrap();
    let image = format!("111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/payments/{app}:2026-11-15");
    let mut pod = Pod {
        namespace: namespace.to_owned(),
        uid: "02e4cdbc-5e00-4f8c-a4d8-41062960eabc".to_owned(),
        labels: labels(&[("app", app), ("pod-template-hash", hash), ("team", "payments")]).into(),
        owner: Some(owner("ReplicaSet", &format!("{app}-{hash}"))),
        node: Some("ip-10-20-41-17.us-gov-west-1.compute.internal".to_owned()),
        ips: vec!["10.20.47.203".to_owned()],
        created_at: Some(at("2026-11-15T05:12:00Z")),
        service_account: app.to_owned(),
        ..builders::pod(&format!("{app}-{pod}"), app, &image)
    };
    pod.containers[0].digest = Some(format!("sha256:{}", sha256(app)));
    let node = Node {
        name: "ip-10-20-41-17.us-gov-west-1.compute.internal".to_owned(),
        uid: "n1".to_owned(),
        instance: Some("i-0fac8f8a384096a0c".to_owned()),
        instance_type: Some("m6i.xlarge".to_owned()),
        zone: Some("us-gov-west-1a".to_owned()),
        ready: true,
        created_at: Some(at("2026-11-03T05:40:11Z")),
        ..Node::default()
    };
    let found =
        Pods::Found { method: Method::Uid, confidence: Confidence::Certain, pods: vec![pod], count: 1 };
    Context {
        place: Place::Ours(ours()),
        pods: found,
        node: Some(node),
        details: Some(details(namespace, app, hash)),
        incidents_on_node: vec!["P2 Suspicious process: reports/report-builder-59f6d7c88b-lm4zt".to_owned()],
        ..Context::none()
    }
}

fn details(namespace: &str, app: &str, hash: &str) -> Details {
    let selector = Selector::equal(&labels(&[("app", app)]));
    let workload = |kind: WorkloadKind, name: &str| Workload {
        namespace: namespace.to_owned(),
        selector: Some(selector.clone()),
        ..builders::workload(kind, name)
    };
    Details {
        owners: Known::Is(vec![
            workload(WorkloadKind::ReplicaSet, &format!("{app}-{hash}")),
            workload(WorkloadKind::Deployment, app),
        ]),
        services: Known::Is(vec![Selecting { name: app.to_owned(), selector, allows: true }]),
        role: Known::Is(Some(format!("arn:aws-us-gov:iam::111122223333:role/{app}"))),
        same_image: vec![format!("{namespace}/{app}-{hash}-7kq2d")],
        ..builders::details()
    }
}
