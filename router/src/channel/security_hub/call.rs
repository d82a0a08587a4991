//! One call: `PATCH /findings/batchupdate`.

use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use axum::http::Method;
use serde_json::Value;

use super::answer::{Answer, Unanswered, judge};
use crate::aws::call::{self, Ask, Patience, Place};

/// Again is the channel's matter.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(5),
    in_all: Duration::from_secs(10),
    attempts: 1,
    wait: Duration::ZERO,
};

/// Who calls, and where.
#[derive(Debug)]
pub(super) struct Caller(call::Caller);

impl Caller {
    pub(super) fn new(http: reqwest::Client, credentials: SharedCredentialsProvider, place: Place) -> Self {
        Self(call::Caller::at(place, http, credentials))
    }

    /// Calls once; answers or fails within 10 s.
    pub(super) async fn call(&self, body: &Value) -> Result<Answer, Unanswered> {
        let ask = Ask::Rest { method: Method::PATCH, path: "/findings/batchupdate", body };
        judge(self.0.call(&ask, PATIENCE).await)
    }
}
