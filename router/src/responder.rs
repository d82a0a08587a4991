//! What Watchfire can do about an event besides telling someone: ask the cluster, keep evidence, act.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use watchfire_core::act::{Act, ActionKind, StepRecord, StepResult, Target};
use watchfire_core::action::ActionName;
use watchfire_core::containment::TargetKey;
use watchfire_core::context::{Context, ObjectRef};
use watchfire_core::decision::Decision;
use watchfire_core::event::Event;
use watchfire_core::journal::{ActEnd, Entry, Outcome};
use watchfire_core::text::clean;
use watchfire_core::verdict::Why;

use crate::aws::image_scan::{self, Scan, Status};
use crate::clients::Clients;
use crate::clock::Clock;
use crate::cluster::{self, Cluster, Survey, WatchConfig, parts_of_arn};
use crate::config::{At, KillSwitch, MitigationConfig};
use crate::containment::{Containment, End, How, Ran};
use crate::evidence::{self, Evidence, Kept, PodRef, Request};
use crate::failure::Failure;

/// How long the cluster has when a human asks.
const BY_HAND: Duration = Duration::from_secs(10);
/// Kept in the journal.
const SAID_LENGTH: usize = 500;

/// Something in the cluster that a human names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Named {
    /// A pod.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A node.
    Node {
        /// Its name.
        name: String,
    },
}

/// The cluster, and what can be done to it.
pub struct Responder {
    /// Whom to ask.
    pub cluster: Cluster,
    /// How long it may take, and how long for a P0.
    pub deadlines: (Duration, Duration),
    /// Where evidence is kept.
    pub evidence: Option<Evidence>,
    /// Who carries out steps.
    pub containment: Containment,
    /// How images are scanned.
    pub aws: Arc<Clients>,
    /// A ConfigMap that switches mitigation off.
    pub kill_switch: Option<KillSwitch>,
    /// Open incidents by node.
    pub on_nodes: OnNodes,
}

/// Open incidents by node, as far as this process has seen them: for the page, no more.
#[derive(Clone, Default)]
pub struct OnNodes(Arc<std::sync::Mutex<BTreeMap<String, BTreeMap<String, String>>>>);

impl Responder {
    /// Reaches the cluster, the place for evidence and AWS, as far as they are configured. An API server
    /// that does not answer is no error.
    ///
    /// # Errors
    /// Whatever of the configuration leads nowhere.
    pub async fn open(
        cluster: &cluster::Config,
        evidence: Option<evidence::Config>,
        mitigation: &MitigationConfig,
        clients: &Arc<Clients>,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let milliseconds = |milliseconds: u32| Duration::from_millis(milliseconds.into());
        let deadlines = (milliseconds(cluster.deadline_ms), milliseconds(cluster.urgent_deadline_ms));
        let cluster = Cluster::open_at(cluster, clients, clock).await.context(At("cluster".to_owned()))?;
        let evidence = match evidence {
            Some(config) => Some(Evidence::new(config, clients).await.context(At("evidence".to_owned()))?),
            None => None,
        };
        let account = cluster.identity().arn.as_deref().and_then(parts_of_arn);
        let account = account.map(|(_, account, _)| account.to_owned());
        let containment = Containment::new(cluster.client(), clients.clone(), account);
        let (kill_switch, on_nodes) = (mitigation.kill_switch.clone(), OnNodes::default());
        let aws = clients.clone();
        Ok(Self { cluster, deadlines, evidence, containment, aws, kill_switch, on_nodes })
    }

    /// Remembers on which node an incident is open, for the pages of others there.
    pub fn learn(&self, decision: &Decision, context: &Context) {
        let Some(incident) = &decision.incident else { return };
        if decision.why == Why::Closed {
            self.on_nodes.closed(incident.as_str());
        } else if let Some(node) = node_of(context) {
            let line = format!("{} {} ({incident})", decision.priority, clean(&decision.kind, 100));
            self.on_nodes.opened(&node, incident.as_str(), line);
        }
    }

    /// What looks at the cluster for what is the matter in it.
    ///
    /// # Errors
    /// There is no client for Prometheus.
    pub fn survey(&self, config: &WatchConfig) -> anyhow::Result<Survey> {
        self.cluster.survey(config, &self.aws)
    }

    /// What is known about an event without asking.
    pub fn at_hand(&self, event: &Event<'_>) -> Context {
        self.with_neighbours(self.cluster.at_hand(event))
    }

    /// The same, where the watches know all but what surrounds the pod; none where they do not.
    pub fn without_details(&self, event: &Event<'_>) -> Option<Context> {
        self.cluster.without_details(event).map(|context| self.with_neighbours(context))
    }

    /// What the cluster says about an event; a P0 waits only as long as the shorter deadline.
    pub async fn context(&self, event: &Event<'_>, is_urgent: bool) -> Context {
        let (deadline, urgent) = self.deadlines;
        self.context_within(event, if is_urgent { urgent } else { deadline }).await
    }

