//! Pages on standard output: for the demo, and for trying rules out.
//!
//! - Configuration: `{console: {}}`.
//! - Role: notify. Permissions: none. Idempotency: none, a repeat prints again.
//! - Transient errors: none; standard output that is closed stays closed.

use std::io::Write as _;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::decision::{Effect, Role};
use watchfire_core::ids::ChannelName;

use super::{Action, Done, Failure, NotTaken, PerMinute};
use crate::clients::Clients;

/// Nothing to configure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Console")]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// Prints each page as one block.
#[derive(Debug)]
pub struct Console {
    name: ChannelName,
}

impl Action for Console {
    const ROLE: Role = Role::Notify;
    type Config = Config;

    async fn new(name: &ChannelName, config: Config, _clients: &Clients) -> anyhow::Result<Self> {
        let Config {} = config;
        Ok(Self { name: name.clone() })
    }

    async fn perform(&self, effect: &Effect) -> Result<Done, NotTaken> {
        let block = self.block(effect);
        let mut out = std::io::stdout().lock();
        out.write_all(block.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| Failure::permanent(format!("standard output: {error}")))?;
        Ok(Done { receipt: "printed".to_owned() })
    }

    async fn ask(&self) -> Option<Result<String, String>> {
        None
    }

    fn per_minute(&self) -> Option<PerMinute> {
        None
    }
}

impl Console {
    /// In one piece, so that pages do not run into each other, with a rail that sets them off from logs.
    fn block(&self, effect: &Effect) -> String {
        let Effect { id: _, kind, channel: _, when: _, dedup_key: _, notice } = effect;
        let mut block = format!("┌── {} to {}\n", kind.as_str(), self.name);
        for line in notice.text(*kind).lines() {
            block.push_str(format!("│ {line}").trim_end());
            block.push('\n');
        }
        block.push_str("└──\n");
        block
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::actions::tests::page;

    #[tokio::test]
    async fn a_page_is_one_block() {
        let clients = Clients::new(None).unwrap();
        let console = Console::new(&ChannelName::new("screen"), Config {}, &clients).await.unwrap();
        assert_eq!(
            console.block(&page()),
            "\
┌── page to screen
│ [P0] Bitcoin miner in pod shop/pay-1
│ Respond within 15 minutes.
│ Why now: first report of this incident.
│
│ CryptoCurrency:Runtime/BitcoinTool.B, 8.0 HIGH, from guardduty
│
│ A container asked for a name that mining pools use.
│
│ Cluster   prod-1
│ Pod       pay-1
│ Account   123456789012
│ Region    us-gov-west-1
│
│ Not done, although the rule asks for it:
│ - quarantine: not built yet
│
│ Runbook   https://runbooks.example.com/mining
│
│ Happened  2026-11-20 02:58:11 UTC
│ Rule      miner-in-a-pod (crypto-mining)
│ Incident  v1:5f3c9a
│ Finding   arn:aws-us-gov:guardduty:us-gov-west-1:123456789012:detector/d/finding/f
│ Event     7bf73129-1428-4cd3-a780-95db273d1602
└──
"
        );
    }
}
