//! An API server that is dead or slow: it delays no page, is shown, and what it could not say comes later.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::json;
use watchfire_core::act::QUARANTINE_LABEL;
use watchfire_tests::cluster::{Fault, Match, Template};

use super::stage::Stage;
use crate::support::triggers;
use kube::ResourceExt as _;

#[tokio::test]
async fn a_p0_is_paged_while_the_api_server_is_dead_and_contained_when_it_is_back() {
    let stage = Stage::set_with("silent", |configuration| {
        configuration.set("cluster.deadline_ms", json!(2_000)).set("cluster.urgent_deadline_ms", json!(250))
    })
    .await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
    stage.known(&suspect).await;
    stage.cluster.proxy().fault(Match::any(), Fault::Drop);
    let finding = stage.miner(&suspect, "event-1").to_string();

    let started = Instant::now();
    let handling = {
        let (router, finding) = (stage.router.clone(), finding.clone());
        tokio::spawn(async move { router.handle(&finding).await.map(|_| ()) })
    };
    let page = stage.pages(1).await.remove(0);
    // Generous for a busy machine; without the deadline it would be the calls' own time limits.
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let details = page["payload"]["custom_details"].to_string();
    assert!(details.contains("API server does not answer"), "{details}");
    assert!(details.contains("pod state"), "what the cache knows is there: {details}");
    handling.await.unwrap().expect_err("the rest of it is pending");

    stage.cluster.proxy().heal();
    stage.handle(&stage.miner(&suspect, "event-1")).await;
    let pod = stage.cluster.pod(&stage.namespace, "pay").await.unwrap();
    assert!(pod.labels().contains_key(QUARANTINE_LABEL), "{:?}", stage.world(&suspect).await);
    let keys: std::collections::BTreeSet<_> = triggers(&stage.pagerduty)
        .iter()
        .map(|page| page["dedup_key"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(keys.len(), 1, "the page is completed under its own key");
}

#[tokio::test]
async fn an_api_server_that_stays_dead_is_a_p0_after_ten_minutes() {
    let stage = Stage::set_with("dead", |configuration| {
        configuration.set("cluster.deadline_ms", json!(500)).set("cluster.urgent_deadline_ms", json!(100))
    })
    .await;
    let suspect = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
    stage.known(&suspect).await;
    stage.cluster.proxy().fault(Match::any(), Fault::Drop);
    let finding = stage.miner(&suspect, "event-1").to_string();
    stage.router.handle(&finding).await.expect_err("it is pending");
    stage.clock.advance(SignedDuration::from_mins(11));
    stage.router.handle(&finding).await.expect("nothing is pending any more");
    let titles: Vec<_> = triggers(&stage.pagerduty)
        .iter()
        .map(|page| page["payload"]["summary"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(titles.iter().any(|title| title.starts_with("[P0] Not contained:")), "{titles:?}");
}