    /// The same within that time.
    pub async fn context_within(&self, event: &Event<'_>, deadline: Duration) -> Context {
        self.with_neighbours(self.cluster.context(event, deadline).await)
    }

    /// What the cluster says about what an act is done to.
    pub async fn context_of(&self, target: &Target) -> Context {
        self.cluster.context_of(target, BY_HAND).boxed().await
    }

    /// What the cluster says about what a human names.
    pub async fn context_of_named(&self, named: &Named) -> Context {
        let object = |kind: &str, namespace: &str, name: &str| ObjectRef {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            // Not known: the one that has the name now is meant.
            uid: String::new(),
        };
        let target = match named {
            Named::Pod { namespace, name } => Target::Pod(object("Pod", namespace, name)),
            Named::Node { name } => Target::Node(object("Node", "", name)),
        };
        self.context_of(&target).await
    }

    /// Does an act, as far as it goes within that time.
    ///
    /// # Errors
    /// Why it has to be tried again.
    pub async fn perform(
        &self,
        act: &Act,
        entry: &Entry,
        now: Timestamp,
        until: Instant,
    ) -> Result<Outcome, Failure> {
        match act.action {
            ActionKind::Rule(ActionName::Evidence) => {
                self.keep_evidence(act, entry).await.map(|kept| said(now, ActEnd::Done, &kept))
            }
            ActionKind::Rule(ActionName::ImageScan) => self.scan(act, now, until).await,
            ActionKind::Rule(_) | ActionKind::Release | ActionKind::Restart | ActionKind::Complete => {
                let run = self.containment.run(&act.steps, How::ForReal, until).boxed();
                let Ran { records, end } = run.await;
                match end {
                    End::Done => Ok(outcome(now, ActEnd::Done, &spoken(&records), records)),
                    End::Failed { reason } => Ok(outcome(now, ActEnd::Failed, &reason, records)),
                    End::Pending(failure) => Err(failure),
                }
            }
        }
    }

    /// Every check of an act, and every change of it as a server-side dry run.
    pub async fn rehearse(&self, act: &Act) -> Vec<StepRecord> {
        let until = Instant::now() + BY_HAND;
        self.containment.run(&act.steps, How::Rehearse, until).boxed().await.records
    }

    /// Whether the ConfigMap says so; one that cannot be read does.
    pub(crate) async fn switched_off(&self) -> Result<Option<String>, String> {
        let Some(KillSwitch { namespace, name }) = &self.kill_switch else { return Ok(None) };
        let maps: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
            kube::Api::namespaced(self.cluster.client(), namespace);
        let place = format!("the ConfigMap {namespace}/{name}");
        match tokio::time::timeout(Duration::from_secs(5), maps.get_opt(name)).await {
            Err(_) => Err(format!("{place} could not be read in time")),
            Ok(Err(kube::Error::Api(status))) => {
                Err(format!("{place} could not be read: {} {}", status.code, clean(&status.reason, 100)))
            }
            Ok(Err(error)) => Err(format!("{place} could not be read: {}", crate::clients::chain(&error))),
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(map))) => {
                let data = map.data.unwrap_or_default();
                let is_off = data.get("mitigation").is_some_and(|value| value.trim() == "off");
                Ok(is_off.then(|| format!("by {place}")))
            }
        }
    }

    async fn keep_evidence(&self, act: &Act, entry: &Entry) -> Result<String, Failure> {
        let Some(evidence) = &self.evidence else {
            let reason = "there is no place for evidence in the configuration any more".to_owned();
            return Err(Failure::Transient { reason, retry_after: None });
        };
        let pods = act.about.iter().filter(|object| object.kind == "Pod").map(|pod| PodRef {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            uid: pod.uid.clone(),
        });
        let node = act.about.iter().find(|object| object.kind == "Node").map(|node| node.name.clone());
        let request = Request {
            id: bundle_id(entry, act),
            incident: act.incident.to_string(),
            pods: pods.collect(),
            node,
            finding: entry.raw.clone(),
            decision: serde_json::to_value(&entry.decision).expect("a decision is plain data"),
            at: entry.decision.at,
        };
        let Kept { place, manifest_sha256, sequence, files, bytes, missing, already: _ } =
            evidence.keep(&self.cluster.client(), &request).boxed().await?;
        let missing = match missing.len() {
            0 => String::new(),
            1 => format!(", one thing missing: {}", missing[0]),
            more => format!(", {more} things missing, among them: {}", missing[0]),
        };
        Ok(format!(
            "{place}, sha256 {manifest_sha256}, link {sequence}, {files} files, {bytes} bytes{missing}"
        ))
    }

    async fn scan(&self, act: &Act, now: Timestamp, until: Instant) -> Result<Outcome, Failure> {
        let Target::Image(image) = &act.target else {
            return Ok(said(now, ActEnd::Failed, "the plan names no image"));
        };
        match image_scan::scan(&self.aws, image, until).boxed().await {
            // It goes on without us: the next try looks again.
            Ok(Scan { status: Status::Unfinished, .. }) => {
                let reason = "the scan is still under way".to_owned();
                Err(Failure::Transient { reason, retry_after: Some(Duration::from_secs(30)) })
            }
            Ok(scan) => {
                let end =
                    if matches!(scan.status, Status::Failed(_)) { ActEnd::Failed } else { ActEnd::Done };
                Ok(said(now, end, &scanned(&scan)))
            }
            Err(Failure::Permanent { reason }) => Ok(said(now, ActEnd::Failed, &reason)),
            Err(failure @ Failure::Transient { .. }) => Err(failure),
        }
    }

    fn with_neighbours(&self, mut context: Context) -> Context {
        if let Some(node) = node_of(&context) {
            context.incidents_on_node = self.on_nodes.of(&node);
        }
        context
    }
}

