//! `PauseScaler` and `ResumeScaler`: KEDA holds a workload at zero, or goes on as before.

use serde_json::Value;
use watchfire_core::context::ObjectRef;

use super::api::Api;
use super::change::{Change, Gone, change};
use super::patch::Operations;
use super::{Outcome, object};

/// KEDA scales to that number and goes no further.
const PAUSED_REPLICAS: &str = "autoscaling.keda.sh/paused-replicas";

/// Held at zero.
pub(super) async fn pause(api: &Api, scaler: &ObjectRef) -> Outcome {
    change(api, scaler, Gone::Fails, |live| match object::annotation(live, PAUSED_REPLICAS) {
        Some("0") => Change::Already(String::new()),
        Some(before) => set(live, "0", format!("it was held at {before}")),
        None => set(live, "0", String::new()),
    })
    .await
}

/// As before, unless someone has changed it meanwhile.
pub(super) async fn resume(api: &Api, scaler: &ObjectRef, before: &str) -> Outcome {
    change(api, scaler, Gone::IsFine, |live| match object::annotation(live, PAUSED_REPLICAS) {
        now if now.unwrap_or_default() == before => Change::Already(String::new()),
        Some("0") if before.is_empty() => {
            let mut operations = Operations::on(live);
            operations.remove(&["metadata", "annotations", PAUSED_REPLICAS]);
            Change::Patch(operations, String::new())
        }
        Some("0") => set(live, before, format!("held at {before} again")),
        Some(other) => Change::Left(format!("someone holds it at {other} by now")),
        None => Change::Left("someone has ended the pause already".to_owned()),
    })
    .await
}

fn set<'a>(live: &'a Value, value: &str, note: String) -> Change<'a> {
    let mut operations = Operations::on(live);
    operations.set(&["metadata", "annotations", PAUSED_REPLICAS], value);
    Change::Patch(operations, note)
}
