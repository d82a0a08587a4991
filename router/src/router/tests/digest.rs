//! What goes to the digest: many at once, a trip to the disk for many, and all of it said.

use watchfire_core::ids::IncidentKey;
use watchfire_core::policy::Route;
use watchfire_core::priority::Priority;
use watchfire_core::state::{Key, State as Known};
use watchfire_core::verdict::Why;

use super::*;

/// The world with a digest for what is not urgent.
async fn world_with_digest() -> World {
    let mut world = world().await;
    let router = Arc::get_mut(&mut world.router).expect("nobody else has it");
    let oncall = ChannelName::new("oncall");
    let route = |priority| (priority, Route { to: vec![oncall.clone()], fallback: None });
    router.adjust(|set| {
        set.policy_mut().routes = Routes::new([route(Priority::P0), route(Priority::P1)]);
        set.policy_mut().digest = vec![oncall.clone()];
    });
    world
}

/// A failed control about another resource, P2 by the shipped rules.
fn control(number: usize) -> String {
    let mut event: Value = serde_json::from_str(&routine()).expect("it is JSON");
    event["id"] = json!(format!("control-{number}"));
    let finding = &mut event["detail"]["findings"][0];
    finding["Id"] = json!(format!("arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:finding/{number}"));
    finding["Resources"] =
        json!([{"Type": "AwsS3Bucket", "Id": format!("arn:aws-us-gov:s3:::bucket-{number}")}]);
    event.to_string()
}

async fn at_once(router: &Arc<Router>, numbers: std::ops::Range<usize>) {
    let tasks = numbers.map(|number| {
        let router = router.clone();
        tokio::spawn(async move { router.handle(&control(number)).await.map(|_| ()) })
    });
    for task in tasks.collect::<Vec<_>>() {
        assert_eq!(task.await.expect("it does not panic"), Ok(()));
    }
}

async fn version(router: &Router, key: Key) -> u64 {
    let mut state = Known::default();
    router.store.load(&[key], &mut state).await.expect("the store answers");
    let version = state.versions().map(|(_, version)| version).next();
    version.expect("it was read")
}

#[tokio::test]
async fn what_goes_to_the_digest_is_decided_side_by_side() {
    let World { _folder, disk: _, receiver: _, clock: _, router } = world_with_digest().await;
    router.handle(&control(0)).await.expect("it is put by");
    let before = version(&router, Key::Digest).await;
    assert!(before > 0, "the first line gives the edition its time");
    at_once(&router, 1..201).await;
    assert_eq!(version(&router, Key::Digest).await, before, "no other line changes what all have read");
}

#[tokio::test]
async fn everything_in_an_edition_is_said_and_what_comes_later_is_in_the_next() {
    let World { _folder, disk: _, receiver, clock, router } = world_with_digest().await;
    at_once(&router, 0..60).await;
    let day = SignedDuration::from_hours(24);
    clock.advance(day * 4);
    let ((), woken) = tokio::join!(at_once(&router, 60..120), async {
        router.wake(clock.now()).await.expect("the store answers")
    });
    assert!(woken >= 2, "it is closed, and said");
    clock.advance(day * 4);
    router.wake(clock.now()).await.expect("the store answers");
    let timeline = router.store.timeline(&IncidentKey::new("wf1-digest"), 99).await.expect("it answers");
    let said = timeline.iter().filter(|entry| entry.decision.why == Why::Digested);
    let titles: Vec<_> = said.map(|entry| entry.decision.effects[0].notice.title.clone()).collect();
    let counts = titles.iter().map(|title| title.split(' ').next().unwrap_or_default().parse::<u64>());
    assert_eq!(counts.map(Result::unwrap_or_default).sum::<u64>(), 120, "{titles:?}");
    assert_eq!(receiver.actions(), vec!["trigger"; titles.len()]);
}
