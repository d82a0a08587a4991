//! When a model is asked, what it is told of where something happens, and what it may cost.

use std::collections::BTreeSet;
use std::fmt;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::ChannelName;
use crate::notice::minimal::Place;
use crate::priority::Priority;
use crate::text::clean;

/// What was configured about asking a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which model.
    pub model: Model,
    /// It is asked about pages of these priorities.
    pub priorities: BTreeSet<Priority>,
    /// What of the little that `minimal` tells it is not told.
    pub leave_out: Vec<Place>,
    /// Its answer has no more tokens.
    pub most_answer_tokens: u32,
    /// What it may use on a day.
    pub budget: Budget,
    /// What its tokens cost; none where nobody said.
    pub prices: Option<Prices>,
    /// The channels in whose threads its text is said, beside the page.
    pub to: Vec<ChannelName>,
}

impl Settings {
    /// What was said longer ago is not asked about any more.
    pub const NEWS: SignedDuration = SignedDuration::from_mins(30);
}

/// What people call a model: fit for one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TriageModel")]
#[serde(transparent)]
pub struct Model(String);

impl Model {
    /// By what its provider calls it.
    pub fn new(name: &str) -> Self {
        Self(clean(name, 120))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Model {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What may be used on a day of our zone: once either is, no model is asked until the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Tokens, of questions and of answers; none: as many as there are.
    pub tokens: Option<u64>,
    /// Money; none: whatever they cost.
    pub cost: Option<Cost>,
}

/// Money, in millionths of whatever the prices are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TriageCost")]
#[serde(transparent)]
pub struct Cost(pub u64);

impl Cost {
    /// Nothing that is configured is dearer.
    pub const MOST: f64 = 1_000_000.0;

    /// An amount such as `0.003`; none where it is none, negative or too much.
    pub fn of(amount: f64) -> Option<Self> {
        ((0.0..=Self::MOST).contains(&amount)).then(|| Self((amount * 1e6).round() as u64))
    }

    /// For a gauge.
    pub fn amount(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// What 1,000 tokens cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Of a question.
    pub input: Cost,
    /// Of an answer.
    pub output: Cost,
}

impl Prices {
    /// What that many come to, rounded up.
    pub fn of(self, input_tokens: u64, output_tokens: u64) -> Cost {
        let cost = |price: Cost, tokens: u64| u128::from(price.0) * u128::from(tokens);
        let sum = (cost(self.input, input_tokens) + cost(self.output, output_tokens)).div_ceil(1_000);
        Cost(u64::try_from(sum).unwrap_or(u64::MAX))
    }
}
