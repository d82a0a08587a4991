//! What it takes of a table's capacity. The emulator counts writes as AWS does, in transactions twice and for each index;
//! what is read in a batch is counted by the sizes of its items.

use serde_json::{Value, json};
use tempfile::TempDir;
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
    _folder: TempDir,
    _pagerduty: PagerDuty,
}

async fn world(configure: impl FnOnce(Configuration) -> Configuration) -> World {
    let store = DynamoDbTable::fresh().open().await;
    let pagerduty = PagerDuty::start().await;
    let folder = tempfile::tempdir().unwrap();
    let configuration = configure(Configuration::new(&pagerduty.url()));
    let clock = in_process::noon();
    let router = in_process::router_over(store.clone(), folder.path(), clock, &configuration).await;
    World { store, router, _folder: folder, _pagerduty: pagerduty }
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

/// P2, so that it spends what limits have.
fn tool(pod: &str) -> GuardDuty {
    GuardDuty::of("Execution:Runtime/SuspiciousTool", 5.0, pod)
}

#[tokio::test]
async fn a_page_a_repeat_and_a_line_of_the_digest_take_what_they_may() {
    let world = world(|configuration| {
        let mail = json!({"console": {}});
        configuration.set("channels.mail", mail).set("digest", json!({"to": ["mail"]}))
    })
    .await;
    // The records that all share are there by then.
    for (number, first) in
        [finding("first-0", 8.0), tool("first-1"), GuardDuty::low("first-2")].iter().enumerate()
    {
        world.takes(&first.event(&format!("first-{number}"))).await;
    }
    let (new, limited, low) = (finding("new-1", 8.0), tool("new-2"), GuardDuty::low("new-3"));
    let urgent = world.takes(&new.event("event-1")).await;
    let repeat = world.takes(&new.again().event("event-2")).await;
    let duplicate = world.takes(&new.event("event-1")).await;
    let page = world.takes(&limited.event("event-3")).await;
    let line = world.takes(&low.event("event-4")).await;
    let again = world.takes(&low.again().event("event-5")).await;
    println!(
        "urgent {urgent:?}\nrepeat {repeat:?}\npage {page:?}\nline {line:?}\nagain {again:?}\n{duplicate:?}"
    );
    assert!(urgent.written <= 16.0 && page.written <= 20.0, "{urgent:?} {page:?}");
    assert!(repeat.written <= 12.0 && again.written <= 12.0, "{repeat:?} {again:?}");
    // Of a new incident: the line itself is 2 of it.
    assert!(line.written <= 16.0, "{line:?}");
    assert_eq!(duplicate, Units { read: 2.0, written: 0.0 });
    assert!([urgent, page, line].iter().all(|units| units.read <= 24.0), "{urgent:?} {page:?} {line:?}");
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
    let written = after.written - before.written;
    println!("contained {written} and read {}", after.read - before.read);
    // Three decisions: the page with its plan, the report of the evidence, that of the act.
    assert!(written <= 54.0, "{written}");
}
