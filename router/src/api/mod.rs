//! The worker's HTTP API in types: its routes, what may be asked, what is answered, and the document made of them.
//!
//! The worker builds its answers as [`views`], the command line reads them as the same; what stands here is what
//! `schemas/openapi.json` says.

pub(crate) mod ages;
mod endpoints;
mod openapi;
pub mod params;
pub(crate) mod told;
pub mod views;

pub use endpoints::{
    HealthEndpoint, IngestEndpoint, Method, OperatorEndpoint, WebhookEndpoint, WorkerEndpoint,
};
pub use openapi::document;

/// In every answer to an operator: the worker's version.
pub(crate) const VERSION_HEADER: &str = "watchfire-version";
/// In a request that changes something by a session's cookie: the session's token.
pub(crate) const CSRF_HEADER: &str = "watchfire-csrf";
/// In every answer to an operator: the time zone of the configuration.
pub(crate) const ZONE_HEADER: &str = "watchfire-time-zone";
/// Where assistants ask, by the Model Context Protocol.
pub(crate) const MCP: &str = "/mcp";
/// What PagerDuty signs a webhook by.
pub(crate) const SIGNATURE_HEADER: &str = "x-pagerduty-signature";
/// What Slack signs a request by.
pub(crate) const SLACK_SIGNATURE_HEADER: &str = "x-slack-signature";
/// One event per line.
pub(crate) const LINES: &str = "application/x-ndjson";
/// A file of the store.
pub(crate) const BYTES: &str = "application/octet-stream";
/// What the metrics are written as.
pub(crate) const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests;
