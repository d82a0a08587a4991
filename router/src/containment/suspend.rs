//! `Suspend` and `Resume`: a Job or CronJob starts no more pods, or starts them again.

use serde_json::Value;
use watchfire_core::context::ObjectRef;

use super::Outcome;
use super::api::Api;
use super::change::{Change, Gone, change};
use super::patch::Operations;
use crate::failure::Failure;

/// A suspended Job loses its running pods, too, except those that no longer are its own.
pub(super) async fn suspend(api: &Api, workload: &ObjectRef) -> Outcome {
    let note = match workload.kind.as_str() {
        "Job" => "its running pods end, too",
        "CronJob" => "Jobs that it has started go on",
        _ => return Err(cannot(workload)),
    };
    change(api, workload, Gone::Fails, |live| match live["spec"]["suspend"] == true {
        true => Change::Already(String::new()),
        false => set(live, true, note),
    })
    .await
}

/// It starts pods again.
pub(super) async fn resume(api: &Api, workload: &ObjectRef) -> Outcome {
    if !["Job", "CronJob"].contains(&workload.kind.as_str()) {
        return Err(cannot(workload));
    }
    change(api, workload, Gone::IsFine, |live| match live["spec"]["suspend"] == true {
        true => set(live, false, ""),
        false => Change::Already(String::new()),
    })
    .await
}

fn set<'a>(live: &'a Value, suspended: bool, note: &str) -> Change<'a> {
    let mut operations = Operations::on(live);
    operations.set(&["spec", "suspend"], suspended);
    Change::Patch(operations, note.to_owned())
}

fn cannot(workload: &ObjectRef) -> Failure {
    Failure::permanent(format!("{} cannot be suspended", workload.named()))
}
