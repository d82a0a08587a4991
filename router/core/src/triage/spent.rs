//! What models have used on a day, and whether there is room for one more question.

use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Budget, Cost, Prices, Settings};

/// What a question and its answer used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TriageUsage")]
pub struct Usage {
    /// Of the question.
    pub input_tokens: u64,
    /// Of the answer.
    pub output_tokens: u64,
    /// In millionths of what the prices are in; none where there are no prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// How long the answer took, in milliseconds.
    pub latency_ms: u64,
}

impl Usage {
    /// Of that many tokens, at these prices.
    pub fn of(input_tokens: u64, output_tokens: u64, latency_ms: u64, prices: Option<Prices>) -> Self {
        let cost = prices.map(|prices| prices.of(input_tokens, output_tokens));
        Self { input_tokens, output_tokens, cost, latency_ms }
    }

    /// Both.
    pub fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// What was used on the latest day on which a model was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentRecord {
    /// Which day, in our zone; none before the first.
    pub day: Option<Date>,
    /// Questions that were asked.
    pub asked: u64,
    /// Of questions and answers.
    pub tokens: u64,
    /// Of all that had a price.
    pub cost: Cost,
}

/// What is left of a day's budget; none where it has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Tokens.
    pub tokens: Option<u64>,
    /// Money.
    pub cost: Option<Cost>,
}

/// Why there is no room for one more question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The tokens of the day are used.
    Tokens {
        /// So many are.
        used: u64,
        /// Of so many.
        of: u64,
    },
    /// The money of the day is.
    Cost {
        /// So much is.
        used: Cost,
        /// Of so much.
        of: Cost,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Tokens { used, of } => {
                write!(
                    out,
                    "the day's budget has no room for one more question: {used} of {of} tokens are used"
                )
            }
            Refusal::Cost { used, of } => {
                write!(out, "the day's budget has no room for one more question: {used} of {of} is spent")
            }
        }
    }
}

impl SpentRecord {
    /// As it counts on that day: what was used on another counts no more.
    pub fn on(&self, day: Date) -> Self {
        if self.day == Some(day) { self.clone() } else { Self { day: Some(day), ..Self::default() } }
    }

    /// With that much more.
    pub fn with(&self, usage: &Usage) -> Self {
        Self {
            day: self.day,
            asked: self.asked.saturating_add(1),
            tokens: self.tokens.saturating_add(usage.tokens()),
            cost: Cost(self.cost.0.saturating_add(usage.cost.unwrap_or_default().0)),
        }
    }

    /// What is left of it.
    pub fn left(&self, budget: &Budget) -> Left {
        Left {
            tokens: budget.tokens.map(|most| most.saturating_sub(self.tokens)),
            cost: budget.cost.map(|most| Cost(most.0.saturating_sub(self.cost.0))),
        }
    }

    /// Whether there is room for a question of so many tokens with the longest answer there may be. It is asked before
    /// the question, so that a budget is never gone over by the answer to come.
    ///
    /// # Errors
    /// What there is no room in.
    pub fn has_room(&self, question: u64, settings: &Settings) -> Result<(), Refusal> {
        let Settings { most_answer_tokens, budget, prices, .. } = settings;
        let most = Usage::of(question, u64::from(*most_answer_tokens), 0, *prices);
        let Left { tokens, cost } = self.left(budget);
        if let (Some(left), Some(of)) = (tokens, budget.tokens)
            && left < most.tokens()
        {
            return Err(Refusal::Tokens { used: self.tokens, of });
        }
        if let (Some(left), Some(of), Some(cost)) = (cost, budget.cost, most.cost)
            && left < cost
        {
            return Err(Refusal::Cost { used: self.cost, of });
        }
        Ok(())
    }
}
