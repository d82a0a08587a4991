//! A `watchfire.yaml` made by a test: every address on loopback, every time short.

use serde_json::{Value, json};

use crate::smtp::Smtp;

/// A configuration under construction, written as JSON, which YAML contains.
#[derive(Clone, Debug)]
pub struct Configuration(Value);

impl Configuration {
    /// The routing key that every configuration sends, by way of the environment variable `PD_KEY`.
    pub const ROUTING_KEY: &str = "r0ut1ngk3yr0ut1ngk3yr0ut1ngk3y00";
    /// What the environment variable `INGEST_TOKEN` holds.
    pub const INGEST_TOKEN: &str = "t0ken-of-the-tests";

    /// HTTP ingest, health on a free port, an embedded store, and one channel, `oncall`, at that
    /// PagerDuty address; P3 goes nowhere.
    pub fn new(pagerduty_url: &str) -> Self {
        let pagerduty = json!({
            "routing_key": {"env": "PD_KEY"}, "url": pagerduty_url, "payload": "standard",
            "events_per_minute": 1_000_000,
        });
        Self(json!({
            "http": {"listen": "127.0.0.1:0"},
            "health": {"listen": "127.0.0.1:0"},
            "store": {"path": "data/watchfire.redb", "keep_days": 90},
            "channels": {"oncall": {"pagerduty": pagerduty}},
            "routes": {
                "P0": {"to": ["oncall"]}, "P1": {"to": ["oncall"]}, "P2": {"to": ["oncall"]}, "P3": {"to": []},
            },
        }))
    }

    /// Takes messages from that SQS queue too; they are the queue's again after 10 s without a sign of life.
    pub fn queue(self, url: &str) -> Self {
        let queue = json!({
            "url": url, "wait_seconds": 1, "visibility_seconds": 10, "in_flight": 64, "max_receives": 20,
        });
        self.set("queue", queue)
    }

    /// Takes messages from those SQS queues, so many at a time each; they are the queue's again after 10 s without a
    /// sign of life.
    pub fn queues(self, queues: &[(&str, u16)]) -> Self {
        let queue = |(url, in_flight): &(&str, u16)| json!({"url": url, "wait_seconds": 1, "visibility_seconds": 10, "in_flight": in_flight});
        self.set("queues", queues.iter().map(queue).collect())
    }

    /// Adds the channel `mail` at that server, with TLS and a login by way of the environment variables
    /// `SMTP_USER` and `SMTP_PASSWORD`, and makes it the fallback of P0 and P1 after two seconds.
    pub fn mail_as_fallback(self, server: &Smtp) -> Self {
        let email = json!({
            "host": "127.0.0.1", "port": server.port(), "tls": "starttls", "ca_file": server.ca_file(),
            "from": "watchfire@example.com", "to": ["oncall@example.com"],
            "auth": {"username": {"env": "SMTP_USER"}, "password": {"env": "SMTP_PASSWORD"}},
        });
        self.set("channels.mail", json!({"email": email}))
            .set("routes.P0", json!({"to": ["oncall"], "fallback": "mail"}))
            .set("routes.P1", json!({"to": ["oncall"], "fallback": "mail"}))
            .set("fallback_after_seconds", json!(2))
    }

    /// Sets the value at a dotted path, making the objects on the way.
    pub fn set(mut self, path: &str, value: Value) -> Self {
        let mut place = &mut self.0;
        for key in path.split('.') {
            place = &mut place[key];
        }
        *place = value;
        self
    }

    /// The file's text.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(&self.0).expect("a JSON value can be written")
    }
}
