//! What every store promises, through a proxy on its best day and on a bad one.
//!
//! Transactions hold their items for a tenth of the time, so that 32 who meet on one incident are through in seconds:
//! here it counts that they meet. What it costs them stands in `contention`.

use watchfire_tests::fault_proxy::Faults;

mod real {
    use watchfire_tests::fault_proxy::{FaultProxy, Faults};
    use watchfire_tests::{DynamoDbTable, Ministack};

    watchfire_tests::store_contract!({
        let proxy = FaultProxy::start(Ministack::shared().endpoint(), super::shortly(Faults::real())).await;
        let table = DynamoDbTable::at(&proxy.serve_on());
        async move || table.open().await
    });
}

mod rough {
    use watchfire_tests::fault_proxy::{FaultProxy, Faults};
    use watchfire_tests::{DynamoDbTable, Ministack};

    watchfire_tests::store_contract!({
        let proxy =
            FaultProxy::start(Ministack::shared().endpoint(), super::shortly(Faults::rough(super::seed())))
                .await;
        let table = DynamoDbTable::at(&proxy.serve_on());
        async move || table.open().await
    });
}

/// `WATCHFIRE_TEST_SEED`, or always the same.
fn seed() -> u64 {
    std::env::var("WATCHFIRE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(12)
}

fn shortly(faults: Faults) -> Faults {
    let [least, most] = Faults::HOLDS;
    faults.holding(least / 10, most / 10)
}
