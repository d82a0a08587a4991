//! Over random clusters and findings: nothing is done to what is protected, foreign, not surely the one, or
//! over the budget, and nothing is done twice.

use jiff::SignedDuration;
use proptest::prelude::*;
use watchfire_core::act::{Act, ActWhen, Step, Target};
use watchfire_core::action::{ActionName, Role};
use watchfire_core::budget::Budget;
use watchfire_core::containment::{Containment, ContainmentState, Suspects, TargetKey, TargetRecord};
use watchfire_core::context::{Cluster, Confidence, HostAccess, Known, Method, Place, WorkloadKind};
use watchfire_core::decision::Decision;
use watchfire_core::ids::{EffectId, EventId, IncidentKey};
use watchfire_core::mitigation::Mode;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, Record};

use crate::support::scene::{Scene, ours, workload};

#[derive(Clone, Debug)]
struct World {
    actions: Vec<&'static str>,
    mode: usize,
    asks_for_evidence: bool,
    place: u8,
    namespace: &'static str,
    method: usize,
    certain: bool,
    owner: usize,
    ready: u32,
    spent: usize,
    switched_off: bool,
    unread: bool,
    sample: bool,
    keeps_evidence: bool,
    before: Option<(usize, &'static str)>,
    host_network: bool,
    is_static: bool,
    privileged: bool,
    known: [bool; 3],
    priority: usize,
}

const ACTIONS: [&str; 9] = [
    "evidence",
    "quarantine",
    "scale-to-zero",
    "delete-pod",
    "cordon",
    "drain",
    "image-scan",
    "revoke-credentials",
    "annotate",
];
const METHODS: [Method; 5] =
    [Method::Uid, Method::ContainerId, Method::Address, Method::Name, Method::ServiceAccount];
const STATES: [ContainmentState; 4] =
    [ContainmentState::Planned, ContainmentState::Done, ContainmentState::Failed, ContainmentState::Released];

fn world() -> impl Strategy<Value = World> {
    let first = (
        proptest::sample::subsequence(ACTIONS.to_vec(), 1..4),
        0..3usize,
        0..5u8,
        prop_oneof![3 => Just("shop"), 1 => Just("kube-system"), 1 => Just("istio-system")],
        0..METHODS.len(),
        prop::bool::weighted(0.8),
        0..7usize,
        0..5u32,
        0..7usize,
        prop::bool::weighted(0.1),
    );
    let asks_for_evidence = prop::bool::weighted(0.1);
    let second = (
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.9),
        prop::option::weighted(0.3, (0..STATES.len(), proptest::sample::select(ACTIONS.to_vec()))),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.2),
        [prop::bool::weighted(0.9), prop::bool::weighted(0.9), prop::bool::weighted(0.9)],
        0..3usize,
    );
    (first, second, asks_for_evidence).prop_map(|(first, second, asks_for_evidence)| {
        let (actions, mode, place, namespace, method, certain, owner, ready, spent, switched_off) = first;
        let (unread, sample, keeps_evidence, before, host_network, is_static, privileged, known, priority) =
            second;
        World {
            actions,
            mode,
            asks_for_evidence,
            place,
            namespace,
            method,
            certain,
            owner,
            ready,
            spent,
            switched_off,
            unread,
            sample,
            keeps_evidence,
            before,
            host_network,
            is_static,
            privileged,
            known,
            priority,
        }
    })
}

impl World {
    fn is_ours(&self) -> bool {
        self.place < 2
    }

