//! The store in a table of DynamoDB: the contract, many workers at once, what a table bounds, and what it takes.

mod bounds;
mod bucket;
mod contention;
mod names;
mod units;
mod worker;

use watchfire::store::{Error, Store};
use watchfire_core::journal::Entry;
use watchfire_core::state::{Key, Merge, Record, State};
use watchfire_tests::DynamoDbTable;

mod contract {
    use watchfire_tests::DynamoDbTable;

    watchfire_tests::store_contract!({
        let table = DynamoDbTable::fresh();
        async move || table.open().await
    });
}

async fn load(store: &Store, keys: &[Key]) -> State {
    let mut state = State::default();
    store.load(keys, &mut state).await.unwrap();
    state
}

fn changing(mut entry: Entry, changes: impl IntoIterator<Item = (Key, Record)>) -> Entry {
    entry.decision.changes = changes.into_iter().collect();
    entry
}

fn merging(mut entry: Entry, merges: impl IntoIterator<Item = (Key, Merge)>) -> Entry {
    entry.decision.merges = merges.into_iter().collect();
    entry
}

#[tokio::test]
async fn a_table_that_is_not_there_is_said_to_be_missing() {
    let error = DynamoDbTable::fresh().try_open().await.unwrap_err();
    assert!(matches!(&error, Error::Table { .. }), "{error:?}");
    assert!(
        error.to_string().contains("cannot be the store: there is no such table in us-gov-west-1"),
        "{error}"
    );
}

#[tokio::test]
async fn what_a_table_is_not_is_said_all_at_once() {
    let table = DynamoDbTable::fresh();
    let mut definition = watchfire::store::DynamoDb::definition(&table.name);
    definition["GlobalSecondaryIndexes"].as_array_mut().unwrap().retain(|index| index["IndexName"] != "due");
    let attributes = definition["AttributeDefinitions"].as_array_mut().unwrap();
    attributes.retain(|attribute| !attribute["AttributeName"].as_str().unwrap().starts_with("due"));
    table.call("CreateTable", &definition).await;
    let told = table.try_open().await.unwrap_err().to_string();
    let expected = "it has no index `due`; its items do not expire by the attribute `ttl`";
    assert!(told.ends_with(expected), "{told}");
}
