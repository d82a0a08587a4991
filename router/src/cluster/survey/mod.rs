//! One look at the cluster after the other, for what is the matter in it: from the cache, from a few lists once a minute, and by
//! asking the API server whether it is ready.
//!
//! Nothing of it is shared with what an event asks: calls of its own, with deadlines of their own, and a slow answer to them
//! says nothing to the pulse by which events are told that nobody answers.

pub(super) mod config;
mod lists;
mod volumes;

pub use config::{ThresholdsConfig, WatchConfig};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use tokio::time::{Instant, timeout};
use watchfire_core::survey::{
    Blind, Condition, Exempt, Finished, Memory, Probe, Restarts, Said, Settings, Symptom, exempt, jobs, node,
    nodes, pod, server,
};

use super::watch::Watched;
use super::{Cluster, Inner};
use crate::clients::{Clients, chain};
use lists::Lists;
pub(super) use volumes::Volumes;

/// The API server has so long to say that it is ready.
pub(super) const PROBE: Duration = Duration::from_secs(10);
/// Everything is listed at most so often.
const LISTS_EVERY: SignedDuration = SignedDuration::from_secs(55);

/// What looks.
pub struct Survey {
    inner: Arc<Inner>,
    client: Client,
    settings: Settings,
    lists: Lists,
    volumes: Option<Volumes>,
    seen: tokio::sync::Mutex<Seen>,
}

/// What was seen until now.
#[derive(Debug, Default)]
struct Seen {
    memory: Memory,
    restarts: Restarts,
    listed: Listed,
    listed_at: Option<Timestamp>,
}

/// What lists have shown.
#[derive(Clone, Debug, Default)]
struct Listed {
    symptoms: Vec<Symptom>,
    blind: Blind,
}

/// What came of a look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looked {
    /// What is to be told.
    pub said: Vec<Said>,
    /// What could not be looked at, and why.
    pub blind: Blind,
    /// How many of each are told now.
    pub told: BTreeMap<Condition, usize>,
    /// How many there was no room for.
    pub left_out: usize,
    /// How many were no news, by reason.
    pub exempt: usize,
}

/// What is in the cache, by condition: of which list it depends.
const OF_PODS: [Condition; 6] = [
    Condition::CrashLoop,
    Condition::Restarting,
    Condition::ImagePull,
    Condition::Pending,
    Condition::OomKilled,
    Condition::Evicted,
];
const OF_NODES: [Condition; 3] = [Condition::NodesNotReady, Condition::NodeNotReady, Condition::NodePressure];
const OF_JOBS: [Condition; 1] = [Condition::JobFailed];
const CACHED: [(&[Watched], &[Condition], &str); 3] = [
    (&[Watched::Pods], &OF_PODS, "pods"),
    (&[Watched::Nodes], &OF_NODES, "nodes"),
    (&[Watched::Jobs], &OF_JOBS, "jobs"),
];

impl Cluster {
    /// What looks at it. Nothing is sent by this.
    ///
    /// # Errors
    /// There is no client for Prometheus.
    pub fn survey(&self, config: &WatchConfig, clients: &Clients) -> anyhow::Result<Survey> {
        let volumes = match &config.prometheus {
            Some(url) => Some(Volumes::new(url.clone(), clients.http()?)),
            None => None,
        };
        Ok(Survey {
            inner: self.inner.clone(),
            client: self.client.clone(),
            settings: config.settings(),
            lists: Lists { client: self.client.clone() },
            volumes,
            seen: tokio::sync::Mutex::default(),
        })
    }
}

impl Survey {
    /// Looks once, and says what is to be told. What is contained is named by its UIDs. Ends within two minutes, whatever
    /// answers.
    pub async fn look(&self, contained: &BTreeSet<String>, at: Timestamp) -> Looked {
        let mut seen = self.seen.lock().await;
        let probe = self.probe().await;
        let answers = matches!(probe, Probe::Ready(_));
        let is_time = seen.listed_at.is_none_or(|listed| at.duration_since(listed) >= LISTS_EVERY);
        if answers && is_time {
            (seen.listed, seen.listed_at) = (self.listed(at).await, Some(at));
        }
        let mut blind = if answers { seen.listed.blind.clone() } else { unheard() };
        let mut symptoms = seen.listed.symptoms.clone();
        symptoms.extend(server(&probe, &self.settings));
        self.cached(&mut seen.restarts, contained, at, &mut symptoms, &mut blind);
        let all = symptoms.len();
        symptoms.retain(|symptom| self.exempt(symptom, contained).is_none());
        let exempt = all - symptoms.len();
        blind.retain(|condition, _| self.settings.looks_for(*condition));
        let said = seen.memory.observe(symptoms, &blind, &self.settings, at);
        Looked { said, blind, told: seen.memory.told(), left_out: seen.memory.left_out(), exempt }
    }

