//! CloudWatch alarms and their contributors, from EventBridge or straight from SNS.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::envelope::Envelope;
use super::read::{account, as_text, at, list, text, time};
use super::{Container, Finding, FindingSource, FindingState, Subject, Workload, names};
use crate::json::Json;

/// That an alarm's owner wants nobody to be told of it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// By what, in words. Hostile text.
    pub by: String,
    /// Until when; none where it does not say.
    pub until: Option<Timestamp>,
}

/// Whether its owner has muted an alarm: by a mute rule, or by another alarm that suppresses it.
pub(super) fn mute(detail: &Json<'_>) -> Option<Mute> {
    if let Some(rule) = at(detail, "muteDetail").filter(|rule| matches!(rule, Json::Object(_))) {
        let by = text(rule, "mutedByArn").unwrap_or_else(|| "a mute rule".to_owned());
        return Some(Mute { by: format!("muted by {by}"), until: time(rule, "muteWindowEnd") });
    }
    let by = text(detail, "state.actionsSuppressedBy")?;
    let reason = text(detail, "state.actionsSuppressedReason").map(|reason| format!(": {reason}"));
    Some(Mute {
        by: format!("its actions are suppressed by {by}{}", reason.unwrap_or_default()),
        until: None,
    })
}

/// The type of an alarm's finding.
const ALARM: &str = "CloudWatch:Alarm";
/// The type of a finding that is about one contributor of an alarm over several.
pub(super) const CONTRIBUTOR: &str = "CloudWatch:AlarmContributor";

/// Reads a change of an alarm's state, or of one of its contributors. `INSUFFICIENT_DATA` is open: what reports
/// nothing may be down.
pub(super) fn alarm(envelope: &Envelope, detail: &Json<'_>) -> (Finding, Subject) {
    let name = text(detail, "alarmName").unwrap_or_default();
    let arn = envelope.resource.clone();
    let contributor = at(detail, "alarmContributor").map(contributor);
    let own = contributor.iter().map(|id| format!("contributor/{id}"));
    let key = match &arn {
        Some(arn) => envelope.key(Some([arn.clone()].into_iter().chain(own).collect::<Vec<_>>().join("/"))),
        None => {
            let parts: Vec<_> = [name.clone()].into_iter().chain(own).collect();
            envelope.local_key(&parts.iter().map(String::as_str).collect::<Vec<_>>())
        }
    };
    let is_ok = text(detail, "state.value").as_deref() == Some("OK");
    let description = ["configuration.description", "state.reason"].map(|path| text(detail, path));
    let since = time(detail, "state.timestamp");
    let finding = Finding {
        key,
        source: FindingSource::CloudWatch,
        kind: if contributor.is_some() { CONTRIBUTOR } else { ALARM }.to_owned(),
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
        title: titled(&name, at(detail, "alarmContributor.attributes")),
    };
    let metrics = list(detail, "configuration.metrics");
    let account = account_of(metrics, arn.as_deref()).unwrap_or_else(|| envelope.account.clone());
    let mut subject = Subject { account, region: envelope.region.clone(), ..Subject::default() };
    for metric in metrics {
        if let Some(dimensions) = at(metric, "metricStat.metric.dimensions") {
            fill(dimensions, &mut subject);
        }
    }
    if let Some(attributes) = at(detail, "alarmContributor.attributes") {
        fill(attributes, &mut subject);
    }
    if subject.primary().is_none() {
        subject.resource = arn.or(Some(name).filter(|name| !name.is_empty()));
    }
    (finding, subject)
}

/// An alarm's name, with what makes a contributor one.
fn titled(name: &str, attributes: Option<&Json<'_>>) -> String {
    let members = attributes.into_iter().flat_map(Json::members);
    let named = members.filter_map(|(key, value)| Some(format!("{key}={}", as_text(value)?)));
    match named.take(5).collect::<Vec<_>>() {
        none if none.is_empty() => name.to_owned(),
        named => format!("{name}: {}", named.join(", ")),
    }
}

/// A contributor's id; without one its attributes, which are what makes it one.
fn contributor(contributor: &Json<'_>) -> String {
    text(contributor, "id").unwrap_or_else(|| {
        let attributes = at(contributor, "attributes").map(ToString::to_string);
        crate::hash::sha256(&attributes.unwrap_or_default())[..32].to_owned()
    })
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
        match names::instance_id(&instance) {
            Some(id) if subject.instance.as_ref().is_none_or(|first| *first == id) => {
                subject.instance = Some(id)
            }
            Some(_) | None => subject.is_about(instance),
        }
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
