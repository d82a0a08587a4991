//! Buttons: pressed by somebody, signed by the workspace, and what is said to them by the address that came along.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use super::{Message, Slack, Wrong, blocks};
use crate::receiver::{Call, Reply};

/// A request of Slack's about a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// When it was sent, in seconds.
    pub timestamp: String,
    /// By which it is known to be Slack's.
    pub signature: String,
    /// A form.
    pub body: String,
}

/// The signature of a body that is sent at that time, as Slack has it.
pub fn signed(secret: &str, timestamp: &str, body: &str) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), format!("v0:{timestamp}:{body}").as_bytes());
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v0={digits}")
}

impl Slack {
    /// What its app signs by.
    pub const SIGNING_SECRET: &str = "0123456789abcdef0123456789abcdef";
    /// Where messages about a press are taken, each path for one message.
    pub(super) const ANSWERS: &str = "/actions/";

    /// Somebody presses that button of a message, at that second; `hooks` is where this server is.
    pub fn press(&self, message: &Message, action: &str, user: &str, second: i64, hooks: &str) -> Press {
        let button =
            blocks::buttons(&message.blocks).into_iter().find(|button| button["action_id"] == action);
        let button = button.unwrap_or_else(|| panic!("no {action} under {message:?}"));
        let payload = json!({
            "type": "block_actions",
            "team": {"id": "T0123456789", "domain": "example"},
            "user": {"id": user, "username": "whoever", "team_id": "T0123456789"},
            "api_app_id": "A0123456789",
            "container": {"type": "message", "message_ts": message.ts, "channel_id": Self::CHANNEL, "is_ephemeral": false},
            "channel": {"id": Self::CHANNEL, "name": "alerts"},
            "message": {"ts": message.ts, "text": message.text, "blocks": message.blocks},
            "response_url": format!("{hooks}actions/{}", message.ts),
            "trigger_id": "1.2.abc",
            "actions": [{
                "type": "button", "block_id": "b1", "action_id": action, "text": button["text"],
                "value": button["value"], "action_ts": format!("{second}.000100"),
            }],
        });
        let mut form = form_urlencoded::Serializer::new(String::new());
        let body = form.append_pair("payload", &payload.to_string()).finish();
        let timestamp = second.to_string();
        let signature = signed(Self::SIGNING_SECRET, &timestamp, &body);
        Press { timestamp, signature, body }
    }

    /// The words on the buttons of a message, in order.
    pub fn buttons(message: &Message) -> Vec<String> {
        let text = |button: &&Value| button["text"]["text"].as_str().unwrap_or_default().to_owned();
        blocks::buttons(&message.blocks).iter().map(text).collect()
    }

    /// What is said about a press to the message of that name.
    pub(super) fn answered(&mut self, of: &str, call: &Call) -> Reply {
        match self.said(of, &call.json()) {
            Ok(()) => Reply::new(200, "ok"),
            Err(Wrong::TooMany) => Reply::new(429, "rate_limited"),
            Err(Wrong::Error(error)) => Reply::new(400, error),
        }
    }

    fn said(&mut self, of: &str, body: &Value) -> Result<(), Wrong> {
        const KNOWN: [&str; 7] =
            ["text", "blocks", "parse", "mrkdwn", "response_type", "replace_original", "thread_ts"];
        let body = body.as_object().ok_or(Wrong::Error("invalid_payload"))?;
        let (text, blocks) = self.content(body, &KNOWN)?;
        let says = |name: &str| body.get(name).and_then(Value::as_str);
        let all = self.messages.iter_mut().chain(&mut self.private);
        let original = all.into_iter().find(|message| message.ts == of);
        let original = original.ok_or(Wrong::Error("expired_url"))?;
        if body.get("replace_original") == Some(&Value::Bool(true)) {
            (original.text, original.blocks, original.edits) = (text, blocks, original.edits + 1);
            return Ok(());
        }
        match (says("response_type"), says("thread_ts")) {
            (Some("in_channel"), Some(thread)) => {
                let thread = thread.to_owned();
                self.add(Some(thread), false, text, blocks);
            }
            (Some("ephemeral"), None) => {
                let ts = format!("1700000001.{:06}", self.private.len() + 1);
                self.private.push(Message { ts, thread: None, broadcast: false, text, blocks, edits: 0 });
            }
            _ => return Err(Wrong::Error("invalid_arguments")),
        }
        Ok(())
    }
}
