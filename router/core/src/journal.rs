//! The memory: one entry per event, and per effect what became of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::{Act, StepRecord};
use crate::decision::{Decision, Effect};
use crate::ids::EffectId;

/// A decision, the event it was about, and what became of its effects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What was decided.
    pub decision: Decision,
    /// The event's text as delivered.
    pub raw: String,
    /// SHA-256 of that text, hexadecimal.
    pub sha256: String,
    /// What became of each effect; one without an outcome is pending.
    pub outcomes: BTreeMap<EffectId, Outcome>,
}

impl Entry {
    /// The effects that have no outcome yet, in order.
    pub fn pending(&self) -> impl Iterator<Item = &Effect> {
        self.decision.effects.iter().filter(|effect| !self.outcomes.contains_key(&effect.id))
    }

    /// The acts that have no outcome yet, in order.
    pub fn pending_acts(&self) -> impl Iterator<Item = &Act> {
        self.decision.acts.iter().filter(|act| !self.outcomes.contains_key(&act.id))
    }

    /// The ids of everything that has no outcome yet.
    pub fn pending_ids(&self) -> impl Iterator<Item = &EffectId> {
        self.pending().map(|effect| &effect.id).chain(self.pending_acts().map(|act| &act.id))
    }
}

/// What became of an effect, for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The channel took it.
    Done {
        /// When.
        at: Timestamp,
        /// What the channel said, such as a message id; at most 200 characters.
        receipt: String,
    },
    /// The channel refused it, and would again.
    Failed {
        /// When.
        at: Timestamp,
        /// Why, without secrets; at most 500 characters.
        reason: String,
    },
    /// Its condition did not come true.
    NotNeeded {
        /// When.
        at: Timestamp,
    },
    /// An act came to its end.
    Acted {
        /// When.
        at: Timestamp,
        /// How it ended.
        end: ActEnd,
        /// In a sentence, without secrets; at most 500 characters.
        said: String,
        /// Step by step; empty for an act that is not a matter of steps.
        steps: Vec<StepRecord>,
    },
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActEnd {
    /// Everything was done, and verified where that can be.
    Done,
    /// Something was not; what comes after it was not tried.
    Failed,
    /// There was nothing to do any more.
    Needless,
}
