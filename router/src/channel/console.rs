//! Pages on standard output: for the demo, and for trying rules out.
//!
//! - Configuration: `{console: {}}`, or `{console: {templates: …}}`.
//! - Role: notify. Permissions: none. Idempotency: none, a repeat prints again.
//! - Transient errors: none; standard output that is closed stays closed.

use std::io::Write as _;

use schemars::JsonSchema;
use serde::Deserialize;
use watchfire_core::action::Role;
use watchfire_core::decision::Effect;
use watchfire_core::ids::ChannelName;
use watchfire_core::notice::{ByRoute, Fault, Templates, Worded, Wording};

use super::payload::Form;
use super::{Action, Asked, Bound, Dispatch, Preview, Settings};
use crate::clients::Clients;
use crate::failure::{Done, Failure, NotTaken};

/// Nothing that has to be configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "Console")]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How its pages are worded; by default as ships.
    #[serde(default)]
    pub templates: Templates,
}

impl Settings for Config {
    fn form(&self) -> Form {
        Form::whole(self.templates.clone())
    }

    fn by_route(&mut self) -> Option<&mut ByRoute> {
        Some(&mut self.templates.by_route)
    }
}

/// Prints each page as one block.
#[derive(Debug)]
pub struct Console {
    name: ChannelName,
    wording: Wording,
}

impl Action for Console {
    const ROLE: Role = Role::Notify;
    const WAKES_PEOPLE: bool = false;
    type Config = Config;

    async fn new(name: &ChannelName, config: Config, _clients: &Clients) -> anyhow::Result<Self> {
        let Config { templates } = config;
        Ok(Self { name: name.clone(), wording: templates.into() })
    }

    async fn perform(&self, Dispatch { effect, .. }: &Dispatch<'_>) -> Result<Done, NotTaken> {
        let block = block(self.name.as_str(), effect, &self.wording.words(&effect.notice, effect.kind));
        let mut out = std::io::stdout().lock();
        out.write_all(block.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| Failure::permanent(format!("standard output: {error}")))?;
        Ok(Done { receipt: "printed".to_owned() })
    }

    async fn ask(&self) -> Option<Asked> {
        None
    }

    fn bound(&self) -> Option<Bound> {
        None
    }

    fn faults(&self, effect: &Effect) -> Vec<Fault> {
        if self.wording.has_own() {
            self.wording.words(&effect.notice, effect.kind).faults
        } else {
            Vec::new()
        }
    }
}

/// In one piece, so that pages do not run into each other, with a rail that sets them off from logs.
fn block(name: &str, effect: &Effect, words: &Worded) -> String {
    let mut block = format!("┌── {} to {name}\n", effect.kind.as_str());
    for line in words.text().lines() {
        block.push_str(format!("│ {line}").trim_end());
        block.push('\n');
    }
    block.push_str("└──\n");
    block
}

/// What would be printed.
pub(super) fn preview(name: &str, config: &Config, effect: &Effect) -> Preview {
    let words = Wording::from(config.templates.clone()).words(&effect.notice, effect.kind);
    let block = block(name, effect, &words);
    Preview::of("standard output", &words.faults).part("text", block)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use watchfire_core::builders::page;

    #[test]
    fn a_page_is_one_block() {
        let preview = preview("screen", &Config::default(), &page());
        assert_eq!(
            preview.parts[0].1,
            "\
┌── page to screen
│ [P0] Bitcoin miner in pod shop/pay-1
│ Respond within 15 minutes.
│ Runbook   https://runbooks.example.com/mining
│
│ Why now: first report of this incident.
│
│ CryptoCurrency:Runtime/BitcoinTool.B, 8.0 HIGH, from guardduty
│
│ A container asked for a name that mining pools use.
│
│ Not done, although the rule asks for it:
│ - quarantine: not built yet
│
│ Where it runs
│ Cluster   prod-1
│ Pod       pay-1
│ Account   123456789012
│ Region    us-gov-west-1
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
