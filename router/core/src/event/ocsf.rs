//! Security Hub's newer findings, in OCSF (`Findings Imported V2`), GuardDuty's copies among them.
//!
//! They have no [`HubId`](super::HubId): notes on them are written by another call, which Watchfire does not make.

use super::asff_guardduty::native_kind;
use super::envelope::Envelope;
use super::posture::is_posture;
use super::product::Product;
use super::read::{account, as_text, at, count, first_text, first_time, label, list, number, text};
use super::{Finding, FindingSource, FindingState, Severity, Subject, ocsf_resource, sample};
use crate::json::Json;

/// Reads a finding.
pub(super) fn read(envelope: &Envelope, finding: &Json<'_>) -> (Finding, Subject) {
    let product = product(finding);
    let source = source(product);
    let title = text(finding, "finding_info.title").unwrap_or_default();
    let info = |name: &str| {
        let path = format!("finding_info.{name}");
        first_time(finding, &[&format!("{path}_dt"), &path])
    };
    let updated_at = info("modified_time").or_else(|| first_time(finding, &["time_dt", "time"]));
    let read = Finding {
        key: envelope.key(name(product, finding)),
        source,
        kind: kind(product, finding),
        sample: is_sample(product, &title, finding),
        title,
        description: first_text(finding, &["finding_info.desc", "message"]).unwrap_or_default(),
        severity: severity(finding),
        state: state(finding),
        count: count(at(finding, "count")),
        updated_at: envelope.updated_at(updated_at),
        first_seen: info("first_seen_time").or_else(|| info("created_time")),
        last_seen: info("last_seen_time"),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    };
    (read, subject(envelope, finding))
}

/// By the product's ARN; the name decides only where there is none.
fn product(finding: &Json<'_>) -> Product {
    let part = |name: &str| text(finding, &format!("metadata.product.{name}"));
    match (part("uid"), part("name")) {
        (Some(arn), _) => Product::of_arn(&arn),
        (None, Some(name)) => Product::of_name(&name, part("vendor_name").as_deref()),
        (None, None) => Product::Other,
    }
}

fn source(product: Product) -> FindingSource {
    match product {
        Product::GuardDuty => FindingSource::GuardDuty,
        Product::Inspector => FindingSource::Inspector,
        Product::SecurityHub | Product::Other => FindingSource::SecurityHub,
    }
}

fn name(product: Product, finding: &Json<'_>) -> Option<String> {
    let uid = first_text(finding, &["finding_info.uid", "metadata.uid"])?;
    let named = first_text(finding, &["metadata.product.uid", "metadata.product.name"]);
    Some(product.finding(named.as_deref(), uid))
}

/// Only GuardDuty has samples, and OCSF has no place for its flag.
fn is_sample(product: Product, title: &str, finding: &Json<'_>) -> bool {
    product == Product::GuardDuty && sample::is_copy_of_one(title, resources(finding), "uid")
}

fn kind(product: Product, finding: &Json<'_>) -> String {
    let types = || list(finding, "finding_info.types").iter().filter_map(as_text);
    let first = match product {
        // A plain `Threats` precedes GuardDuty's own type.
        Product::GuardDuty => types().find_map(|kind| native_kind(&kind)),
        Product::SecurityHub | Product::Inspector | Product::Other => {
            let control = text(finding, "compliance.control").filter(|_| is_posture(product, finding));
            control.map(|control| format!("Control:{control}"))
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

/// A closing report may still say that its status is new; whichever says closed is believed. A verdict of a check is
/// that of a check only.
fn state(finding: &Json<'_>) -> FindingState {
    let is = |path: &str, words: &[&str]| {
        text(finding, path).is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
    };
    let numbered = |path: &str, id: f64| number(finding, path) == Some(id);
    let word = "status";
    let verdict = |path: &str, words: &[&str]| is(path, words) && is_posture(product(finding), finding);
    if is(word, &["suppressed", "archived"])
        || numbered("status_id", 3.0)
        || numbered("status_id", 5.0)
        || verdict("status_code", &["muted", "suppressed"])
    {
        FindingState::Archived
    } else if is(word, &["resolved"])
        || numbered("status_id", 4.0)
        || is("activity_name", &["close"])
        || numbered("activity_id", 3.0)
        || verdict("compliance.status", &["pass", "passed"])
        || verdict("status_code", &["pass", "passed"])
    {
        FindingState::Resolved
    } else {
        FindingState::Open
    }
}

/// Older findings have one `resource` in place of the list.
fn resources<'v, 'a>(finding: &'v Json<'a>) -> &'v [Json<'a>] {
    match list(finding, "resources") {
        [] => list(finding, "resource"),
        resources => resources,
    }
}

fn subject(envelope: &Envelope, finding: &Json<'_>) -> Subject {
    let region = first_text(finding, &["cloud.region", "resources.0.region", "resource.region"]);
    let mut subject = Subject {
        account: account(finding, "cloud.account.uid").or_else(|| envelope.account.clone()),
        region: region.or_else(|| envelope.region.clone()),
        ..Subject::default()
    };
    for resource in resources(finding) {
        ocsf_resource::fill(resource, &mut subject);
    }
    subject
}
