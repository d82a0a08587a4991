//! `Restart`: a Deployment makes its pods anew, under a new template hash.

use jiff::Timestamp;
use serde_json::Value;
use watchfire_core::context::ObjectRef;

use super::Outcome;
use super::api::Api;
use super::change::{Change, Gone, change};
use super::patch::Operations;
use crate::failure::Failure;

/// What `kubectl rollout restart` sets.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// The same `at` restarts once. Pods of a StatefulSet or DaemonSet keep the name that enforcement is keyed
/// by, so that a restart would not make a clean replacement: these are refused.
pub(super) async fn restart(api: &Api, workload: &ObjectRef, at: &str) -> Outcome {
    if workload.kind != "Deployment" {
        return Err(Failure::permanent(format!("{} cannot be restarted under new names", workload.named())));
    }
    change(api, workload, Gone::Fails, |live| restarting(live, at)).await
}

fn restarting<'a>(live: &'a Value, at: &str) -> Change<'a> {
    let path = ["spec", "template", "metadata", "annotations", RESTARTED_AT];
    let before = live["spec"]["template"]["metadata"]["annotations"].get(RESTARTED_AT);
    match before.and_then(Value::as_str) {
        Some(same) if same == at => Change::Already(String::new()),
        Some(later) if is_later(later, at) => Change::Already(format!("it was restarted later, at {later}")),
        Some(_) | None => {
            let mut operations = Operations::on(live);
            operations.set(&path, at);
            Change::Patch(operations, String::new())
        }
    }
}

fn is_later(one: &str, other: &str) -> bool {
    match (one.parse::<Timestamp>(), other.parse::<Timestamp>()) {
        (Ok(one), Ok(other)) => one > other,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_workload_is_restarted_once_and_not_after_a_later_restart() {
        let at = "2026-11-25T12:00:00Z";
        for (before, is_done) in [
            (json!({}), false),
            (json!({"metadata": {"annotations": {RESTARTED_AT: "2026-11-25T11:00:00Z"}}}), false),
            (json!({"metadata": {"annotations": {RESTARTED_AT: "yesterday"}}}), false),
            (json!({"metadata": {"annotations": {RESTARTED_AT: at}}}), true),
            (json!({"metadata": {"annotations": {RESTARTED_AT: "2026-11-25T14:00:01+01:00"}}}), true),
        ] {
            let live = json!({"spec": {"template": before}});
            assert_eq!(matches!(restarting(&live, at), Change::Already(_)), is_done, "{live}");
        }
    }
}
