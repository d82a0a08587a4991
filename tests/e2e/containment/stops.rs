//! Stopped at every await and delivered again: each act once, evidence before containment, the same world.

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Pod;
use watchfire_tests::cluster::Template;
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::{DynamoDbTable, Ministack};

use super::stage::Stage;
use crate::stops::{handle_stopped, next_stop};

/// What must be the same however often it was stopped; calls may be repeated, their effects may not.
async fn outcome(stage: &Stage, suspect: &Pod) -> Vec<String> {
    let lines = stage.world(suspect).await.into_iter();
    lines.filter(|line| !line.starts_with("page:")).collect()
}

async fn suspect(stage: &Stage) -> Pod {
    let template = Template::of(&[("app", "pay"), ("tier", "web")]);
    stage.cluster.service(&stage.namespace, "svc", &[("app", "pay")]).await;
    stage.cluster.bare_pod(&stage.namespace, "pay", template).await
}

/// The last poll after which it was stopped; what is handled again is handled `later`, by whoever is there after a restart,
/// and what comes of it is as if it had never been stopped. Near the beginning it is stopped at every await, then ever more
/// rarely (`next_stop`): later ones are more of the same calls.
async fn stopped_at_any_await(
    set: impl AsyncFn(&'static str) -> Stage,
    later: SignedDuration,
    fewer: usize,
) -> usize {
    let undisturbed = {
        let stage = set("undisturbed").await;
        let suspect = suspect(&stage).await;
        stage.known(&suspect).await;
        stage.handle(&stage.miner(&suspect, "event-1")).await;
        outcome(&stage, &suspect).await
    };
    let (mut polls, mut stopped) = (1, true);
    while stopped {
        let mut stage = set("stopped").await;
        let suspect = suspect(&stage).await;
        let finding = stage.miner(&suspect, "event-1");
        stopped = !handle_stopped(&stage.router, &finding.to_string(), polls).await;
        stage.clock.advance(later);
        stage.restart().await;
        stage.handle(&finding).await;
        assert_eq!(outcome(&stage, &suspect).await, undisturbed, "stopped after {polls} polls");
        polls = next_stop(polls, fewer);
    }
    polls
}

#[tokio::test]
async fn stopped_at_any_await_a_pod_is_contained_once_after_its_evidence() {
    let set = async |name| Stage::set(name).await;
    let polls = stopped_at_any_await(set, SignedDuration::ZERO, 12).await;
    assert!(polls > 20, "a containment awaits evidence, policy, patch and proof: {polls}");
}

/// Whoever goes on is another worker, when what the first had in hand is free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_at_any_await_a_pod_is_contained_once_by_another_worker_of_a_table() {
    let faults = Faults::none().reading_its_copy();
    let proxy = FaultProxy::start(Ministack::shared().endpoint(), faults).await;
    let table = DynamoDbTable::at(&proxy.endpoint());
    let set = async |name| Stage::set_over_table(name, table.beside()).await;
    let polls = stopped_at_any_await(set, SignedDuration::from_secs(11), 2).await;
    assert!(polls > 20, "a containment awaits evidence, policy, patch and proof: {polls}");
}
