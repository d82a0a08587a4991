//! Which incident an event belongs to.

mod says;

use crate::event::{Event, Finding, Subject};
use crate::hash::hash;
use crate::ids::IncidentKey;

/// The same for everything that happens to one subject in one family: account, place, family and primary
/// subject, hashed. An event without a usable subject has an incident of its own: parts that
/// are missing must never merge what is unrelated.
///
/// The place is region and cluster, except for an IAM principal, which has no region. A finding that an
/// aggregation region relays keeps the region it was made in.
///
/// A finding's own updates come under its key. Of an event that reports no finding nothing tells that it is the
/// same problem but what it says: its source, its detail-type, and its detail without times, ids of deliveries
/// and counters. A human who presses a button asks anew each time.
pub fn incident_key(event: &Event<'_>, family: &str) -> IncidentKey {
    let own = || match &event.finding {
        Some(finding) if finding.is_pressed() => format!("press/{}", event.id.as_str()),
        Some(finding) => format!("finding/{}", finding.key),
        None => format!("event/{}", event.id.as_str()),
    };
    let subject = &event.subject;
    let is_by_itself = |finding: &Finding| finding.is_pressed() || finding.stands_alone();
    let is_by_itself = event.finding.as_ref().is_some_and(is_by_itself);
    let is_measured = event.finding.as_ref().is_some_and(Finding::is_measured);
    let primary = if is_measured { measured(subject) } else { subject.primary() };
    let primary = primary.filter(|_| !is_by_itself).unwrap_or_else(own);
    let region = if primary.starts_with("principal/") { None } else { subject.region.as_deref() };
    let parts = [
        subject.account.as_deref().unwrap_or_default(),
        region.unwrap_or_default(),
        subject.cluster.as_deref().unwrap_or_default(),
        family,
        &primary,
    ];
    let said = said(event);
    let parts = parts.into_iter().chain(said.iter().map(String::as_str));
    IncidentKey::new(format!("wf1-{}", &hash(parts)[..32]))
}

/// What measures the platform names one thing in more ways than one: CloudWatch a node with its instance, and what owns
/// a pod without its kind; Prometheus a node by its name, and a workload by its kind.
fn measured(subject: &Subject) -> Option<String> {
    const OWNERS: [&str; 5] = ["deployments", "statefulsets", "daemonsets", "replicasets", "workloads"];
    let Subject { pod: None, namespace, workload, node, .. } = subject else { return subject.primary() };
    let owner = workload.as_ref().filter(|workload| OWNERS.contains(&&*workload.kind));
    let owner =
        owner.map(|owner| format!("workloads/{}/{}", namespace.as_deref().unwrap_or("-"), owner.name));
    let node = node.as_ref().filter(|_| workload.is_none()).map(|node| format!("node/{node}"));
    owner.or(node).or_else(|| subject.primary())
}

/// What an event says that reports no finding; nothing of a finding, or of an event of our own making, which is
/// one problem however often it comes.
fn said(event: &Event<'_>) -> Vec<String> {
    if event.finding.is_some() || !event.id.is_delivered() {
        return Vec::new();
    }
    let says = event.json.get("detail").map(says::says).unwrap_or_default();
    [event.source.clone(), event.detail_type.clone()].into_iter().chain(says).collect()
}

/// The incident of what a human does to something without an event.
pub fn by_hand(cluster: &str, about: &str) -> IncidentKey {
    IncidentKey::new(format!("wf1-{}", &hash(["by-hand", cluster, about])[..32]))
}
