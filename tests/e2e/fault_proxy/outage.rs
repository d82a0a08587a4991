//! A table that is away: paged once by however many work on it, begun without, ended by whoever sees it again.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use tempfile::TempDir;
use watchfire::app::{Called, Parts};
use watchfire::clock::Clock;
use watchfire::config::Config;
use watchfire::router::Router;
use watchfire::rules_files;
use watchfire_core::rules::RuleSet;
use watchfire_lambda::{Deadline, Lambda, Operators};
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::pagerduty::AlertState;
use watchfire_tests::{
    Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, Watchfire, in_process, until,
};

use crate::lambda::batch;
use crate::support::{LATER, paged};

/// Workers over one table, each with a clock that stands.
struct Fleet {
    proxy: FaultProxy,
    pagerduty: PagerDuty,
    clock: Clock,
    table: DynamoDbTable,
    folder: TempDir,
}

impl Fleet {
    async fn new() -> Self {
        let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::none()).await;
        let table = DynamoDbTable::at(&proxy.endpoint());
        let (pagerduty, folder) = (PagerDuty::start().await, tempfile::tempdir().unwrap());
        Self { proxy, pagerduty, clock: in_process::noon(), table, folder }
    }

    async fn worker(&self) -> Router {
        let configuration = Configuration::new(&self.pagerduty.url());
        let store = self.table.open().await;
        in_process::router_over(store, self.folder.path(), self.clock.clone(), &configuration).await
    }

    /// Each looks after its store, after so long.
    async fn look_after(&self, seconds: i64, workers: [&Router; 2]) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        tokio::join!(workers[0].look_after_store(), workers[1].look_after_store());
    }

    /// Each alert: how many triggers fell on it, and what a human sees.
    fn alerts(&self) -> Vec<(usize, AlertState)> {
        self.pagerduty.alerts().iter().map(|alert| (alert.triggers, alert.state)).collect()
    }

    /// What was sent, by action.
    fn sent(&self) -> Vec<String> {
        let action = |event: &serde_json::Value| event["event_action"].as_str().unwrap().to_owned();
        self.pagerduty.events().iter().map(action).collect()
    }
}

#[tokio::test]
async fn two_workers_without_their_table_are_one_alert_which_ends_when_it_is_back() {
    let fleet = Fleet::new().await;
    let workers = [&fleet.worker().await, &fleet.worker().await];
    fleet.look_after(0, workers).await;
    fleet.proxy.switch(Faults::away());
    let event = GuardDuty::low("low-1").event("event-1").to_string();
    for worker in workers {
        worker.handle(&event).await.unwrap_err();
    }
    fleet.look_after(0, workers).await;
    fleet.look_after(89, workers).await;
    assert_eq!(fleet.alerts(), [], "not yet");
    fleet.look_after(1, workers).await;
    fleet.look_after(60, workers).await;
    assert_eq!(fleet.alerts(), [(2, AlertState::Triggered)]);
    let page = &fleet.pagerduty.events()[0]["payload"];
    let table = format!("Nothing can be written to the table {} in us-gov-west-1 since", fleet.table.name);
    assert!(page.to_string().contains(&table), "{page:#}");
    assert_eq!(page["severity"], "error", "a P1");
    fleet.proxy.switch(Faults::none());
    fleet.look_after(2, workers).await;
    fleet.look_after(2, workers).await;
    assert_eq!(fleet.alerts(), [(2, AlertState::Resolved)]);
    assert_eq!(fleet.sent(), ["trigger", "trigger", "resolve", "resolve"]);
}

#[tokio::test]
async fn what_a_worker_left_behind_is_ended_by_one_that_never_missed_its_table() {
    let fleet = Fleet::new().await;
    let ended = fleet.worker().await;
    ended.look_after_store().await;
    fleet.proxy.switch(Faults::away());
    fleet.clock.advance(SignedDuration::from_secs(31));
    ended.look_after_store().await;
    fleet.clock.advance(SignedDuration::from_secs(90));
    ended.look_after_store().await;
    assert_eq!(fleet.alerts(), [(1, AlertState::Triggered)]);
    drop(ended);
    fleet.proxy.switch(Faults::none());
    let next = fleet.worker().await;
    next.look_after_store().await;
    assert_eq!(fleet.alerts(), [(1, AlertState::Resolved)]);
    // Whoever comes after that sees its sign.
    let last = fleet.worker().await;
    last.look_after_store().await;
    assert_eq!(fleet.sent(), ["trigger", "resolve"]);
}

#[tokio::test]
async fn seconds_without_a_table_are_told_to_nobody() {
    let fleet = Fleet::new().await;
    let workers = [&fleet.worker().await, &fleet.worker().await];
    for _ in 0..3 {
        fleet.look_after(60, workers).await;
        fleet.proxy.switch(Faults::away());
        workers[0].handle(&GuardDuty::low("low-1").event("event-1").to_string()).await.unwrap_err();
        fleet.look_after(10, workers).await;
        fleet.proxy.switch(Faults::none());
        fleet.look_after(2, workers).await;
    }
    assert_eq!(fleet.sent(), [""; 0]);
}

