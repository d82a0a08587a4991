//! What a name stands for, whatever senders call their events.

use watchfire_core::builders::GuardDuty;

use super::super::naming::Meant;
use super::super::sight::Sight;
use super::*;

#[tokio::test]
async fn an_event_that_is_called_like_a_whole_key_takes_the_place_of_no_incident() {
    let world = world().await;
    let called = format!("wf1-{}", "2a".repeat(16));
    world.router.handle(&GuardDuty::miner("web-1").event(&called).to_string()).await.expect("it is decided");
    let meant = world.router.meant(&called, Sight::Whole).await.expect("the store answers");
    assert!(matches!(meant, Meant::Nothing), "{meant:?}");
    let own = world.router.events_meant(&called, Sight::Whole).await.expect("the store answers");
    assert!(matches!(own, Meant::One(ref name) if *name == called), "as an event it is found: {own:?}");
}
