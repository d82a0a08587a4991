//! What every store promises, through a proxy on its best day and on a bad one.

mod real {
    use watchfire_tests::fault_proxy::{FaultProxy, Faults};
    use watchfire_tests::{DynamoDbTable, Ministack};

    watchfire_tests::store_contract!({
        let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::real()).await;
        let table = DynamoDbTable::at(&proxy.serve_on());
        async move || table.open().await
    });
}

mod rough {
    use watchfire_tests::fault_proxy::{FaultProxy, Faults};
    use watchfire_tests::{DynamoDbTable, Ministack};

    watchfire_tests::store_contract!({
        let proxy = FaultProxy::start(Ministack::shared().endpoint(), Faults::rough(super::seed())).await;
        let table = DynamoDbTable::at(&proxy.serve_on());
        async move || table.open().await
    });
}

/// `WATCHFIRE_TEST_SEED`, or always the same.
fn seed() -> u64 {
    std::env::var("WATCHFIRE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(12)
}
