//! The AWS CLI's spelling of GuardDuty findings, `AccountId`, turned to the wire's, `accountId`.

use std::borrow::Cow;

use crate::json::Json;

/// A GuardDuty event whose detail is spelt as the AWS CLI does is turned to the wire's spelling.
pub(super) fn on_the_wire(event: Json<'_>) -> Json<'_> {
    let Json::Object(mut members) = event else { return event };
    let is_guardduty =
        members.iter().any(|(name, value)| name == "source" && value.as_str() == Some("aws.guardduty"));
    for (name, value) in &mut members {
        if is_guardduty && name == "detail" {
            *value = finding(std::mem::replace(value, Json::Null));
        }
    }
    Json::Object(members)
}

/// Turns a finding, if it is in that spelling.
pub(super) fn finding(finding: Json<'_>) -> Json<'_> {
    if is_capitalised(&finding) { within(finding, "") } else { finding }
}

fn is_capitalised(finding: &Json<'_>) -> bool {
    ["SchemaVersion", "Type", "Arn", "Id"].iter().any(|name| finding.get(name).is_some())
}

fn within<'a>(value: Json<'a>, parent: &str) -> Json<'a> {
    match value {
        Json::Object(members) => {
            let members = members.into_iter().map(|(name, value)| {
                let name = camel_name(name, parent);
                let value = within(value, &name);
                (name, value)
            });
            Json::Object(members.collect())
        }
        Json::Array(elements) => {
            Json::Array(elements.into_iter().map(|element| within(element, parent)).collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value,
    }
}

fn camel_name<'a>(name: Cow<'a, str>, parent: &str) -> Cow<'a, str> {
    match (parent, name.as_ref()) {
        (_, "SourceIps" | "sourceIps") => return Cow::Borrowed("sourceIPs"),
        // The wire itself spells this one with a capital letter.
        ("ec2Instance", "IamInstanceProfile") => return name,
        _ => {}
    }
    match name.as_bytes() {
        // `ASN` and its like are keys of maps, not members.
        [first, rest @ ..]
            if first.is_ascii_uppercase() && !rest.first().is_some_and(u8::is_ascii_uppercase) =>
        {
            Cow::Owned(name[..1].to_ascii_lowercase() + &name[1..])
        }
        _ => name,
    }
}
