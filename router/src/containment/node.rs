//! `Cordon` and `Uncordon`: no new pods on a node, or new ones again.

use watchfire_core::context::ObjectRef;

use super::Outcome;
use super::api::Api;
use super::change::{Change, Gone, change};
use super::patch::Operations;

/// What `kubectl cordon` sets.
const UNSCHEDULABLE: [&str; 2] = ["spec", "unschedulable"];

/// No new pods on it.
pub(super) async fn cordon(api: &Api, node: &ObjectRef) -> Outcome {
    change(api, node, Gone::Fails, |live| match live["spec"]["unschedulable"] == true {
        true => Change::Already(String::new()),
        false => {
            let mut operations = Operations::on(live);
            operations.set(&UNSCHEDULABLE, true);
            Change::Patch(operations, String::new())
        }
    })
    .await
}

/// New pods on it again.
pub(super) async fn uncordon(api: &Api, node: &ObjectRef) -> Outcome {
    change(api, node, Gone::IsFine, |live| match live["spec"]["unschedulable"] == true {
        false => Change::Already(String::new()),
        true => {
            let mut operations = Operations::on(live);
            operations.remove(&UNSCHEDULABLE);
            Change::Patch(operations, String::new())
        }
    })
    .await
}
