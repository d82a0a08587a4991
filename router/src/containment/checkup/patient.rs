//! Questions to an API server that may be busy: what passes is asked again.

use std::time::Duration;

use serde_json::Value;

use crate::containment::api::Api;
use crate::containment::fault::Fault;
use crate::containment::kind::Kind;

/// As often a question is asked.
const ATTEMPTS: u32 = 4;
/// Before the second attempt; twice as long before each further one.
const WAIT: Duration = Duration::from_millis(250);
/// An API server that asks for more is waited for no longer.
const LONGEST: Duration = Duration::from_secs(3);

/// The API server, asked again while it says to come again.
pub(super) struct Patient(pub(super) Api);

impl Patient {
    /// As [`Api::get`].
    pub(super) async fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Option<Value>, Fault> {
        again(async || self.0.get(kind, namespace, name).await).await
    }

    /// As [`Api::list`].
    pub(super) async fn list(
        &self,
        kind: &Kind,
        namespace: &str,
        labels: Option<&str>,
    ) -> Result<Option<Vec<Value>>, Fault> {
        again(async || self.0.list(kind, namespace, labels).await).await
    }

    /// As [`Api::review`].
    pub(super) async fn review(&self, kind: &Kind, spec: &Value) -> Result<Value, Fault> {
        again(async || self.0.review(kind, spec.clone()).await).await
    }
}

async fn again<T>(ask: impl AsyncFn() -> Result<T, Fault>) -> Result<T, Fault> {
    let mut wait = WAIT;
    for _ in 1..ATTEMPTS {
        match ask().await {
            Err(Fault::Passing { reason: _, retry_after }) => {
                tokio::time::sleep(retry_after.unwrap_or(wait).min(LONGEST)).await;
                wait *= 2;
            }
            answered => return answered,
        }
    }
    ask().await
}
