//! Security Hub's copy of a GuardDuty finding, turned back into GuardDuty's: its key, type and severity.

use super::asff::{normalized, product, product_field, state, subject};
use super::envelope::Envelope;
use super::product::Product;
use super::read::{as_number, as_text, as_time, count, first_time, is_true, label, list, number, text, time};
use super::{Finding, FindingSource, FindingState, Severity, Subject, Workload, hub, names, sample};
use crate::json::Json;

/// Whether GuardDuty reported it: the product's ARN decides, the rest is free text.
pub(super) fn is_copy(finding: &Json<'_>) -> bool {
    product(finding) == Product::GuardDuty
}

/// Reads such a copy.
pub(super) fn read(envelope: &Envelope, finding: &Json<'_>) -> (Finding, Subject) {
    let title = text(finding, "Title").unwrap_or_default();
    let archived = is_true(field(finding, "service/archived"));
    let seen = |name: &str| field(finding, name).and_then(as_time);
    let read = Finding {
        key: envelope.key(name(finding)),
        source: FindingSource::GuardDuty,
        kind: kind(finding),
        sample: is_sample(&title, finding),
        title,
        description: text(finding, "Description").unwrap_or_default(),
        severity: severity(finding),
        state: if archived { FindingState::Archived } else { state(finding) },
        count: count(field(finding, "service/count")),
        updated_at: envelope.updated_at(time(finding, "UpdatedAt")),
        first_seen: seen("service/eventFirstSeen")
            .or_else(|| first_time(finding, &["FirstObservedAt", "CreatedAt"])),
        last_seen: seen("service/eventLastSeen").or_else(|| time(finding, "LastObservedAt")),
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: hub::id(finding),
        echo: hub::is_echo(finding),
    };
    (read, with_action(finding, subject(envelope, finding)))
}

/// The product fields spell GuardDuty's paths with slashes; before 2020 without the prefix.
fn field<'v, 'a>(finding: &'v Json<'a>, path: &str) -> Option<&'v Json<'a>> {
    product_field(finding, &format!("aws/guardduty/{path}"))
        .or_else(|| product_field(finding, path))
        .or_else(|| product_field(finding, path.strip_prefix("service/")?))
}

/// The ARN, wherever it is: in `Id`, behind the product's in the hub's own id, or to be built.
fn name(finding: &Json<'_>) -> Option<String> {
    let id = text(finding, "Id");
    let hub_id = product_field(finding, "aws/securityhub/FindingId").and_then(as_text);
    let within = hub_id.and_then(|hub_id| {
        let (_, arn) = hub_id.split_once("product/aws/guardduty/")?;
        Some(arn.to_owned())
    });
    let built = || {
        let detector = text(finding, "GeneratorId").filter(|generator| generator.contains(":detector/"))?;
        Some(format!("{detector}/finding/{}", id.as_ref()?))
    };
    let arns = [id.clone(), within].into_iter().flatten();
    arns.into_iter().find(|arn| names::is_guardduty_finding(arn)).or_else(built).or(id)
}

/// By GuardDuty's own field, or where a copy has lost it by everything that GuardDuty makes up.
fn is_sample(title: &str, finding: &Json<'_>) -> bool {
    is_true(field(finding, "service/additionalInfo/sample"))
        || sample::is_copy_of_one(title, list(finding, "Resources"), "Id")
}

fn kind(finding: &Json<'_>) -> String {
    let lists = ["FindingProviderFields.Types", "Types"];
    let types = || lists.iter().flat_map(|path| list(finding, path)).filter_map(as_text);
    types().find_map(|kind| native_kind(&kind)).or_else(|| types().next()).unwrap_or_default()
}

/// GuardDuty's type in one of Security Hub's: `TTPs/Discovery/Recon:IAMUser-UserPermissions` is
/// `Recon:IAMUser/UserPermissions`.
pub(super) fn native_kind(kind: &str) -> Option<String> {
    let colon = kind.find(':')?;
    let start = kind[..colon].rfind('/').map_or(0, |slash| slash + 1);
    let native = &kind[start..];
    match native.contains('/') {
        true => Some(native.to_owned()),
        // GuardDuty's words for resources have no hyphen, so the first one stands for the slash.
        false => Some(native.replacen('-', "/", 1)),
    }
}

/// GuardDuty's own number; the hub's label and its normalised number may have been changed by a rule.
fn severity(finding: &Json<'_>) -> Option<Severity> {
    let label_at = |path: &str| text(finding, path).and_then(|text| label(&text));
    // GuardDuty's severities begin at 1: a 0 is a placeholder.
    let native = |number: Option<f64>| number.filter(|number| *number > 0.0).map(Severity::new);
    native(number(finding, "Severity.Product"))
        .or_else(|| native(number(finding, "Severity.Original")))
        .or_else(|| native(field(finding, "severity").and_then(as_number)))
        .or_else(|| native(number(finding, "FindingProviderFields.Severity.Product")))
        .or_else(|| native(number(finding, "FindingProviderFields.Severity.Original")))
        .or_else(|| normalized(finding, "FindingProviderFields.Severity.Normalized"))
        .or_else(|| label_at("FindingProviderFields.Severity.Label"))
        .or_else(|| normalized(finding, "Severity.Normalized"))
        .or_else(|| label_at("Severity.Label"))
}

/// What only the product fields tell: the near address, and the pod that an API call was about.
fn with_action(finding: &Json<'_>, mut subject: Subject) -> Subject {
    let action = |path: &str| field(finding, &format!("service/action/{path}")).and_then(as_text);
    let near = "networkConnectionAction/localIpDetails";
    let ip = ["ipAddressV4", "ipAddressV6"].into_iter().find_map(|name| action(&format!("{near}/{name}")));
    subject.ip = ip.map(|ip| names::address(&ip)).or(subject.ip);
    let Some(uri) = action("kubernetesApiCallAction/requestUri") else { return subject };
    let names::Target { namespace, kind, name } = names::target(&uri);
    subject.namespace = namespace;
    if let (Some(kind), Some(name)) = (kind, name)
        && names::is_workload(&kind)
    {
        subject.pod = (kind == "pods").then(|| name.clone());
        subject.workload = Some(Workload { kind, name, uid: None });
    }
    subject
}
