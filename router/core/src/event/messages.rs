//! Takes a message body apart into event texts, without reading more of it than its outline.

use std::borrow::Cow;

use super::Unreadable;
use super::outline::{Member, Outline, as_array, as_string, outline};
use super::room::{Refused, Room};
use super::several::one_event_each;

/// SNS in SQS is one level; SNS forwarded through another topic is two.
const MOST_LEVELS: usize = 2;

type Texts<'a> = Result<Vec<Cow<'a, str>>, Refused>;

/// Takes a message body apart into the texts of its events, in order, for [`super::Event::read`].
///
/// An EventBridge event or a bare finding is handed out as it is; an SNS notification is unwrapped, at
/// most twice; arrays, what the AWS CLI prints (`{"Findings": […]}`) and Lambda's `{"Records": […]}` give
/// one text each. A Security Hub event with several findings gives one event each, the second and later
/// with `#2`, `#3` behind the event's id. A text in it that is no event is handed out too: `Event::read` says why.
///
/// # Errors
///
/// The body is not JSON, nothing is in it, it is an SNS message that carries no event, or the texts would be
/// more than 10,000 or together more than 64 MiB: each of several findings carries the rest of its event.
pub fn messages(body: &str) -> Result<Vec<Cow<'_, str>>, Unreadable> {
    let mut room = Room::default();
    let texts = match outline(body).map_err(|expected| Unreadable::new(expected, body))? {
        Outline::Array(elements) => each(elements, &mut room, element),
        Outline::Object(members) => in_object(body, &members, 0, &mut room),
        Outline::Other => return Err(Unreadable::new("expected a JSON object or array", body)),
    };
    match texts {
        Ok(texts) if texts.is_empty() => Err(Unreadable::new("expected at least one event", body)),
        Ok(texts) => Ok(texts),
        Err(Refused::Unreadable(unreadable)) => Err(unreadable),
        Err(Refused::TooMuch(expected)) => Err(Unreadable::new(expected, body)),
    }
}

fn each<'a>(
    elements: Vec<&'a str>,
    room: &mut Room,
    texts_of: impl Fn(&'a str, &mut Room) -> Texts<'a>,
) -> Texts<'a> {
    let mut texts = Vec::new();
    for element in elements {
        texts.append(&mut texts_of(element, room)?);
    }
    Ok(texts)
}

fn as_it_is<'a>(text: &'a str, room: &mut Room) -> Texts<'a> {
    room.take(1, text.len())?;
    Ok(vec![Cow::Borrowed(text)])
}

/// What cannot be read must not take its neighbours with it; what is too much must, or a part is lost.
fn or_as_it_is<'a>(texts: Texts<'a>, text: &'a str, room: &mut Room) -> Texts<'a> {
    match texts {
        Err(Refused::Unreadable(_)) => as_it_is(text, room),
        Ok(_) | Err(Refused::TooMuch(_)) => texts,
    }
}

fn element<'a>(text: &'a str, room: &mut Room) -> Texts<'a> {
    match outline(text) {
        Ok(Outline::Object(members)) => {
            let texts = in_object(text, &members, 0, room);
            or_as_it_is(texts, text, room)
        }
        Ok(Outline::Array(_) | Outline::Other) | Err(_) => as_it_is(text, room),
    }
}

fn in_object<'a>(text: &'a str, members: &[Member<'a>], level: usize, room: &mut Room) -> Texts<'a> {
    let raw = |name: &str| members.iter().rev().find(|member| member.name == name).map(|member| member.value);
    let string = |name: &str| raw(name).and_then(as_string);
    if raw("source").is_some() && raw("detail-type").is_some() {
        return match string("source").as_deref() {
            Some("aws.securityhub") => match one_event_each(members, room)? {
                Some(texts) => Ok(texts),
                None => as_it_is(text, room),
            },
            Some(_) | None => as_it_is(text, room),
        };
    }
    let kind = string("Type");
    match (kind.as_deref(), raw("Message")) {
        (Some("Notification"), Some(message)) => return in_notification(message, level, room),
        (None, Some(message)) if raw("TopicArn").is_some() => return in_notification(message, level, room),
        (Some("SubscriptionConfirmation" | "UnsubscribeConfirmation"), _) => {
            let expected = "expected an SNS notification, not its subscription's";
            return Err(Refused::Unreadable(Unreadable::new(expected, text)));
        }
        (_, _) => {}
    }
    if let Some(records) = raw("Records").and_then(as_array) {
        return each(records, room, in_record);
    }
    // A custom action's detail has findings too, but a human's press must not pass for a report.
    let findings = raw("Findings").or_else(|| raw("findings")).filter(|_| raw("actionName").is_none());
    match findings.and_then(as_array) {
        Some(findings) => each(findings, room, as_it_is),
        None => as_it_is(text, room),
    }
}

fn in_notification<'a>(message: &'a str, level: usize, room: &mut Room) -> Texts<'a> {
    if level == MOST_LEVELS {
        let expected = format!("expected at most {MOST_LEVELS} SNS notifications around an event");
        return Err(Refused::Unreadable(Unreadable::new(expected, message)));
    }
    match as_string(message) {
        Some(Cow::Borrowed(inner)) => in_message(inner, level, room),
        Some(Cow::Owned(inner)) => {
            let texts = in_message(&inner, level, room)?;
            Ok(texts.into_iter().map(|text| Cow::Owned(text.into_owned())).collect())
        }
        None => in_message(message, level, room),
    }
}

fn in_message<'a>(text: &'a str, level: usize, room: &mut Room) -> Texts<'a> {
    let unreadable =
        |expected: &str| Refused::Unreadable(Unreadable::new(format!("in SNS: {expected}"), text));
    match outline(text).map_err(|expected| unreadable(&expected))? {
        Outline::Object(members) => in_object(text, &members, level + 1, room),
        Outline::Array(elements) => each(elements, room, as_it_is),
        Outline::Other => Err(unreadable("expected a JSON object or array")),
    }
}

/// One of Lambda's records: SQS has `body`, SNS has `Sns`.
fn in_record<'a>(record: &'a str, room: &mut Room) -> Texts<'a> {
    let Ok(Outline::Object(members)) = outline(record) else { return as_it_is(record, room) };
    let raw = |name: &str| members.iter().rev().find(|member| member.name == name).map(|member| member.value);
    let Some(inner) = raw("body").or_else(|| raw("Sns")) else { return as_it_is(record, room) };
    let texts = in_notification(inner, 0, room);
    or_as_it_is(texts, record, room)
}
