//! A queue in the configuration.

use schemars::JsonSchema;
use serde::Deserialize;

/// An SQS queue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Queue")]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of url, name, wait_seconds, visibility_seconds, in_flight, max_receives"
)]
pub struct QueueConfig {
    /// Its URL.
    #[schemars(regex(pattern = r"^(https://|http://(localhost|127\.|\[::1\]))"))]
    pub url: String,
    /// Its name in metrics and logs; by default the last part of its URL.
    pub name: Option<String>,
    /// How long one receive waits for messages, 0 to 20.
    #[schemars(range(max = 20))]
    #[serde(default = "twenty")]
    pub wait_seconds: u16,
    /// How long a message stays invisible at a time, 10 to 43,200; extended while it is worked on.
    #[schemars(range(min = 10, max = 43_200))]
    #[serde(default = "two_minutes")]
    pub visibility_seconds: u32,
    /// How many messages are worked on at once, 1 to 10,000; one that only waits for its channel does not count.
    #[schemars(range(min = 1, max = 10_000))]
    #[serde(default = "sixty_four")]
    pub in_flight: u16,
    /// After how many receives the queue gives a message up; by default as the queue's redrive policy says.
    #[schemars(range(min = 1))]
    pub max_receives: Option<u32>,
}

impl QueueConfig {
    /// The word for it in metrics and logs.
    pub fn name(&self) -> &str {
        let last = self.url.trim_end_matches('/').rsplit('/').next();
        self.name.as_deref().or(last).unwrap_or_default()
    }
}

fn twenty() -> u16 {
    20
}

fn two_minutes() -> u32 {
    120
}

fn sixty_four() -> u16 {
    64
}
