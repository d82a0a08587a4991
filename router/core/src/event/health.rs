//! AWS Health: what AWS itself says is wrong, or will be.

use super::envelope::Envelope;
use super::guardduty_subject::only;
use super::read::{account, first_text, list, text, time};
use super::{Finding, FindingSource, FindingState, Subject, names};
use crate::json::Json;

/// Reads a Health event. One event may come in pages, each with other entities and all with one ARN.
pub(super) fn event(envelope: &Envelope, detail: &Json<'_>) -> (Finding, Subject) {
    let kind = text(detail, "eventTypeCode").unwrap_or_default();
    let region = text(detail, "eventRegion").or_else(|| envelope.region.clone());
    let entities: Vec<_> =
        list(detail, "affectedEntities").iter().filter_map(|it| text(it, "entityValue")).collect();
    let key = match text(detail, "eventArn") {
        Some(arn) => envelope.key(Some(arn)),
        // What has no name is never another's namesake.
        None if kind.is_empty() || entities.is_empty() => envelope.key(None),
        None => envelope.local_key(&[&kind, &entities.join(",")]),
    };
    let is_closed = text(detail, "statusCode").is_some_and(|code| code.eq_ignore_ascii_case("closed"));
    let finding = Finding {
        key,
        source: FindingSource::Health,
        title: title(detail, &kind),
        kind,
        description: text(detail, "eventDescription.0.latestDescription").unwrap_or_default(),
        severity: None,
        state: if is_closed { FindingState::Resolved } else { FindingState::Open },
        sample: false,
        count: 1,
        updated_at: envelope.updated_at(time(detail, "lastUpdatedTime")),
        first_seen: time(detail, "startTime"),
        last_seen: time(detail, "endTime"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    };
    let entities = list(detail, "affectedEntities");
    let entity = match entities {
        [] => envelope.resource.clone(),
        entities => only(entities.iter().filter_map(|it| text(it, "entityValue"))),
    };
    let instance = entity.as_deref().and_then(names::instance_id);
    let mut subject = Subject {
        account: account(detail, "affectedAccount").or_else(|| envelope.account.clone()),
        region,
        resource: entity.filter(|_| instance.is_none()),
        instance,
        ..Subject::default()
    };
    // Of several none is the first, but each is one that it is about.
    if entities.len() > 1 {
        let named = entities.iter().filter_map(|it| text(it, "entityValue"));
        subject.resources = named.take(Subject::MOST_RESOURCES).collect();
    }
    (finding, subject)
}

/// Health has no titles: the service and the code in plain words.
fn title(detail: &Json<'_>, kind: &str) -> String {
    let service = first_text(detail, &["service"]).unwrap_or_else(|| "AWS".to_owned());
    let words = kind.strip_prefix("AWS_").unwrap_or(kind).replace('_', " ").to_lowercase();
    format!("AWS Health, {service}: {words}")
}
