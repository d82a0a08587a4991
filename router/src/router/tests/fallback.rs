//! What happens to urgent pages whose channel is dead: the fallback has them in time, and the channel when it is back.

use watchfire_core::policy::Route;
use watchfire_core::priority::Priority;

use super::*;

/// The world with a fallback for P0, told after that many seconds.
async fn world_with_fallback(after_seconds: u32) -> (World, Arc<Receiver>) {
    let mut world = world().await;
    let (backup, url) = Receiver::start().await;
    let key = world._folder.path().join("routing-key");
    let config = json!({"pagerduty": {"routing_key": {"file": key}, "url": url, "payload": "standard"}});
    let config: ChannelConfig = serde_json::from_value(config).expect("a configuration");
    let (oncall, name) = (ChannelName::new("oncall"), ChannelName::new("backup"));
    let clients = Clients::new(None).expect("TLS is there");
    let channel = Channel::new(&name, config, &clients).await.expect("a channel");
    let router = Arc::get_mut(&mut world.router).expect("nobody else has it");
    let route = Route { to: vec![oncall], fallback: Some(name.clone()) };
    router.adjust(|set| {
        set.channels.insert(name, Arc::new(channel));
        set.policy_mut().routes = Routes::new(Priority::ALL.map(|priority| (priority, route.clone())));
        set.policy_mut().fallback_after_seconds = after_seconds;
    });
    (world, backup)
}

async fn tick(world: &World) -> usize {
    let keep = SignedDuration::from_hours(24);
    world.router.tick(world.clock.now(), keep).await.expect("the store answers").resumed
}

#[tokio::test]
async fn what_the_fallback_took_is_done_with_for_its_message_and_owed_to_its_channel() {
    let (world, backup) = world_with_fallback(1).await;
    world.receiver.status.store(500, Ordering::SeqCst);
    world.router.handle(&urgent()).await.expect("somebody was told, the rest is the journal's");
    assert_eq!((world.receiver.keys().len(), journal(&world.router).await), (0, vec![(1, 1)]));
    world.receiver.status.store(202, Ordering::SeqCst);
    world.clock.advance(SignedDuration::from_mins(6));
    assert_eq!(tick(&world).await, 1);
    assert_eq!(world.receiver.keys(), backup.keys(), "under the same dedup key");
    assert_eq!((backup.keys().len(), journal(&world.router).await), (1, vec![(2, 0)]));
}

#[tokio::test]
async fn a_page_whose_time_was_over_while_nobody_worked_goes_to_the_fallback_at_once() {
    let (world, backup) = world_with_fallback(60).await;
    cut_off(&world, urgent()).await;
    world.clock.advance(SignedDuration::from_secs(61));
    assert_eq!(tick(&world).await, 1);
    assert_eq!((backup.keys().len(), journal(&world.router).await), (1, vec![(1, 1)]));
}

#[tokio::test]
async fn a_clock_that_steps_back_does_not_put_off_the_fallback() {
    let (world, backup) = world_with_fallback(1).await;
    cut_off(&world, urgent()).await;
    let event = world.router.journal(1).await.expect("the store answers").remove(0).decision.event;
    world.clock.advance(SignedDuration::from_hours(-24));
    let resumed = tokio::time::timeout(Duration::from_secs(10), world.router.resume(&event));
    assert_eq!((resumed.await, backup.keys().len()), (Ok(true), 1));
}

#[tokio::test]
async fn while_both_are_dead_the_page_stays_on_its_queue_and_the_first_that_is_back_has_it() {
    let (world, backup) = world_with_fallback(1).await;
    world.receiver.status.store(503, Ordering::SeqCst);
    backup.status.store(429, Ordering::SeqCst);
    world.router.handle(&urgent()).await.expect_err("nobody was told");
    world.receiver.status.store(202, Ordering::SeqCst);
    let told = async {
        while world.router.handle(&urgent()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("the channel is back");
    assert_eq!((world.receiver.keys().len(), backup.keys().len()), (1, 0));
}
