//! Swapping the set in force while events are decided: each by one set, from the rule to the route.

use watchfire_core::builders::rules;
use watchfire_core::policy::Route;
use watchfire_core::priority::Priority;

use super::super::InForce;
use super::*;

/// A set under which everything is of that family and goes to that channel alone.
fn set(name: &'static str, channel: &Arc<Channel>) -> InForce {
    let text = format!("rules:\n  - {{name: {name}, family: {name}, priority: P0}}\n");
    let route = Route { to: vec![ChannelName::new(name)], fallback: None };
    let policy = Policy::new(rules(&text), Routes::new([(Priority::P0, route)]));
    InForce {
        policy: policy.into(),
        channels: ["one", "two"].map(|name| (ChannelName::new(name), channel.clone())).into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_decided_by_one_set_whenever_another_is_put_in_force() {
    let world = world().await;
    let channel = world.router.in_force().channels.values().next().expect("there is one").clone();
    world.router.put_in_force(set("one", &channel));
    let events = (0..60).map(|number| {
        let router = world.router.clone();
        let mut event: Value = serde_json::from_str(&routine()).expect("it is JSON");
        event["id"] = json!(format!("swap-{number}"));
        event["detail"]["findings"][0]["Id"] = json!(format!("finding-{number}"));
        tokio::spawn(async move { router.handle(&event.to_string()).await })
    });
    let events: Vec<_> = events.collect();
    for number in 0..200 {
        world.router.put_in_force(set(if number % 2 == 0 { "two" } else { "one" }, &channel));
        tokio::task::yield_now().await;
    }
    for event in events {
        let handled = event.await.expect("it does not panic").expect("it is decided and paged");
        let decision = &handled.decisions[0];
        let to: Vec<_> = decision.effects.iter().map(|effect| effect.channel.as_str()).collect();
        assert_eq!(to, [decision.rule.as_str()]);
    }
}
