//! The store in a table of DynamoDB: the contract, what is particular to a table, and what it takes.

use watchfire::store::Error;
use watchfire_tests::DynamoDbTable;

mod contract {
    use watchfire_tests::DynamoDbTable;

    watchfire_tests::store_contract!({
        let table = DynamoDbTable::fresh();
        async move || table.open().await
    });
}

#[tokio::test]
async fn a_table_that_is_not_there_is_said_to_be_missing() {
    let error = DynamoDbTable::fresh().try_open().await.unwrap_err();
    assert!(matches!(&error, Error::Table { .. }), "{error:?}");
    assert!(error.to_string().ends_with("cannot be the store: there is no such table"), "{error}");
}
