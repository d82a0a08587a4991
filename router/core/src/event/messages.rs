//! Takes a message body apart into event texts, without reading more of it than its outline.

use std::borrow::Cow;

use super::alerts::{Heard, notified, notified_in_yaml};
use super::room::Room;
use super::several::{last, one_event_each};
use super::{Unreadable, names};
use crate::json::{Json, Member, Outline, outline};

/// SNS in SQS is one level; SNS forwarded through another topic is two.
const MOST_LEVELS: usize = 2;

/// What a text stands in.
#[derive(Clone, Debug, Default)]
struct Within {
    /// How many notifications of SNS.
    level: usize,
    /// The last of them, for alerts, which do not say it themselves.
    heard: Heard,
}

type Texts<'a> = Result<Vec<Cow<'a, str>>, Unreadable>;

/// Takes a message body apart into the texts of its events, in order, for [`super::Event::read`].
///
/// An EventBridge event or a bare finding is handed out as it is; an SNS notification is unwrapped, at
/// most twice; arrays, several values one after the other, what the AWS CLI prints (`{"Findings": […]}`) and
/// Lambda's `{"Records": […]}` give one text each. A Security Hub event with several findings gives one event
/// each, the second and later with `#2`, `#3` behind the event's id; a notification of Alertmanager, in SNS also one in
/// YAML, one for each alert. A body that is not quite JSON is taken
/// apart as far as it goes. A text in it that is no event is handed out too: `Event::read` says why.
///
/// Of more than 10,000 events, or more than 64 MiB of them (each of several findings carries the rest of its
/// event), the first are handed out, and one text more that is no event: it says that there were others.
///
/// An empty list, as the AWS CLI prints it where there is nothing (`{"Findings": []}`), is nothing: no text. With anything
/// else beside it, it is handed out as it is.
///
/// # Errors
///
/// The body is neither an object nor an array, it is cut off before its first event, or it is an SNS message that carries no event.
pub fn messages(body: &str) -> Result<Vec<Cow<'_, str>>, Unreadable> {
    let mut room = Room::default();
    let mut texts = in_body(body, &Within::default(), &mut room)?;
    texts.extend(room.left_out(body).map(Cow::Owned));
    if texts.is_empty() && !Json::read(body).1.is_empty() {
        return Err(Unreadable::new("expected at least one event", body));
    }
    Ok(texts)
}

/// Each value in a body, one after the other.
fn in_body<'a>(body: &'a str, within: &Within, room: &mut Room) -> Texts<'a> {
    let level = within.level;
    let mut texts = Vec::new();
    let mut rest = body;
    loop {
        let (found, behind) = outline(rest);
        let (value, behind) = (&rest[..rest.len() - behind.len()], behind.trim_start_matches(is_between));
        let is_alone = behind.is_empty() && rest.len() == body.len();
        let value = if is_alone { body } else { value };
        let found = match found {
            Outline::Array(elements) if level == 0 => each(elements, room, element),
            Outline::Array(elements) => each(elements, room, as_it_is),
            Outline::Object(members) => in_object(value, &members, within, room),
            // An event that was put into a text once more.
            Outline::Other if level == 0 && is_text(value) => in_notification(value.trim(), within, room),
            Outline::Other if level == 0 => Err(Unreadable::new(EXPECTED, value)),
            Outline::Other => match notified_in_yaml(value, &within.heard, room) {
                Some(texts) => Ok(owned(texts)),
                None => Err(Unreadable::new(format!("in SNS: {EXPECTED}"), value)),
            },
        };
        if is_alone {
            return found;
        }
        texts.append(&mut or_as_it_is(found, value, room)?);
        if behind.is_empty() {
            return Ok(texts);
        }
        rest = behind;
    }
}

const EXPECTED: &str = "expected a JSON object or array";

fn is_text(value: &str) -> bool {
    let inner = Outline::string_of(value.trim());
    inner.is_some_and(|inner| inner.trim_start().starts_with(['{', '[', '"']))
}

/// The members of what the AWS CLI and the SDKs print of findings.
const LISTED: [&str; 5] = ["Findings", "findings", "NextToken", "nextToken", "ResponseMetadata"];

/// What may stand between two values and says nothing.
fn is_between(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, ',' | ';' | ']' | '}' | '\u{feff}' | '\u{fffd}')
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
    Ok(room.take(text.len()).then_some(Cow::Borrowed(text)).into_iter().collect())
}

