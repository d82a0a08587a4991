//! Who meets a transaction is refused, with real reasons.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire_tests::fault_proxy::Faults;
use watchfire_tests::until;

use super::rig::{Rig, key};

const SOON: Duration = Duration::from_secs(5);
const HELD: Duration = Duration::from_millis(1_500);

/// A transaction on these items holds them while something else is done.
async fn beside<T>(rig: &Rig, names: &[&str], work: impl Future<Output = T>) -> T {
    let transaction = rig.puts(names);
    let work = async {
        until("a transaction that holds", SOON, async || rig.is_held(names[0]).await.then_some(())).await;
        work.await
    };
    let (answer, done) = tokio::join!(rig.done("TransactWriteItems", &transaction), work);
    assert_eq!(answer, json!({}));
    done
}

async fn rig() -> Rig {
    let rig = Rig::new(Faults::real().holding(HELD, HELD)).await;
    rig.proxy.switch(Faults::none());
    rig.done("PutItem", &rig.put("there", 1)).await;
    rig.proxy.switch(Faults::real().holding(HELD, HELD));
    rig
}

#[tokio::test]
async fn a_transaction_that_meets_another_is_cancelled_and_says_where() {
    let rig = rig().await;
    let (reasons, message) = beside(&rig, &["a", "b", "c"], async {
        let reasons = rig.cancelled(&rig.puts(&["x", "b", "y", "a"])).await;
        let check = json!({"TableName": rig.table.name, "Key": key("b"),
            "ConditionExpression": "attribute_exists(pk)"});
        let checks = json!({"TransactItems": [{"ConditionCheck": check}]});
        (reasons, rig.refused("TransactWriteItems", &checks).await)
    })
    .await;
    let meets = json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"});
    assert_eq!(reasons, json!([{"Code": "None"}, meets, {"Code": "None"}, meets]));
    let told =
        "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]";
    assert_eq!(message, ["TransactionCanceledException", told]);
    assert!(!rig.has("x").await && rig.has("c").await);
    rig.done("TransactWriteItems", &rig.puts(&["a"])).await;
    assert!(rig.proxy.counts().refusals("TransactionConflict") >= 2);
}

#[tokio::test]
async fn a_write_beside_a_transaction_is_refused_and_a_read_is_not() {
    let rig = rig().await;
    let table = &rig.table.name;
    let update = json!({"TableName": table, "Key": key("there"), "UpdateExpression": "SET n = :n",
        "ExpressionAttributeValues": {":n": {"N": "1"}}});
    let of_one = json!({"TableName": table, "Key": key("there")});
    let gets = json!({"RequestItems": {table: {"Keys": [key("there")]}}});
    let query = json!({"TableName": table, "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "there"}}});
    let work = async {
        let mut refused = Vec::new();
        for (operation, body) in
            [("PutItem", &rig.put("there", 2)), ("UpdateItem", &update), ("DeleteItem", &of_one)]
        {
            refused.push(rig.refused(operation, body).await);
        }
        assert!(rig.has("there").await);
        let found = rig.done("BatchGetItem", &gets).await;
        assert_eq!(found["Responses"][table].as_array().unwrap().len(), 1);
        assert_eq!(rig.done("Query", &query).await["Count"], 1);
        rig.done("PutItem", &rig.put("elsewhere", 1)).await;
        assert!(rig.is_held("there").await, "all of it was asked while it was held");
        refused
    };
    let refused = beside(&rig, &["there"], work).await;
    let expected = ["TransactionConflictException", "Transaction is ongoing for the item"].map(str::to_owned);
    assert_eq!(refused, vec![expected; 3]);
    rig.done("UpdateItem", &update).await;
}

#[tokio::test]
async fn writes_of_one_item_wait_for_each_other_and_none_is_refused() {
    let rig = rig().await;
    let writes = (0..20).map(async |number| rig.done("PutItem", &rig.put("there", number)).await);
    futures_util::future::join_all(writes).await;
    assert_eq!(rig.proxy.counts().refusals.get("TransactionConflictException"), None);
}

#[tokio::test]
async fn a_transaction_takes_as_long_as_it_holds_its_items() {
    let rig = Rig::new(Faults::none().holding(Duration::from_millis(200), Duration::from_millis(250))).await;
    let begun = std::time::Instant::now();
    rig.done("TransactWriteItems", &rig.puts(&["a"])).await;
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_lost_answer_is_of_what_was_done() {
    let rig = Rig::new(Faults::none()).await;
    rig.proxy.switch(Faults::none().losing(100));
    let (mut closed, mut failed) = (0, 0);
    for number in 0..20 {
        match rig.try_ask("PutItem", &rig.put(&format!("item-{number}"), 1)).await {
            None => closed += 1,
            Some((status, body)) => {
                assert_eq!(status, 500, "{body}");
                failed += 1;
            }
        }
    }
    assert!(closed > 0 && failed > 0, "{closed} {failed}");
    assert_eq!(rig.proxy.counts().lost, 20);
    rig.proxy.switch(Faults::none());
    for number in 0..20 {
        assert!(rig.has(&format!("item-{number}")).await);
    }
}

#[tokio::test]
async fn a_transaction_with_a_token_is_done_once() {
    let rig = Rig::new(Faults::none()).await;
    let with_token =
        |bytes: usize| json!({"ClientRequestToken": "one", "TransactItems": [{"Put": rig.put("a", bytes)}]});
    rig.proxy.switch(Faults::none().losing(100));
    rig.try_ask("TransactWriteItems", &with_token(1)).await;
    rig.proxy.switch(Faults::none());
    rig.done("PutItem", &rig.put("a", 7)).await;
    rig.done("TransactWriteItems", &with_token(1)).await;
    let found = rig.done("GetItem", &rig.get("a")).await;
    assert_eq!(found["Item"]["body"]["S"], "xxxxxxx");
    let [code, _] = rig.refused("TransactWriteItems", &with_token(2)).await;
    assert_eq!(code, "IdempotentParameterMismatchException");
    let held = Duration::from_millis(500);
    rig.proxy.switch(Faults::none().holding(held, held));
    let second = json!({"ClientRequestToken": "two", "TransactItems": [{"Put": rig.put("b", 1)}]});
    let again = async {
        until("a transaction that holds", SOON, async || rig.is_held("b").await.then_some(())).await;
        rig.refused("TransactWriteItems", &second).await[0].clone()
    };
    let (answer, again): (Value, String) = tokio::join!(rig.done("TransactWriteItems", &second), again);
    assert_eq!((answer, again.as_str()), (json!({}), "TransactionInProgressException"));
}

#[tokio::test]
async fn chance_falls_the_same_way_for_the_same_seed() {
    let lost = async |seed: u64| {
        let rig = Rig::new(Faults::none()).await;
        rig.proxy.switch(Faults { seed, ..Faults::none() }.losing(50));
        let mut answers = Vec::new();
        for _ in 0..30 {
            answers.push(rig.try_ask("GetItem", &rig.get("a")).await.map(|(status, _)| status));
        }
        answers
    };
    let first = lost(5).await;
    assert_eq!(first, lost(5).await);
    assert_ne!(first, lost(6).await);
}
