//! What a signed request says: a button of ours, pressed by whom, when, under which message.
//!
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use watchfire_core::hash::sha256;

use crate::channel::Press;

/// More blocks than this no message of Slack's has.
const MOST_BLOCKS: usize = 50;

/// A button that was pressed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pressed {
    /// The same for the same press, however often it is told, and no other's.
    pub(crate) id: String,
    /// By whom, as Slack calls them.
    pub(crate) user: String,
    /// When.
    pub(crate) at: Timestamp,
    /// What it asks for.
    pub(crate) press: Press,
    /// The message that the button stands under.
    pub(crate) ts: String,
    /// Its text and blocks, as they were then.
    pub(crate) message: (String, Vec<Value>),
    /// Where Slack wants to be answered.
    pub(crate) response_url: String,
}

/// What a request tells.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    /// A button of ours was pressed.
    Pressed(Box<Pressed>),
    /// Something else happened: a link was opened, a button is of another program.
    Nothing,
}

/// Reads the body of a signed request.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(body: &[u8]) -> Result<Heard, &'static str> {
    let payload = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    let (_, payload) = payload.ok_or("expected a form with `payload`")?;
    let payload: Value = serde_json::from_str(&payload).map_err(|_| "expected JSON in `payload`")?;
    if payload["type"] != "block_actions" {
        return Ok(Heard::Nothing);
    }
    let Some(action) = payload["actions"].as_array().and_then(|actions| actions.first()) else {
        return Err("expected an action");
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // What has no value, or one that is none of ours.
    let Ok(press) = serde_json::from_str::<Press>(&text(&action["value"])) else { return Ok(Heard::Nothing) };
    let (user, ts) = (text(&payload["user"]["id"]), text(&payload["container"]["message_ts"]));
    let pressed_at = text(&action["action_ts"]);
    let at = moment(&pressed_at).ok_or("expected when it was pressed")?;
    if user.is_empty() || moment(&ts).is_none() {
        return Err("expected who has pressed it, under which message");
    }
    let channel = text(&payload["container"]["channel_id"]);
    let id =
        sha256(&[&channel, &ts, &user, &pressed_at, &text(&action["value"])].map(String::as_str).join("\n"));
    let message = &payload["message"];
    let blocks = message["blocks"].as_array().into_iter().flatten().take(MOST_BLOCKS).cloned().collect();
    Ok(Heard::Pressed(Box::new(Pressed {
        id: format!("slack-{id}"),
        user,
        at,
        press,
        ts,
        message: (text(&message["text"]), blocks),
        response_url: text(&payload["response_url"]),
    })))
}

/// Slack's times: seconds, and after the point microseconds or what is counted within them.
fn moment(ts: &str) -> Option<Timestamp> {
    let (seconds, micros) = ts.split_once('.')?;
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let fits = are_digits(seconds) && are_digits(micros) && seconds.len() <= 12 && micros.len() == 6;
    let seconds = seconds.parse().ok().filter(|_| fits)?;
    let second = Timestamp::from_second(seconds).ok()?;
    second.checked_add(SignedDuration::from_micros(micros.parse().ok()?)).ok()
}

impl Pressed {
    /// The blocks of the message without the row in which it was pressed.
    pub(crate) fn without_its_row(&self) -> Vec<Value> {
        let is_it = |element: &Value| {
            let value = element["value"].as_str().and_then(|value| serde_json::from_str::<Press>(value).ok());
            value.as_ref() == Some(&self.press)
        };
        let has_it = |block: &&Value| block["elements"].as_array().is_some_and(|all| all.iter().any(is_it));
        let others = self.message.1.iter().filter(|block| !has_it(block));
        others.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use watchfire_core::ids::{ApprovalId, IncidentKey};

    use super::*;

    fn payload() -> Value {
        let value = r#"{"do":"ack","of":"wf1-00ff","episode":3}"#;
        json!({
            "type": "block_actions",
            "user": {"id": "U0123ABCDEF", "username": "ana", "team_id": "T0123ABCDEF"},
            "container": {"type": "message", "message_ts": "1700000000.000001", "channel_id": "C0123ABCDEF"},
            "response_url": "https://hooks.slack.com/actions/T/1/x",
            "message": {"text": "[P1] Bad", "blocks": [
                {"type": "header", "block_id": "a"},
                {"type": "actions", "block_id": "b", "elements": [{"type": "button", "value": value}]},
            ]},
            "actions": [{"type": "button", "action_id": "ack", "value": value, "action_ts": "1700000060.250000"}],
        })
    }

    fn heard(payload: &Value) -> Result<Heard, &'static str> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload.to_string())
            .finish();
        read(form.as_bytes())
    }

