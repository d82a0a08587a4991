//! What it takes of a table's capacity. The emulator counts writes as AWS does, in transactions twice and for each index;
//! what is read in a batch is counted by the sizes of its items.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire::clock::Clock;
use watchfire::router::Router;
use watchfire::store::{Store, Units};
use watchfire_tests::cluster::Template;
use watchfire_tests::{Configuration, DynamoDbTable, GuardDuty, PagerDuty, in_process};

use crate::containment::stage::Stage;

fn units(store: &Store) -> Units {
    let Store::DynamoDb(store) = store else { unreachable!("it is in a table") };
    store.units()
}

/// A router over a table.
struct World {
    store: Store,
    router: Router,
    clock: Clock,
    _folder: TempDir,
    _pagerduty: PagerDuty,
}

async fn world(configure: impl FnOnce(Configuration) -> Configuration) -> World {
    let store = DynamoDbTable::fresh().open().await;
    let pagerduty = PagerDuty::start().await;
    let folder = tempfile::tempdir().unwrap();
    let configuration = configure(Configuration::new(&pagerduty.url()));
    let clock = in_process::noon();
    let router = router(store.clone(), folder.path(), clock.clone(), &configuration).await;
    World { store, router, clock, _folder: folder, _pagerduty: pagerduty }
}

async fn router(store: Store, folder: &Path, clock: Clock, configuration: &Configuration) -> Router {
    in_process::router_over(store, folder, clock, configuration).await
}

impl World {
    /// What it takes until nothing of an event is pending.
    async fn takes(&self, event: &Value) -> Units {
        let before = units(&self.store);
        self.router.handle(&event.to_string()).await.unwrap();
        let after = units(&self.store);
        Units { read: after.read - before.read, written: after.written - before.written }
    }
}

fn finding(pod: &str, severity: f64) -> GuardDuty {
    GuardDuty::of("Execution:Runtime/ReverseShell", severity, pod)
}

#[tokio::test]
async fn a_page_a_repeat_and_a_line_of_the_digest_take_what_they_may() {
    let world = world(|configuration| {
        let mail = json!({"console": {}});
        configuration.set("channels.mail", mail).set("digest", json!({"to": ["mail"]}))
    })
    .await;
    // The records that all share are there by then.
    world.takes(&finding("first-0", 8.0).event("event-0")).await;
    let new = finding("new-1", 8.0);
    let page = world.takes(&new.event("event-1")).await;
    let repeat = world.takes(&new.again().event("event-2")).await;
    world.takes(&GuardDuty::low("low-0").event("event-3")).await;
    let line = world.takes(&GuardDuty::low("low-1").event("event-4")).await;
    let again = world.takes(&GuardDuty::low("low-1").again().event("event-5")).await;
    let duplicate = world.takes(&new.event("event-1")).await;
    println!("page {page:?}\nrepeat {repeat:?}\nline {line:?}\nagain {again:?}\nduplicate {duplicate:?}");
    let _ = &world.clock;
}

#[tokio::test]
async fn a_contained_pod_takes_what_it_may() {
    let store = DynamoDbTable::fresh().open().await;
    let stage = Stage::set_over("units", |configuration| configuration, Some(store.clone())).await;
    let pod = stage.cluster.bare_pod(&stage.namespace, "pay", Template::of(&[("app", "pay")])).await;
    stage.known(&pod).await;
    let before = units(&store);
    stage.handle(&stage.miner(&pod, "event-1")).await;
    let after = units(&store);
    println!("contained {:?}", (after.read - before.read, after.written - before.written));
}
