//! Our own two members of the event that rules match: `finding` and `subject`.

use std::borrow::Cow;

use super::part::Worth;
use super::{Finding, Subject};
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
        ends_at: _,
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
    let seen = Subject::MEMBERS.iter().filter(|member| member.worth != Worth::Unseen);
    let parts = seen.map(|member| (member.name, (member.json)(subject)));
    known(parts.chain([("resources", all_resources(subject))]))
}

fn all_resources(subject: &Subject) -> Option<Json<'static>> {
    let all: Vec<_> = subject.all_resources().filter_map(|resource| string(resource)).collect();
    (!all.is_empty()).then_some(Json::Array(all))
}

pub(super) fn object<const N: usize>(members: [(&'static str, Option<Json<'static>>); N]) -> Json<'static> {
    known(members.into_iter())
}

fn known(members: impl Iterator<Item = (&'static str, Option<Json<'static>>)>) -> Json<'static> {
    Json::Object(members.filter_map(|(name, value)| Some((Cow::Borrowed(name), value?))).collect())
}

fn string(text: &str) -> Option<Json<'static>> {
    Some(Json::string(text.to_owned()))
}

/// Rust prints the shortest text that reads back as the same number: `8`, `8.9`.
fn number(number: impl ToString) -> Json<'static> {
    Json::Number(Cow::Owned(number.to_string()))
}
