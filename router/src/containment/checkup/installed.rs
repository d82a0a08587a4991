//! Which version is installed, beside that of this binary.

use serde_json::Value;

use super::patient::Patient;
use super::unanswered;
use crate::containment::kind::DEPLOYMENT;
use crate::containment::object;
use crate::finding::Finding;

/// As the chart labels what it installs.
const OURS: &str = "app.kubernetes.io/name=watchfire";
const VERSION: &str = "app.kubernetes.io/version";

pub(super) async fn installed(api: &Patient) -> Vec<Finding> {
    let found = match api.list(&DEPLOYMENT, "", Some(OURS)).await {
        Ok(found) => found.unwrap_or_default(),
        Err(fault) => return vec![unanswered(fault)],
    };
    match found.is_empty() {
        true => vec![Finding::not_asked("no Deployment of the chart is installed")],
        false => found.iter().map(compared).collect(),
    }
}

fn compared(deployment: &Value) -> Finding {
    let ours = env!("CARGO_PKG_VERSION");
    let namespace = deployment["metadata"]["namespace"].as_str().unwrap_or_default();
    let named = format!("Deployment {namespace}/{}", object::name(deployment));
    match object::label(deployment, VERSION) {
        Some(theirs) if theirs == ours => {
            Finding::ok(format!("{named} is of version {ours}, as this binary"))
        }
        Some(theirs) => Finding::warn(
            format!("{named} is of version {theirs}, this binary of {ours}"),
            format!("run `doctor` of version {theirs}, or upgrade the chart"),
        ),
        None => Finding::warn(
            format!("{named} does not say which version it is"),
            format!("give it the label {VERSION}, as the chart does"),
        ),
    }
}
