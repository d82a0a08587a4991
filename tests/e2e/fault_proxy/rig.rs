//! A table behind a fault proxy, spoken to without a store.

use serde_json::{Value, json};
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::{DynamoDbTable, Ministack, http};

/// A table with the store's keys and indexes.
pub(super) struct Rig {
    pub(super) proxy: FaultProxy,
    pub(super) table: DynamoDbTable,
    http: reqwest::Client,
}

impl Rig {
    pub(super) async fn new(faults: Faults) -> Self {
        let proxy = FaultProxy::start(Ministack::shared().endpoint(), faults).await;
        let table = DynamoDbTable::at(&proxy.endpoint());
        table.make().await;
        Self { proxy, table, http: http() }
    }

    /// Status and body; none where the connection was closed without an answer.
    pub(super) async fn try_ask(&self, operation: &str, body: &Value) -> Option<(u16, Value)> {
        let request = self
            .http
            .post(self.proxy.endpoint())
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20261120/us-gov-west-1/dynamodb/aws4_request, Signature=0",
            )
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_string());
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.unwrap_or_default()))
    }

    pub(super) async fn ask(&self, operation: &str, body: &Value) -> (u16, Value) {
        self.try_ask(operation, body).await.unwrap()
    }

    /// The same of what must succeed.
    pub(super) async fn done(&self, operation: &str, body: &Value) -> Value {
        let (status, body) = self.ask(operation, body).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The name of an error, and its message.
    pub(super) async fn refused(&self, operation: &str, body: &Value) -> [String; 2] {
        let (status, body) = self.ask(operation, body).await;
        assert_eq!(status, 400, "{body}");
        let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
        let message = if body["message"].is_null() { "Message" } else { "message" };
        [text("__type").rsplit('#').next().unwrap_or_default().to_owned(), text(message)]
    }

    pub(super) async fn cancelled(&self, body: &Value) -> Value {
        let (status, mut body) = self.ask("TransactWriteItems", body).await;
        assert_eq!(status, 400, "{body}");
        body["CancellationReasons"].take()
    }

    /// A write of an item with that many bytes beside its key.
    pub(super) fn put(&self, name: &str, bytes: usize) -> Value {
        let mut item = key(name);
        item["body"] = json!({"S": "x".repeat(bytes)});
        json!({"TableName": self.table.name, "Item": item})
    }

    pub(super) fn get(&self, name: &str) -> Value {
        json!({"TableName": self.table.name, "Key": key(name), "ConsistentRead": true})
    }

    pub(super) fn puts(&self, names: &[&str]) -> Value {
        let puts: Vec<_> = names.iter().map(|name| json!({"Put": self.put(name, 1)})).collect();
        json!({"TransactItems": puts})
    }

    /// Whether an item is there.
    pub(super) async fn has(&self, name: &str) -> bool {
        !self.done("GetItem", &self.get(name)).await["Item"].is_null()
    }

    /// Whether a transaction is at it.
    pub(super) async fn is_held(&self, name: &str) -> bool {
        let get = json!({"TransactItems": [{"Get": {"TableName": self.table.name, "Key": key(name)}}]});
        self.ask("TransactGetItems", &get).await.0 == 400
    }
}

/// `PARTITION/SORT`.
pub(super) fn key(name: &str) -> Value {
    let (partition, sort) = name.split_once('/').unwrap_or((name, "-"));
    json!({"pk": {"S": partition}, "sk": {"S": sort}})
}
