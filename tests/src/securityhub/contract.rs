//! What Security Hub asks of a call: its signature's form, and the limits of its body.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, header};
use serde_json::Value;

const STATUSES: [&str; 4] = ["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"];
const MEMBERS: [&str; 10] = [
    "FindingIdentifiers",
    "Note",
    "Severity",
    "VerificationState",
    "Confidence",
    "Criticality",
    "Types",
    "UserDefinedFields",
    "Workflow",
    "RelatedFindings",
];

/// A refusal: status, error, reason.
pub(super) type Refused = (u16, &'static str, String);

pub(super) fn ids(body: &Value) -> Vec<String> {
    let identifiers = body["FindingIdentifiers"].as_array().into_iter().flatten();
    identifiers.filter_map(|identifier| identifier["Id"].as_str().map(str::to_owned)).collect()
}

pub(super) fn check(headers: &HeaderMap, bytes: &[u8], body: &Value) -> Result<(), Refused> {
    signature(headers).map_err(|why| (403, "IncompleteSignatureException", why))?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") || serde_json::from_slice::<Value>(bytes).is_err() {
        return Err((400, "SerializationException", format!("{kind} of {} bytes", bytes.len())));
    }
    input(body).map_err(|why| (400, "InvalidInputException", why))
}

/// Its form; nobody here has the key.
fn signature(headers: &HeaderMap) -> Result<(), String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let authorization = text("authorization");
    let parts = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("not AWS4-HMAC-SHA256")?;
    let part = |name: &str| {
        let found = parts.split(", ").find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.ok_or_else(|| format!("no {name} in {authorization}"))
    };
    let date = text("x-amz-date");
    let scope: Vec<_> = part("Credential")?.split('/').collect();
    let [key, day, region, "securityhub", "aws4_request"] = scope[..] else {
        return Err(format!("a credential for something else: {scope:?}"));
    };
    if key.is_empty() || region.is_empty() || day.len() != 8 || !date.starts_with(day) {
        return Err(format!("a credential that is not complete: {scope:?} at {date}"));
    }
    let signed: BTreeSet<_> = part("SignedHeaders")?.split(';').collect();
    let token = headers.contains_key("x-amz-security-token").then_some("x-amz-security-token");
    for needed in ["host", "content-type", "x-amz-date"].into_iter().chain(token) {
        if !signed.contains(needed) {
            return Err(format!("{needed} is not signed"));
        }
    }
    let signature = part("Signature")?;
    let is_hex = signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { Ok(()) } else { Err("a signature that is none".to_owned()) }
}

fn input(body: &Value) -> Result<(), String> {
    let members = body.as_object().ok_or("no object")?;
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(format!("unknown member {unknown}"));
    }
    let identifiers = body["FindingIdentifiers"].as_array().ok_or("no FindingIdentifiers")?;
    if !(1..=100).contains(&identifiers.len()) {
        return Err(format!("{} findings", identifiers.len()));
    }
    let mut known = BTreeSet::new();
    for identifier in identifiers {
        let name = |member: &str| filled(&identifier[member], 512, member);
        if !known.insert((name("Id")?, name("ProductArn")?)) {
            return Err("a finding twice".to_owned());
        }
    }
    if let Some(note) = members.get("Note") {
        filled(&note["Text"], 512, "Note.Text")?;
        filled(&note["UpdatedBy"], 512, "Note.UpdatedBy")?;
    }
    match members.get("Workflow").map(|workflow| workflow["Status"].as_str().unwrap_or_default()) {
        Some(status) if !STATUSES.contains(&status) => Err(format!("Workflow.Status `{status}`")),
        Some(_) | None => Ok(()),
    }
}

fn filled(value: &Value, most: usize, name: &str) -> Result<String, String> {
    let text = value.as_str().filter(|text| !text.trim().is_empty() && text.chars().count() <= most);
    text.map(str::to_owned).ok_or_else(|| format!("{name} `{value}`"))
}
