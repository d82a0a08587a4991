//! What following a cluster costs: memory, and events a second with a context for each, beside those without.

use std::sync::Arc;

use serde_json::json;
use watchfire_tests::{Configuration, GuardDuty};

use crate::api_server::ApiServer;
use crate::measure::{self, Receiver, Run};
use crate::report::Table;

/// Follows that many pods, on a node for each twenty, and decides as many events as the run has: each about a pod of
/// the cluster, by its UID, with nobody paged and nothing done; what is the matter in the cluster is looked for meanwhile.
pub(crate) async fn measure(run: &Run, pods: usize) -> anyhow::Result<()> {
    let server = ApiServer::start(pods)?;
    let suspects = server.suspects().await?;
    let bodies = (0..run.events).map(|index| {
        // One pod of each Deployment, then another one of each.
        let suspect = &suspects[index * 5 % suspects.len() + index * 5 / suspects.len() % 5];
        suspect.finding(GuardDuty::low(&suspect.name), index)
    });
    let bodies = Arc::new(bodies.collect::<Vec<_>>());
    let receiver = Receiver::start()?;
    let alone = Configuration::new(&receiver.url());
    let following = server
        .configured(alone.clone())
        .set("mitigation", json!({"mode": "observe"}))
        .set("watch", json!({"every_seconds": 10}));
    let mut table = Table::new();
    let without = measure::decided_by(run, &alone, Arc::clone(&bodies)).await?;
    table.add("decided, no cluster", without);
    table.add(
        &format!("decided, following {} pods", suspects.len()),
        measure::decided_by(run, &following, bodies).await?,
    );
    println!("{table}");
    Ok(())
}
