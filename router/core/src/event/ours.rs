//! Our own two members of the event that rules match: `finding` and `subject`.

use std::borrow::Cow;

use super::{Container, Finding, Subject, Workload};
use crate::json::Json;

/// The event with our `finding` and `subject` at its end, and none of the sender's.
pub(super) fn beside<'a>(event: Json<'a>, finding: Option<&Finding>, subject: &Subject) -> Json<'a> {
    let mut members = match event {
        Json::Object(members) => members,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => Vec::new(),
    };
    members.retain(|(name, _)| name != "finding" && name != "subject");
    if let Some(finding) = finding {
        members.push((Cow::Borrowed("finding"), finding_json(finding)));
    }
    members.push((Cow::Borrowed("subject"), subject_json(subject)));
    Json::Object(members)
}

pub(crate) fn finding_json(finding: &Finding) -> Json<'static> {
    let Finding {
        key,
        source,
        kind,
        title,
        description,
        severity,
        state,
        sample,
        count,
        updated_at: _,
        first_seen: _,
        last_seen: _,
        sequence: _,
        members: _,
        hub: _,
        echo: _,
    } = finding;
    object([
        ("key", string(key.as_str())),
        ("source", string(source.as_str())),
        ("type", string(kind)),
        ("title", string(title)),
        ("description", string(description)),
        ("severity", severity.map(|severity| number(severity.value()))),
        ("band", severity.and_then(|severity| string(severity.band().as_str()))),
        ("state", string(state.as_str())),
        ("sample", Some(Json::Bool(*sample))),
        ("count", Some(number(count))),
    ])
}

pub(crate) fn subject_json(subject: &Subject) -> Json<'static> {
    let Subject {
        account,
        region,
        cluster,
        cluster_arn,
        namespace,
        workload,
        pod,
        container,
        image,
        node,
        instance,
        service_account,
        principal,
        ip,
        resource,
        resources: _,
        vpc: _,
        thing: _,
    } = subject;
    let optional = |part: &Option<String>| part.as_deref().and_then(string);
    let workload = workload.as_ref().map(|Workload { kind, name, uid }| {
        object([("kind", string(kind)), ("name", string(name)), ("uid", optional(uid))])
    });
    let container = container
        .as_ref()
        .map(|Container { name, id }| object([("name", optional(name)), ("id", optional(id))]));
    object([
        ("account", optional(account)),
        ("region", optional(region)),
        ("cluster", optional(cluster)),
        ("cluster_arn", optional(cluster_arn)),
        ("namespace", optional(namespace)),
        ("workload", workload),
        ("pod", optional(pod)),
        ("container", container),
        ("image", optional(image)),
        ("node", optional(node)),
        ("instance", optional(instance)),
        ("service_account", optional(service_account)),
        ("principal", optional(principal)),
        ("ip", optional(ip)),
        ("resource", optional(resource)),
        ("resources", all_resources(subject)),
    ])
}

fn all_resources(subject: &Subject) -> Option<Json<'static>> {
    let all: Vec<_> = subject.all_resources().filter_map(|resource| string(resource)).collect();
    (!all.is_empty()).then_some(Json::Array(all))
}

fn object<const N: usize>(members: [(&'static str, Option<Json<'static>>); N]) -> Json<'static> {
    let known = members.into_iter().filter_map(|(name, value)| Some((Cow::Borrowed(name), value?)));
    Json::Object(known.collect())
}

fn string(text: &str) -> Option<Json<'static>> {
    Some(Json::string(text.to_owned()))
}

/// Rust prints the shortest text that reads back as the same number: `8`, `8.9`.
fn number(number: impl ToString) -> Json<'static> {
    Json::Number(Cow::Owned(number.to_string()))
}
