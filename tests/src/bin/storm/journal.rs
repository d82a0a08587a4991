//! What Watchfire has recorded of the storm: for each finding a decision and its reason, or that there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;
use watchfire::store::Store;
use watchfire_core::ids::EventId;
use watchfire_tests::storm::Storm;

/// Reads the store of a Watchfire that has ended, and prints one line.
pub(crate) async fn read(file: &Path) -> anyhow::Result<()> {
    let store = Store::open(file)?;
    let mut reasons = BTreeMap::<String, usize>::new();
    let (mut missing, mut findings) = (Vec::new(), BTreeSet::new());
    let (mut pending, mut misjudged) = (0, 0);
    for shot in Storm::at(Timestamp::now()) {
        let Some(entry) = store.find(&EventId::new(shot.event.as_str())).await? else {
            missing.push(shot.event);
            findings.insert(shot.finding);
            continue;
        };
        let decision = &entry.decision;
        pending += entry.pending().count();
        misjudged += usize::from(decision.priority != shot.priority);
        let (verdict, why) = (decision.verdict.as_str(), decision.why.as_str());
        *reasons.entry(format!("{} {verdict} {why}", decision.priority)).or_default() += 1;
    }
    let line = json!({
        "reasons": reasons, "without_reason": missing.len(), "findings_without_reason": findings.len(),
        "first_without_reason": missing.first(), "pending": pending, "misjudged": misjudged,
    });
    println!("{line}");
    Ok(())
}