/// What cannot be read must not take its neighbours with it.
fn or_as_it_is<'a>(texts: Texts<'a>, text: &'a str, room: &mut Room) -> Texts<'a> {
    texts.or_else(|_| as_it_is(text, room))
}

fn element<'a>(text: &'a str, room: &mut Room) -> Texts<'a> {
    match outline(text) {
        (Outline::Object(members), _) => {
            let texts = in_object(text, &members, &Within::default(), room);
            or_as_it_is(texts, text, room)
        }
        (Outline::Array(_) | Outline::Other, _) => as_it_is(text, room),
    }
}

fn in_object<'a>(text: &'a str, members: &[Member<'a>], within: &Within, room: &mut Room) -> Texts<'a> {
    let raw = |name: &str| last(members, name);
    let string = |name: &str| raw(name).and_then(Outline::string_of);
    if raw("source").is_some() && raw("detail-type").is_some() {
        return match string("source").as_deref() {
            Some("aws.securityhub") => match one_event_each(members, room) {
                Some(texts) => Ok(texts),
                None => as_it_is(text, room),
            },
            Some(_) | None => as_it_is(text, room),
        };
    }
    let kind = string("Type");
    match (kind.as_deref(), raw("Message")) {
        (Some("Notification"), Some(message)) => {
            return in_notification(message, &by_sns(members, within), room);
        }
        (None, Some(message)) if raw("TopicArn").is_some() => {
            return in_notification(message, &by_sns(members, within), room);
        }
        (Some("SubscriptionConfirmation" | "UnsubscribeConfirmation"), _) => {
            return Err(Unreadable::new("expected an SNS notification, not its subscription's", text));
        }
        (_, _) => {}
    }
    // What stands beside a list would be lost with it: it is a list only where nothing does.
    let is_list = |names: &[&str]| members.iter().all(|member| names.contains(&&*member.name));
    if let Some(records) = raw("Records").and_then(Outline::elements_of)
        && (is_list(&["Records"]) || !records.is_empty())
    {
        return each(records, room, in_record);
    }
    if let Some(texts) = notified(members, &within.heard, room) {
        return Ok(owned(texts));
    }
    // A custom action's detail has findings too, but a human's press must not pass for a report.
    let findings = raw("Findings").or_else(|| raw("findings")).filter(|_| raw("actionName").is_none());
    match findings.and_then(Outline::elements_of) {
        Some(findings) if is_list(&LISTED) => each(findings, room, as_it_is),
        Some(_) | None => as_it_is(text, room),
    }
}

fn owned<'a>(texts: Vec<String>) -> Vec<Cow<'a, str>> {
    texts.into_iter().map(Cow::Owned).collect()
}

/// What a notification of SNS says of when and where it was sent.
fn by_sns(members: &[Member<'_>], within: &Within) -> Within {
    let string = |name: &str| last(members, name).and_then(Outline::string_of);
    let topic = string("TopicArn").unwrap_or_default();
    let heard = Heard {
        at: string("Timestamp").and_then(|at| at.parse().ok()),
        account: names::account_of(&topic),
        region: names::region_of(&topic),
        cluster: None,
    };
    Within { heard, ..within.clone() }
}

fn in_notification<'a>(message: &'a str, within: &Within, room: &mut Room) -> Texts<'a> {
    let Within { level, heard } = within.clone();
    if level == MOST_LEVELS {
        let expected = format!("expected at most {MOST_LEVELS} SNS notifications around an event");
        return Err(Unreadable::new(expected, message));
    }
    let within = Within { level: level + 1, heard };
    match Outline::string_of(message) {
        Some(Cow::Borrowed(inner)) => in_body(inner, &within, room),
        Some(Cow::Owned(inner)) => {
            let texts = in_body(&inner, &within, room)?;
            Ok(texts.into_iter().map(|text| Cow::Owned(text.into_owned())).collect())
        }
        None => in_body(message, &within, room),
    }
}

/// One of Lambda's records: SQS has `body`, SNS has `Sns`.
fn in_record<'a>(record: &'a str, room: &mut Room) -> Texts<'a> {
    let (Outline::Object(members), _) = outline(record) else { return as_it_is(record, room) };
    let Some(inner) = last(&members, "body").or_else(|| last(&members, "Sns")) else {
        return as_it_is(record, room);
    };
    let texts = in_notification(inner, &Within::default(), room);
    or_as_it_is(texts, record, room)
}
