//! Pods as they are listed: each is looked at and let go of, what is kept is bounded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::mesh::Sidecar;
use super::version::of_image;
use super::{Colour, Item, Items, Settings};
use crate::context::Pod;
use crate::survey::{Subdued, Symptom, pod};

/// More symptoms are not kept: no line lists so many.
const MOST_SYMPTOMS: usize = 2_000;
/// More versions of one add-on are not told apart.
const MOST_VERSIONS: usize = 8;
/// So many pods are said to be started again most.
const MOST_RESTARTED: usize = 10;
/// What is not yet well is not amiss for so long.
const YOUNG: SignedDuration = SignedDuration::from_mins(5);
/// What was started again longer ago runs by now.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// What runs in a cluster beside what its users run, by the container that it is known by: namespace, container, what it is called.
const ADD_ONS: [(&str, &str, &str); 10] = [
    ("kube-system", "aws-node", "VPC CNI"),
    ("kube-system", KUBE_PROXY, "kube-proxy"),
    ("kube-system", "coredns", "CoreDNS"),
    ("kube-system", "ebs-plugin", "EBS CSI"),
    ("kube-system", "metrics-server", "metrics-server"),
    ("istio-system", "discovery", "Istio"),
    ("keda", "keda-operator", "KEDA"),
    ("velero", "velero", "Velero"),
    ("cert-manager", "cert-manager-controller", "cert-manager"),
    ("external-secrets", "external-secrets", "External Secrets"),
];
pub(super) const KUBE_PROXY: &str = "kube-proxy";

/// What all pods have shown.
#[derive(Clone, Debug, Default)]
pub struct PodsSeen {
    phases: BTreeMap<Phase, u64>,
    /// Of each namespace: how many are ready, of how many that should be.
    namespaces: BTreeMap<String, (u64, u64)>,
    symptoms: Vec<Symptom>,
    not_ready: Items,
    failed: Items,
    /// By how often, the most first; at most [`MOST_RESTARTED`].
    restarted: Vec<(u32, Item)>,
    add_ons: BTreeMap<&'static str, BTreeSet<String>>,
    without_sidecar: BTreeMap<String, Items>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    Pending,
    Succeeded,
    Failed,
    Unknown,
}

impl Phase {
    fn of(text: &str) -> Self {
        match text {
            "Running" => Phase::Running,
            "Pending" => Phase::Pending,
            "Succeeded" => Phase::Succeeded,
            "Failed" => Phase::Failed,
            _ => Phase::Unknown,
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Phase::Running => "run",
            Phase::Pending => "pending",
            Phase::Succeeded => "done",
            Phase::Failed => "failed",
            Phase::Unknown => "of an unknown phase",
        }
    }
}

impl PodsSeen {
    /// Looks at one more pod.
    pub fn see(&mut self, pod: &Pod, settings: &Settings, at: Timestamp) {
        let phase = Phase::of(&pod.phase);
        *self.phases.entry(phase).or_default() += 1;
        self.versions(pod);
        let is_young = pod.created_at.is_some_and(|created| at.duration_since(created) < YOUNG);
        let is_subdued = Subdued::of(pod) == Subdued::Yes;
        if is_subdued || !settings.survey.looks_at(&pod.namespace) {
            return;
        }
        let before = self.symptoms.len();
        self.ask(pod, settings, at);
        let is_told = self.symptoms.len() > before;
        let colour = Colour::Yellow;
        let of = |said: &str| Item::new(Some(&pod.namespace), &pod.name, said, colour);
        match phase {
            // A Job tells of its own, and an eviction of itself.
            Phase::Failed if !is_told && !is_of_a_job(pod) => self.failed.push(of(&why_failed(pod))),
            Phase::Running if !is_young && !pod.ready && !is_told => {
                self.not_ready.push(of("It runs, and its Ready condition is not true."));
            }
            Phase::Running | Phase::Pending | Phase::Succeeded | Phase::Failed | Phase::Unknown => {}
        }
        if phase != Phase::Failed && !is_young {
            let (ready, all) = self.namespaces.entry(pod.namespace.clone()).or_default();
            *all += 1;
            *ready += u64::from(pod.ready);
        }
        self.restarts(pod, settings, at);
        if phase == Phase::Running
            && let Some(sidecar) = Sidecar::of(pod)
        {
            self.without_sidecar.entry(pod.namespace.clone()).or_default().push(of(sidecar.said()));
        }
    }

