//! What happens to the fleet: which events come, and chance.

use std::time::SystemTime;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use watchfire_tests::GuardDuty;
use watchfire_tests::cluster::{Cluster, Template};

/// So many of a hundred events are P0, each about a pod of its own; but at least twenty of all.
const URGENT_PERCENT: usize = 1;
const URGENT_AT_LEAST: usize = 20;

/// A number in the environment.
pub(super) fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// SplitMix64: the same sequence for the same seed.
pub(super) struct Happens {
    pub(super) seed: u64,
    state: u64,
}

impl Happens {
    /// `WATCHFIRE_TEST_SEED`, or the time; a failed test prints it.
    pub(super) fn seeded() -> Self {
        let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seed = number("WATCHFIRE_TEST_SEED").unwrap_or(clock.as_nanos() as u64);
        println!("again with WATCHFIRE_TEST_SEED={seed}");
        Self { seed, state: seed }
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// The names of the pods of P0s; and events by id and text, some of them twice.
    pub(super) async fn events(
        &mut self,
        cluster: &Cluster,
        namespace: &str,
        events: usize,
    ) -> (Vec<String>, Vec<(String, String)>) {
        let urgent = (events * URGENT_PERCENT / 100).max(URGENT_AT_LEAST).min(events);
        let mut pods = Vec::new();
        for number in 0..urgent {
            let template = Template::of(&[("app", "mined")]);
            pods.push(cluster.bare_pod(namespace, &format!("miner-{number}"), template).await);
        }
        let mut miners = pods.iter().map(|pod| miner(namespace, pod));
        let (mut known, mut findings): (Vec<GuardDuty>, Vec<GuardDuty>) = Default::default();
        // The P0s are spread over all of it.
        let every = events / urgent;
        while findings.len() < events {
            let miner = (findings.len() % every == 0).then(|| miners.next()).flatten();
            let is_new = known.is_empty() || self.below(2) == 0;
            let finding = match miner {
                Some(miner) => miner,
                None if is_new => self.new_finding(findings.len()),
                None => {
                    let again = self.below(known.len() as u64) as usize;
                    known.swap_remove(again).again()
                }
            };
            known.push(finding.clone());
            findings.push(finding);
        }
        let numbered = findings.iter().enumerate();
        let mut messages: Vec<_> = numbered
            .map(|(number, finding)| {
                (format!("e-{number}"), finding.event(&format!("e-{number}")).to_string())
            })
            .collect();
        // Delivered twice, as SQS may.
        for _ in 0..events / 50 {
            let twice = messages[self.below(messages.len() as u64) as usize].clone();
            messages.push(twice);
        }
        (pods.iter().map(|pod| pod.name_any()).collect(), messages)
    }

    /// P2 or P3, in one of a few namespaces.
    fn new_finding(&mut self, number: usize) -> GuardDuty {
        let pod = format!("pod-{number}");
        let finding = match self.below(3) {
            0 => GuardDuty::low(&pod),
            _ => GuardDuty::of("Execution:Runtime/SuspiciousTool", 5.0, &pod),
        };
        finding.in_namespace(&format!("team-{}", self.below(8)), &format!("uid-{number}"))
    }
}

fn miner(namespace: &str, pod: &Pod) -> GuardDuty {
    let container = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref()?.first());
    let container = container.and_then(|container| container.container_id.as_deref());
    GuardDuty::miner(&pod.name_any())
        .in_namespace(namespace, &pod.uid().unwrap_or_default())
        .container_id(container.map(|id| id.trim_start_matches("containerd://")))
}
