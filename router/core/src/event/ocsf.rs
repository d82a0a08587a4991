//! Security Hub's newer findings, in OCSF (`Findings Imported V2`), GuardDuty's copies among them.

use super::asff_guardduty::native_kind;
use super::envelope::Envelope;
use super::read::{account, as_text, at, count, first_text, first_time, label, list, number, text};
use super::{
    Finding, FindingSource, FindingState, Severity, Subject, guardduty::is_sample_title, names, ocsf_resource,
};
use crate::json::Json;

/// Reads a finding.
pub(super) fn read(envelope: &Envelope, finding: &Json<'_>) -> (Finding, Subject) {
    let source = source(finding);
    let title = text(finding, "finding_info.title").unwrap_or_default();
    let info = |name: &str| {
        let path = format!("finding_info.{name}");
        first_time(finding, &[&format!("{path}_dt"), &path])
    };
    let made_up = list(finding, "resources").iter().any(ocsf_resource::is_made_up);
    let read = Finding {
        key: envelope.key(name(source, finding)),
        source,
        kind: kind(source, finding),
        sample: made_up || is_sample_title(&title),
        title,
        description: first_text(finding, &["finding_info.desc", "message"]).unwrap_or_default(),
        severity: severity(finding),
        state: state(finding),
        count: count(at(finding, "count")),
        updated_at: info("modified_time")
            .or_else(|| first_time(finding, &["time_dt", "time"]))
            .or(envelope.time),
        first_seen: info("first_seen_time").or_else(|| info("created_time")),
        last_seen: info("last_seen_time"),
    };
    (read, subject(envelope, finding))
}

fn source(finding: &Json<'_>) -> FindingSource {
    let product = first_text(finding, &["metadata.product.uid", "metadata.product.name"]);
    let uid = text(finding, "finding_info.uid");
    match product.map(|product| product.to_ascii_lowercase()) {
        Some(product) if product.ends_with("guardduty") => FindingSource::GuardDuty,
        Some(product) if product.ends_with("inspector") => FindingSource::Inspector,
        Some(_) => FindingSource::SecurityHub,
        None if uid.is_some_and(|uid| names::is_guardduty_finding(&uid)) => FindingSource::GuardDuty,
        None => FindingSource::SecurityHub,
    }
}

/// GuardDuty's ARN, as its other feeds have it; another product's id is unique within the product only.
fn name(source: FindingSource, finding: &Json<'_>) -> Option<String> {
    let uid = first_text(finding, &["finding_info.uid", "metadata.uid"])?;
    let product = first_text(finding, &["metadata.product.uid", "metadata.product.name"]);
    match product {
        Some(product) if source != FindingSource::GuardDuty && !names::is_arn(&uid) => {
            Some(format!("{product}|{uid}"))
        }
        Some(_) | None => Some(uid),
    }
}

fn kind(source: FindingSource, finding: &Json<'_>) -> String {
    let types = || list(finding, "finding_info.types").iter().filter_map(as_text);
    let first = match source {
        // A plain `Threats` precedes GuardDuty's own type.
        FindingSource::GuardDuty => types().find_map(|kind| native_kind(&kind)),
        FindingSource::SecurityHub
        | FindingSource::CustomAction
        | FindingSource::Inspector
        | FindingSource::Ecr
        | FindingSource::CloudWatch
        | FindingSource::Health => {
            text(finding, "compliance.control").map(|control| format!("Control:{control}"))
        }
    };
    first.or_else(|| types().next()).unwrap_or_default()
}

/// The finder's own severity goes before the one that a customer may have set.
fn severity(finding: &Json<'_>) -> Option<Severity> {
    let numbered = |path: &str| number(finding, path).and_then(numbered);
    let labelled = |path: &str| text(finding, path).and_then(|text| label(&text));
    numbered("vendor_attributes.severity_id")
        .or_else(|| labelled("vendor_attributes.severity"))
        .or_else(|| numbered("severity_id"))
        .or_else(|| labelled("severity"))
}

/// OCSF's 1 (informational) to 6 (fatal), as the lowest severity of the band; 0 and 99 say nothing.
fn numbered(id: f64) -> Option<Severity> {
    const LOWEST: [f64; 6] = [0.0, 1.0, 4.0, 7.0, 9.0, 9.0];
    let index = LOWEST.iter().zip(1_u8..).find(|(_, known)| f64::from(*known) == id);
    index.map(|(lowest, _)| Severity::new(*lowest))
}

/// A closing report may still say that its status is new; whichever says closed is believed.
fn state(finding: &Json<'_>) -> FindingState {
    let is = |path: &str, words: &[&str]| {
        text(finding, path).is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
    };
    let numbered = |path: &str, id: f64| number(finding, path) == Some(id);
    let word = "status";
    if is(word, &["suppressed", "archived"]) || numbered("status_id", 3.0) || numbered("status_id", 5.0) {
        FindingState::Archived
    } else if is(word, &["resolved"])
        || numbered("status_id", 4.0)
        || is("activity_name", &["close"])
        || numbered("activity_id", 3.0)
        || is("compliance.status", &["pass", "passed"])
    {
        FindingState::Resolved
    } else {
        FindingState::Open
    }
}

fn subject(envelope: &Envelope, finding: &Json<'_>) -> Subject {
    let region = first_text(finding, &["cloud.region", "resources.0.region"]);
    let mut subject = Subject {
        account: account(finding, "cloud.account.uid").or_else(|| envelope.account.clone()),
        region: region.or_else(|| envelope.region.clone()),
        ..Subject::default()
    };
    for resource in list(finding, "resources") {
        ocsf_resource::fill(resource, &mut subject);
    }
    subject
}
