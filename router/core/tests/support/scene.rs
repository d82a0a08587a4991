//! A pod in a cluster, a finding about it, and what would be done: built up by what matters to a test.

use std::collections::BTreeMap;

use jiff::Timestamp;
use watchfire_core::act::{ActWhen, Target, summary};
use watchfire_core::action::ActionName;
use watchfire_core::budget::{BudgetRecord, Spent};
use watchfire_core::builders::{self, at, labels, owner};
use watchfire_core::containment::{SwitchRecord, SwitchedOff, TargetKey};
use watchfire_core::context::{
    Cluster, Confidence, Context, Details, HostAccess, Known, Method, Node, Owner, Place, Pod, Pods,
    Selecting, Selector, Workload, WorkloadKind,
};
use watchfire_core::decide::Case;
use watchfire_core::decision::Decision;
use watchfire_core::event::Event;
use watchfire_core::mitigation::{Mitigation, Mode};
use watchfire_core::policy::Policy;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record, State, Unread};

use super::{POD as POD_NAME, miner};

pub struct Scene {
    pub pod: Pod,
    pub details: Details,
    pub context: Context,
    pub mitigation: Mitigation,
    pub actions: &'static str,
    pub priority: Priority,
    pub when: &'static str,
    pub sample: bool,
    /// The resource type of the finding, where it is another than a cluster.
    pub thing: Option<&'static str>,
    pub records: BTreeMap<Key, Record>,
    pub unread: bool,
}

/// A workload of the pod's labels.
pub fn workload(kind: WorkloadKind, name: &str, replicas: Option<u32>, ready: u32) -> Workload {
    let suspended = matches!(kind, WorkloadKind::Job | WorkloadKind::CronJob).then_some(false);
    let selector = Some(Selector::equal(&labels(&[("app", "pay"), ("hash", "6c9f")])));
    Workload { replicas, ready, selector, suspended, ..builders::workload(kind, name) }
}

pub fn ours() -> Cluster {
    Cluster { name: "payments".to_owned(), arn: None, vpc: None }
}

pub fn now() -> Timestamp {
    at("2026-11-20T12:00:00Z")
}

impl Scene {
    /// A pod of a Deployment of four, behind a Service, in a cluster that is ready for quarantines; a miner
    /// in it, and a rule that asks for a quarantine, which may be done.
    pub fn new() -> Self {
        let pod = builders::pod(POD_NAME, "app", "registry.example.com:5000/pay:1.2");
        let mut pod = Pod {
            uid: "u1".to_owned(),
            labels: labels(&[("app", "pay"), ("hash", "6c9f"), ("mesh", "on")]).into(),
            owner: Some(owner("ReplicaSet", "pay-6c9f")),
            node: Some("node-1".to_owned()),
            service_account: "pay".to_owned(),
            ..pod
        };
        pod.containers[0].digest = Some("sha256:abc".to_owned());
        let app = Selector::equal(&labels(&[("app", "pay")]));
        let details = Details {
            owners: Known::Is(vec![
                workload(WorkloadKind::ReplicaSet, "pay-6c9f", Some(4), 4),
                workload(WorkloadKind::Deployment, "pay", Some(4), 4),
            ]),
            services: Known::Is(vec![Selecting { name: "pay".to_owned(), selector: app, allows: true }]),
            ..builders::details()
        };
        let node = Node { name: "node-1".to_owned(), uid: "n1".to_owned(), ready: true, ..Node::default() };
        let context = Context { place: Place::Ours(ours()), node: Some(node), ..Context::none() };
        let mitigation = Mitigation {
            cluster: Some(ours()),
            mode: Mode::Enforce,
            keeps_evidence: true,
            ..Mitigation::default()
        };
        Self {
            pod,
            details,
            context,
            mitigation,
            actions: "quarantine",
            priority: Priority::P0,
            when: "",
            sample: false,
            thing: None,
            records: BTreeMap::new(),
            unread: false,
        }
    }

    pub fn owners(&mut self, owners: Vec<Workload>) {
        self.pod.owner = owners.first().map(|owner| Owner {
            api_version: "v1".to_owned(),
            kind: owner.kind.as_str().to_owned(),
            name: owner.name.clone(),
            uid: owner.uid.clone(),
        });
        self.details.owners = Known::Is(owners);
    }

    pub fn found(&mut self, method: Method, confidence: Confidence) {
        let pods = vec![self.pod.clone()];
        self.context.pods = Pods::Found { method, confidence, pods, count: 1 };
    }

    pub fn host(&mut self, host: HostAccess) {
        self.pod.host = host;
    }

    pub fn policy_selects(&mut self, name: &str, selector: Selector, allows: bool) {
        let policy = Selecting { name: name.to_owned(), selector, allows };
        self.details.policies = Known::Is(vec![policy]);
    }

