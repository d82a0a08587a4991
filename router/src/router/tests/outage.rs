//! The store's own outage: paged once it has lasted, ended by whoever sees that it is over.

use super::*;
use crate::router::PAGED_AFTER;

/// Looks after the store at every so many seconds from now.
async fn looks(world: &World, seconds: i64, every: i64) {
    for _ in 0..seconds / every {
        world.clock.advance(SignedDuration::from_secs(every));
        world.router.look_after_store().await;
    }
}

/// The same store found well again: it opens itself as soon as it is used.
async fn is_well(world: &World) {
    let well = async {
        while world.router.misses_its_store() {
            world.router.look_after_store().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), well).await.expect("the store comes back");
}

/// What was sent, and under how many keys.
fn told(world: &World) -> (Vec<String>, usize) {
    let keys: std::collections::BTreeSet<_> = world.receiver.keys().into_iter().collect();
    (world.receiver.actions(), keys.len())
}

fn actions<const N: usize>(actions: [&str; N]) -> Vec<String> {
    actions.map(str::to_owned).to_vec()
}

#[tokio::test]
async fn an_outage_that_lasts_is_paged_once_and_its_page_ends_with_it() {
    let world = world().await;
    world.router.look_after_store().await;
    world.disk.set_failing(true);
    world.router.handle(&routine()).await.expect_err("it stays on the queue");
    world.router.look_after_store().await;
    looks(&world, 89, 1).await;
    assert_eq!(told(&world), (vec![], 0), "not yet");
    looks(&world, 600, 2).await;
    assert_eq!(told(&world), (actions(["trigger"]), 1));
    assert_eq!(
        world.receiver.reasons(),
        ["first report of this incident; not recorded: the store does not answer"]
    );
    world.disk.set_failing(false);
    is_well(&world).await;
    looks(&world, 600, 2).await;
    assert_eq!(told(&world), (actions(["trigger", "resolve"]), 1));
    // The next one is another.
    world.disk.set_failing(true);
    world.router.handle(&routine()).await.expect_err("it stays on the queue");
    looks(&world, 120, 2).await;
    assert_eq!(told(&world), (actions(["trigger", "resolve", "trigger"]), 1));
}

#[tokio::test]
async fn a_blip_is_told_to_nobody_and_neither_is_a_worker_that_only_idles() {
    let world = world().await;
    for _ in 0..20 {
        looks(&world, 60, 2).await;
        world.disk.set_failing(true);
        world.router.handle(&routine()).await.expect_err("it stays on the queue");
        looks(&world, 20, 2).await;
        world.disk.set_failing(false);
        is_well(&world).await;
    }
    assert_eq!(told(&world), (vec![], 0));
    let sign = world.router.store.last_sign().await.expect("the store answers").expect("one was left");
    assert!(world.clock.now().duration_since(sign) < SignedDuration::from_secs(32), "{sign}");
}

#[tokio::test]
async fn what_a_worker_has_paged_that_has_ended_since_is_ended_by_the_next() {
    let world = world().await;
    world.router.look_after_store().await;
    world.disk.set_failing(true);
    world.router.handle(&routine()).await.expect_err("it stays on the queue");
    looks(&world, 120, 2).await;
    assert_eq!(world.receiver.actions(), ["trigger"]);
    // Another process over the same store, that knows of nothing.
    let in_force = world.router.in_force();
    let (policy, store, clock) = (in_force.policy.clone(), world.router.store.clone(), world.clock.clone());
    let next = Router::new(policy, store, BTreeMap::new(), clock, Arc::new(Metrics::default()));
    next.in_force.store(in_force);
    next.look_after_store().await;
    assert_eq!(world.receiver.actions(), ["trigger"], "it cannot be sure yet");
    world.disk.set_failing(false);
    let next = World { router: Arc::new(next), ..world };
    is_well(&next).await;
    assert_eq!(told(&next), (actions(["trigger", "resolve"]), 1));
    looks(&next, 600, 2).await;
    assert_eq!(told(&next), (actions(["trigger", "resolve"]), 1));
}

#[tokio::test]
async fn an_end_that_is_refused_for_good_is_not_sent_again() {
    let world = world().await;
    world.router.look_after_store().await;
    world.disk.set_failing(true);
    world.router.handle(&routine()).await.expect_err("it stays on the queue");
    looks(&world, PAGED_AFTER.as_secs() + 2, 2).await;
    world.disk.set_failing(false);
    world.receiver.status.store(400, Ordering::SeqCst);
    is_well(&world).await;
    world.receiver.status.store(202, Ordering::SeqCst);
    looks(&world, 60, 2).await;
    assert_eq!(world.receiver.actions(), ["trigger"]);
}
