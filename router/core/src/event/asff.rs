//! Security Hub's findings in its own format, ASFF; copies of GuardDuty's are in `asff_guardduty`.

use super::envelope::Envelope;
use super::posture::is_posture;
use super::product::Product;
use super::read::{account, at, first_text, first_time, label, list, member, number, text, time};
use super::{Finding, FindingSource, FindingState, Severity, Subject, asff_resource, hub, names};
use crate::json::Json;

/// Reads a finding of a Security Hub control or of a product that reports through Security Hub.
pub(super) fn read(envelope: &Envelope, finding: &Json<'_>) -> (Finding, Subject) {
    let product = product(finding);
    let read = Finding {
        key: envelope.key(name(product, finding)),
        source: match product {
            Product::Inspector => FindingSource::Inspector,
            Product::GuardDuty | Product::SecurityHub | Product::Other => FindingSource::SecurityHub,
        },
        kind: kind(finding, product),
        // Only GuardDuty has samples; what another product's finding says of itself must not silence it.
        sample: false,
        title: text(finding, "Title").unwrap_or_default(),
        description: text(finding, "Description").unwrap_or_default(),
        severity: severity(finding),
        state: state(finding),
        count: 1,
        updated_at: envelope.updated_at(time(finding, "UpdatedAt")),
        first_seen: first_time(finding, &["FirstObservedAt", "CreatedAt"]),
        last_seen: time(finding, "LastObservedAt"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: hub::id(finding),
        echo: hub::is_echo(finding),
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
        // A human pressed: that the finding carries our note says nothing about it.
        echo: false,
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

/// Who reports it.
pub(super) fn product(finding: &Json<'_>) -> Product {
    text(finding, "ProductArn").map_or(Product::Other, |arn| Product::of_arn(&arn))
}

fn name(product: Product, finding: &Json<'_>) -> Option<String> {
    Some(product.finding(text(finding, "ProductArn").as_deref(), text(finding, "Id")?))
}

fn kind(finding: &Json<'_>, product: Product) -> String {
    let generator = || text(finding, "GeneratorId");
    let of_rule = || generator().filter(|_| product == Product::SecurityHub);
    let control = text(finding, "Compliance.SecurityControlId")
        .or_else(|| text(finding, "ProductFields.ControlId"))
        .filter(|_| is_posture(product, finding))
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

/// Closed by the provider, by a human, or by the check itself, where it is one of a check.
pub(super) fn state(finding: &Json<'_>) -> FindingState {
    let is = |path: &str, word: &str| text(finding, path).is_some_and(|text| text.eq_ignore_ascii_case(word));
    if is("RecordState", "ARCHIVED") || is("Workflow.Status", "SUPPRESSED") {
        FindingState::Archived
    } else if is("Workflow.Status", "RESOLVED")
        || is("WorkflowState", "RESOLVED")
        || (is("Compliance.Status", "PASSED") && is_posture(product(finding), finding))
    {
        FindingState::Resolved
    } else {
        FindingState::Open
    }
}

/// One of `ProductFields`, whose keys contain dots and slashes.
pub(super) fn product_field<'v, 'a>(finding: &'v Json<'a>, name: &str) -> Option<&'v Json<'a>> {
    at(finding, "ProductFields").and_then(|fields| member(fields, name))
}
