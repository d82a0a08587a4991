//! One look at all of a cluster for the report of health: every list at once, two pages at a time.
//!
//! It asks the API server itself, not the cache: whoever runs `watchfire health` with a kubeconfig has none, and a report
//! says how it is now.

mod config;
mod deprecated;
mod lists;

pub use config::HealthReportConfig;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use tokio::time::{Instant, timeout};
use watchfire_core::context::{Namespace, Node, Workload};
use watchfire_core::health::{ClusterSeen, PodsSeen, Seen, Settings, Unseen};
use watchfire_core::survey::{Probe, Readiness, Symptom, Usage};

use super::keep::Keep;
use super::objects::{
    BackupPlaces, Backups, Budget, Certificates, Claims, DaemonSets, Deployments, ExternalSecrets,
    ExternalSecretsBeta, Hpa, Jobs, NodeUsage, Nodes, Object, Pods, Quotas, ReplicaSets, Scaled, Schedules,
    Space, StatefulSets,
};
use super::survey::{PROBE, Volumes, http_request};
use crate::clients::{Clients, chain};
use lists::{Lists, all, each};

/// The annotation by which a pod says whether it wants a sidecar.
const INJECT: &str = "sidecar.istio.io/inject";

/// What the cluster shows at that time. Never an error: what could not be seen says why. Ends within a minute, whatever
/// answers.
pub(crate) async fn look(
    client: &Client,
    settings: &Settings,
    clients: &Clients,
    at: Timestamp,
) -> ClusterSeen {
    let start = Instant::now();
    let probe = probe(client).await;
    if let Probe::NotReady(why) = &probe {
        let why = Unseen::Because(why.clone());
        return ClusterSeen::nothing(probe, &why);
    }
    let keep = Keep::new(&[INJECT.to_owned()]);
    let lists = &Lists::new(client);
    let (nodes, usage, namespaces, pods, workloads, claims, volumes) = tokio::join!(
        all(lists, Object::<Nodes>::into_node),
        usage(lists),
        all(lists, |one: Object<Space>| one.into_namespace(&keep)),
        pods(lists, settings, &keep, at),
        workloads(lists, &keep),
        all(lists, Object::<Claims>::into_claim),
        volumes(settings, clients),
    );
    let (quotas, autoscalers, scaled_objects, budgets, external_secrets, certificates) = tokio::join!(
        all(lists, Object::<Quotas>::into_quota),
        all(lists, Object::<Hpa>::into_autoscaling),
        all(lists, Object::<Scaled>::into_readiness),
        all(lists, Object::<Budget>::into_guarded),
        external_secrets(lists),
        all(lists, Object::<Certificates>::into_readiness),
    );
    let (version, deprecated, backups, schedules, places) = tokio::join!(
        version(client),
        deprecated::look(client),
        all(lists, Object::<Backups>::into_backup),
        all(lists, Object::<Schedules>::into_schedule),
        all(lists, Object::<BackupPlaces>::into_place),
    );
    let (nodes, namespaces): (Seen<Vec<Node>>, Seen<Vec<Namespace>>) = (nodes, namespaces);
    ClusterSeen {
        probe,
        version,
        nodes,
        usage,
        namespaces,
        pods,
        workloads,
        claims,
        volumes,
        quotas,
        autoscalers,
        scaled_objects,
        budgets,
        external_secrets,
        certificates,
        deprecated,
        backups,
        schedules,
        places,
        took: start.elapsed(),
    }
}

/// Asks the API server whether it is ready, for as long as it may take.
async fn probe(client: &Client) -> Probe {
    let start = Instant::now();
    match timeout(PROBE, client.request_text(http_request("/readyz"))).await {
        Ok(Ok(_)) => Probe::Ready(start.elapsed()),
        // Who may not ask has been answered.
        Ok(Err(kube::Error::Api(status))) if [401, 403, 404].contains(&status.code) => {
            Probe::Ready(start.elapsed())
        }
        Ok(Err(error)) => Probe::NotReady(chain(&error)),
        Err(_) => Probe::NotReady(format!("no answer within {} s", PROBE.as_secs())),
    }
}

async fn version(client: &Client) -> Seen<String> {
    const WITHIN: Duration = Duration::from_secs(5);
    match timeout(WITHIN, client.apiserver_version()).await {
        Ok(Ok(version)) => Ok(version.git_version),
        Ok(Err(error)) => Err(lists::unseen("get /version", &error)),
        Err(_) => Err(Unseen::Because("/version: no answer in time".to_owned())),
    }
}

async fn usage(lists: &Lists) -> Seen<Vec<Usage>> {
    match all(lists, NodeUsage::into_usage).await {
        Err(Unseen::NotInstalled) => Err(Unseen::NotAsked("there is no metrics server".to_owned())),
        usage => usage,
    }
}

async fn pods(lists: &Lists, settings: &Settings, keep: &Keep, at: Timestamp) -> Seen<PodsSeen> {
    let mut seen = PodsSeen::default();
    each(lists, |one: Object<Pods>| {
        if let Some(pod) = one.into_pod(keep) {
            seen.see(&pod, settings, at);
        }
    })
    .await?;
    Ok(seen)
}

async fn workloads(lists: &Lists, keep: &Keep) -> Seen<Vec<Workload>> {
    // Of thousands, what nobody looks at here is two thirds.
    let bare = |one: Workload| Workload { selector: None, labels: BTreeMap::new(), ..one };
    macro_rules! list {
        ($kind:ty) => {
            all(lists, |one: Object<$kind>| {
                (!one.is_at_rest()).then(|| one.into_workload(keep)).flatten().map(bare)
            })
        };
    }
    let listed = tokio::join!(
        list!(Deployments),
        list!(StatefulSets),
        list!(DaemonSets),
        list!(ReplicaSets),
        list!(Jobs)
    );
    let (deployments, stateful, daemons, replicas, jobs) = listed;
    let mut workloads = deployments?;
    [stateful?, daemons?, replicas?, jobs?].into_iter().for_each(|more| workloads.extend(more));
    Ok(workloads)
}

/// By the version that is served.
async fn external_secrets(lists: &Lists) -> Seen<Vec<Readiness>> {
    match all(lists, Object::<ExternalSecrets>::into_readiness).await {
        Err(Unseen::NotInstalled) => all(lists, Object::<ExternalSecretsBeta>::into_readiness).await,
        found => found,
    }
}

async fn volumes(settings: &Settings, clients: &Clients) -> Seen<Vec<Symptom>> {
    const WITHIN: Duration = Duration::from_secs(10);
    let Some(url) = &settings.prometheus else {
        let why = "not known: only a Prometheus knows it (health_report.prometheus)";
        return Err(Unseen::NotAsked(why.to_owned()));
    };
    let because = |why: String| Unseen::Because(why);
    let url = url.parse().map_err(|_| because("the address of Prometheus is none".to_owned()))?;
    let http = clients.http().map_err(|error| because(format!("{error:#}")))?;
    let asked = timeout(WITHIN, Volumes::new(url, http).look(&settings.survey)).await;
    asked.map_err(|_| because("Prometheus: no answer in time".to_owned()))?.map_err(because)
}