    pub fn spent(&mut self, containments: usize) {
        let record = BudgetRecord(std::iter::repeat_n(Spent::at(now()), containments).collect());
        self.records.insert(Key::Budget, Record::Budget(record));
    }

    /// So many other pods of that workload and namespace were quarantined just now, or are about to be.
    pub fn quarantined(&mut self, namespace: &str, workload: &str, pods: usize, took_effect: bool) {
        let one = |number: usize| {
            let pod = Pod { uid: format!("other-{number}"), ..self.pod.clone() };
            Spent {
                namespace: Some(namespace.to_owned()),
                workload: Some(workload.to_owned()),
                target: TargetKey::of(&Target::Pod(pod.reference())),
                action: Some(ActionName::Quarantine),
                took_effect,
                ..Spent::at(now())
            }
        };
        let record = BudgetRecord((0..pods).map(one).collect());
        self.records.insert(Key::Budget, Record::Budget(record));
    }

    pub fn switched_off(&mut self) {
        let off = SwitchedOff { by: "sam".to_owned(), reason: "upgrade".to_owned(), at: now() };
        self.records.insert(Key::Switch, Record::Switch(SwitchRecord { off: Some(off) }));
    }

    pub fn policy(&self) -> Policy {
        let condition = match self.when {
            "" => String::new(),
            when => format!("    when: \"{when}\"\n    unknown: page\n"),
        };
        let text = format!(
            "rules:\n  - name: miner\n    family: mining\n{condition}    match: {{finding: {{type: [{{prefix: \"CryptoCurrency\"}}]}}}}\n    priority: {}\n    actions: [{}]\n  - {{name: rest, family: rest, priority: P2}}\n",
            self.priority, self.actions
        );
        Policy { mitigation: self.mitigation.clone(), ..builders::policy(&text) }
    }

    pub fn decide(self) -> Decision {
        self.decide_at(now())
    }

    pub fn decide_at(mut self, now: Timestamp) -> Decision {
        if self.context.pods == Pods::NotAsked {
            self.found(Method::Uid, Confidence::Certain);
        }
        self.context.details = Some(self.details.clone());
        let policy = self.policy();
        let finding = miner("f");
        let text = if self.sample { finding.sample() } else { finding }.text();
        let text = text.replace("EKSCluster", self.thing.unwrap_or("EKSCluster"));
        let event = Event::read(&text).unwrap();
        let case = Case::new(&event, &policy, &self.context);
        let mut state = State::default();
        loop {
            let missing = match case.decide(&state, now) {
                Ok(decision) => return decision,
                Err(Unread(missing)) => missing,
            };
            for key in &missing {
                let record = self.records.get(key).cloned();
                if self.unread && matches!(key, Key::Switch | Key::Budget | Key::Target(_)) {
                    // As if another kind of record stood there: it cannot be understood.
                    state.insert(key.clone(), 1, Some(Record::Budget(BudgetRecord::default())));
                    if *key == Key::Budget {
                        state.insert(key.clone(), 1, Some(Record::Switch(SwitchRecord::default())));
                    }
                    continue;
                }
                state.insert(key.clone(), u64::from(record.is_some()), record);
            }
        }
    }
}

/// What is done and what is not, a line each.
pub fn told(decision: &Decision) -> String {
    let acts = decision.acts.iter().map(|act| {
        let when = match &act.when {
            ActWhen::Now => String::new(),
            ActWhen::IfFailed(other) => format!(" if {other} fails"),
            ActWhen::NotBefore(at) => format!(" not before {at}"),
        };
        format!("+ {}{when}: {}", act.id, summary(&act.steps))
    });
    let withheld = decision.withheld.iter().map(|withheld| format!("- {withheld}"));
    acts.chain(withheld).map(|line| line.trim_end().to_owned() + "\n").collect()
}

pub type Row = (&'static str, fn(&mut Scene), &'static str);

pub const POD: &str = "pod shop/checkout-6c9f7d5b8-x2x4q";

pub fn check(rows: &[Row]) {
    for (name, change, expected) in rows {
        let mut scene = Scene::new();
        change(&mut scene);
        let expected = expected.lines().map(str::trim).filter(|line| !line.is_empty());
        let expected: String = expected.map(|line| line.replace("POD", POD) + "\n").collect();
        assert_eq!(without_hashes(&told(&scene.decide())), expected, "{name}");
    }
}

/// Hashes change with every word of a plan; what stands around them is what matters here.
pub fn without_hashes(told: &str) -> String {
    let masked = |text: String, mark: &str, word: &str| {
        let mut parts = text.split(mark);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| format!("{text}{mark}{word}{}", &part[12..]))
    };
    masked(masked(told.to_owned(), "(plan ", "PLAN"), "watchfire approve ", "ID")
}
