//! GuardDuty's own events: one finding per event, in `detail`.

use super::envelope::Envelope;
use super::read::{account, as_number, at, count, first_text, is_true, label, list, text, time};
use super::{Finding, FindingSource, FindingState, Severity, Subject, guardduty_subject, names, sample};
use crate::ids::FindingKey;
use crate::json::Json;

/// Reads a finding; it must have an arn, an id or a type. One that only has a type is told by its event's id.
pub(super) fn read(envelope: &Envelope, detail: &Json<'_>) -> Result<(Finding, Subject), String> {
    let (name, kind) = (name(envelope, detail), text(detail, "type"));
    if name.is_none() && kind.is_none() {
        return Err("expected a finding with arn, id or type".to_owned());
    }
    let archived = is_true(at(detail, "service.archived"));
    let members = members(name.as_deref().unwrap_or_default(), detail);
    let finding = Finding {
        key: envelope.key(name),
        source: FindingSource::GuardDuty,
        kind: kind.unwrap_or_default(),
        sample: sample::is_flagged(detail),
        title: text(detail, "title").unwrap_or_default(),
        description: text(detail, "description").unwrap_or_default(),
        severity: at(detail, "severity").and_then(severity),
        state: if archived { FindingState::Archived } else { FindingState::Open },
        count: count(at(detail, "service.count")),
        updated_at: envelope.updated_at(time(detail, "updatedAt")),
        first_seen: time(detail, "service.eventFirstSeen"),
        last_seen: time(detail, "service.eventLastSeen"),
        ends_at: None,
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
