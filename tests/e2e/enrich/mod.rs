//! Context from a cluster: found by everything that a finding may say, whole, and never late.

mod asking;
mod details;
mod faults;
mod finding;
mod parity;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use tempfile::TempDir;
use watchfire::clients::Clients;
use watchfire::cluster::{Access, Cluster, Config, KubeconfigAccess, LookUp};
use watchfire_core::context::{Context, Pods};
use watchfire_core::event::{Event, Subject, Workload};
use watchfire_tests::cluster::{self, SOON};
use watchfire_tests::{GuardDuty, until};

pub(crate) const NAME: &str = "payments";
pub(crate) const ARN: &str = "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments";
/// What an event may wait.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// Watchfire's side of a cluster, through the proxy, when it has seen everything.
pub(crate) struct Ours {
    pub(crate) cluster: Cluster,
    _kubeconfig: TempDir,
}

pub(crate) async fn open(kube: &cluster::Cluster, look_up: LookUp) -> Ours {
    let ours = open_unready(kube, look_up).await;
    until("all is seen", SOON, async || ours.cluster.is_synced().then_some(())).await;
    ours
}

pub(crate) async fn open_unready(kube: &cluster::Cluster, look_up: LookUp) -> Ours {
    let folder = tempfile::tempdir().unwrap();
    let path = kube.proxy().kubeconfig(folder.path());
    let config = Config {
        arn: Some(ARN.to_owned()),
        access: Access::Kubeconfig(KubeconfigAccess { path, context: None }),
        look_up,
        annotations: vec!["team".to_owned()],
        ..Config::default()
    };
    let cluster = Cluster::open(&config, &Clients::new(None).unwrap()).await.unwrap();
    Ours { cluster, _kubeconfig: folder }
}

impl Ours {
    /// The context of a finding about that subject, last seen in a minute: after all that there is now.
    pub(crate) async fn context(&self, subject: Subject) -> Context {
        self.context_seen(subject, Timestamp::now() + SignedDuration::from_mins(1)).await
    }

    pub(crate) async fn context_seen(&self, subject: Subject, seen: Timestamp) -> Context {
        let text = GuardDuty::miner("any").event("event").to_string();
        self.cluster.context(&about(&text, subject, seen), DEADLINE).await
    }

    /// Waits until that pod is in the cache, or, with `false`, is seen to be gone.
    pub(crate) async fn has(&self, pod: &Pod, is_there: bool) {
        let what = format!("{} is {}", pod.name_any(), if is_there { "there" } else { "gone" });
        until(&what, SOON, async || {
            let text = GuardDuty::miner("any").event("event").to_string();
            let seen = Timestamp::now() + SignedDuration::from_mins(1);
            let found = self.cluster.at_hand(&about(&text, of_pod(pod), seen));
            found.pod().filter(|found| found.gone_at.is_none() == is_there).map(drop)
        })
        .await;
    }
}

fn about(text: &str, subject: Subject, seen: Timestamp) -> Event<'_> {
    let mut event = Event::read(text).unwrap();
    event.subject = subject;
    event.finding.as_mut().unwrap().last_seen = Some(seen);
    event
}

/// A subject in our cluster.
pub(crate) fn ours() -> Subject {
    Subject {
        cluster: Some(NAME.to_owned()),
        cluster_arn: Some(ARN.to_owned()),
        account: Some("111122223333".to_owned()),
        region: Some("us-gov-west-1".to_owned()),
        ..Subject::default()
    }
}

/// A subject that names a pod with its UID.
pub(crate) fn of_pod(pod: &Pod) -> Subject {
    workload("pods", &pod.namespace().unwrap(), &pod.name_any(), pod.uid().as_deref())
}

pub(crate) fn workload(kind: &str, namespace: &str, name: &str, uid: Option<&str>) -> Subject {
    Subject {
        namespace: Some(namespace.to_owned()),
        workload: Some(Workload { kind: kind.to_owned(), name: name.to_owned(), uid: uid.map(Into::into) }),
        pod: Some(name.to_owned()).filter(|_| kind == "pods"),
        ..ours()
    }
}

/// The first container's status.
pub(crate) fn status(pod: &Pod) -> k8s_openapi::api::core::v1::ContainerStatus {
    pod.status.clone().unwrap().container_statuses.unwrap().remove(0)
}

/// Method, confidence, names and count, or why there is none.
pub(crate) fn found(context: &Context) -> String {
    match &context.pods {
        Pods::NotAsked => "not asked".to_owned(),
        Pods::Unknown(because) => format!("unknown: {because}"),
        Pods::None(tried) => format!("none: {tried}"),
        Pods::Found { method, confidence, pods, count } => {
            let names: Vec<_> = pods.iter().map(|pod| pod.name.as_str()).collect();
            format!("{} {confidence:?} {} of {count}", method.as_str(), names.join(","))
        }
    }
}
