//! What a table does not take, what it takes in parts, and what it forgets by itself.

use serde_json::json;
use watchfire::store::{Committed, Error};
use watchfire_core::digest::{DigestLine, DigestRecord, EditionNumber, EditionRecord};
use watchfire_core::ids::{EventId, IncidentKey};
use watchfire_core::state::{Key, Record, State};
use watchfire_tests::DynamoDbTable;
use watchfire_tests::store_contract::{at, entry, finding};

use super::{changing, load};

/// Text that no compression makes much shorter.
pub(super) fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
    };
    (0..bytes).map(|_| next()).collect()
}

#[tokio::test]
async fn an_event_that_a_row_does_not_hold_is_refused_before_anything_is_written() {
    let store = DynamoDbTable::fresh().open().await;
    let mut large = entry("large", 0, &["page:oncall"]);
    large.raw = noise(600_000);
    let refused = store.commit(&State::default(), &large).await.unwrap_err();
    assert!(matches!(&refused, Error::TooLarge { .. }), "{refused:?}");
    assert!(refused.to_string().starts_with("the decision about event large takes "), "{refused}");
    let what_to_do = "; `store.dynamodb.bucket` names a bucket for what is larger";
    assert!(refused.to_string().ends_with(what_to_do), "{refused}");
    assert_eq!(store.find(&EventId::new("large")).await.unwrap(), None);
    large.raw = noise(200_000);
    assert_eq!(store.commit(&State::default(), &large).await.unwrap(), Committed::Yes);
    assert_eq!(store.find(&EventId::new("large")).await.unwrap(), Some(large));
}

#[tokio::test]
async fn more_changes_than_a_transaction_takes_are_refused_unless_they_are_harmless_by_themselves() {
    let store = DynamoDbTable::fresh().open().await;
    let findings: Vec<_> = (0..99).map(|number| finding(&format!("f-{number}"), 1)).collect();
    let keys: Vec<_> = findings.iter().map(|(key, _)| key.clone()).collect();
    let read = load(&store, &keys).await;
    let refused = store.commit(&read, &changing(entry("many", 0, &[]), findings)).await.unwrap_err();
    assert!(matches!(refused, Error::TooMany { writes: 101, most: 100 }), "{refused:?}");
    assert_eq!(store.find(&EventId::new("many")).await.unwrap(), None);

    let line = |number: usize| {
        let line = DigestLine { title: number.to_string(), ..DigestLine::default() };
        let key = Key::DigestLine(EditionNumber(1), IncidentKey::new(format!("wf1-{number}")));
        (key, Record::DigestLine(Box::new(line)))
    };
    let keys: Vec<_> = (0..250).map(|number| line(number).0).collect();
    let read = load(&store, &keys).await;
    let lines = changing(entry("lines", 1, &[]), (0..250).map(line));
    assert_eq!(store.commit(&read, &lines).await.unwrap(), Committed::Yes);
    let contents = load(&store, &[Key::DigestContents(EditionNumber(1))]).await;
    let mut expected = watchfire_core::digest::Contents::default();
    for (key, record) in (0..250).map(line) {
        if let (Key::DigestLine(_, incident), Record::DigestLine(line)) = (key, record) {
            expected.add(incident, *line);
        }
    }
    assert_eq!(contents.contents(EditionNumber(1)), Some(&expected));
}

/// Whoever wrote a line in the instant in which the edition was closed has written it by then.
#[tokio::test]
async fn an_edition_of_the_digest_is_said_ten_seconds_after_it_was_closed() {
    let store = DynamoDbTable::fresh().open().await;
    let key = Key::DigestEdition(EditionNumber(1));
    let read = load(&store, std::slice::from_ref(&key)).await;
    let closed = EditionRecord { closed: DigestRecord::new(at(0)), due_at: Some(at(20)) };
    let changes = [(key.clone(), Record::DigestEdition(Box::new(closed)))];
    store.commit(&read, &changing(entry("closed", 20, &[]), changes)).await.unwrap();
    assert_eq!(store.wakes(at(29), 9).await.unwrap(), []);
    assert_eq!(store.wakes(at(30), 9).await.unwrap(), [(at(20), key)]);
}

/// A table removes what has expired within days.
#[tokio::test]
async fn what_has_expired_is_not_there_though_the_table_has_it_still() {
    let table = DynamoDbTable::fresh();
    let store = table.open().await;
    let old = entry("a", 0, &["page:oncall"]);
    assert_eq!(store.commit(&State::default(), &old).await.unwrap(), Committed::Yes);
    let scanned = table.call("Scan", &json!({"TableName": table.name})).await;
    for item in scanned["Items"].as_array().unwrap() {
        let expired = json!({"TableName": table.name, "Key": {"pk": item["pk"], "sk": item["sk"]},
            "UpdateExpression": "SET #ttl = :second", "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": {":second": {"N": "1"}}});
        table.call("UpdateItem", &expired).await;
    }
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), None);
    assert_eq!(store.due(at(9), 9).await.unwrap(), []);
    let again = entry("a", 5, &[]);
    assert_eq!(store.commit(&State::default(), &again).await.unwrap(), Committed::Yes);
    assert_eq!(store.find(&EventId::new("a")).await.unwrap(), Some(again));
}
