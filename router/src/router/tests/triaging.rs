//! Which incidents a model is asked about.

use watchfire_core::builders::GuardDuty;

use super::super::Triage;
use super::*;
use crate::triage::{Asker, TriageConfig};

/// A side that takes no question.
async fn refusing() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let routes = axum::Router::new().fallback(|| async { StatusCode::BAD_REQUEST });
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/v1")
}

#[tokio::test]
async fn what_was_asked_about_hides_nothing_that_was_not_however_much_it_is() {
    let config =
        json!({"openai": {"url": refusing().await, "model": "m"}, "budget": {"tokens_per_day": 9_000_000}});
    let config: TriageConfig = serde_json::from_value(config).expect("a configuration");
    let asker = Asker::open(&config, &Clients::new(None).expect("clients")).await.expect("nothing is sent");
    let mut world = world().await;
    let router = Arc::get_mut(&mut world.router).expect("nobody else has it");
    router.triage = Some(Arc::new(Triage::new(asker)));
    router.adjust(|set| set.policy_mut().triage = Some(config.settings()));
    for number in 0..70 {
        let pod = format!("pod-{number}");
        world.router.handle(&GuardDuty::miner(&pod).event(&pod).to_string()).await.expect("it is paged");
    }
    let mut asked = Vec::new();
    for _ in 0..3 {
        asked.push(world.router.triage_what_is_new().await.expect("the store answers"));
    }
    assert_eq!(asked, [64, 6, 0]);
}
