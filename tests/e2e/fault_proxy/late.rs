//! An index that is late: through it the store is told what was, and takes it for a hint.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire::store::Committed;
use watchfire_core::ids::EventId;
use watchfire_core::state::State;
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::store_contract::{at, done, entry};
use watchfire_tests::{DynamoDbTable, Ministack, until};

use super::rig::{Rig, key};

const SOON: Duration = Duration::from_secs(20);
const LAG: Duration = Duration::from_millis(800);

fn due(rig: &Rig, name: &str, sort: &str) -> Value {
    let mut item = key(name);
    item["due_pk"] = json!({"S": "D"});
    item["due_sk"] = json!({"S": sort});
    item["body"] = json!({"S": "not a key"});
    json!({"TableName": rig.table.name, "Item": item})
}

/// What the index shows of its one partition, as `SORT NAME`.
async fn shown(rig: &Rig, more: &Value) -> Vec<String> {
    let mut query = json!({"TableName": rig.table.name, "IndexName": "due", "KeyConditionExpression": "due_pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "D"}, ":sk": {"S": "2"}}});
    query.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    if more["KeyConditionExpression"].is_null() {
        query["ExpressionAttributeValues"].as_object_mut().unwrap().remove(":sk");
    }
    let found = rig.done("Query", &query).await;
    let name = |item: &Value| {
        assert_eq!(item.as_object().unwrap().len(), 4, "keys only: {item}");
        format!("{} {}", item["due_sk"]["S"].as_str().unwrap(), item["pk"]["S"].as_str().unwrap())
    };
    found["Items"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn an_index_that_is_late_does_not_show_what_is_new_and_shows_what_has_gone() {
    let rig = Rig::new(Faults::none()).await;
    rig.done("PutItem", &due(&rig, "old", "1")).await;
    rig.done("PutItem", &due(&rig, "moves", "2")).await;
    rig.proxy.switch(Faults { seed: 1, ..Faults::none() }.lagging(Duration::from_secs(3_600)));
    rig.done("PutItem", &due(&rig, "new", "3")).await;
    rig.done("PutItem", &due(&rig, "moves", "9")).await;
    rig.done("DeleteItem", &json!({"TableName": rig.table.name, "Key": key("old")})).await;
    assert_eq!(shown(&rig, &Value::Null).await, ["1 old", "2 moves"]);
    rig.proxy.switch(Faults::none());
    assert_eq!(shown(&rig, &Value::Null).await, ["3 new", "9 moves"], "the emulator's is up to date");
}

/// The late index is the proxy's own: it must answer as the emulator's would.
#[tokio::test]
async fn an_index_is_asked_the_same_whether_it_is_late_or_not() {
    let rig = Rig::new(Faults::none()).await;
    for (name, sort) in [("c", "1"), ("a", "2"), ("b", "2x"), ("d", "3")] {
        rig.done("PutItem", &due(&rig, name, sort)).await;
    }
    let ranges = [">= :sk", "> :sk", "< :sk", "<= :sk", "= :sk"]
        .map(|range| format!("due_pk = :pk AND due_sk {range}"));
    let conditions = ranges.into_iter().chain(["due_pk = :pk AND begins_with(due_sk, :sk)".to_owned()]);
    let asked = conditions.map(|condition| json!({"KeyConditionExpression": condition}));
    let pages = [json!({"Limit": 2}), json!({"Limit": 3, "ScanIndexForward": false}), json!({})];
    for more in asked.chain(pages) {
        let emulated = shown(&rig, &more).await;
        rig.proxy.switch(Faults::none().lagging(Duration::from_micros(1)));
        assert_eq!(shown(&rig, &more).await, emulated, "{more}");
        rig.proxy.switch(Faults::none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_index_still_shows_is_not_due_and_what_it_shows_later_is() {
    let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::none().lagging(LAG)).await;
    let store = DynamoDbTable::at(&proxy.endpoint()).open().await;
    for (number, name) in ["a", "b", "c"].into_iter().enumerate() {
        let entry = entry(name, number as i64, &["page:oncall"]);
        assert_eq!(store.commit(&State::default(), &entry).await.unwrap(), Committed::Yes);
    }
    let names = |names: &[&str]| names.iter().map(|name| EventId::new(*name)).collect::<Vec<_>>();
    let all = names(&["a", "b", "c"]);
    let due = async || store.due(at(99), 9).await.unwrap();
    until("all that is due", SOON, async || (due().await == all).then_some(())).await;
    store.settle(&EventId::new("a"), &[done("page:oncall", 5)]).await.unwrap();
    store.postpone(&EventId::new("b"), at(500)).await.unwrap();
    assert_eq!(due().await, names(&["c"]), "the index may still have the others");
    until("what was put off", SOON, async || {
        (store.due(at(501), 9).await.unwrap() == names(&["c", "b"])).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeline_through_a_late_index_is_whole_in_the_end() {
    let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::none().lagging(LAG)).await;
    let store = DynamoDbTable::at(&proxy.endpoint()).open().await;
    for number in 0..7 {
        store.commit(&State::default(), &entry(&format!("e{number}"), number, &[])).await.unwrap();
    }
    let incident = entry("e0", 0, &[]).decision.incident.unwrap();
    until("seven entries", SOON, async || {
        let found = store.timeline(&incident, 99).await.unwrap();
        assert!(found.is_sorted_by_key(|entry| entry.decision.at));
        (found.len() == 7).then_some(())
    })
    .await;
}
