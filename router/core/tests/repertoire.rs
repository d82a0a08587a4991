//! What each action says that its plans may be made of is what they are made of, over random clusters: no step and no
//! replacement that it does not say, and none that it says in vain.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use watchfire_core::act::StepName;
use watchfire_core::action::ActionName;
use watchfire_core::context::{
    AdminApi, Confidence, Deny, Enforcement, HostAccess, Known, Method, Neighbour, ScaledObject, Selector,
    WorkloadKind,
};
use watchfire_core::event::Subject;
use watchfire_core::ids::IncidentKey;
use watchfire_core::mitigation::Mitigation;
use watchfire_core::plan::{NoPlan, PlanInput, Planned, repertoire};

use crate::support::scene::{Scene, workload};

#[derive(Clone, Debug)]
struct World {
    owner: usize,
    enforced: bool,
    has_deny: bool,
    admin: usize,
    allows_all: bool,
    host: usize,
    is_static: bool,
    keda: bool,
    role: usize,
    unschedulable: bool,
    keeps_budgets: bool,
    scales_too: bool,
}

fn world() -> impl Strategy<Value = World> {
    let rarely = || prop::bool::weighted(0.2);
    let first = (0..8usize, prop::bool::weighted(0.8), any::<bool>(), 0..3usize, rarely(), 0..4usize);
    let second = (rarely(), any::<bool>(), 0..3usize, rarely(), any::<bool>(), rarely());
    (first, second).prop_map(|(first, second)| {
        let (owner, enforced, has_deny, admin, allows_all, host) = first;
        let (is_static, keda, role, unschedulable, keeps_budgets, scales_too) = second;
        World {
            owner,
            enforced,
            has_deny,
            admin,
            allows_all,
            host,
            is_static,
            keda,
            role,
            unschedulable,
            keeps_budgets,
            scales_too,
        }
    })
}

impl World {
    fn scene(&self) -> Scene {
        let mut scene = Scene::new();
        let of = |kind, name: &str| workload(kind, name, Some(4), 4);
        let job = |kind, name: &str| workload(kind, name, None, 0);
        scene.owners(match self.owner {
            0 => vec![of(WorkloadKind::ReplicaSet, "pay-6c9f"), of(WorkloadKind::Deployment, "pay")],
            1 => vec![of(WorkloadKind::StatefulSet, "pay")],
            2 => vec![job(WorkloadKind::DaemonSet, "pay")],
            3 => vec![job(WorkloadKind::Job, "pay")],
            4 => vec![job(WorkloadKind::Job, "pay-1"), job(WorkloadKind::CronJob, "pay")],
            5 => vec![job(WorkloadKind::Other("Kafka".to_owned()), "pay")],
            6 => vec![of(WorkloadKind::ReplicaSet, "pay-6c9f")],
            _ => Vec::new(),
        });
        if !self.enforced {
            scene.details.enforcement = Enforcement::Off("it is off".to_owned());
        }
        let named = |has: bool| has.then(|| "watchfire-quarantine".to_owned());
        scene.details.deny = Known::Is(Deny {
            namespaced: named(self.has_deny),
            admin: named(self.admin == 1),
            admin_api: (self.admin == 2).then_some(AdminApi::AwsClusterNetworkPolicy),
        });
        if self.allows_all {
            scene.policy_selects("allow", Selector::default(), true);
        }
        scene.pod.is_static = self.is_static;
        scene.host(HostAccess {
            network: self.host == 1,
            privileged: self.host == 2,
            ..HostAccess::default()
        });
        if self.keda {
            let object = ScaledObject { name: "pay".to_owned(), uid: "s1".to_owned(), paused_replicas: None };
            scene.details.scaled_object = Known::Is(Some(object));
        }
        let role = "arn:aws:iam::111122223333:role/pay".to_owned();
        match self.role {
            0 => {}
            1 => scene.details.role = Known::Is(Some(role)),
            _ => drop(scene.mitigation.pod_identity_roles.insert("shop/pay".to_owned(), role)),
        }
        if let Some(node) = &mut scene.context.node {
            node.unschedulable = self.unschedulable;
        }
        scene.context.pods_on_node = vec![Neighbour::from(&scene.pod)];
        scene.mitigation.drain_respects_budgets = self.keeps_budgets;
        scene.found(Method::Uid, Confidence::Certain);
        scene.context.details = Some(scene.details.clone());
        scene
    }

    fn plan(&self, action: ActionName) -> (Result<Planned, NoPlan>, Mitigation) {
        let scene = self.scene();
        let wanted = match self.scales_too {
            true => vec![action, ActionName::ScaleToZero],
            false => vec![action],
        };
        let (subject, incident) = (Subject::default(), IncidentKey::new("i1"));
        let input = PlanInput {
            subject: &subject,
            context: &scene.context,
            mitigation: &scene.mitigation,
            incident: &incident,
            wanted: &wanted,
            now: crate::support::scene::now(),
        };
        (input.plan(action), scene.mitigation)
    }
}

fn steps(planned: &Planned) -> BTreeSet<StepName> {
    planned.steps.iter().chain(&planned.undo).map(watchfire_core::act::Step::name).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_step_and_replacement_that_is_planned_is_said_beside_the_plan(world in world()) {
        for action in ActionName::ALL {
            let (plan, mitigation) = world.plan(action);
            let said = repertoire(action, &mitigation);
            match plan {
                Ok(planned) => {
                    let unsaid: Vec<_> =
                        steps(&planned).into_iter().filter(|step| !said.steps.contains(step)).collect();
                    prop_assert_eq!(unsaid, vec![], "{:?}", action);
                }
                Err(NoPlan { instead, .. }) => {
                    prop_assert!(instead.is_none_or(|instead| said.instead.contains(&instead)), "{:?}", action);
                }
            }
        }
    }
}

#[test]
fn every_step_and_replacement_that_is_said_occurs_in_some_plan() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let mut found: BTreeMap<(ActionName, bool), (BTreeSet<StepName>, BTreeSet<ActionName>)> = BTreeMap::new();
    for _ in 0..5_000 {
        let world = world().new_tree(&mut runner).unwrap().current();
        for action in ActionName::ALL {
            let (plan, mitigation) = world.plan(action);
            let (all, instead) = found.entry((action, mitigation.drain_respects_budgets)).or_default();
            match plan {
                Ok(planned) => all.extend(steps(&planned)),
                Err(no_plan) => instead.extend(no_plan.instead),
            }
        }
    }
    for ((action, drain_respects_budgets), (all, instead)) in found {
        let mitigation = Mitigation { drain_respects_budgets, ..Mitigation::default() };
        let said = repertoire(action, &mitigation);
        assert_eq!(all, said.steps.iter().copied().collect(), "{action:?}");
        assert_eq!(instead, said.instead.iter().copied().collect(), "{action:?}");
    }
}
