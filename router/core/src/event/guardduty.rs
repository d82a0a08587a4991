//! GuardDuty's own events: one finding per event, in `detail`.

use super::envelope::Envelope;
use super::read::{account, as_number, at, count, first_text, is_true, label, list, text, time};
use super::{Finding, FindingSource, FindingState, Severity, Subject, guardduty_subject, names};
use crate::ids::FindingKey;
use crate::json::Json;

/// Reads a finding; it must have an arn or an id.
pub(super) fn read(envelope: &Envelope, detail: &Json<'_>) -> Result<(Finding, Subject), String> {
    let name = name(envelope, detail).ok_or("expected a finding with arn or id".to_owned())?;
    let title = text(detail, "title").unwrap_or_default();
    let archived = is_true(at(detail, "service.archived"));
    let members = members(&name, detail);
    let finding = Finding {
        key: envelope.key(Some(name)),
        source: FindingSource::GuardDuty,
        kind: text(detail, "type").unwrap_or_default(),
        sample: is_sample(&title, detail),
        title,
        description: text(detail, "description").unwrap_or_default(),
        severity: at(detail, "severity").and_then(severity),
        state: if archived { FindingState::Archived } else { FindingState::Open },
        count: count(at(detail, "service.count")),
        updated_at: envelope.updated_at(time(detail, "updatedAt")),
        first_seen: time(detail, "service.eventFirstSeen"),
        last_seen: time(detail, "service.eventLastSeen"),
        sequence: first_text(detail, &["associatedAttackSequenceArn", "service.associatedAttackSequenceArn"])
            .map(FindingKey::new),
        members,
        hub: None,
        echo: false,
    };
    Ok((finding, guardduty_subject::read(envelope, detail)))
}

/// The findings that an attack sequence was made from: ids, beside its own in the same detector, or ARNs.
fn members(name: &str, detail: &Json<'_>) -> Vec<FindingKey> {
    let beside = name.rsplit_once("/finding/").map(|(detector, _)| detector);
    let signals = list(detail, "service.detection.sequence.signals").iter();
    let uids = signals.filter_map(|signal| text(signal, "uid")).filter(|uid| uid != name);
    let key = |uid: String| match (names::is_arn(&uid), beside) {
        (true, _) | (false, None) => FindingKey::new(uid),
        (false, Some(detector)) => FindingKey::new(format!("{detector}/finding/{uid}")),
    };
    uids.take(Finding::MOST_MEMBERS).map(key).collect()
}

/// The finding's ARN, which its Security Hub copies carry too; built where it is missing.
fn name(envelope: &Envelope, detail: &Json<'_>) -> Option<String> {
    if let Some(arn) = text(detail, "arn") {
        return Some(arn);
    }
    let id = text(detail, "id")?;
    let region = text(detail, "region").or_else(|| envelope.region.clone());
    let account = account(detail, "accountId");
    match (region, account, text(detail, "service.detectorId")) {
        (Some(region), Some(account), Some(detector)) => {
            let partition = text(detail, "partition");
            let partition = partition.as_deref().unwrap_or(names::partition(&region));
            Some(format!("arn:{partition}:guardduty:{region}:{account}:detector/{detector}/finding/{id}"))
        }
        (_, _, _) => Some(id),
    }
}

/// A number, a number as text, or a label.
fn severity(value: &Json<'_>) -> Option<Severity> {
    as_number(value).map(Severity::new).or_else(|| value.as_str().and_then(label))
}

fn is_sample(title: &str, detail: &Json<'_>) -> bool {
    let said = || is_true(at(detail, "service.additionalInfo.sample"));
    // In newer findings `value` is a JSON text.
    let said_within = || {
        let value = first_text(detail, &["service.additionalInfo.value"]);
        value.is_some_and(|value| Json::parse(&value).is_ok_and(|value| is_true(at(&value, "sample"))))
    };
    is_sample_title(title) || said() || said_within()
}

/// How GuardDuty marks the title of a sample, in every feed.
pub(super) fn is_sample_title(title: &str) -> bool {
    title.starts_with("[SAMPLE]")
}

/// Whether there are resources, and GuardDuty made each of them up for a sample, by the member that names it.
pub(super) fn are_made_up(resources: &[Json<'_>], id: &str) -> bool {
    let is_made_up = |resource: &Json<'_>| {
        let id = text(resource, id).unwrap_or_default();
        id.rsplit(['/', ':']).next().is_some_and(|name| name.starts_with("GeneratedFinding"))
    };
    !resources.is_empty() && resources.iter().all(is_made_up)
}
