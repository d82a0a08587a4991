//! Whether admission policies keep whoever holds Watchfire to what its steps change.

use std::collections::BTreeSet;

use serde_json::Value;

use super::patient::Patient;
use super::unanswered;
use crate::containment::fault::Fault;
use crate::containment::kind::{ADMISSION_BINDING, ADMISSION_POLICY};
use crate::containment::object;
use crate::finding::Finding;

/// What `watchfire rbac --admission` prints about Watchfire's own account, and what each is for.
const POLICIES: [(&str, &str); 3] = [
    ("watchfire-may-change", "whoever holds Watchfire can change all of every workload that it may patch"),
    (
        "watchfire-may-deny",
        "whoever holds Watchfire can make network policies of any name, which let through what they like",
    ),
    ("watchfire-stays-out", "whoever holds Watchfire can change what is in protected namespaces"),
];
const INSTALL: &str =
    "install what `watchfire rbac --admission` prints, or the chart with `admission.enabled: true`";

pub(super) async fn admission(api: &Patient) -> Vec<Finding> {
    look(api).await.unwrap_or_else(|fault| vec![unanswered(fault)])
}

async fn look(api: &Patient) -> Result<Vec<Finding>, Fault> {
    let policies = api.list(&ADMISSION_POLICY, "", None).await?.unwrap_or_default();
    let there: BTreeSet<&str> = policies.iter().map(object::name).collect();
    let bindings = api.list(&ADMISSION_BINDING, "", None).await?.unwrap_or_default();
    let denied: BTreeSet<&str> = bindings.iter().filter_map(denies).collect();
    Ok(POLICIES
        .iter()
        .map(|(name, without)| match (there.contains(name), denied.contains(name)) {
            (true, true) => Finding::ok(format!("the admission policy {name} is in force")),
            (true, false) => Finding::warn(
                format!("the admission policy {name} has no binding that denies: {without}"),
                INSTALL,
            ),
            (false, _) => Finding::warn(format!("there is no admission policy {name}: {without}"), INSTALL),
        })
        .collect())
}

/// The policy that a binding has in force everywhere.
fn denies(binding: &Value) -> Option<&str> {
    let spec = &binding["spec"];
    let actions = spec["validationActions"].as_array();
    let denies = actions.into_iter().flatten().any(|action| action == "Deny");
    spec["policyName"].as_str().filter(|_| denies && spec["matchResources"]["namespaceSelector"].is_null())
}