    fn pressed(payload: &Value) -> Pressed {
        match heard(payload) {
            Ok(Heard::Pressed(pressed)) => *pressed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_press_is_read_whole_and_its_row_can_be_taken_away() {
        let pressed = pressed(&payload());
        let expected = Pressed {
            id: pressed.id.clone(),
            user: "U0123ABCDEF".to_owned(),
            at: "2023-11-14T22:14:20.25Z".parse().expect("a time"),
            press: Press::Ack { of: IncidentKey::new("wf1-00ff"), episode: 3 },
            ts: "1700000000.000001".to_owned(),
            message: (
                "[P1] Bad".to_owned(),
                payload()["message"]["blocks"].as_array().expect("blocks").clone(),
            ),
            response_url: "https://hooks.slack.com/actions/T/1/x".to_owned(),
        };
        assert_eq!(pressed, expected);
        assert_eq!(pressed.without_its_row(), [json!({"type": "header", "block_id": "a"})]);
        let other =
            Pressed { press: Press::Deny { of: ApprovalId::new("a"), plan: "p".to_owned() }, ..pressed };
        assert_eq!(other.without_its_row(), other.message.1);
    }

    #[test]
    fn the_same_press_has_one_id_whatever_else_is_said_and_another_has_another() {
        let first = pressed(&payload()).id;
        let with = |pointer: &str, value: Value| {
            let mut other = payload();
            *other.pointer_mut(pointer).expect("it is there") = value;
            pressed(&other).id
        };
        assert_eq!(with("/response_url", json!("https://hooks.slack.com/other")), first);
        assert_eq!(with("/user/username", json!("bo")), first);
        for (pointer, value) in [
            ("/user/id", json!("U0000000001")),
            ("/container/message_ts", json!("1700000000.000002")),
            ("/container/channel_id", json!("C0000000001")),
            ("/actions/0/action_ts", json!("1700000060.250001")),
            ("/actions/0/value", json!(r#"{"do":"ack","of":"wf1-00ff","episode":4}"#)),
        ] {
            assert_ne!(with(pointer, value), first, "{pointer}");
        }
    }

    #[test]
    fn what_is_no_button_of_ours_asks_nothing_and_what_cannot_be_read_is_said() {
        for (pointer, value) in [
            ("/type", json!("view_submission")),
            ("/actions/0/value", Value::Null),
            ("/actions/0/value", json!("")),
            ("/actions/0/value", json!(r#"{"do":"drop-tables"}"#)),
            ("/actions/0/value", json!(r#"{"do":"silence","of":"wf1-1","episode":1,"span":"9999h"}"#)),
            ("/actions/0/value", json!(r#"{"do":"ack","of":["wf1-1"],"episode":1}"#)),
        ] {
            let mut other = payload();
            *other.pointer_mut(pointer).expect("it is there") = value;
            assert_eq!(heard(&other), Ok(Heard::Nothing), "{other}");
        }
        for (pointer, value) in [
            ("/actions", json!([])),
            ("/user/id", json!("")),
            ("/container/message_ts", json!("now")),
            ("/actions/0/action_ts", json!("1700000060")),
            ("/actions/0/action_ts", json!("999999999999999.000000")),
            ("/actions/0/action_ts", json!("999999999999.000000")),
        ] {
            let mut other = payload();
            *other.pointer_mut(pointer).expect("it is there") = value;
            assert!(heard(&other).is_err(), "{other}");
        }
        for body in [&b""[..], b"payload=", b"payload=%7B", b"{}", b"\xff\xfe"] {
            assert!(read(body).is_err(), "{body:?}");
        }
    }
}
