//! Calls of one table: each with its answer, or why there is none; what they take is counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::item::Item;
use super::places::Place;
use super::request::Write;
use crate::aws::call::{Ask, CallError, Caller, Patience};
use crate::store::Error;

/// Within five seconds it answers, or the message goes back to the queue.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(2),
    in_all: Duration::from_secs(5),
    attempts: 8,
    wait: Duration::from_millis(25),
};
/// So many keys one `BatchGetItem` takes.
const BATCH: usize = 100;

/// One table, and who calls it.
pub(super) struct Table {
    caller: Caller,
    pub(super) name: String,
    read: AtomicU64,
    written: AtomicU64,
    is_healthy: AtomicBool,
}

/// What was taken of a table's capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    /// Read request units. Where the table does not say what a batch took, it is counted by the sizes of its items.
    pub read: f64,
    /// Write request units, those of the indexes among them.
    pub written: f64,
}

/// What became of a write with conditions.
#[derive(Debug)]
pub(super) enum Written {
    /// It is stored.
    Yes,
    /// Nothing was: a condition does not hold; with the item as it is.
    No(Option<Item>),
}

/// What became of a transaction.
#[derive(Debug)]
pub(super) enum Transacted {
    /// All of it is stored.
    Yes,
    /// Nothing is; for each write in order why, if it is because of it.
    Cancelled(Vec<Reason>),
}

/// Why a transaction was cancelled, as far as it is one of its writes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Reason {
    /// Such as `ConditionalCheckFailed`; `None` where it is not this write.
    pub(super) code: Option<String>,
    /// In words.
    pub(super) message: Option<String>,
    /// The item as it is, where that was asked for.
    pub(super) item: Option<Item>,
}

/// A page of a query.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    /// Where the next one begins; none after the last.
    pub(super) last_evaluated_key: Option<Item>,
}

impl Table {
    pub(super) fn new(caller: Caller, name: String) -> Self {
        let (read, written) = Default::default();
        Self { caller, name, read, written, is_healthy: AtomicBool::new(true) }
    }

    /// The region that it is in.
    pub(super) fn region(&self) -> &str {
        self.caller.region()
    }

    pub(super) fn units(&self) -> Units {
        let units = |counted: &AtomicU64| counted.load(Ordering::Relaxed) as f64 / 2.0;
        Units { read: units(&self.read), written: units(&self.written) }
    }

    /// Whether the last write was taken.
    pub(super) fn is_healthy(&self) -> bool {
        self.is_healthy.load(Ordering::Relaxed)
    }

    /// An operation; the table is named in its body.
    pub(super) async fn call(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
        let target = format!("DynamoDB_20120810.{operation}");
        let ask = Ask::Json10 { target: &target, body };
        self.caller.call(&ask, PATIENCE).await?.json()
    }

    /// The item there as it is now.
    pub(super) async fn get(&self, place: &Place) -> Result<Option<Item>, Error> {
        let body = json!({"TableName": self.name, "Key": place.key(), "ConsistentRead": true,
            "ReturnConsumedCapacity": "TOTAL"});
        let mut answer = self.call("GetItem", &body).await.map_err(failed)?;
        count(&self.read, &answer["ConsumedCapacity"]);
        match answer["Item"].take() {
            Value::Null => Ok(None),
            item => serde_json::from_value(item).map(Some).map_err(strange),
        }
    }

    /// The items there as they are now, by their places; without those that there are not.
    pub(super) async fn get_all(&self, places: &[Place]) -> Result<BTreeMap<(String, String), Item>, Error> {
        let mut found = BTreeMap::new();
        for hundred in places.chunks(BATCH) {
            let mut left = Value::Array(hundred.iter().map(|place| json!(place.key())).collect());
            let end = Instant::now() + PATIENCE.in_all;
            while left.as_array().is_some_and(|left| !left.is_empty()) {
                let (items, unprocessed) = self.get_batch(&left).await?;
                for item in items {
                    let Some(Place { pk, sk, name: _ }) = Place::of(&item) else { continue };
                    found.insert((pk, sk), item);
                }
                left = unprocessed;
                if left.as_array().is_some_and(|left| !left.is_empty()) {
                    let wait = Instant::now() + jitter(Duration::from_millis(100));
                    if wait >= end {
                        let throttled = "it has no room for all of a batch".to_owned();
                        return Err(failed(CallError::NoAnswer(throttled)));
                    }
                    tokio::time::sleep_until(wait).await;
                }
            }
        }
        Ok(found)
    }

