//! Scenarios: a promise, what happens and when, and everything that has to be decided, whoever runs it.
//!
//! ```yaml
//! promise: a repeat within the window is not said again
//! rules: plain                         # else those of its folder
//! start: 2026-11-25T09:00:00Z          # a Wednesday
//! policy:                              # all of it optional, see below
//!   routes: {P0: [oncall], P1: [oncall], P2: [team], P3: []}
//! steps:
//!   - at: +0m
//!     guardduty: {id: f1, type: "CryptoCurrency:Runtime/BitcoinTool.B", pod: shop/web-1, severity: 8}
//!     expect: ["P0 page new #1 -> page:oncall"]
//!   - {at: +14m, guardduty: {id: f1, count: 7}, expect: ["P0 quiet repeat #1"]}
//!   - {at: +15m, expect: []}           # nothing happens: it is asked what is due
//! ```
//!
//! A scenario is plain data: a [`Policy`] and steps of [`StepInput`]s, every text and every id in them the same each
//! time. So the same file runs on a [`Replay`] ([`Scenario::run`]) and on anything that takes messages, commands
//! and ticks ([`Scenario::differences`] compares what that decided). Nothing is due of itself: only a step in which
//! nothing happens is a tick, and it goes on until nothing more is due. `rules/scenarios/README.md` has the form.

mod build;
mod difference;
mod events;
mod file;
mod input;
mod steps;
mod transcript;

pub use build::{Beside, StepInput};
pub use difference::Difference;
pub use transcript::{Transcript, transcript};

use std::collections::BTreeMap;

use crate::decision::Decision;
use crate::policy::Policy;
use crate::replay::Replay;
use crate::yaml::Diagnostic;

/// The JSON Schema of a scenario file.
pub fn schema() -> String {
    crate::schema::text_of::<file::ScenarioText>()
}

/// A scenario, ready to be run.
#[derive(Debug)]
pub struct Scenario {
    /// The file it stands in.
    pub file: String,
    /// What it shows, in a sentence.
    pub promise: String,
    /// What happens, in order.
    pub steps: Vec<Step>,
    policy: Policy,
    /// What silences are called, by id.
    silences: BTreeMap<String, String>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it stands in the file, from 1.
    pub line: u64,
    /// What happens, in order; several where the step says how many times.
    pub inputs: Vec<StepInput>,
    /// All that has to be decided, as [`Transcript::lines`] writes it.
    pub expect: Vec<String>,
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// Every mistake in the file, with its place; for step texts the first one.
    pub fn read(file: &str, text: &str, beside: Beside<'_>) -> Result<Scenario, Vec<Diagnostic>> {
        build::read(file, text, beside)
    }

    /// What is configured in it.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What is configured in it, for whoever needs it for himself.
    pub fn into_policy(self) -> Policy {
        self.policy
    }

    /// A transcript that knows this scenario's silences by name.
    pub fn transcript(&self) -> Transcript {
        Transcript::naming(self.silences.clone())
    }

    /// Runs it in memory.
    pub fn run(&self) -> Vec<Difference> {
        let mut replay = Replay::new(&self.policy);
        self.differences(|input| match input {
            StepInput::Message { text, at } => replay.message_at(text, *at),
            StepInput::Command { command, at } => vec![replay.command(command, *at)],
            StepInput::Tick { at } => replay.tick(*at),
        })
    }

    /// Hands every input to whoever decides, and compares step by step.
    pub fn differences(&self, mut decide: impl FnMut(&StepInput) -> Vec<Decision>) -> Vec<Difference> {
        let mut transcript = self.transcript();
        let steps = self.steps.iter().enumerate();
        let compared = steps.filter_map(|(index, step)| {
            let decided: Vec<_> = step.inputs.iter().flat_map(&mut decide).collect();
            self.difference(index, &mut transcript, &decided)
        });
        compared.collect()
    }

    /// Compares what was decided in one step; for whoever cannot be handed a closure.
    pub fn difference(
        &self,
        index: usize,
        transcript: &mut Transcript,
        decided: &[Decision],
    ) -> Option<Difference> {
        let step = &self.steps[index];
        let decided = transcript.lines(decided);
        (decided != step.expect).then(|| Difference {
            file: self.file.clone(),
            line: step.line,
            step: index + 1,
            expected: step.expect.clone(),
            decided,
        })
    }
}
