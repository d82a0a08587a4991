//! Slack: `chat.postMessage`, `chat.update`, `auth.test` and an incoming webhook, as strict as their documentation.

mod blocks;
mod buttons;

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::receiver::{Call, Contract, Reply};

pub use buttons::{Press, signed};

/// A channel takes a message in so much time, where the limit is switched on.
const APART: Duration = Duration::from_secs(1);
/// Longer texts Slack cuts.
const MOST_TEXT: usize = 40_000;

/// A workspace with one bot in one channel, and a webhook to it.
#[derive(Debug, Default)]
pub struct Slack {
    /// What everybody in the channel can read, in order.
    pub messages: Vec<Message>,
    /// What was said to one person alone, in order.
    pub private: Vec<Message>,
    /// Whether a channel takes no more than a message a second.
    pub limited: bool,
    /// What every call is refused with; none while all is well.
    pub refuses: Option<&'static str>,
    /// When it took the last one.
    pub last: Option<Instant>,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What it is known by.
    pub ts: String,
    /// The message whose thread it stands in.
    pub thread: Option<String>,
    /// Whether the channel shows it, too.
    pub broadcast: bool,
    /// The line of a notification, as it came.
    pub text: String,
    /// The blocks, as they came.
    pub blocks: Vec<Value>,
    /// How often it was changed.
    pub edits: usize,
}

impl Message {
    /// All that a reader can press, or is called by: links and mentions.
    pub fn active(&self) -> Vec<String> {
        let text = blocks::active(&self.text);
        text.into_iter().chain(self.blocks.iter().flat_map(blocks::active_in)).collect()
    }

    /// What a reader sees, without the links.
    pub fn shown(&self) -> String {
        self.blocks.iter().map(blocks::shown).collect::<Vec<_>>().join("\n")
    }
}

impl Slack {
    /// The bot's token.
    pub const TOKEN: &str = "xoxb-1234567890-abcdefABCDEF";
    /// The channel that it is in.
    pub const CHANNEL: &str = "C0123ABCDEF";
    /// The path of the webhook.
    pub const HOOK: &str = "/services/T0123456789/B0123456789/s3cretOfTheWebhook";

    /// A message of the channel and its thread, as they read now.
    pub fn thread(&self) -> Vec<(&Message, Vec<&Message>)> {
        let heads = self.messages.iter().filter(|message| message.thread.is_none());
        let replies = |head: &Message| {
            let thread = Some(head.ts.clone());
            self.messages.iter().filter(|message| message.thread == thread).collect()
        };
        heads.map(|head| (head, replies(head))).collect()
    }
}

impl Contract for Slack {
    fn take(&mut self, call: &Call) -> Reply {
        if call.path == Self::HOOK {
            return self.hook(call);
        }
        if let Some(of) = call.path.strip_prefix(Self::ANSWERS) {
            return self.answered(of, call);
        }
        let answer = self.api(call);
        match answer {
            Ok(said) => Reply::new(200, with_ok(said, true)),
            Err(Wrong::TooMany) => {
                let body = json!({"ok": false, "error": "ratelimited"});
                Reply { retry_after: Some(1), ..Reply::new(429, body) }
            }
            Err(Wrong::Error(error)) => Reply::new(200, json!({"ok": false, "error": error})),
        }
    }

    fn fail(&self, status: u16) -> String {
        json!({"ok": false, "error": format!("scripted_{status}")}).to_string()
    }
}

#[derive(Debug)]
enum Wrong {
    TooMany,
    Error(&'static str),
}

fn with_ok(mut said: Value, ok: bool) -> Value {
    said["ok"] = ok.into();
    said
}

impl Slack {
    fn api(&mut self, call: &Call) -> Result<Value, Wrong> {
        if call.method != "POST" || call.header("content-type") != "application/json; charset=utf-8" {
            return Err(Wrong::Error("invalid_post_type"));
        }
        if call.header("authorization") != format!("Bearer {}", Self::TOKEN) {
            return Err(Wrong::Error("invalid_auth"));
        }
        if let Some(error) = self.refuses {
            return Err(Wrong::Error(error));
        }
        let body = call.json();
        let body = body.as_object().ok_or(Wrong::Error("invalid_json"))?;
        match call.path.as_str() {
            "/api/auth.test" => Ok(json!({"team": "Example", "user": "watchfire"})),
            "/api/chat.postMessage" => self.post(body),
            "/api/chat.update" => self.update(body),
            _ => Err(Wrong::Error("unknown_method")),
        }
    }

