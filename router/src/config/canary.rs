//! The part `canary`: an event of ours on a schedule, whose absence a monitor outside pages on.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::canary::NAME;
use watchfire_core::yaml::{Node, expected};

use super::http::Taking;
use super::mistake::Mistakes;
use crate::secret::SecretSource;

/// Canaries.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Canary")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of every_minutes, heartbeat")]
pub struct CanaryConfig {
    /// How often one is sent, 1 to 60.
    #[schemars(range(min = 1, max = 60))]
    pub every_minutes: u32,
    /// The address that is called when one has arrived; whoever knows it can call it, so it is a secret.
    pub heartbeat: Option<SecretSource>,
}

impl Default for CanaryConfig {
    fn default() -> Self {
        Self { every_minutes: 5, heartbeat: None }
    }
}

impl CanaryConfig {
    pub(crate) fn every(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.every_minutes))
    }
}

/// The part, where it is written and right.
pub(super) fn check(
    part: Option<&Node>,
    taking: Taking,
    channels: &[String],
    mistakes: &mut Mistakes<'_>,
) -> Option<CanaryConfig> {
    let part = part?;
    mistakes.read("canary", part, |canary: &CanaryConfig, mistake| {
        let CanaryConfig { every_minutes, heartbeat: _ } = canary;
        if !(1..=60).contains(every_minutes) {
            mistake(".every_minutes", expected("1 to 60").found(every_minutes.to_string()));
        }
        if taking == Taking::Nothing {
            let queue = expected("`queue` beside `store.dynamodb`");
            mistake(
                "",
                queue.hint("canaries come in where events do, which is SQS where the store is a table"),
            );
        }
        if channels.iter().any(|name| name == NAME) {
            let hint = "with `canary` this is the name of the channel that hears of them";
            mistake("", expected(format!("no channel of the name `{NAME}`")).hint(hint));
        }
    })
}
