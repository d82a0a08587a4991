//! What the end-to-end tests stand on: real and faithful servers, the `watchfire` process, made-up events.

/// As the worker has it, for what runs in the tests' own process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod alertmanager;
mod aws_api;
mod aws_proxy;
mod browser;
mod calls;
pub mod changes;
pub mod cluster;
mod collector;
mod configuration;
mod dynamodb;
pub mod eventbridge;
pub mod fault_proxy;
mod findings_api;
pub mod in_process;
pub mod jira;
pub mod jsm;
mod lambda;
mod logs;
mod metrics;
mod ministack;
mod models;
pub mod oidc;
pub mod pagerduty;
mod process;
pub mod receiver;
mod securityhub;
pub mod servicenow;
pub mod slack;
pub mod smtp;
pub mod store_contract;
pub mod storm;
pub mod sts;
pub mod syslog;
pub mod teams;
mod watchfire;
pub mod webhook;

pub use aws_api::{AwsApi, between};
pub use aws_proxy::{AwsProxy, Twist};
pub use browser::{Browser, Tab};
pub use collector::{Collector, Span};
pub use configuration::Configuration;
pub use dynamodb::DynamoDbTable;
pub use findings_api::{Findings, FindingsApi};
pub use lambda::{Answer, Bootstrap, RuntimeApi};
pub use logs::Logs;
pub use metrics::Metrics;
pub use ministack::{Depth, Ministack, Queue};
pub use models::Models;
pub use pagerduty::{Fault, PagerDuty};
pub use process::{PythonServer, binary, data, free_port, http, python, repository};
pub use securityhub::{HubCall, HubFault, HubFinding, SecurityHub};
pub use watchfire::{Ended, Output, Watchfire, watchfire, watchfire_at, watchfire_calling, watchfire_with};

use std::time::{Duration, Instant};

pub use watchfire_core::builders::GuardDuty;

/// Asks again every 20 ms until the answer is there; after `within` it panics with `what` was awaited.
///
/// The only way in which a test waits: for something that happens, never for a length of time.
pub async fn until<T>(what: &str, within: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
