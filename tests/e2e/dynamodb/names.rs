//! What a name is found by, and a list of open incidents, does not cost more with what is over.

use watchfire::router::{Among, Meant, Router, Sight, Thing};
use watchfire_core::ids::IncidentKey;
use watchfire_core::incident::IncidentRecord;
use watchfire_core::state::{Key, Record};
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::store_contract::{entry, record};
use watchfire_tests::{DynamoDbTable, Ministack};

use super::{changing, load};

/// As hashes are: no two begin alike.
fn key(number: u64) -> Key {
    Key::Incident(IncidentKey::new(format!("wf1-{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
}

fn closed() -> Record {
    let Record::Incident(incident) = record(1) else { unreachable!("it is an incident's") };
    Record::Incident(IncidentRecord { open: false, ..incident })
}

#[tokio::test]
async fn a_name_and_a_list_cost_the_same_however_many_incidents_are_over() {
    let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::none()).await;
    let table = DynamoDbTable::at(&proxy.endpoint());
    let store = table.open().await;
    let router = Router::recording(store.clone());
    let put = async |event: &str, numbers: std::ops::Range<u64>, record: Record| {
        let keys: Vec<_> = numbers.map(key).collect();
        let read = load(&store, &keys).await;
        let changes = keys.into_iter().map(|key| (key, record.clone()));
        store.commit(&read, &changing(entry(event, 0, &[]), changes)).await.unwrap();
    };
    put("open", 1..4, record(1)).await;
    let costs = async || {
        let before = proxy.counts().units;
        let listed = router.incidents(500, Among::Open, |_, _| true).await.unwrap();
        let list = proxy.counts().units.since(&before).read;
        let shorts: Vec<_> =
            listed.incidents.iter().map(|(key, _, short)| (key.clone(), short.clone())).collect();
        let (whole, short) = shorts[0].clone();
        let before = proxy.counts().units;
        assert_eq!(router.meant(&short, Sight::Whole).await.unwrap(), Meant::One(Thing::Incident(whole)));
        (shorts, list, proxy.counts().units.since(&before).read)
    };
    let few = costs().await;
    put("over-1", 100..190, closed()).await;
    put("over-2", 200..290, closed()).await;
    let many = costs().await;
    assert_eq!(many, few);
    let (_, list, name) = few;
    // 16 queries of the index, and 33 for each: itself, and who else begins like it.
    assert_eq!((list, name), (8.0 + 3.0 * 33.0, 53.0));
    // A short name of an open incident that one which is over has, too, is longer.
    let (whole, short) = few.0[0].clone();
    let same = Key::Incident(IncidentKey::new(format!("wf1-{short}zz")));
    let read = load(&store, std::slice::from_ref(&same)).await;
    store.commit(&read, &changing(entry("same", 1, &[]), [(same, closed())])).await.unwrap();
    let listed = router.incidents(500, Among::Open, |_, _| true).await.unwrap();
    let longer = listed.incidents.into_iter().find(|(key, _, _)| *key == whole).unwrap().2;
    assert_eq!(longer.len(), short.len() + 1);
}
