//! Webhooks v3 as PagerDuty delivers them: the body, its signatures, its id.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use crate::process::http;

/// One delivery; a test may change anything about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `X-Webhook-Id`: the same on every attempt.
    pub id: String,
    /// The body, to the byte.
    pub body: String,
    /// `X-PagerDuty-Signature`.
    pub signature: Option<String>,
}

impl Delivery {
    /// That event, signed with each of the secrets of its subscription.
    pub fn of(event: &Value, id: &str, secrets: &[&str]) -> Self {
        let body = event.to_string();
        let signature = Some(signature(&body, secrets));
        Self { id: id.to_owned(), body, signature }
    }

    /// One attempt: the status, and what was answered.
    pub async fn send(&self, url: &str) -> (u16, Value) {
        let Self { id, body, signature } = self;
        let mut request =
            http().post(url).header("X-Webhook-Id", id).header("Content-Type", "application/json");
        if let Some(signature) = signature {
            request = request.header("X-PagerDuty-Signature", signature);
        }
        let answer = request.body(body.clone()).send().await.expect("somebody answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }
}

/// The header's text: `v1=HEX` for each secret, with commas in between.
pub fn signature(body: &str, secrets: &[&str]) -> String {
    let one = |secret: &&str| {
        let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body.as_bytes());
        format!("v1={}", tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(",")
}

/// The event that tests a subscription.
pub fn ping() -> Value {
    json!({"event": {
        "id": "01PING", "event_type": "pagey.ping", "resource_type": "pagey", "occurred_at": "2026-11-20T12:00:00Z",
        "agent": null, "client": null, "data": {"message": "Hello from your friend Pagey!", "type": "ping"},
    }})
}
