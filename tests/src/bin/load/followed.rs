//! What following a cluster costs: memory, and events a second with a context for each, beside those without.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;
use watchfire_tests::{Configuration, GuardDuty, Models};

use crate::api_server::ApiServer;
use crate::everything;
use crate::measure::{self, Receiver, Run};
use crate::report::Table;

/// Follows that many pods, on a node for each twenty, and decides as many events as the run has: each about a pod of
/// the cluster, by its UID, with nobody paged and nothing done; what is the matter in the cluster is looked for meanwhile.
/// Then the same with all of it on, one of a hundred a miner in the pod: paged, contained, and a model asked.
pub(crate) async fn measure(run: &Run, pods: usize) -> anyhow::Result<()> {
    let server = ApiServer::start(pods)?;
    let suspects = server.suspects().await?;
    let bodies = |miners: bool| {
        let bodies = (0..run.events).map(|index| {
            // One pod of each Deployment, then another one of each.
            let suspect = &suspects[index * 5 % suspects.len() + index * 5 / suspects.len() % 5];
            let is_miner = miners && index % 100 == 0;
            let finding = if is_miner { GuardDuty::miner } else { GuardDuty::low };
            suspect.finding(finding(&suspect.name), index)
        });
        Arc::new(bodies.collect::<Vec<_>>())
    };
    let receiver = Receiver::start()?;
    let alone = Configuration::new(&receiver.url());
    let following = server
        .configured(alone.clone())
        .set("mitigation", json!({"mode": "observe"}))
        .set("watch", json!({"every_seconds": 10}));
    let models = Models::start();
    let everything = everything::configured(following.clone(), &server, &models)?;
    let mut table = Table::new();
    let without = measure::decided_by(run, &alone, bodies(false), |_| JoinSet::new()).await?;
    table.add("decided, no cluster", without);
    table.add(
        &format!("decided, following {} pods", suspects.len()),
        measure::decided_by(run, &following, bodies(false), |_| JoinSet::new()).await?,
    );
    table.add(
        &format!("decided, following {} pods, all of it on", suspects.len()),
        measure::decided_by(run, &everything, bodies(true), everything::at_work).await?,
    );
    let asked = models.asked().await.len();
    let kept = std::fs::read_dir(server.evidence().join("bundles")).map_or(0, Iterator::count);
    anyhow::ensure!(
        asked > 0 && kept > 0,
        "a model was asked {asked} times, {kept} bundles of evidence were kept"
    );
    println!("{table}");
    Ok(())
}