/// An environment of a Lambda whose router is that one.
async fn environment(router: Router) -> (TempDir, Lambda) {
    let folder = tempfile::tempdir().unwrap();
    let store = json!({"path": folder.path().join("watchfire.redb")});
    let configuration = json!({"store": store, "channels": {"screen": {"console": {}}},
        "routes": {"P0": {"to": ["screen"]}, "P1": {"to": ["screen"]}}});
    let config = Config::parse("test", &configuration.to_string()).unwrap();
    let files = rules_files::read(None).unwrap();
    let policy = config.policy(RuleSet::load(&files).unwrap());
    let called = Parts::open(config, policy, None).await.unwrap().called().await;
    let called = Called { router: std::sync::Arc::new(router), ..called };
    (folder, Lambda::new(called, Operators::ShowTheToken))
}

#[tokio::test]
async fn environments_of_a_lambda_page_the_outage_of_their_table_as_one_alert_and_end_it() {
    let fleet = Fleet::new().await;
    let (_one, one) = environment(fleet.worker().await).await;
    let (_other, other) = environment(fleet.worker().await).await;
    let tick = json!({"watchfire": {"tick": {}}}).to_string();
    let records = batch(&[("m1", GuardDuty::low("low-1").event("event-1").to_string())]).to_string();
    let answer = async |lambda: &Lambda, payload: &str| {
        lambda.answer(payload, None, Deadline::within(Duration::from_secs(60))).await
    };
    answer(&one, &tick).await.unwrap();
    fleet.proxy.switch(Faults::away());
    // One is called for what is on the queue, the other with the tick of each minute.
    answer(&one, &records).await.unwrap();
    for _ in 0..3 {
        fleet.clock.advance(SignedDuration::from_secs(60));
        answer(&other, &tick).await.unwrap_err();
        answer(&one, &records).await.unwrap();
    }
    assert_eq!(fleet.alerts(), [(2, AlertState::Triggered)]);
    fleet.proxy.switch(Faults::none());
    answer(&other, &tick).await.unwrap();
    assert_eq!(fleet.alerts(), [(2, AlertState::Resolved)]);
    answer(&one, &records).await.unwrap();
    assert_eq!(fleet.sent(), ["trigger", "trigger", "resolve", "resolve"]);
}

#[tokio::test]
async fn a_worker_begins_without_its_table_and_is_a_worker_like_any_other_once_it_answers() {
    let (pagerduty, aws) = (PagerDuty::start().await, Ministack::shared());
    let proxy = FaultProxy::start(aws.endpoint(), Faults::none()).await;
    let behind = Ministack::behind(&proxy);
    let table = DynamoDbTable::at(&proxy.endpoint());
    table.make().await;
    let queue = aws.queue("begun", 2, 50).await;
    let configuration = Configuration::new(&pagerduty.url())
        .set("store.dynamodb", json!({"table": table.name}))
        .queue(&queue.url);
    let mut worker = Watchfire::start(&configuration, Some(&behind)).await;
    worker.terminate().await;
    proxy.switch(Faults::away());
    worker.starts().await.unwrap();
    assert_eq!(
        worker
            .logs()
            .all("the table does not answer: begun without it, urgent pages go out unrecorded")
            .len(),
        1
    );
    queue.send(&GuardDuty::miner("urgent-1").event("event-1").to_string()).await;
    let page = paged(&pagerduty, 1).await[0].to_string();
    assert!(page.contains("not recorded: the store does not answer"), "{page}");
    assert_eq!(worker.status("/readyz").await, 503);
    proxy.switch(Faults::none());
    worker.decided("event-1").await;
    let ready = async || (worker.status("/readyz").await == 200).then_some(());
    until("readiness", LATER, ready).await;
    assert!(worker.terminate().await.status.success());
}

#[tokio::test]
async fn a_table_that_is_not_as_it_must_be_once_it_answers_ends_a_worker_that_began_without_it() {
    let (pagerduty, aws) = (PagerDuty::start().await, Ministack::shared());
    let proxy = FaultProxy::start(aws.endpoint(), Faults::none()).await;
    let configuration =
        Configuration::new(&pagerduty.url()).set("store.dynamodb", json!({"table": "no-such-table"}));
    let present = Configuration::new(&pagerduty.url());
    let mut worker = Watchfire::start(&present, Some(&Ministack::behind(&proxy))).await;
    worker.terminate().await;
    worker.configure(&configuration);
    proxy.switch(Faults::away());
    worker.starts().await.unwrap();
    proxy.switch(Faults::none());
    assert_eq!(worker.ends().await.code(), Some(3));
    let (ended, said) = worker.refuses().await;
    assert_eq!(ended.code(), Some(2));
    assert!(said.contains("store.dynamodb.table: the table no-such-table cannot be the store"), "{said}");
}
