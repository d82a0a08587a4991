//! Several suspects of one workload: each is isolated before the one restart that would end the others, whoever decides, and
//! whatever is killed in between; where every replica is suspect, there is none.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt as _};
use watchfire::router::Router;
use watchfire_core::act::{ActionKind, QUARANTINE_LABEL};
use watchfire_core::journal::{ActEnd, Outcome};
use watchfire_tests::cluster::Template;
use watchfire_tests::{DynamoDbTable, Ministack, in_process, until};

use super::stage::Stage;
use crate::support::SOON;

const KEEP: SignedDuration = SignedDuration::from_hours(24);

impl Stage {
    /// The pods of a Deployment behind a Service, all known; the clock is the cluster's, which says when a pod was made.
    async fn workload(&self, replicas: i32) -> Vec<Pod> {
        self.cluster.service(&self.namespace, "svc", &[("app", "pay")]).await;
        // Long enough to be found while it ends.
        let template = Template::of(&[("app", "pay")]).grace(30);
        let pods = self.cluster.deployment(&self.namespace, "pay", replicas, template).await;
        for pod in &pods {
            self.known(pod).await;
        }
        self.clock.advance(Timestamp::now().duration_since(self.clock.now()));
        pods
    }

    /// When the Deployment was restarted; empty where it was not.
    async fn restarted(&self) -> String {
        let deployments: Api<Deployment> = Api::namespaced(self.cluster.client(), &self.namespace);
        let deployment = deployments.get("pay").await.expect("it is there");
        let template = deployment.spec.expect("it has a spec").template.metadata.unwrap_or_default();
        let at = template.annotations.and_then(|all| all.get("kubectl.kubernetes.io/restartedAt").cloned());
        at.unwrap_or_default()
    }

    async fn is_isolated(&self, pod: &Pod) -> bool {
        let now = self.cluster.pod(&self.namespace, &pod.name_any()).await;
        let now = now.filter(|now| now.uid() == pod.uid());
        now.is_some_and(|now| {
            now.labels().contains_key(QUARANTINE_LABEL) && !now.labels().contains_key("app")
        })
    }

    async fn later(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.router.tick(self.clock.now(), KEEP).await.expect("the store answers");
    }

    /// How the acts of that kind ended, over all decisions.
    async fn ends(&self, kind: ActionKind) -> Vec<Option<ActEnd>> {
        let journal = self.router.journal(1_000).await.expect("the store answers");
        let acts = journal.iter().flat_map(|entry| {
            let acts = entry.decision.acts.iter().filter(|act| act.action == kind);
            acts.map(|act| match entry.outcomes.get(&act.id) {
                Some(Outcome::Acted { end, .. }) => Some(*end),
                Some(Outcome::Done { .. } | Outcome::Failed { .. } | Outcome::NotNeeded { .. }) | None => {
                    None
                }
            })
        });
        acts.collect()
    }

    /// How often a Deployment was changed: who comes second is refused, and finds it done.
    fn restarts(&self) -> usize {
        let calls = self.cluster.proxy().calls();
        let is_restart = |call: &&watchfire_tests::cluster::Call| {
            call.method == "PATCH" && call.path.contains("/deployments/") && call.status == Some(200)
        };
        calls.iter().filter(is_restart).count()
    }

    fn summaries(&self) -> String {
        let pages = crate::support::triggers(&self.pagerduty);
        let of =
            |page: &serde_json::Value| page["payload"]["summary"].as_str().unwrap_or_default().to_owned();
        pages.iter().map(of).collect::<Vec<_>>().join("\n")
    }
}

#[tokio::test]
async fn suspects_a_second_apart_are_isolated_before_the_one_restart() {
    let stage = Stage::set("several").await;
    let pods = stage.workload(6).await;
    stage.cluster.proxy().clear();
    stage.handle(&stage.miner(&pods[0], "event-1")).await;
    stage.clock.advance(SignedDuration::from_secs(1));
    stage.handle(&stage.miner(&pods[1], "event-2")).await;
    assert_eq!([stage.is_isolated(&pods[0]).await, stage.is_isolated(&pods[1]).await], [true, true]);
    assert_eq!(stage.restarted().await, "", "nothing is restarted while suspects may be found");
    stage.later(9).await;
    assert_ne!(stage.restarted().await, "");
    assert_eq!(stage.restarts(), 1, "{:?}", stage.cluster.proxy().writes());
    assert_eq!(stage.ends(ActionKind::Restart).await, [Some(ActEnd::Done); 2]);
    // Both are there to be looked at, after all others have been replaced.
    let others: BTreeSet<_> = pods[2..].iter().map(|pod| pod.name_any()).collect();
    until("six new pods", Duration::from_secs(90), async || {
        let routed = stage.cluster.endpoints(&stage.namespace, "svc").await;
        (routed.len() == 6 && routed.is_disjoint(&others)).then_some(())
    })
    .await;
    assert_eq!([stage.is_isolated(&pods[0]).await, stage.is_isolated(&pods[1]).await], [true, true]);
    assert!(!stage.summaries().contains("Not contained"), "{}", stage.summaries());
}