    /// Asks the API server whether it is ready, for as long as it may take.
    async fn probe(&self) -> Probe {
        let request = http_request("/readyz");
        let start = Instant::now();
        match timeout(PROBE, self.client.request_text(request)).await {
            Ok(Ok(_)) => Probe::Ready(start.elapsed()),
            // Who may not ask has been answered.
            Ok(Err(kube::Error::Api(status))) if [401, 403, 404].contains(&status.code) => {
                Probe::Ready(start.elapsed())
            }
            Ok(Err(error)) => Probe::NotReady(chain(&error)),
            Err(_) => Probe::NotReady(format!("no answer within {} s", PROBE.as_secs())),
        }
    }

    async fn listed(&self, at: Timestamp) -> Listed {
        let mut listed = self.lists.look(&self.settings, &self.inner.index, at).await;
        let volumes = match &self.volumes {
            Some(volumes) => volumes.look(&self.settings).await,
            None => Err("no Prometheus is configured (watch.prometheus)".to_owned()),
        };
        match volumes {
            Ok(full) => listed.symptoms.extend(full),
            Err(why) => {
                listed.blind.insert(Condition::VolumeFull, why);
            }
        }
        listed
    }

    /// What the cache shows, without a call.
    fn cached(
        &self,
        restarts: &mut Restarts,
        contained: &BTreeSet<String>,
        at: Timestamp,
        symptoms: &mut Vec<Symptom>,
        blind: &mut Blind,
    ) {
        let Inner { index, synced, pulse, .. } = &*self.inner;
        for (watched, conditions, what) in CACHED {
            let why = match (synced.has(watched), pulse.silent_since()) {
                (false, _) => format!("the {what} of the cluster are not known (yet)"),
                (true, Some(_)) => "the API server does not answer".to_owned(),
                (true, None) => continue,
            };
            blind.extend(conditions.iter().map(|condition| (*condition, why.clone())));
        }
        let settings = &self.settings;
        let mut say = |symptom| symptoms.push(symptom);
        index.each_pod(|one| pod(one, restarts.of(one, at), settings, at, &mut say));
        restarts.forget(at);
        index.with_nodes(|all| {
            let ours = |one: &&_| !contained.contains(uid_of(one));
            all.iter().copied().filter(ours).for_each(|one| node(one, settings, at, &mut say));
            nodes(all.iter().copied().filter(ours), settings, at).into_iter().for_each(&mut say);
        });
        index.with_workloads(|all| jobs(all.filter_map(Finished::of), settings, at, &mut say));
        let is_blind = |symptom: &Symptom| blind.contains_key(&symptom.condition);
        symptoms.retain(|symptom| !is_blind(symptom));
    }

    fn exempt(&self, symptom: &Symptom, contained: &BTreeSet<String>) -> Option<Exempt> {
        let owners = symptom.about.owner.as_deref().map(|owner| self.inner.index.owners(owner));
        exempt(symptom, &owners.unwrap_or_default(), contained)
    }
}

fn uid_of(node: &watchfire_core::context::Node) -> &str {
    &node.uid
}

/// What nothing can be said of while the API server does not answer: everything but that.
fn unheard() -> Blind {
    let of_itself = [Condition::ApiDown, Condition::ApiSlow];
    let all = Condition::ALL.into_iter().filter(|condition| !of_itself.contains(condition));
    all.map(|condition| (condition, "the API server does not answer".to_owned())).collect()
}

pub(super) fn http_request(path: &str) -> hyper::http::Request<Vec<u8>> {
    hyper::http::Request::get(path).body(Vec::new()).expect("a path is an address")
}

impl std::fmt::Debug for Survey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Survey").field("settings", &self.settings).finish_non_exhaustive()
    }
}