    fn ask(&mut self, one: &Pod, settings: &Settings, at: Timestamp) {
        let symptoms = &mut self.symptoms;
        // How many restarts there were in ten minutes only who watches knows.
        pod(one, 0, &settings.survey, at, &mut |symptom| {
            if symptoms.len() < MOST_SYMPTOMS {
                symptoms.push(symptom);
            }
        });
    }

    fn restarts(&mut self, pod: &Pod, settings: &Settings, at: Timestamp) {
        let count = pod.containers.iter().map(|container| container.restarts).max().unwrap_or_default();
        let ended = pod.containers.iter().filter_map(|one| one.stumble.as_deref()?.ended_at).max();
        let is_recent = ended.is_some_and(|ended| at.duration_since(ended) < RECENT);
        if count < settings.restarts || !is_recent {
            return;
        }
        let said = format!("Started again {count} times, at last within a day.");
        self.restarted.push((count, Item::new(Some(&pod.namespace), &pod.name, said, Colour::Yellow)));
        self.restarted.sort_by(|one, other| (other.0, &one.1).cmp(&(one.0, &other.1)));
        self.restarted.truncate(MOST_RESTARTED);
    }

    fn versions(&mut self, pod: &Pod) {
        for container in &pod.containers {
            let is_it = |(namespace, name, _): &&(&str, &str, &str)| {
                *namespace == pod.namespace && *name == container.name
            };
            let Some((_, _, called)) = ADD_ONS.iter().find(is_it) else { continue };
            let known = self.add_ons.entry(*called).or_default();
            if let Some(version) = of_image(&container.image)
                && known.len() < MOST_VERSIONS
            {
                known.insert(version.to_owned());
            }
        }
    }

    pub(super) fn symptoms(&self) -> &[Symptom] {
        &self.symptoms
    }

    pub(super) fn not_ready(&self) -> Items {
        self.not_ready.clone()
    }

    pub(super) fn failed(&self) -> Items {
        self.failed.clone()
    }

    pub(super) fn restarted(&self) -> Items {
        self.restarted.iter().map(|(_, item)| item.clone()).collect()
    }

    /// Versions of each add-on, by what it is called.
    pub(super) fn add_ons(&self) -> &BTreeMap<&'static str, BTreeSet<String>> {
        &self.add_ons
    }

    /// How many pods of a namespace are ready, and of how many; none where there is none.
    pub(super) fn of_namespace(&self, name: &str) -> Option<(u64, u64)> {
        self.namespaces.get(name).copied()
    }

    /// Running pods without a sidecar, by namespace.
    pub(super) fn without_sidecar(&self) -> &BTreeMap<String, Items> {
        &self.without_sidecar
    }

    /// `120 run, 2 pending`.
    pub(super) fn in_words(&self) -> String {
        let said: Vec<_> =
            self.phases.iter().map(|(phase, count)| format!("{count} {}", phase.in_words())).collect();
        if said.is_empty() { "none".to_owned() } else { said.join(", ") }
    }
}

fn is_of_a_job(pod: &Pod) -> bool {
    pod.owner.as_ref().is_some_and(|owner| owner.kind == "Job")
}

fn why_failed(pod: &Pod) -> String {
    let trouble = pod.trouble.as_deref();
    let reason = trouble.and_then(|trouble| trouble.reason.as_deref()).unwrap_or("no reason given");
    format!("It ended as failed ({reason}).")
}