#[tokio::test]
async fn a_suspect_that_the_restart_ends_is_isolated_while_it_ends_and_nothing_is_restarted_again() {
    let stage = Stage::set("ending").await;
    if let Some(server) = stage.cluster.fake() {
        server.stop_after(Duration::from_secs(30));
    }
    let pods = stage.workload(6).await;
    stage.cluster.proxy().clear();
    stage.handle(&stage.miner(&pods[0], "event-1")).await;
    stage.later(10).await;
    let ending = until("a pod that the restart ends", SOON, async || {
        let now = stage.cluster.pods(&stage.namespace, "app=pay").await;
        let is_old = |pod: &&Pod| pods.iter().any(|old| old.uid() == pod.uid());
        now.iter().filter(is_old).find(|pod| pod.metadata.deletion_timestamp.is_some()).cloned()
    })
    .await;
    stage.clock.advance(SignedDuration::from_secs(2));
    stage.handle(&stage.miner(&ending, "event-2")).await;
    assert!(stage.is_isolated(&ending).await, "{:?}", stage.entry("event-2").await);
    let outcomes = stage.entry("event-2").await.expect("it was decided").outcomes;
    let ends = outcomes.values().filter_map(|outcome| match outcome {
        Outcome::Acted { end, .. } => Some(*end),
        Outcome::Done { .. } | Outcome::Failed { .. } | Outcome::NotNeeded { .. } => None,
    });
    assert_eq!(ends.collect::<Vec<_>>(), [ActEnd::Done; 2], "its evidence and its quarantine: {outcomes:?}");
    stage.later(20).await;
    assert_eq!(stage.restarts(), 1, "{:?}", stage.cluster.proxy().writes());
    assert!(!stage.summaries().contains("Not contained"), "{}", stage.summaries());
}

#[tokio::test]
async fn where_every_replica_is_suspect_scale_to_zero_is_proposed_and_nothing_is_restarted() {
    let stage = Stage::set("every").await;
    let pods = stage.workload(2).await;
    stage.handle(&stage.miner(&pods[0], "event-1")).await;
    until("its replacement", SOON, async || {
        (stage.cluster.endpoints(&stage.namespace, "svc").await.len() == 2).then_some(())
    })
    .await;
    stage.clock.advance(SignedDuration::from_secs(2));
    stage.handle(&stage.miner(&pods[1], "event-2")).await;
    let withheld = stage.entry("event-2").await.expect("it was decided").decision.withheld;
    let proposed = withheld.iter().find(|withheld| withheld.action.to_string() == "scale-to-zero");
    let because = format!("2 pods of deployment {}/pay are suspect, which has 2 replicas", stage.namespace);
    assert!(proposed.is_some_and(|it| it.reason.to_string().contains(&because)), "{withheld:?}");
    stage.later(10).await;
    assert_eq!(stage.restarted().await, "");
    assert_eq!(stage.ends(ActionKind::Restart).await, [Some(ActEnd::Needless)]);
    assert!(stage.is_isolated(&pods[0]).await);
}

#[tokio::test]
async fn a_suspect_that_is_released_before_the_restart_goes_on() {
    use watchfire_core::command::CommandKind;
    let stage = Stage::set("spared").await;
    let pods = stage.workload(4).await;
    stage.handle(&stage.miner(&pods[0], "event-1")).await;
    let incident =
        stage.entry("event-1").await.and_then(|entry| entry.decision.incident).expect("an incident");
    let release = super::approvals::command("release", CommandKind::Release(incident));
    stage.router.command(&release, None).await.expect("it is decided");
    stage.later(10).await;
    assert_eq!(stage.restarted().await, "");
    assert_eq!(stage.ends(ActionKind::Restart).await, [Some(ActEnd::Needless)]);
}

#[tokio::test]
async fn killed_between_isolation_and_restart_it_is_restarted_once() {
    let mut stage = Stage::set("killed").await;
    let pods = stage.workload(4).await;
    stage.cluster.proxy().clear();
    stage.handle(&stage.miner(&pods[0], "event-1")).await;
    stage.restart().await;
    stage.later(10).await;
    stage.restart().await;
    stage.later(10).await;
    assert_eq!((stage.restarts(), stage.is_isolated(&pods[0]).await), (1, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_of_a_table_that_have_a_suspect_each_restart_once() {
    let table = DynamoDbTable::at(Ministack::shared().endpoint());
    let stage = Stage::set_over_table("two", table.clone()).await;
    let pods = stage.workload(6).await;
    let (store, clock) = (table.open().await, stage.clock.clone());
    let second = in_process::router_over(store, stage.folder.path(), clock, &stage.configuration).await;
    let second: Arc<Router> = Arc::new(second);
    stage.cluster.proxy().clear();
    let (one, two) = (stage.miner(&pods[0], "event-1"), stage.miner(&pods[1], "event-2").to_string());
    let other = async {
        until("the other's event", Duration::from_secs(40), async || second.handle(&two).await.ok()).await;
    };
    tokio::join!(stage.handle(&one), other);
    assert_eq!([stage.is_isolated(&pods[0]).await, stage.is_isolated(&pods[1]).await], [true, true]);
    stage.clock.advance(SignedDuration::from_secs(11));
    let now = stage.clock.now();
    let (first, second) = tokio::join!(stage.router.tick(now, KEEP), second.tick(now, KEEP));
    first.and(second).expect("the store answers");
    assert_eq!(stage.restarts(), 1, "{:?}", stage.cluster.proxy().writes());
}