    fn decide(&self) -> Decision {
        let mut scene = Scene::new();
        scene.actions = Box::leak(self.actions.join(", ").into_boxed_str());
        scene.mitigation.mode = [Mode::Observe, Mode::Approve, Mode::Enforce][self.mode];
        if self.asks_for_evidence {
            scene.mitigation.actions.insert(ActionName::Evidence, Mode::Approve);
        }
        scene.mitigation.keeps_evidence = self.keeps_evidence;
        scene.mitigation.scans_images = true;
        scene.mitigation.budget = Budget::shared(5, SignedDuration::from_mins(10));
        scene.mitigation.if_not_verified = Some(ActionName::Cordon);
        scene.context.place = match self.place {
            0 | 1 => Place::Ours(ours()),
            2 => Place::Foreign("staging".to_owned()),
            3 => Place::Unsaid,
            _ => Place::Ours(Cluster { name: "another".to_owned(), arn: None, vpc: None }),
        };
        scene.pod.namespace = self.namespace.to_owned();
        scene.pod.ready = self.ready > 0;
        scene.pod.is_static = self.is_static;
        scene.host(HostAccess {
            network: self.host_network,
            privileged: self.privileged,
            ..HostAccess::default()
        });
        let of = |kind| workload(kind, "w", Some(4), self.ready);
        scene.owners(match self.owner {
            0 => vec![of(WorkloadKind::ReplicaSet), of(WorkloadKind::Deployment)],
            1 => vec![of(WorkloadKind::StatefulSet)],
            2 => vec![workload(WorkloadKind::DaemonSet, "w", None, self.ready)],
            3 => vec![workload(WorkloadKind::Job, "w", None, 0)],
            4 => vec![of(WorkloadKind::Other("Kafka".to_owned()))],
            5 => vec![of(WorkloadKind::ReplicaSet)],
            _ => Vec::new(),
        });
        if !self.known[0] {
            scene.details.owners = Known::Unknown("403".to_owned());
        }
        if !self.known[1] {
            scene.details.services = Known::Unknown("403".to_owned());
        }
        if !self.known[2] {
            scene.details.deny = Known::Unknown("403".to_owned());
        }
        scene.sample = self.sample;
        scene.unread = self.unread;
        scene.priority = [Priority::P0, Priority::P1, Priority::P2][self.priority];
        scene.spent(self.spent);
        if self.switched_off {
            scene.switched_off();
        }
        if let Some((state, action)) = self.before {
            let record = TargetRecord {
                target: Target::Pod(scene.pod.reference()),
                incident: IncidentKey::new("before"),
                acts: vec![Containment {
                    action: serde_json::from_value(serde_json::json!({"rule": action})).unwrap(),
                    event: EventId::new("before"),
                    effect: EffectId::new(action),
                    at: crate::support::scene::now(),
                    state: STATES[state],
                    undo: Vec::new(),
                    by: None,
                    ended_at: None,
                    said: String::new(),
                    only_if: None,
                }],
                suspects: Suspects::default(),
            };
            let key = TargetKey::of(&record.target).unwrap();
            scene.records.insert(Key::Target(key), Record::Target(record));
        }
        let confidence = if self.certain { Confidence::Certain } else { Confidence::Possible };
        scene.found(METHODS[self.method], confidence);
        scene.decide()
    }
}

fn changes(act: &&Act) -> bool {
    act.role == Role::Contain
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_done_to_what_must_not_be_touched(world in world()) {
        let decision = world.decide();
        let contained: Vec<_> = decision.acts.iter().filter(changes).collect();
        if !contained.is_empty() {
            prop_assert!(world.is_ours(), "foreign");
            prop_assert_eq!(world.namespace, "shop", "protected");
            prop_assert!(world.certain, "not surely the one");
            prop_assert!(!world.sample && !world.switched_off && !world.unread);
            prop_assert!(world.keeps_evidence);
            prop_assert_eq!(world.mode, 2, "only where the mode is enforce");
        }
        let planned = contained.iter().filter(|act| act.when == ActWhen::Now).count();
        prop_assert!(planned == 0 || world.spent + planned <= 5, "over the budget");
    }

    #[test]
    fn every_containment_has_its_evidence_before_it_and_a_uid_in_every_step(world in world()) {
        let decision = world.decide();
        if let Some(first) = decision.acts.iter().position(|act| act.role == Role::Contain) {
            prop_assert!(decision.acts[..first].iter().any(|act| act.id.as_str() == "evidence"));
        }
        for act in decision.acts.iter().filter(changes) {
            for step in &act.steps {
                let object = match step {
                    Step::Preflight(object)
                    | Step::Isolate { pod: object, .. }
                    | Step::Delete { pod: object, .. }
                    | Step::Restart { workload: object, .. }
                    | Step::Scale { workload: object, .. }
                    | Step::Suspend { workload: object }
                    | Step::Cordon { node: object } => object,
                    _ => continue,
                };
                prop_assert!(!object.uid.is_empty(), "{step:?}");
            }
        }
    }

    #[test]
    fn what_was_done_to_a_pod_is_not_done_again(world in world()) {
        let Some((state, action)) = world.before else { return Ok(()) };
        let of_pod = ["quarantine", "delete-pod", "revoke-credentials", "annotate"].contains(&action);
        prop_assume!(of_pod && STATES[state] != ContainmentState::Failed);
        prop_assert!(world.decide().acts.iter().all(|act| act.id.as_str() != action), "{action}");
    }

    #[test]
    fn each_action_is_either_done_or_withheld_with_a_reason(world in world()) {
        let decision = world.decide();
        for action in &world.actions {
            let done = decision.acts.iter().any(|act| act.id.as_str() == *action && act.when == ActWhen::Now);
            let withheld: Vec<_> =
                decision.withheld.iter().filter(|withheld| withheld.action.as_str() == *action).collect();
            prop_assert_eq!(withheld.len(), usize::from(!done), "{}", action);
            prop_assert!(withheld.iter().all(|withheld| !withheld.reason.to_string().is_empty()));
        }
    }
}
