//! Ids that others have, and a clock that is set back: nothing is kept back by either, and a tick comes to its end.

use std::time::Duration;

use watchfire_core::digest::DigestRecord;
use watchfire_core::ids::{EventId, Own};
use watchfire_core::noise::{BundleRecord, Quota};
use watchfire_core::state::{Key, Record, State as Known};

use super::super::{Sight, StoryOf};
use super::*;

/// A world in which a digest is sent.
async fn world_with_digest() -> World {
    let mut world = world().await;
    let router = Arc::get_mut(&mut world.router).expect("nobody else has it");
    router.adjust(|set| set.policy_mut().digest.push(ChannelName::new("oncall")));
    world
}

/// An event for the digest, under that id.
fn lesser(id: &str) -> String {
    let text = rules_files::read_example(None, "examples/alarm-p3.json").expect("it ships");
    let mut event: Value = serde_json::from_str(&text).expect("it is JSON");
    event["id"] = json!(id);
    event["detail"]["alarmName"] = json!(format!("p3-{id}"));
    event["resources"] = json!([format!("arn:aws:cloudwatch:eu-north-1:111122223333:alarm:p3-{id}")]);
    event.to_string()
}

/// A failed control on a bucket of that number.
fn control(number: usize) -> String {
    let mut event: Value = serde_json::from_str(&routine()).expect("it is JSON");
    event["id"] = json!(format!("control-{number}"));
    let finding = &mut event["detail"]["findings"][0];
    finding["Id"] = json!(format!("{}-{number}", finding["Id"].as_str().unwrap_or_default()));
    finding["Resources"] = json!([{"Type": "AwsS3Bucket", "Id": format!("arn:aws:s3:::bucket-{number}")}]);
    event.to_string()
}

async fn known(router: &Router, key: Key) -> Known {
    let mut state = Known::default();
    router.store.load(&[key], &mut state).await.expect("the store answers");
    state
}

async fn digest(router: &Router) -> DigestRecord {
    known(router, Key::Digest).await.digest().cloned().expect("there is one")
}

async fn bundles(router: &Router) -> Vec<BundleRecord> {
    let gather = |found: &mut Vec<BundleRecord>, _: &str, record| {
        if let Record::Bundle(bundle) = record {
            found.push(*bundle);
        }
    };
    router.store.fold_records("bundle/", Vec::new(), gather).await.expect("the store answers")
}

/// How many decisions a tick makes; one that goes round for ever fails.
async fn woken(world: &World) -> usize {
    let wake = world.router.wake(world.clock.now());
    let woken = tokio::time::timeout(Duration::from_secs(20), wake).await;
    woken.expect("a tick comes to its end").expect("the store answers")
}

#[tokio::test]
async fn an_event_that_takes_the_name_of_a_digest_keeps_none_back() {
    let world = world_with_digest().await;
    world.router.handle(&lesser("first")).await.expect("it is put by");
    let due_at = digest(&world.router).await.due_at.expect("it is due");
    for version in 0..20 {
        let micros = due_at.as_microsecond();
        let name = if version == 0 { String::new() } else { format!(".{version}") };
        world.router.handle(&lesser(&format!("wake:digest@{micros}{name}"))).await.expect("it is put by");
    }
    world.clock.advance(due_at.duration_since(world.clock.now()));
    assert_eq!(woken(&world).await, 2, "the digest is closed, and sent");
    assert_eq!(digest(&world.router).await.due_at, None, "nothing is left of it");
    assert_eq!(world.receiver.actions(), ["trigger"]);
}

#[tokio::test]
async fn what_was_decided_before_is_no_progress() {
    let world = world_with_digest().await;
    world.router.handle(&lesser("first")).await.expect("it is put by");
    let due_at = digest(&world.router).await.due_at.expect("it is due");
    let read = known(&world.router, Key::Digest).await;
    let version = read.versions().next().expect("it was read").1;
    let mut entry = world.router.journal(1).await.expect("the store answers").remove(0);
    entry.decision.event = EventId::own(Own::Wake { key: &Key::Digest.to_string(), at: due_at, version });
    world.router.store.commit(&Known::default(), &entry).await.expect("the store takes it");
    world.clock.advance(due_at.duration_since(world.clock.now()));
    assert_eq!(woken(&world).await, 0, "nothing is done about it, and nothing goes round");
}

