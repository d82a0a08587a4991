//! Security Hub's findings in its own format, ASFF; copies of GuardDuty's are in `asff_guardduty`.

use super::envelope::Envelope;
use super::read::{account, at, first_text, first_time, label, list, member, number, text, time};
use super::{
    Finding, FindingSource, FindingState, Severity, Subject, asff_resource, guardduty::is_sample_title, names,
};
use crate::json::Json;

/// Reads a finding of a Security Hub control or of a product that reports through Security Hub.
pub(super) fn read(envelope: &Envelope, finding: &Json<'_>) -> (Finding, Subject) {
    let product = text(finding, "ProductArn").unwrap_or_default();
    let is_inspector = product.ends_with(":product/aws/inspector");
    let title = text(finding, "Title").unwrap_or_default();
    let read = Finding {
        key: envelope.key(name(finding)),
        source: if is_inspector { FindingSource::Inspector } else { FindingSource::SecurityHub },
        kind: kind(finding, &product),
        sample: is_sample(&title, finding),
        title,
        description: text(finding, "Description").unwrap_or_default(),
        severity: severity(finding),
        state: state(finding),
        count: 1,
        updated_at: time(finding, "UpdatedAt").or(envelope.time),
        first_seen: first_time(finding, &["FirstObservedAt", "CreatedAt"]),
        last_seen: time(finding, "LastObservedAt"),
    };
    (read, subject(envelope, finding))
}

/// The finding as the human's order that a custom action is: open whatever the finding's state is, and
/// as new as the press.
pub(super) fn pressed(envelope: &Envelope, detail: &Json<'_>, finding: Finding) -> Finding {
    let action = text(detail, "actionName").unwrap_or_default();
    let arn = envelope.resource.as_deref().unwrap_or(&action);
    Finding {
        key: envelope.key(Some(format!("{arn}|{}", finding.key))),
        source: FindingSource::CustomAction,
        kind: format!("CustomAction:{action}"),
        state: FindingState::Open,
        count: 1,
        updated_at: envelope.time,
        ..finding
    }
}

/// What the finding is about; the account is that of the finding, not the administrator's.
pub(super) fn subject(envelope: &Envelope, finding: &Json<'_>) -> Subject {
    let region = first_text(finding, &["Region", "Resources.0.Region"]);
    let mut subject = Subject {
        account: account(finding, "AwsAccountId").or_else(|| envelope.account.clone()),
        region: region.or_else(|| envelope.region.clone()),
        ..Subject::default()
    };
    for resource in list(finding, "Resources") {
        asff_resource::fill(resource, &mut subject);
    }
    subject
}

/// An `Id` is unique within its product only, unless it is an ARN.
fn name(finding: &Json<'_>) -> Option<String> {
    let id = text(finding, "Id")?;
    match text(finding, "ProductArn") {
        Some(product) if !names::is_arn(&id) => Some(format!("{product}|{id}")),
        Some(_) | None => Some(id),
    }
}

fn kind(finding: &Json<'_>, product: &str) -> String {
    let generator = || text(finding, "GeneratorId");
    let of_rule = || generator().filter(|_| product.ends_with(":product/aws/securityhub"));
    let control = text(finding, "Compliance.SecurityControlId")
        .or_else(|| text(finding, "ProductFields.ControlId"))
        .or_else(|| of_rule().and_then(|rule| names::last_segment(&rule)));
    match control {
        Some(control) => format!("Control:{control}"),
        None => text(finding, "Types.0").or_else(generator).unwrap_or_default(),
    }
}

fn severity(finding: &Json<'_>) -> Option<Severity> {
    let label_at = |path: &str| text(finding, path).and_then(|text| label(&text));
    label_at("Severity.Label")
        .or_else(|| normalized(finding, "Severity.Normalized"))
        .or_else(|| label_at("FindingProviderFields.Severity.Label"))
}

/// Security Hub's 0 to 100 on GuardDuty's scale.
pub(super) fn normalized(finding: &Json<'_>, path: &str) -> Option<Severity> {
    number(finding, path).map(|normalized| Severity::new(normalized / 10.0))
}

/// Closed by the provider, by a human, or by the check itself.
pub(super) fn state(finding: &Json<'_>) -> FindingState {
    let is = |path: &str, word: &str| text(finding, path).is_some_and(|text| text.eq_ignore_ascii_case(word));
    if is("RecordState", "ARCHIVED") || is("Workflow.Status", "SUPPRESSED") {
        FindingState::Archived
    } else if is("Workflow.Status", "RESOLVED")
        || is("WorkflowState", "RESOLVED")
        || is("Compliance.Status", "PASSED")
    {
        FindingState::Resolved
    } else {
        FindingState::Open
    }
}

/// GuardDuty's samples are passed on with their title, or with resources that it made up.
pub(super) fn is_sample(title: &str, finding: &Json<'_>) -> bool {
    let made_up = |resource: &Json<'_>| {
        let id = text(resource, "Id").unwrap_or_default();
        id.rsplit(['/', ':']).next().is_some_and(|name| name.starts_with("GeneratedFinding"))
    };
    is_sample_title(title) || list(finding, "Resources").iter().any(made_up)
}

/// One of `ProductFields`, whose keys contain dots and slashes.
pub(super) fn product_field<'v, 'a>(finding: &'v Json<'a>, name: &str) -> Option<&'v Json<'a>> {
    at(finding, "ProductFields").and_then(|fields| member(fields, name))
}
