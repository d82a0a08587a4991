//! Decisions that are larger than a row, in a bucket.

use serde_json::json;
use watchfire::store::{Committed, DynamoDbConfig, Error, Store, Streamed};
use watchfire_core::ids::EventId;
use watchfire_core::journal::Entry;
use watchfire_core::state::State;
use watchfire_tests::store_contract::{at, done, entry};
use watchfire_tests::{DynamoDbTable, Ministack};

use super::bounds::noise;

/// A table with a bucket beside it.
struct Beside {
    table: DynamoDbTable,
    bucket: String,
}

impl Beside {
    async fn made() -> Self {
        let aws = Ministack::shared();
        let table = DynamoDbTable::at(aws.endpoint());
        table.open().await;
        Self { table, bucket: aws.bucket("rows").await }
    }

    async fn open(&self) -> Store {
        let config = DynamoDbConfig {
            bucket: Some(self.bucket.clone()),
            prefix: "watchfire/".to_owned(),
            ..self.table.config()
        };
        self.table.open_as(&config).await
    }

    /// The keys in the bucket.
    async fn keys(&self) -> Vec<String> {
        let (_, listed) = Ministack::shared().s3(&format!("GET /{}?list-type=2", self.bucket), &[], "").await;
        let keys = listed.split("<Key>").skip(1);
        keys.map(|rest| rest.split("</Key>").next().unwrap().to_owned()).collect()
    }
}

fn large(event: &str, seconds: i64) -> Entry {
    Entry { raw: noise(1_000_000), ..entry(event, seconds, &["page:oncall"]) }
}

#[tokio::test]
async fn a_decision_that_is_larger_than_a_row_is_kept_in_a_bucket_and_read_as_any_other() {
    let beside = Beside::made().await;
    let store = beside.open().await;
    let (entry, small) = (large("large", 0), entry("small", 1, &[]));
    for entry in [&entry, &small] {
        assert_eq!(store.commit(&State::default(), entry).await.unwrap(), Committed::Yes);
    }
    assert_eq!(store.commit(&State::default(), &entry).await.unwrap(), Committed::AlreadyDecided);
    let keys = beside.keys().await;
    assert_eq!(keys.len(), 1, "decided again it is the same object: {keys:?}");
    assert!(keys[0].starts_with("watchfire/") && keys[0].len() == "watchfire/".len() + 64, "{keys:?}");
    // By one who was told of no bucket as well: the row says where it is.
    for store in [store.clone(), beside.table.open().await] {
        assert_eq!(store.find(&EventId::new("large")).await.unwrap(), Some(entry.clone()));
        assert_eq!(store.recent(9).await.unwrap(), [small.clone(), entry.clone()]);
        let faces = store.fold_faces(at(0), 0, |count: &mut usize, _| *count += 1).await.unwrap();
        assert_eq!(faces, 0, "what it looks like is read");
        let mut bits = store.stream(Streamed::Journal).await.unwrap();
        let mut journal = Vec::new();
        while let Some(bit) = bits.recv().await {
            journal.extend(bit.unwrap());
        }
        assert_eq!(String::from_utf8(journal).unwrap().lines().count(), 2);
    }
    // It goes with its decision.
    store.settle(&EventId::new("large"), &[done("page:oncall", 2)]).await.unwrap();
    while store.prune(at(100), 9).await.unwrap() > 0 {}
    assert_eq!(store.find(&EventId::new("large")).await.unwrap(), None);
    assert_eq!(beside.keys().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_taken_out_of_the_bucket_or_altered_is_said_to_be_gone_and_holds_up_no_other() {
    let beside = Beside::made().await;
    let store = beside.open().await;
    store.commit(&State::default(), &large("large", 0)).await.unwrap();
    let key = beside.keys().await.remove(0);
    Ministack::shared().s3(&format!("PUT /{}/{key}", beside.bucket), &[], "other").await;
    let altered = store.find(&EventId::new("large")).await.unwrap_err();
    assert!(matches!(&altered, Error::Corrupt { .. }), "{altered:?}");
    Ministack::shared().s3(&format!("DELETE /{}/{key}", beside.bucket), &[], "").await;
    let gone = store.find(&EventId::new("large")).await.unwrap_err();
    assert_eq!(gone.to_string(), "the decision about event large in the store cannot be understood");
    let due = store.due(at(9), 9).await.unwrap();
    assert_eq!(due, [EventId::new("large")], "what is left to do is known");
    store.settle(&EventId::new("large"), &[done("page:oncall", 2)]).await.unwrap();
    while store.prune(at(100), 9).await.unwrap() > 0 {}
    let left = beside.table.call("Scan", &json!({"TableName": beside.table.name})).await;
    let left: Vec<_> = left["Items"].as_array().unwrap().iter().map(|item| item["pk"]["S"].clone()).collect();
    assert_eq!(left, [json!("format")], "and can be removed");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_lets_nothing_be_decided_that_needs_it() {
    let table = DynamoDbTable::at(Ministack::shared().endpoint());
    table.open().await;
    let config = DynamoDbConfig { bucket: Some("no-such-bucket".to_owned()), ..table.config() };
    let store = table.open_as(&config).await;
    let refused = store.commit(&State::default(), &large("large", 0)).await.unwrap_err();
    assert!(matches!(&refused, Error::Unavailable(_)), "{refused:?}");
    assert_eq!(store.find(&EventId::new("large")).await.unwrap(), None);
    assert_eq!(store.commit(&State::default(), &entry("small", 0, &[])).await.unwrap(), Committed::Yes);
}