impl OnNodes {
    /// More nodes than this are forgotten all at once; of more incidents on one node the least urgent are.
    const MOST: (usize, usize) = (2_000, 50);

    /// An incident is open on that node.
    pub fn opened(&self, node: &str, incident: &str, line: String) {
        let (most_nodes, most_incidents) = Self::MOST;
        let mut nodes = self.lock();
        if nodes.len() >= most_nodes && !nodes.contains_key(node) {
            nodes.clear();
        }
        let incidents = nodes.entry(node.to_owned()).or_default();
        incidents.insert(incident.to_owned(), line);
        if incidents.len() > most_incidents {
            // A line begins with its priority.
            let last = incidents.iter().max_by_key(|(_, line)| *line).map(|(incident, _)| incident.clone());
            last.and_then(|last| incidents.remove(&last));
        }
    }

    /// It is over.
    pub fn closed(&self, incident: &str) {
        self.lock().retain(|_, incidents| {
            incidents.remove(incident);
            !incidents.is_empty()
        });
    }

    /// The most urgent first.
    fn of(&self, node: &str) -> Vec<String> {
        let incidents = self.lock().get(node).cloned().unwrap_or_default();
        let mut lines: Vec<_> = incidents.into_values().collect();
        lines.sort();
        lines
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, BTreeMap<String, String>>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// By severity, then the worst.
fn scanned(scan: &Scan) -> String {
    let Scan { digest, status, severities, worst } = scan;
    if let Status::Failed(why) = status {
        return format!("{digest}: ECR did not scan it: {why}");
    }
    let counts: Vec<_> = severities.iter().map(|(severity, count)| format!("{count} {severity}")).collect();
    let counts = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    let worst =
        worst.iter().map(|finding| format!("{} {} in {}", finding.severity, finding.name, finding.package));
    let worst: Vec<_> = worst.take(3).collect();
    let colon = if worst.is_empty() { "" } else { "; " };
    format!("{digest}: {counts}{colon}{}", worst.join("; "))
}

fn node_of(context: &Context) -> Option<String> {
    let node = context.node.as_ref().map(|node| node.name.clone());
    node.or_else(|| context.pod().and_then(|pod| pod.node.clone()))
}

/// One bundle for each act of each event.
fn bundle_id(entry: &Entry, act: &Act) -> String {
    let key = TargetKey::of(&act.target).map(|key| key.to_string()).unwrap_or_default();
    let hash = watchfire_core::hash::sha256(&format!("{}\n{}\n{key}", entry.decision.event.as_str(), act.id));
    let day = entry.decision.at.strftime("%Y%m%d-%H%M%S");
    format!("{day}-{}", hash.get(..16).unwrap_or(&hash))
}

fn said(at: Timestamp, end: ActEnd, said: &str) -> Outcome {
    outcome(at, end, said, Vec::new())
}

fn outcome(at: Timestamp, end: ActEnd, said: &str, steps: Vec<StepRecord>) -> Outcome {
    Outcome::Acted { at, end, said: clean(said, SAID_LENGTH), steps }
}

/// What was done, and what every step had to say.
fn spoken(records: &[StepRecord]) -> String {
    let done = records.iter().filter(|record| record.result == StepResult::Done).count();
    let already = records.iter().filter(|record| record.result == StepResult::Already).count();
    let notes = records.iter().filter(|record| !record.note.is_empty()).map(|record| record.note.as_str());
    let notes: Vec<_> = notes.collect();
    let before = if already > 0 { format!(", {already} had been done before") } else { String::new() };
    let colon = if notes.is_empty() { "" } else { ": " };
    let steps = if done == 1 { "step" } else { "steps" };
    format!("done and verified, {done} {steps}{before}{colon}{}", notes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::OnNodes;

    #[test]
    fn of_many_incidents_on_a_node_the_most_urgent_are_known_and_come_first() {
        let on_nodes = OnNodes::default();
        for number in 0..60 {
            on_nodes.opened("node-1", &format!("wf1-{number:02}"), format!("P2 Tool (wf1-{number:02})"));
        }
        on_nodes.opened("node-1", "wf1-zz", "P0 Miner (wf1-zz)".to_owned());
        let lines = on_nodes.of("node-1");
        assert_eq!((lines.len(), lines[0].as_str()), (50, "P0 Miner (wf1-zz)"));
        assert_eq!(lines[1], "P2 Tool (wf1-00)");
    }
}
