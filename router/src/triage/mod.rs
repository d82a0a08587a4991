//! Models that are asked about a page: Amazon Bedrock's, or those behind any side that has OpenAI's chat completions.
//!
//! Here a question is sent and an answer is read, nothing else. When that is done, and what becomes of it, is the
//! router's matter (`router/triaging.rs`); what is asked and what is taken of an answer is core's (`triage`).

mod bedrock;
mod check;
mod config;
mod openai;
#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::bail;
use tokio::time::{sleep, timeout};
use watchfire_core::text::clean;
use watchfire_core::triage::Prompt;

pub use config::{
    Amount, BedrockConfig, BudgetConfig, GuardrailConfig, ModelId, OpenAiConfig, PricesConfig, TriageConfig,
};

use crate::clients::Clients;
use bedrock::Bedrock;
use openai::OpenAi;

/// What is kept of an answer, in characters: whatever is longer was not asked for.
const MOST_KEPT: usize = 16_000;
/// What is kept of why there is none.
const MOST_SAID: usize = 300;

/// Before the second and the third attempt, where too many ask or nobody is there. What took too long is not asked
/// again: it may have been answered, and would cost twice.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// A model, and how it is reached.
#[derive(Debug)]
pub struct Asker {
    way: Way,
    /// An answer takes no longer, with whatever is tried again.
    pub(crate) timeout: Duration,
    /// So many are asked at once.
    pub(crate) at_once: usize,
}

#[derive(Debug)]
enum Way {
    Bedrock(Bedrock),
    OpenAi(OpenAi),
}

/// What a model said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its words.
    pub(crate) text: String,
    /// Why it stopped.
    pub(crate) stop: Stop,
    /// What it used, as it says itself; none where it does not.
    pub(crate) tokens: Option<Tokens>,
}

/// What an answer used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It had said all.
    AtItsEnd,
    /// It had no more tokens.
    Cut,
    /// It, or what guards it, would not answer.
    Refused,
}

/// Why a model said nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotSaid {
    pub(crate) why: WhyNot,
    /// In a clause, without secrets.
    pub(crate) reason: String,
}

/// Why a model said nothing, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhyNot {
    /// Too many ask.
    Throttled,
    /// It took too long.
    TimedOut,
    /// Whoever asks may not.
    Denied,
    /// It does not take the question: no such model, no such member.
    Invalid,
    /// It is not there.
    Unavailable,
}

impl NotSaid {
    fn new(why: WhyNot, reason: impl AsRef<str>) -> Self {
        Self { why, reason: clean(reason.as_ref(), MOST_SAID) }
    }
}

impl WhyNot {
    /// By a status of HTTP.
    fn of(status: u16) -> Self {
        match status {
            429 => WhyNot::Throttled,
            408 | 504 => WhyNot::TimedOut,
            401 | 403 => WhyNot::Denied,
            400..500 if status != 424 => WhyNot::Invalid,
            _ => WhyNot::Unavailable,
        }
    }

    /// Whether nobody knows how much was used: the question may have been answered, and the answer been lost.
    pub(crate) fn may_have_cost(self) -> bool {
        match self {
            WhyNot::TimedOut | WhyNot::Unavailable => true,
            WhyNot::Throttled | WhyNot::Denied | WhyNot::Invalid => false,
        }
    }
}

impl Asker {
    /// Nothing is sent.
    ///
    /// # Errors
    /// A region, credentials or a token that cannot be had.
    pub(crate) async fn open(config: &TriageConfig, clients: &Clients) -> anyhow::Result<Self> {
        let (timeout, at_once) = (config.timeout(), usize::from(config.at_once));
        let way = match (&config.bedrock, &config.openai) {
            (Some(bedrock), _) => Way::Bedrock(Bedrock::open(bedrock, timeout, clients).await?),
            (None, Some(openai)) => Way::OpenAi(OpenAi::open(openai, timeout, clients).await?),
            (None, None) => bail!("expected `bedrock` or `openai`, found neither"),
        };
        Ok(Self { way, timeout, at_once })
    }

    /// Asks. May be dropped at any await.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn ask(&self, prompt: &Prompt, most_tokens: u32) -> Result<Said, NotSaid> {
        let asked = async {
            for wait in AGAIN_AFTER {
                match self.try_once(prompt, most_tokens).await {
                    Err(NotSaid { why: WhyNot::Throttled | WhyNot::Unavailable, .. }) => sleep(wait).await,
                    tried => return tried,
                }
            }
            self.try_once(prompt, most_tokens).await
        };
        let late =
            || NotSaid::new(WhyNot::TimedOut, format!("no answer within {} s", self.timeout.as_secs()));
        let said = timeout(self.timeout, asked).await.unwrap_or_else(|_| Err(late()))?;
        Ok(Said { text: said.text.chars().take(MOST_KEPT).collect(), ..said })
    }

    async fn try_once(&self, prompt: &Prompt, most_tokens: u32) -> Result<Said, NotSaid> {
        match &self.way {
            Way::Bedrock(bedrock) => bedrock.ask(prompt, most_tokens).await,
            Way::OpenAi(openai) => openai.ask(prompt, most_tokens).await,
        }
    }
}