    /// What is read of these keys, and the keys that were left out.
    async fn get_batch(&self, keys: &Value) -> Result<(Vec<Item>, Value), Error> {
        let body = json!({"RequestItems": {&self.name: {"Keys": keys, "ConsistentRead": true}},
            "ReturnConsumedCapacity": "TOTAL"});
        let mut answer = self.call("BatchGetItem", &body).await.map_err(failed)?;
        let items: Vec<Item> =
            serde_json::from_value(answer["Responses"][&self.name].take()).map_err(strange)?;
        match &answer["ConsumedCapacity"] {
            // It takes four kilobytes for a unit, of each item by itself.
            Value::Null => {
                let units: usize = items.iter().map(|item| item.size().div_ceil(4096).max(1)).sum();
                let absent = keys.as_array().map_or(0, Vec::len).saturating_sub(items.len());
                self.read.fetch_add(2 * (units + absent) as u64, Ordering::Relaxed);
            }
            told => count(&self.read, told),
        }
        Ok((items, answer["UnprocessedKeys"][&self.name]["Keys"].take()))
    }

    /// A page of what a query finds.
    pub(super) async fn query(&self, mut query: Map<String, Value>) -> Result<Page, Error> {
        query.insert("TableName".to_owned(), json!(self.name));
        query.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
        let answer = self.call("Query", &Value::Object(query)).await.map_err(failed)?;
        count(&self.read, &answer["ConsumedCapacity"]);
        serde_json::from_value(answer).map_err(strange)
    }

    /// Makes a change, or looks why not.
    pub(super) async fn write(&self, write: &Write) -> Result<Written, Error> {
        let mut body = write.request(&self.name);
        body.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
        let called = self.call(write.operation(), &Value::Object(body)).await;
        self.is_healthy.store(!called.as_ref().is_err_and(is_no_answer), Ordering::Relaxed);
        match called {
            Ok(answer) => {
                count(&self.written, &answer["ConsumedCapacity"]);
                Ok(Written::Yes)
            }
            Err(CallError::Refused(mut refusal)) if refusal.code == "ConditionalCheckFailedException" => {
                match refusal.details.remove("Item") {
                    None | Some(Value::Null) => Ok(Written::No(None)),
                    Some(item) => {
                        serde_json::from_value(item).map(|item| Written::No(Some(item))).map_err(strange)
                    }
                }
            }
            // Who is in a transaction with it now is out of it in a moment.
            Err(error) => Err(failed(error)),
        }
    }

    /// Makes all of these changes or none.
    pub(super) async fn transact(&self, writes: &[Write]) -> Result<Transacted, Error> {
        let items: Vec<Value> =
            writes.iter().map(|write| json!({write.action(): write.request(&self.name)})).collect();
        let body = json!({"TransactItems": items, "ReturnConsumedCapacity": "TOTAL"});
        let called = self.call("TransactWriteItems", &body).await;
        self.is_healthy.store(!called.as_ref().is_err_and(is_no_answer), Ordering::Relaxed);
        match called {
            Ok(answer) => {
                count(&self.written, &answer["ConsumedCapacity"]);
                Ok(Transacted::Yes)
            }
            Err(CallError::Refused(mut refusal)) if refusal.code == "TransactionCanceledException" => {
                let reasons = refusal.details.remove("CancellationReasons").unwrap_or_default();
                serde_json::from_value(reasons).map(Transacted::Cancelled).map_err(strange)
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// Waits for any part of that long, so that what met once does not meet again.
pub(super) async fn wait(least: Duration, most: Duration) {
    sleep(least + jitter(most.saturating_sub(least))).await;
}

fn jitter(most: Duration) -> Duration {
    most.mul_f64(random() as f64 / u64::MAX as f64)
}

/// Bits that nobody else has.
pub(super) fn random() -> u64 {
    let mut bytes = [0; 8];
    // Where the system has no randomness, nothing encrypted gets here either.
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    u64::from_le_bytes(bytes)
}

/// The units in an answer, of one table or of several; halves are counted.
fn count(counted: &AtomicU64, told: &Value) {
    let one = |told: &Value| told["CapacityUnits"].as_f64().unwrap_or_default();
    let units = told.as_array().map_or_else(|| one(told), |all| all.iter().map(one).sum());
    counted.fetch_add((units * 2.0).round() as u64, Ordering::Relaxed);
}

fn is_no_answer(error: &CallError) -> bool {
    error.is_transient() && error.code() != "TransactionCanceledException"
}

/// What becomes of a call that came to nothing.
pub(super) fn failed(error: CallError) -> Error {
    match error.code() {
        "ValidationException" | "SerializationException" | "ItemCollectionSizeLimitExceededException" => {
            Error::Refused(Arc::new(error))
        }
        _ => Error::Unavailable(Arc::new(error)),
    }
}

/// An answer that is not the service's.
fn strange(cause: serde_json::Error) -> Error {
    Error::Unavailable(Arc::new(cause))
}
