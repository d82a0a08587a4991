//! Pages fail open: what the page says, and what is done when the store has given up.

use watchfire_core::journal::Entry;

use super::*;
use crate::store;

const UNRECORDED: &str = "first report of this incident; not recorded: the store does not answer";

#[tokio::test]
async fn a_page_that_nobody_could_write_down_says_so_and_its_repeat_does_not() {
    let World { _folder, disk, receiver, router, .. } = world().await;
    disk.set_failing(true);
    router.handle(&urgent()).await.expect_err("it stays on the queue");
    assert_eq!(receiver.reasons(), [UNRECORDED]);
    disk.set_failing(false);
    let recovered = async {
        while router.handle(&urgent()).await.is_err() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(20), recovered).await.expect("the store comes back");
    assert_eq!(receiver.reasons(), [UNRECORDED, "first report of this incident"]);
}

#[tokio::test]
async fn a_p0_is_paged_when_the_store_panics_and_every_p0_after_it() {
    let World { _folder, disk, receiver, router, .. } = world().await;
    disk.set_panicking();
    router.handle(&urgent()).await.expect_err("it stays on the queue");
    assert!(matches!(router.store.broken(), Some(store::Error::Damaged(_))));
    let mut other: Value = serde_json::from_str(&urgent()).expect("it is JSON");
    other["id"] = json!("another");
    other["detail"]["id"] = json!("another");
    other["detail"]["arn"] =
        json!("arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d/finding/other");
    other["detail"]["resource"]["kubernetesDetails"]["kubernetesWorkloadDetails"]["name"] =
        json!("another-pod");
    router.handle(&other.to_string()).await.expect_err("it stays on the queue");
    assert_eq!(receiver.reasons(), [UNRECORDED, UNRECORDED]);
}

#[tokio::test]
async fn a_store_that_was_set_aside_is_told_once() {
    let World { _folder: folder, disk: _, receiver, clock, router } = world().await;
    let path = folder.path().join("store.redb");
    let (keep, day) = (SignedDuration::from_hours(48), SignedDuration::from_hours(24));
    std::fs::write(folder.path().join("store.redb.damaged-20261120T115900Z"), "")
        .expect("the folder can be written");
    std::fs::write(folder.path().join("store.redb.damaged-20261110T115900Z"), "")
        .expect("the folder can be written");
    for _ in 0..3 {
        router.tell_of_set_aside(&path, keep).await.expect("nothing has to be switched off");
        receiver.called(1).await;
        clock.advance(day);
        router.tick(clock.now(), keep).await.expect("the store answers");
    }
    let journal = router.journal(10).await.expect("the store answers");
    let told = |entry: &&Entry| entry.decision.rule.as_str() == "store-set-aside";
    let told: Vec<_> = journal.iter().filter(told).map(|entry| entry.decision.priority.as_str()).collect();
    let paged = receiver.actions().iter().filter(|action| *action == "trigger").count();
    assert_eq!((told, paged), (vec!["P1"], 1), "the other is forgotten");
}
