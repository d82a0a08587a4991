//! A model's text beside a page: what it is told, what is taken of its answer, what it may cost, and how it is shown.
//!
//! It decides nothing: no decision reads what is here but the one that writes it down. What it is told is what
//! `minimal` tells; what it says is cut, cleaned and never shown without what the page itself rests on.

mod answer;
mod claims;
mod prompt;
mod settings;
mod shown;
mod spent;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::EventId;

pub use answer::{Answer, Unreadable};
pub use claims::Warning;
pub(crate) use prompt::rests_on;
pub use prompt::{Nonce, Prompt};
pub use settings::{Budget, Cost, Model, Prices, Settings};
pub use shown::{MACHINE, UNDECIDED};
pub use spent::{Left, Refusal, SpentRecord, Usage};

/// What a model was asked about an incident in one of its episodes, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TriageText")]
pub struct Text {
    /// The entry of the journal that has the prompt and the answer, whole.
    pub event: EventId,
    /// In which episode of the incident.
    pub episode: u32,
    /// When it came.
    pub at: Timestamp,
    /// Which model.
    pub model: Model,
    /// What of the page the model was told, by name; nothing else of it.
    pub told: Vec<String>,
    /// What the page rests on, in our words: it stands whatever the model says.
    pub page_rests_on: Vec<String>,
    /// What it cost.
    pub usage: Usage,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of asking a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TriageOutcome")]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A text, as far as it is shown.
    Answered(Answer),
    /// An answer that is not of the form that was asked for: it is in the journal, and not shown.
    Unreadable,
    /// The model, or what guards it, did not answer; in a clause.
    Refused(String),
    /// No answer came; why, in a clause without secrets.
    Failed(String),
    /// It was not asked; why, in a clause.
    NotAsked(String),
}

impl Outcome {
    /// The word in the journal.
    pub fn as_str(&self) -> &'static str {
        match self {
            Outcome::Answered(_) => "answered",
            Outcome::Unreadable => "unreadable",
            Outcome::Refused(_) => "refused",
            Outcome::Failed(_) => "failed",
            Outcome::NotAsked(_) => "not_asked",
        }
    }
}

/// What models wrote about an incident, an episode each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriageRecord {
    /// The oldest first.
    #[serde(default)]
    pub texts: Vec<Text>,
}

impl TriageRecord {
    /// Older texts than so many are in the journal alone.
    pub const MOST: usize = 8;

    /// Whether that episode has one.
    pub fn has(&self, episode: u32) -> bool {
        self.texts.iter().any(|text| text.episode == episode)
    }

    /// One more; the oldest goes where there are too many.
    pub(crate) fn add(&mut self, text: Text) {
        self.texts.push(text);
        self.texts.drain(..self.texts.len().saturating_sub(Self::MOST));
    }

    /// As it is where a clock that was ahead has written it.
    pub(crate) fn as_of(&mut self, now: Timestamp) {
        self.texts.iter_mut().for_each(|text| text.at = text.at.min(now));
    }
}
