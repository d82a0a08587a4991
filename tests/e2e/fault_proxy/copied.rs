//! What the proxy answers from its own copy, the emulator answers, too.

use serde_json::{Value, json};
use watchfire_tests::fault_proxy::Faults;

use super::rig::{Rig, key};

/// What both answer to it, without what they say of its price.
async fn both(rig: &Rig, operation: &str, body: &Value) -> [Value; 2] {
    let mut answers = Vec::new();
    for faults in [Faults::none(), Faults::none().reading_its_copy()] {
        rig.proxy.switch(faults);
        let mut answer = rig.done(operation, body).await;
        answer.as_object_mut().unwrap().remove("ConsumedCapacity");
        // The order of a batch is nobody's promise.
        let items = answer.get_mut("Responses").and_then(|tables| tables.get_mut(&rig.table.name));
        if let Some(items) = items.and_then(Value::as_array_mut) {
            items.sort_by_key(ToString::to_string);
        }
        answers.push(answer);
    }
    let [copied, emulated] = [answers.remove(1), answers.remove(0)];
    [copied, emulated]
}

async fn filled() -> Rig {
    let rig = Rig::new(Faults::none()).await;
    for name in ["p/a", "p/b", "p/ba", "p/c", "q/a", "p\u{1}/a"] {
        rig.done("PutItem", &rig.put(name, 10)).await;
    }
    rig.done("PutItem", &rig.put("p/b", 20)).await;
    rig.done("DeleteItem", &json!({"TableName": rig.table.name, "Key": key("p/c")})).await;
    rig
}

#[tokio::test]
async fn an_item_and_a_batch_are_answered_the_same() {
    let rig = filled().await;
    for name in ["p/b", "p/c", "nobody/a"] {
        let [copied, emulated] = both(&rig, "GetItem", &rig.get(name)).await;
        assert_eq!(copied, emulated, "{name}");
    }
    let keys = ["p/a", "q/a", "p/c"].map(key);
    let batch = json!({"RequestItems": {&rig.table.name: {"Keys": keys, "ConsistentRead": true}}});
    let [copied, emulated] = both(&rig, "BatchGetItem", &batch).await;
    assert_eq!(copied, emulated);
}

#[tokio::test]
async fn a_partition_is_answered_the_same_in_pages_and_both_ways() {
    let rig = filled().await;
    let ranges =
        ["pk = :pk", "pk = :pk AND sk >= :sk", "pk = :pk AND sk < :sk", "pk = :pk AND begins_with(sk, :sk)"];
    let pages = [
        json!({}),
        json!({"Limit": 1}),
        json!({"Limit": 2, "ScanIndexForward": false}),
        json!({"ExclusiveStartKey": key("p/a")}),
    ];
    // A key to go on from has to be in the range.
    let is_asked = |range: &str, page: &Value| !range.contains(":sk") || page["ExclusiveStartKey"].is_null();
    let asked = ranges.iter().flat_map(|range| pages.iter().map(move |page| (range, page)));
    for (range, page) in asked.filter(|(range, page)| is_asked(range, page)) {
        let mut query = json!({"TableName": rig.table.name, "KeyConditionExpression": range, "ConsistentRead": true,
            "ExpressionAttributeValues": {":pk": {"S": "p"}}});
        if range.contains(":sk") {
            query["ExpressionAttributeValues"][":sk"] = json!({"S": "b"});
        }
        query.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
        let [copied, emulated] = both(&rig, "Query", &query).await;
        assert_eq!(copied, emulated, "{range} {page}");
    }
}
