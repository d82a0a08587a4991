//! Amazon Inspector's findings, native or raw.

use super::envelope::Envelope;
use super::read::{account, at, label, list, number, text, time};
use super::{Finding, FindingSource, FindingState, Severity, Subject, Thing, names};
use crate::json::Json;

/// Reads a finding.
pub(super) fn finding(envelope: &Envelope, detail: &Json<'_>) -> (Finding, Subject) {
    let severity = text(detail, "severity").and_then(|text| label(&text));
    let finding = Finding {
        key: envelope.key(text(detail, "findingArn")),
        source: FindingSource::Inspector,
        kind: text(detail, "type").unwrap_or_default(),
        title: text(detail, "title").unwrap_or_default(),
        description: text(detail, "description").unwrap_or_default(),
        severity: severity.or_else(|| number(detail, "inspectorScore").map(Severity::new)),
        state: state(&text(detail, "status").unwrap_or_default()),
        sample: false,
        count: 1,
        updated_at: envelope.updated_at(time(detail, "updatedAt")),
        first_seen: time(detail, "firstObservedAt"),
        last_seen: time(detail, "lastObservedAt"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    };
    let mut subject = Subject {
        account: account(detail, "awsAccountId").or_else(|| envelope.account.clone()),
        region: envelope.region.clone(),
        ..Subject::default()
    };
    for resource in list(detail, "resources") {
        fill(resource, &mut subject);
    }
    (finding, subject)
}

fn state(status: &str) -> FindingState {
    if status.eq_ignore_ascii_case("suppressed") {
        FindingState::Archived
    } else if status.eq_ignore_ascii_case("closed") {
        FindingState::Resolved
    } else {
        FindingState::Open
    }
}

fn fill(resource: &Json<'_>, subject: &mut Subject) {
    let id = text(resource, "id");
    let thing = text(resource, "type").and_then(|word| Thing::of(&word));
    subject.thing = subject.thing.take().max(thing);
    let image = at(resource, "details.awsEcrContainerImage")
        .and_then(|image| Some(format!("{}@{}", text(image, "repositoryName")?, text(image, "imageHash")?)));
    let instance = id.as_deref().and_then(names::instance_id);
    if image.is_none() && instance.is_none() {
        id.into_iter().for_each(|id| subject.is_about(id));
    }
    subject.image = subject.image.take().or(image);
    match (&subject.instance, instance) {
        (Some(first), Some(other)) if *first != other => subject.is_about(other),
        (Some(_), _) => {}
        (None, instance) => subject.instance = instance,
    }
    let addresses = list(resource, "details.awsEc2Instance.ipV4Addresses").iter().filter_map(Json::as_str);
    subject.ip = subject.ip.take().or_else(|| names::only_private_ip(addresses));
    subject.cluster = subject.cluster.take().or_else(|| names::cluster_in_tags(at(resource, "tags")));
}