#[tokio::test]
async fn a_digest_that_was_sent_by_a_clock_that_was_ahead_is_sent_again_when_its_time_comes() {
    let world = world_with_digest().await;
    world.router.handle(&lesser("first")).await.expect("it is put by");
    let due_at = digest(&world.router).await.due_at.expect("it is due");
    let minutes = SignedDuration::from_mins(3);
    world.clock.advance(due_at.duration_since(world.clock.now()) + minutes);
    assert_eq!(woken(&world).await, 2, "the digest, three minutes past its time");
    world.clock.advance(-(minutes + minutes));
    world.router.handle(&lesser("second")).await.expect("it is put by");
    assert_eq!(digest(&world.router).await.due_at, Some(due_at), "the same time once more");
    world.clock.advance(minutes);
    assert_eq!(woken(&world).await, 2);
    let keys = world.receiver.keys();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1], "two digests are two");
}

#[tokio::test]
async fn a_clock_that_was_a_day_ahead_for_six_seconds_holds_nothing_until_tomorrow() {
    let mut world = world().await;
    let router = Arc::get_mut(&mut world.router).expect("nobody else has it");
    router.adjust(|set| set.policy_mut().noise.limits.channel = Quota::new(60, 2).expect("not zero"));
    let day = SignedDuration::from_hours(24);
    world.clock.advance(day);
    for number in 0..5 {
        world.router.handle(&control(number)).await.expect("it is decided");
    }
    assert!(bundles(&world.router).await.iter().any(|bundle| bundle.unsaid > 0), "some are over the limit");
    world.clock.advance(SignedDuration::from_secs(6) - day);
    woken(&world).await;
    for number in 5..7 {
        world.router.handle(&control(number)).await.expect("it is decided");
    }
    world.clock.advance(SignedDuration::from_mins(2));
    woken(&world).await;
    let waiting: Vec<_> =
        bundles(&world.router).await.into_iter().filter(|bundle| bundle.unsaid > 0).collect();
    assert_eq!(waiting, [], "two minutes later all of it is told");
    let ahead = world.router.store.changed_after(world.clock.now()).await.expect("the store answers");
    let ahead: Vec<_> = ahead.iter().filter(|key| matches!(key, Key::Bundle(_) | Key::Incident(_))).collect();
    assert!(ahead.is_empty(), "no incident is of tomorrow: {ahead:?}");
}

#[tokio::test]
async fn a_retry_that_was_put_off_by_a_clock_that_was_ahead_is_tried_when_it_is_right_again() {
    let world = world().await;
    world.receiver.to_warnings.store(429, Ordering::SeqCst);
    let day = SignedDuration::from_hours(24);
    world.clock.advance(day);
    world.router.handle(&routine()).await.expect_err("the page is pending");
    world.clock.advance(SignedDuration::from_secs(6) - day);
    let ticked = world.router.tick(world.clock.now(), day).await.expect("the store answers");
    assert_eq!(ticked.resumed, 1, "it does not wait for tomorrow");
}

#[tokio::test]
async fn events_of_one_name_are_told_by_it_together_and_by_their_whole_ids_apart() {
    let world = world().await;
    let first = urgent();
    let id = serde_json::from_str::<Value>(&first).expect("it is JSON")["id"]
        .as_str()
        .expect("it has one")
        .to_owned();
    let mut second: Value = serde_json::from_str(&routine()).expect("it is JSON");
    second["id"] = json!(id);
    world.router.handle(&first).await.expect("it is paged");
    world.clock.advance(SignedDuration::from_secs(1));
    world.router.handle(&second.to_string()).await.expect("it is paged");
    world.router.handle(&first).await.expect("a redelivery is known");
    assert_eq!(journal(&world.router).await.len(), 2);
    let story =
        world.router.story(&id, Sight::Whole).await.expect("the store answers").one().expect("it is known");
    let StoryOf::Event(newest) = &story.of else { panic!("an event's: {:?}", story.of) };
    assert_eq!(story.others.len(), 1, "{:?}", story.others);
    let other = world
        .router
        .story(story.others[0].as_str(), Sight::Whole)
        .await
        .expect("the store answers")
        .one()
        .expect("known");
    assert_eq!((&other.of, &other.others), (&StoryOf::Event(story.others[0].clone()), &Vec::new()));
    assert!(newest.shown() == id && story.others[0].shown() == id && *newest != story.others[0]);
}

#[tokio::test]
async fn an_event_that_an_earlier_release_has_decided_is_not_decided_again() {
    let world = world().await;
    world.router.handle(&urgent()).await.expect("it is paged");
    let mut entry = world.router.journal(1).await.expect("the store answers").remove(0);
    let World { router, .. } = super::world().await;
    // As it was kept before: under the sender's id alone.
    entry.decision.event = EventId::new(entry.decision.event.shown());
    router.store.commit(&Known::default(), &entry).await.expect("the store takes it");
    router.handle(&urgent()).await.expect("it is known");
    assert_eq!(journal(&router).await, [(1, 0)]);
    let name = entry.decision.event.as_str();
    assert!(
        router.story(name, Sight::Whole).await.expect("the store answers").one().is_some(),
        "and is found by its name"
    );
}
