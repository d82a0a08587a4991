//! CloudWatch alarms, from EventBridge or straight from SNS.

use std::collections::BTreeSet;

use super::envelope::Envelope;
use super::read::{account, at, list, text, time};
use super::{Container, Finding, FindingSource, FindingState, Subject, Workload, names};
use crate::json::Json;

/// Reads a change of an alarm's state. `INSUFFICIENT_DATA` is open: what reports nothing may be down.
pub(super) fn alarm(envelope: &Envelope, detail: &Json<'_>) -> (Finding, Subject) {
    let name = text(detail, "alarmName").unwrap_or_default();
    let arn = envelope.resource.clone();
    let key = match &arn {
        Some(arn) => envelope.key(Some(arn.clone())),
        None => envelope.local_key(&[&name]),
    };
    let is_ok = text(detail, "state.value").as_deref() == Some("OK");
    let description = ["configuration.description", "state.reason"].map(|path| text(detail, path));
    let since = time(detail, "state.timestamp");
    let finding = Finding {
        key,
        source: FindingSource::CloudWatch,
        kind: "CloudWatch:Alarm".to_owned(),
        description: description.into_iter().flatten().collect::<Vec<_>>().join("\n"),
        severity: None,
        state: if is_ok { FindingState::Resolved } else { FindingState::Open },
        sample: false,
        count: 1,
        updated_at: envelope.updated_at(since),
        first_seen: None,
        last_seen: since,
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
        title: name.clone(),
    };
    let metrics = list(detail, "configuration.metrics");
    let account = account_of(metrics, arn.as_deref()).unwrap_or_else(|| envelope.account.clone());
    let mut subject = Subject { account, region: envelope.region.clone(), ..Subject::default() };
    for metric in metrics {
        if let Some(dimensions) = at(metric, "metricStat.metric.dimensions") {
            fill(dimensions, &mut subject);
        }
    }
    if subject.primary().is_none() {
        subject.resource = arn.or(Some(name).filter(|name| !name.is_empty()));
    }
    (finding, subject)
}

/// Whose resources an alarm is about: those of its metrics, which a monitoring account watches for others, or of its own
/// name. None where both leave that to the envelope; nobody's where its metrics are of several.
fn account_of(metrics: &[Json<'_>], arn: Option<&str>) -> Option<Option<String>> {
    let accounts: BTreeSet<_> = metrics.iter().filter_map(|metric| account(metric, "accountId")).collect();
    match accounts.len() {
        0 => arn.and_then(names::account_of).map(Some),
        1 => Some(accounts.into_iter().next()),
        _ => Some(None),
    }
}

/// Container Insights' dimensions. Its `PodName` is the name of what owns the pod; the pod's is `FullPodName`.
fn fill(dimensions: &Json<'_>, subject: &mut Subject) {
    let or = |part: &mut Option<String>, name: &str| *part = part.take().or_else(|| text(dimensions, name));
    or(&mut subject.cluster, "ClusterName");
    or(&mut subject.namespace, "Namespace");
    or(&mut subject.pod, "FullPodName");
    or(&mut subject.node, "NodeName");
    if let Some(instance) = text(dimensions, "InstanceId") {
        subject.instance = subject.instance.take().or_else(|| names::instance_id(&instance));
    }
    if let (None, Some(name)) = (&subject.container, text(dimensions, "ContainerName")) {
        subject.container = Some(Container { name: Some(name), id: None });
    }
    if subject.workload.is_none() {
        let workload = |kind: &str, name| Workload { kind: kind.to_owned(), name, uid: None };
        let pod = subject.pod.clone().map(|name| workload("pods", name));
        subject.workload = pod.or_else(|| Some(workload("workloads", text(dimensions, "PodName")?)));
    }
}
