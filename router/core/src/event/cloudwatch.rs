//! CloudWatch alarms and their contributors, from EventBridge or straight from SNS.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::envelope::Envelope;
use super::read::{account, as_text, at, list, text, time};
use super::{Container, Finding, FindingSource, FindingState, Subject, Workload, alert_subject, names};
use crate::json::Json;

/// That an alarm's owner wants nobody to be told of it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mute {
    /// By what, in words. Hostile text.
    pub by: String,
    /// Until when; none where it does not say.
    pub until: Option<Timestamp>,
}

/// What CloudWatch says suppresses a composite alarm's actions.
const SUPPRESSORS: [&str; 3] = ["Alarm", "ExtensionPeriod", "WaitPeriod"];

/// Whether its owner has muted an alarm: by a mute rule, or by another alarm that suppresses it. What does not say so in
/// CloudWatch's words mutes nothing.
pub(super) fn mute(detail: &Json<'_>, now: Option<Timestamp>) -> Option<Mute> {
    if let Some(mute) = at(detail, "muteDetail").and_then(|rule| by_rule(rule, now)) {
        return Some(mute);
    }
    let is_suppressor = |by: &String| SUPPRESSORS.iter().any(|word| by.eq_ignore_ascii_case(word));
    let by = text(detail, "state.actionsSuppressedBy").filter(is_suppressor)?;
    let reason = text(detail, "state.actionsSuppressedReason").map(|reason| format!(": {reason}"));
    Some(Mute {
        by: format!("its actions are suppressed by {by}{}", reason.unwrap_or_default()),
        until: None,
    })
}

/// A mute rule by its name, or by its window where it has begun.
fn by_rule(rule: &Json<'_>, now: Option<Timestamp>) -> Option<Mute> {
    let arn = text(rule, "mutedByArn").filter(|arn| names::is_arn(arn));
    let until = time(rule, "muteWindowEnd");
    let is_to_come = time(rule, "muteWindowStart").zip(now).is_some_and(|(start, now)| start > now);
    if is_to_come || (arn.is_none() && until.is_none()) {
        return None;
    }
    Some(Mute { by: format!("muted by {}", arn.as_deref().unwrap_or("a mute rule")), until })
}

/// The type of an alarm's finding.
const ALARM: &str = "CloudWatch:Alarm";
/// The type of a finding that is about one contributor of an alarm over several.
pub(super) const CONTRIBUTOR: &str = "CloudWatch:AlarmContributor";
const CONTRIBUTOR_CHANGE: &str = "CloudWatch Alarm Contributor State Change";

/// Reads a change of an alarm's state, or of one of its contributors. `INSUFFICIENT_DATA` is open: what reports
/// nothing may be down.
pub(super) fn alarm(envelope: &Envelope, detail: &Json<'_>) -> (Finding, Subject) {
    let name = text(detail, "alarmName").unwrap_or_default();
    let arn = envelope.resource.clone();
    let is_contributor =
        envelope.detail_type == CONTRIBUTOR_CHANGE || at(detail, "alarmContributor").is_some();
    let contributor = is_contributor.then(|| contributor(envelope, detail));
    let own = contributor.as_ref().map(|id| format!("/contributor/{id}"));
    let with_own = |alarm: &str| format!("{alarm}{}", own.as_deref().unwrap_or_default());
    let key = match (&arn, name.as_str()) {
        (Some(arn), _) => envelope.key(Some(with_own(arn))),
        // Without a name it is nobody's but its own.
        (None, "") => envelope.key(None),
        (None, name) => envelope.local_key(&[&with_own(name)]),
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
        ends_at: None,
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
    if subject.primary().is_none() {
        subject.resource = part_of_control_plane(metrics);
    }
    if let Some(attributes) = at(detail, "alarmContributor.attributes") {
        fill(attributes, &mut subject);
    }
    if subject.primary().is_none() {
        let alarm = arn.or(Some(name).filter(|name| !name.is_empty()));
        // One contributor is not another, nor the alarm.
        subject.resource = alarm.map(|alarm| alarm + &own.unwrap_or_default());
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

/// A contributor's id; without one its attributes, which are what makes it one; without those what is said of it, and
/// where nothing is, the event alone: what has no name is never another's namesake.
fn contributor(envelope: &Envelope, detail: &Json<'_>) -> String {
    let short = |text: String| crate::hash::sha256(&text)[..32].to_owned();
    let attributes = at(detail, "alarmContributor.attributes").filter(|it| !it.members().is_empty());
    text(detail, "alarmContributor.id")
        .or_else(|| attributes.map(|attributes| short(attributes.to_string())))
        .or_else(|| text(detail, "state.reason").map(short))
        .unwrap_or_else(|| short(envelope.id.as_str().to_owned()))
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

/// The part of the control plane that all of the metrics are about.
fn part_of_control_plane(metrics: &[Json<'_>]) -> Option<String> {
    let named = |metric: &Json<'_>| {
        let of = |part: &str| text(metric, &format!("metricStat.metric.{part}"));
        Some((of("namespace")?, of("name")?))
    };
    let parts: BTreeSet<_> = metrics
        .iter()
        .filter_map(named)
        .map(|(namespace, name)| alert_subject::measured(&namespace, &name))
        .collect();
    let mut parts = parts.into_iter();
    parts.next().flatten().filter(|_| parts.next().is_none())
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
