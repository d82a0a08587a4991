//! What Watchfire has recorded of the storm: for each finding a decision and its reason, or that it still waits for one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use watchfire::source::spool::{Lane, Spool};
use watchfire::store::Store;
use watchfire_tests::storm::Storm;

/// Reads the store of a Watchfire that has ended, and prints one line.
pub(crate) async fn read(file: &Path) -> anyhow::Result<()> {
    let store = Store::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
    let mut reasons = BTreeMap::<String, usize>::new();
    let (mut missing, mut findings) = (BTreeSet::new(), BTreeSet::new());
    let (mut pending, mut misjudged) = (0, 0);
    for shot in Storm::at(Timestamp::now()) {
        let known = store.named(&shot.event, 1).await?;
        let entry = match known.first() {
            Some(event) => store.find(event).await?,
            None => None,
        };
        let Some(entry) = entry else {
            missing.insert(shot.event);
            findings.insert(shot.finding);
            continue;
        };
        let decision = &entry.decision;
        pending += entry.pending().count();
        misjudged += usize::from(decision.priority != shot.priority);
        let (verdict, why) = (decision.verdict.as_str(), decision.why.as_str());
        *reasons.entry(format!("{} {verdict} {why}", decision.priority)).or_default() += 1;
    }
    let queued = queued(&store).await?;
    let line = json!({
        "reasons": reasons, "without_reason": missing.len(), "findings_without_reason": findings.len(),
        "of_those_queued": missing.intersection(&queued).count(), "pending": pending, "misjudged": misjudged,
    });
    println!("{line}");
    Ok(())
}

/// The ids of the events in the embedded queue. They stay there.
async fn queued(store: &Store) -> anyhow::Result<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Event {
        id: String,
    }
    let spool = Spool::new(store)?;
    let mut ids = BTreeSet::new();
    for lane in [Lane::Express, Lane::Ordinary] {
        let receive = || tokio::time::timeout(Duration::from_secs(1), spool.receive(lane, 1000));
        // An empty queue is waited for; what was received does not come twice.
        while let Ok(deliveries) = receive().await {
            for delivery in deliveries? {
                let event: Event = serde_json::from_str(&delivery.body).context("an event of the storm")?;
                ids.insert(event.id);
            }
        }
    }
    Ok(ids)
}
