//! A partition has room for so much a second, and so has one of an index.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire_tests::fault_proxy::Faults;
use watchfire_tests::until;

use super::rig::{Rig, key};

const SOON: Duration = Duration::from_secs(10);

/// As little as makes a partition full for a second after twenty kilobytes.
fn tight() -> Faults {
    Faults::none().throttled(10.0, 10.0)
}

fn arn(rig: &Rig, rest: &str) -> String {
    format!("arn:aws:dynamodb:us-gov-west-1:000000000000:table/{}{rest}", rig.table.name)
}

#[tokio::test]
async fn a_partition_that_is_full_is_throttled_and_another_is_not() {
    let rig = Rig::new(tight()).await;
    rig.done("PutItem", &rig.put("full/a", 20 * 1024)).await;
    let (status, body) = rig.ask("PutItem", &rig.put("full/b", 1)).await;
    let reason = json!([{"reason": "TableWriteKeyRangeThroughputExceeded", "resource": arn(&rig, "")}]);
    assert_eq!((status, &body["throttlingReasons"]), (400, &reason));
    assert!(body["__type"].as_str().unwrap().ends_with("#ThrottlingException"), "{body}");
    let reasons = rig.cancelled(&rig.puts(&["other/a", "full/b"])).await;
    assert_eq!((&reasons[0], &reasons[1]["Code"]), (&json!({"Code": "None"}), &json!("ThrottlingError")));
    assert!(reasons[1]["Message"].as_str().unwrap().starts_with("Throughput exceeds the current capacity"));
    rig.done("PutItem", &rig.put("other/a", 1)).await;
    assert!(!rig.has("full/b").await);
    until("room", SOON, async || (rig.ask("PutItem", &rig.put("full/b", 1)).await.0 == 200).then_some(()))
        .await;
    let counts = rig.proxy.counts();
    assert!(
        counts.refusals("ThrottlingException") >= 1 && counts.refusals("ThrottlingError") == 1,
        "{counts:?}"
    );
}

#[tokio::test]
async fn an_index_that_is_full_throttles_what_writes_its_table() {
    let rig = Rig::new(Faults::none().throttled(3.0, 1_000.0)).await;
    let due = |name: &str, partition: &str| {
        let mut item = key(name);
        item["due_pk"] = json!({"S": partition});
        item["due_sk"] = json!({"S": "1"});
        json!({"TableName": rig.table.name, "Item": item})
    };
    for number in 0..3 {
        rig.done("PutItem", &due(&format!("item-{number}"), "hot")).await;
    }
    let mut last = Value::Null;
    for number in 3..20 {
        let (status, body) = rig.ask("PutItem", &due(&format!("item-{number}"), "hot")).await;
        if status == 400 {
            last = body;
            break;
        }
    }
    let index = arn(&rig, "/index/due");
    let reason = json!([{"reason": "IndexWriteKeyRangeThroughputExceeded", "resource": index}]);
    assert_eq!(last["throttlingReasons"], reason, "{last}");
    assert!(last["message"].as_str().unwrap().contains(&index), "{last}");
    let cancelled = rig.cancelled(&json!({"TransactItems": [{"Put": due("again", "hot")}]})).await;
    assert!(cancelled[0]["Message"].as_str().unwrap().contains(&index), "{cancelled}");
    // What is not in that partition is not in its way.
    rig.done("PutItem", &due("cold", "cold")).await;
    rig.done("PutItem", &rig.put("no-index", 1)).await;
}

#[tokio::test]
async fn what_is_read_is_throttled_and_a_batch_leaves_out_what_is_full() {
    let rig = Rig::new(Faults::none()).await;
    rig.done("PutItem", &rig.put("full/a", 100 * 1024)).await;
    rig.done("PutItem", &rig.put("other/a", 1)).await;
    rig.proxy.switch(tight());
    assert!(rig.has("full/a").await);
    assert_eq!(rig.refused("GetItem", &rig.get("full/a")).await[0], "ThrottlingException");
    let table = &rig.table.name;
    let keys =
        json!({"RequestItems": {table: {"Keys": [key("full/a"), key("other/a")], "ConsistentRead": true}}});
    let found = rig.done("BatchGetItem", &keys).await;
    assert_eq!(found["Responses"][table].as_array().unwrap().len(), 1);
    let left = json!({table: {"Keys": [key("full/a")], "ConsistentRead": true}});
    assert_eq!(found["UnprocessedKeys"], left);
    let full = json!({"RequestItems": {table: {"Keys": [key("full/a")]}}});
    assert_eq!(rig.refused("BatchGetItem", &full).await[0], "ThrottlingException");
}
