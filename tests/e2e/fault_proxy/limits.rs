//! What is too many or too large is refused in DynamoDB's words.

use serde_json::json;
use watchfire_tests::fault_proxy::Faults;

use super::rig::{Rig, key};

#[tokio::test]
async fn a_transaction_has_a_hundred_writes_each_of_another_item_and_four_megabytes() {
    let rig = Rig::new(Faults::none().limited()).await;
    let names: Vec<_> = (0..101).map(|number| format!("item-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    rig.done("TransactWriteItems", &rig.puts(&names[..100])).await;
    let large: Vec<_> =
        (0..11).map(|number| json!({"Put": rig.put(&format!("large-{number}"), 390 * 1024)})).collect();
    let invalid = |message: &str| ["ValidationException", message].map(str::to_owned);
    let too_many = "1 validation error detected: Value '[...]' at 'transactItems' failed to satisfy constraint: Member \
                    must have length less than or equal to 100";
    let table = [
        (rig.puts(&names), invalid(too_many)),
        (
            rig.puts(&["a", "b", "a"]),
            invalid("Transaction request cannot include multiple operations on one item"),
        ),
        (
            json!({"TransactItems": large}),
            invalid("Transaction request exceeds the 4MB transaction size limit"),
        ),
    ];
    for (body, expected) in table {
        assert_eq!(rig.refused("TransactWriteItems", &body).await, expected);
    }
    assert!(!rig.has("a").await && !rig.has("large-0").await);
}

#[tokio::test]
async fn an_item_has_four_hundred_kilobytes() {
    let rig = Rig::new(Faults::none().limited()).await;
    let most = 400 * 1024 - "pkask-body".len();
    rig.done("PutItem", &rig.put("a", most)).await;
    let message = "Item size has exceeded the maximum allowed size";
    let over = ["ValidationException", message].map(str::to_owned);
    assert_eq!(rig.refused("PutItem", &rig.put("a", most + 1)).await, over);
    let put = json!({"TransactItems": [{"Put": rig.put("a", most + 1)}]});
    assert_eq!(rig.refused("TransactWriteItems", &put).await, over);
    let update = json!({"TableName": rig.table.name, "Key": key("a"), "UpdateExpression": "SET more = :m",
        "ExpressionAttributeValues": {":m": {"S": "x"}}});
    let message = "Item size to update has exceeded the maximum allowed size";
    let over = ["ValidationException", message].map(str::to_owned);
    assert_eq!(rig.refused("UpdateItem", &update).await, over);
    let updates = json!({"TransactItems": [{"Put": rig.put("b", 1)}, {"Update": update}]});
    let reasons = json!([{"Code": "None"}, {"Code": "ValidationError", "Message": message}]);
    assert_eq!(rig.cancelled(&updates).await, reasons);
}
