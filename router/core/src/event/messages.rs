//! Takes a message body apart into event texts, without reading more of it than its outline.

use std::borrow::Cow;

use super::Unreadable;
use super::outline::{Member, Outline, as_array, as_object, as_string, outline};
use crate::json::Json;

/// SNS in SQS is one level; SNS forwarded through another topic is two.
const MOST_LEVELS: usize = 2;

/// Takes a message body apart into the texts of its events, in order, for [`super::Event::read`].
///
/// An EventBridge event or a bare finding is handed out as it is; an SNS notification is unwrapped, at
/// most twice; arrays, what the AWS CLI prints (`{"Findings": […]}`) and Lambda's `{"Records": […]}` give
/// one text each. A Security Hub event with several findings gives one event each, the second and later
/// with `#2`, `#3` behind the event's id. A text in it that is no event is handed out too: `Event::read` says why.
///
/// # Errors
///
/// The body is not JSON, nothing is in it, or it is an SNS message that carries no event.
pub fn messages(body: &str) -> Result<Vec<Cow<'_, str>>, Unreadable> {
    let texts = match outline(body).map_err(|expected| Unreadable::new(expected, body))? {
        Outline::Array(elements) => elements.into_iter().flat_map(element).collect(),
        Outline::Object(members) => in_object(body, &members, 0)?,
        Outline::Other => return Err(Unreadable::new("expected a JSON object or array", body)),
    };
    if texts.is_empty() { Err(Unreadable::new("expected at least one event", body)) } else { Ok(texts) }
}

/// What cannot be taken apart must not take its neighbours with it: it is handed out as it is.
fn element(text: &str) -> Vec<Cow<'_, str>> {
    match outline(text) {
        Ok(Outline::Object(members)) => {
            in_object(text, &members, 0).unwrap_or_else(|_| vec![Cow::Borrowed(text)])
        }
        Ok(Outline::Array(_) | Outline::Other) | Err(_) => vec![Cow::Borrowed(text)],
    }
}

fn in_object<'a>(
    text: &'a str,
    members: &[Member<'a>],
    level: usize,
) -> Result<Vec<Cow<'a, str>>, Unreadable> {
    let raw = |name: &str| members.iter().rev().find(|member| member.name == name).map(|member| member.value);
    let string = |name: &str| raw(name).and_then(as_string);
    if raw("source").is_some() && raw("detail-type").is_some() {
        return Ok(match string("source").as_deref() {
            Some("aws.securityhub") => one_event_each(text, members),
            Some(_) | None => vec![Cow::Borrowed(text)],
        });
    }
    let kind = string("Type");
    match (kind.as_deref(), raw("Message")) {
        (Some("Notification"), Some(message)) => return in_notification(message, level),
        (None, Some(message)) if raw("TopicArn").is_some() => return in_notification(message, level),
        (Some("SubscriptionConfirmation" | "UnsubscribeConfirmation"), _) => {
            return Err(Unreadable::new("expected an SNS notification, not its subscription's", text));
        }
        (_, _) => {}
    }
    if let Some(records) = raw("Records").and_then(as_array) {
        return Ok(records.into_iter().flat_map(in_record).collect());
    }
    // A custom action's detail has findings too, but a human's press must not pass for a report.
    let findings = raw("Findings").or_else(|| raw("findings")).filter(|_| raw("actionName").is_none());
    match findings.and_then(as_array) {
        Some(findings) => Ok(findings.into_iter().map(Cow::Borrowed).collect()),
        None => Ok(vec![Cow::Borrowed(text)]),
    }
}

fn in_notification(message: &str, level: usize) -> Result<Vec<Cow<'_, str>>, Unreadable> {
    if level == MOST_LEVELS {
        return Err(Unreadable::new(
            format!("expected at most {MOST_LEVELS} SNS notifications around an event"),
            message,
        ));
    }
    match as_string(message) {
        Some(Cow::Borrowed(inner)) => in_message(inner, level),
        Some(Cow::Owned(inner)) => {
            let texts = in_message(&inner, level)?;
            Ok(texts.into_iter().map(|text| Cow::Owned(text.into_owned())).collect())
        }
        None => in_message(message, level),
    }
}

fn in_message(text: &str, level: usize) -> Result<Vec<Cow<'_, str>>, Unreadable> {
    match outline(text).map_err(|expected| Unreadable::new(format!("in SNS: {expected}"), text))? {
        Outline::Object(members) => in_object(text, &members, level + 1),
        Outline::Array(elements) => Ok(elements.into_iter().map(Cow::Borrowed).collect()),
        Outline::Other => Err(Unreadable::new("in SNS: expected a JSON object or array", text)),
    }
}

/// One of Lambda's records: SQS has `body`, SNS has `Sns`.
fn in_record(record: &str) -> Vec<Cow<'_, str>> {
    let Ok(Outline::Object(members)) = outline(record) else { return vec![Cow::Borrowed(record)] };
    let raw = |name: &str| members.iter().rev().find(|member| member.name == name).map(|member| member.value);
    let inner = raw("body").or_else(|| raw("Sns"));
    inner.and_then(|inner| in_notification(inner, 0).ok()).unwrap_or_else(|| vec![Cow::Borrowed(record)])
}

/// A Security Hub event as one event for each of its findings.
fn one_event_each<'a>(text: &'a str, members: &[Member<'a>]) -> Vec<Cow<'a, str>> {
    let last = |members: &[Member<'a>], name: &str| {
        members.iter().rev().find(|member| member.name == name).map(|member| member.value)
    };
    let detail = last(members, "detail").and_then(as_object).unwrap_or_default();
    let findings = last(&detail, "findings").and_then(as_array).unwrap_or_default();
    if findings.len() < 2 {
        return vec![Cow::Borrowed(text)];
    }
    let id = last(members, "id").and_then(as_string);
    let one = |(index, finding): (usize, &str)| {
        let detail = with(&detail, &[("findings", format!("[{finding}]"))]);
        let mut changes = vec![("detail", detail)];
        if let (Some(id), 1..) = (&id, index) {
            changes.push(("id", Json::string(format!("{id}#{}", index + 1)).to_string()));
        }
        Cow::Owned(with(members, &changes))
    };
    findings.into_iter().enumerate().map(one).collect()
}

/// The object with some members changed, each by its name and its new JSON text.
fn with(members: &[Member<'_>], changes: &[(&str, String)]) -> String {
    let kept = members.iter().filter(|member| changes.iter().all(|(name, _)| member.name != *name));
    let kept = kept.map(|member| format!("{}:{}", Json::string(member.name.as_ref()), member.value));
    let changed = changes.iter().map(|(name, value)| format!("{}:{value}", Json::string(*name)));
    format!("{{{}}}", kept.chain(changed).collect::<Vec<_>>().join(","))
}
