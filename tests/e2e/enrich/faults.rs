//! An API server that is slow, dead, back again, or has forgotten.

use std::time::{Duration, Instant};

use kube::ResourceExt as _;
use watchfire::cluster::LookUp;
use watchfire_core::context::{Known, Pods};
use watchfire_tests::cluster::{Cluster, Fault, Match, SOON};
use watchfire_tests::until;

use super::{DEADLINE, found, of_pod, open, open_unready};

/// For what happens in the process alone; loaded machines stutter.
const AT_ONCE: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_slow_api_server_costs_one_event_its_deadline_and_the_next_ones_nothing() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("slow").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    let ours = open(&kube, LookUp::Watch).await;
    ours.has(&pod, true).await;
    kube.proxy().fault(Match::any().path("!watch="), Fault::Delay(Duration::from_secs(30)));
    let start = Instant::now();
    let context = ours.context(of_pod(&pod)).await;
    assert!(start.elapsed() < DEADLINE + Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(found(&context), "uid Certain web of 1");
    assert!(
        context.incomplete && context.unknown[0].starts_with("the API server d"),
        "{:?}",
        context.unknown
    );
    let start = Instant::now();
    let context = ours.context(of_pod(&pod)).await;
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    assert!(context.incomplete && found(&context) == "uid Certain web of 1");
}

#[tokio::test]
async fn a_dead_api_server_is_told_once_and_forgotten_when_it_is_back() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("dead").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    let ours = open(&kube, LookUp::Watch).await;
    ours.has(&pod, true).await;
    kube.proxy().fault(Match::any(), Fault::Drop);
    let context = ours.context(of_pod(&pod)).await;
    let [told] = &context.unknown[..] else { panic!("told once: {:?}", context.unknown) };
    assert!(told.starts_with("the API server does not answer, since "), "{told}");
    let details = context.details.unwrap();
    assert_eq!(details.services, Known::Unknown("services: the API server does not answer".to_owned()));
    assert!(context.incomplete && !ours.cluster.counts().answers);
    let unseen = super::workload("pods", &ns, "unseen", Some("unseen"));
    let context = ours.context(unseen).await;
    assert!(matches!(context.pods, Pods::Unknown(_)), "{}", found(&context));
    kube.proxy().heal();
    until("it is back", SOON, async || ours.cluster.counts().answers.then_some(())).await;
    let context = ours.context(of_pod(&pod)).await;
    assert_eq!((context.unknown, context.incomplete), (vec![], false));
}

#[tokio::test]
async fn watchfire_starts_while_the_api_server_is_dead_and_says_so() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("start").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    kube.proxy().fault(Match::any(), Fault::Drop);
    let ours = open_unready(&kube, LookUp::Watch).await;
    let context = ours.context(of_pod(&pod)).await;
    assert!(matches!(context.pods, Pods::Unknown(_)), "{}", found(&context));
    assert!(context.incomplete && !ours.cluster.is_synced());
    kube.proxy().heal();
    until("all is seen", SOON, async || ours.cluster.is_synced().then_some(())).await;
    ours.has(&pod, true).await;
}

#[tokio::test]
async fn a_server_that_does_not_stream_lists_is_listed_page_by_page() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("pages").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    kube.proxy().fault(Match::any().path("sendInitialEvents="), Fault::status(422));
    let ours = open(&kube, LookUp::Watch).await;
    ours.has(&pod, true).await;
    let lists = kube.proxy().calls().iter().filter(|call| call.query.contains("limit=500")).count();
    assert!(lists >= 11, "{lists}");
}

#[tokio::test]
async fn a_watch_that_is_too_old_begins_anew_and_nothing_is_missing_meanwhile() {
    let kube = Cluster::start().await;
    let Some(server) = kube.fake() else {
        // Only the faithful server forgets on demand.
        return;
    };
    let ns = kube.namespace("expired").await;
    let pod = kube.bare_pod(&ns, "web", [("app", "web")]).await;
    let ours = open(&kube, LookUp::Watch).await;
    ours.has(&pod, true).await;
    server.compact();
    server.expire_watches();
    let later = kube.bare_pod(&ns, "later", [("app", "web")]).await;
    until("the later pod is seen", SOON, async || {
        assert_eq!(found(&ours.context(of_pod(&pod)).await), "uid Certain web of 1");
        ours.context(of_pod(&later)).await.pod().map(drop)
    })
    .await;
    assert_eq!(later.name_any(), "later");
}

#[tokio::test]
async fn what_may_not_be_watched_is_not_waited_for_and_said_when_it_is_needed() {
    let kube = Cluster::start().await;
    let ns = kube.namespace("narrow").await;
    let pod = kube.deployment(&ns, "web", 1, [("app", "web")]).await.remove(0);
    kube.proxy().fault(Match::any().path("/replicasets"), Fault::status(403));
    let ours = open(&kube, LookUp::Watch).await;
    ours.has(&pod, true).await;
    let context = ours.context(of_pod(&pod)).await;
    let because = "replicasets: not permitted (403)".to_owned();
    let details = context.details.unwrap();
    assert_eq!(details.owners, Known::Unknown(because.clone()));
    assert_eq!(
        (details.autoscaler, details.gitops),
        (Known::Unknown(because.clone()), Known::Unknown(because.clone()))
    );
    assert_eq!((context.unknown, context.incomplete), (vec![because], false));
}
