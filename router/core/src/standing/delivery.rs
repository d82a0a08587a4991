//! Who was told: what became of each page, whether its fallback stood in, and what is still owed.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Sources;
use crate::decision::{Effect, When};
use crate::ids::{ChannelName, DedupKey, EffectId};
use crate::journal::{ActEnd, Entry, Outcome};
use crate::verdict::EffectKind;

/// One thing that somebody was or is to be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    /// Its id.
    pub id: EffectId,
    /// What.
    pub kind: EffectKind,
    /// Over which channel.
    pub channel: ChannelName,
    /// Under which dedup key.
    pub dedup_key: DedupKey,
    /// Whether it is the fallback of another.
    pub fallback: bool,
    /// Of a fallback: for which channel it stands in.
    #[serde(default)]
    pub stands_in_for: Option<ChannelName>,
    /// Which fallback took it in place of its own channel.
    #[serde(default)]
    pub stood_in: Option<ChannelName>,
    /// What became of it.
    pub result: Progress,
    /// When.
    pub at: Option<Timestamp>,
    /// What the channel said.
    pub said: String,
}

/// What became of what was to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It was done.
    Done,
    /// It was not, and will not be.
    Failed,
    /// It did not have to be.
    NotNeeded,
    /// It is still tried.
    Pending,
}

/// A delivery, and by which decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// When that was decided.
    pub decided_at: Timestamp,
    /// Whether it told of others, too.
    pub with_others: bool,
    /// What became of it.
    pub delivery: Delivery,
}

impl Progress {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Progress::Done => "done",
            Progress::Failed => "failed",
            Progress::NotNeeded => "not needed",
            Progress::Pending => "pending",
        }
    }
}

impl Delivery {
    /// What became of each effect of a decision, in order.
    pub fn of(entry: &Entry) -> Vec<Self> {
        let effects = &entry.decision.effects;
        let outcome = |effect: &Effect| ended(entry.outcomes.get(&effect.id));
        let delivery = |effect: &Effect| {
            let (result, at, said) = outcome(effect);
            let stands_in_for = primary_of(effect)
                .and_then(|primary| effects.iter().find(|effect| effect.id == *primary))
                .map(|primary| primary.channel.clone());
            let took = |fallback: &&Effect| {
                primary_of(fallback) == Some(&effect.id) && outcome(fallback).0 == Progress::Done
            };
            let stood_in = effects.iter().find(took).map(|fallback| fallback.channel.clone());
            let Effect { id, kind, channel, when, dedup_key, notice: _ } = effect;
            Self {
                id: id.clone(),
                kind: *kind,
                channel: channel.clone(),
                dedup_key: dedup_key.clone(),
                fallback: matches!(when, When::Unless { .. }),
                stands_in_for,
                stood_in,
                result,
                at,
                said,
            }
        };
        effects.iter().map(delivery).collect()
    }

    /// What became of it, in words: `done`, `owed: mail stood in`, `done, standing in for oncall`.
    pub fn came_of(&self) -> String {
        let result = self.result.as_str();
        match (self.result, &self.stood_in, &self.stands_in_for) {
            (Progress::Pending, Some(fallback), _) => format!("owed: {fallback} stood in"),
            (Progress::Failed, Some(fallback), _) => format!("{result}, {fallback} stood in"),
            (Progress::Done, _, Some(primary)) => format!("{result}, standing in for {primary}"),
            (Progress::Pending, None, Some(primary)) => format!("{result}, should {primary} not take it"),
            (_, _, _) => result.to_owned(),
        }
    }

    /// Whether nobody has to look at it: its condition did not come true.
    fn is_idle(&self) -> bool {
        self.result == Progress::NotNeeded
    }
}

impl Told {
    /// All that was told, the oldest first.
    pub(super) fn of(sources: &Sources<'_>) -> Vec<Self> {
        let own = sources.entries.iter().map(|entry| (entry, false));
        let entries = own.chain(sources.said_with.map(|entry| (entry, true)));
        let of_entry = |(entry, with_others): (&Entry, bool)| -> Vec<Self> {
            let decided_at = entry.decision.at;
            let told = Delivery::of(entry).into_iter().filter(|delivery| !delivery.is_idle());
            told.map(|delivery| Self { decided_at, with_others, delivery }).collect()
        };
        let mut told: Vec<_> = entries.flat_map(of_entry).collect();
        told.sort_by_key(|told| told.decided_at);
        told
    }

    /// When, in a line with what and to whom.
    pub fn at(&self) -> Timestamp {
        self.delivery.at.unwrap_or(self.decided_at)
    }
}

/// The effect of which it is the fallback.
fn primary_of(effect: &Effect) -> Option<&EffectId> {
    match &effect.when {
        When::Unless { effect, within_seconds: _ } => Some(effect),
        When::Now | When::IfDone(_) => None,
    }
}

/// What became of an effect or an act: how it ended, when, and what was said.
pub fn ended(outcome: Option<&Outcome>) -> (Progress, Option<Timestamp>, String) {
    match outcome {
        None => (Progress::Pending, None, String::new()),
        Some(Outcome::Done { at, receipt }) => (Progress::Done, Some(*at), receipt.clone()),
        Some(Outcome::Failed { at, reason }) => (Progress::Failed, Some(*at), reason.clone()),
        Some(Outcome::NotNeeded { at }) => (Progress::NotNeeded, Some(*at), String::new()),
        Some(Outcome::Acted { at, end, said, steps: _ }) => {
            let result = match end {
                ActEnd::Done => Progress::Done,
                ActEnd::Failed => Progress::Failed,
                ActEnd::Needless => Progress::NotNeeded,
            };
            (result, Some(*at), said.clone())
        }
    }
}