    fn hook(&mut self, call: &Call) -> Reply {
        if let Some(error) = self.refuses {
            return Reply::new(404, error);
        }
        let body = call.json();
        let Some(body) = body.as_object() else { return Reply::new(400, "invalid_payload") };
        const KNOWN: [&str; 6] = ["text", "blocks", "parse", "mrkdwn", "unfurl_links", "unfurl_media"];
        match self.content(body, &KNOWN) {
            Ok((text, blocks)) => {
                self.add(None, false, text, blocks);
                Reply::new(200, "ok")
            }
            Err(Wrong::TooMany) => Reply { retry_after: Some(1), ..Reply::new(429, "rate_limited") },
            Err(Wrong::Error(error)) => Reply::new(400, error),
        }
    }

    fn post(&mut self, body: &Map<String, Value>) -> Result<Value, Wrong> {
        const KNOWN: [&str; 9] = [
            "channel",
            "text",
            "blocks",
            "parse",
            "mrkdwn",
            "unfurl_links",
            "unfurl_media",
            "thread_ts",
            "reply_broadcast",
        ];
        let (text, blocks) = self.content(body, &KNOWN)?;
        Self::check_channel(body)?;
        let thread = body.get("thread_ts").and_then(Value::as_str).map(str::to_owned);
        if thread.as_ref().is_some_and(|ts| !self.messages.iter().any(|message| message.ts == *ts)) {
            return Err(Wrong::Error("thread_not_found"));
        }
        let now = Instant::now();
        if self.limited && self.last.is_some_and(|last| now.duration_since(last) < APART) {
            return Err(Wrong::TooMany);
        }
        self.last = Some(now);
        let broadcast = body.get("reply_broadcast") == Some(&Value::Bool(true));
        let ts = self.add(thread, broadcast, text, blocks);
        Ok(json!({"channel": Self::CHANNEL, "ts": ts}))
    }

    fn update(&mut self, body: &Map<String, Value>) -> Result<Value, Wrong> {
        const KNOWN: [&str; 8] =
            ["channel", "ts", "text", "blocks", "parse", "mrkdwn", "unfurl_links", "unfurl_media"];
        let (text, blocks) = self.content(body, &KNOWN)?;
        Self::check_channel(body)?;
        let ts = body.get("ts").and_then(Value::as_str).ok_or(Wrong::Error("message_not_found"))?;
        let message = self.messages.iter_mut().find(|message| message.ts == ts);
        let message = message.ok_or(Wrong::Error("message_not_found"))?;
        (message.text, message.blocks, message.edits) = (text, blocks, message.edits + 1);
        Ok(json!({"channel": Self::CHANNEL, "ts": ts}))
    }

    fn check_channel(body: &Map<String, Value>) -> Result<(), Wrong> {
        match body.get("channel").and_then(Value::as_str) {
            Some(Self::CHANNEL) => Ok(()),
            Some(_) | None => Err(Wrong::Error("channel_not_found")),
        }
    }

    fn content(&self, body: &Map<String, Value>, known: &[&str]) -> Result<(String, Vec<Value>), Wrong> {
        if body.keys().any(|name| !known.contains(&name.as_str())) {
            return Err(Wrong::Error("invalid_arguments"));
        }
        let text = body.get("text").and_then(Value::as_str).unwrap_or_default();
        let blocks = match body.get("blocks") {
            None => Vec::new(),
            Some(Value::Array(blocks)) => blocks.clone(),
            Some(_) => return Err(Wrong::Error("invalid_blocks_format")),
        };
        match (text.is_empty(), text.chars().count() > MOST_TEXT) {
            (true, _) => Err(Wrong::Error("no_text")),
            (_, true) => Err(Wrong::Error("msg_too_long")),
            (false, false) if blocks::are_right(&blocks) => Ok((text.to_owned(), blocks)),
            (false, false) => Err(Wrong::Error("invalid_blocks")),
        }
    }

    fn add(&mut self, thread: Option<String>, broadcast: bool, text: String, blocks: Vec<Value>) -> String {
        let ts = format!("1700000000.{:06}", self.messages.len() + 1);
        self.messages.push(Message { ts: ts.clone(), thread, broadcast, text, blocks, edits: 0 });
        ts
    }
}
