//! How a model's text is shown, everywhere in the same words: first that it is one, then what the page rests on, then it.

use super::{Answer, Outcome, Text, Usage};
use crate::zone::Zone;

/// What stands before every such text.
pub const MACHINE: &str = "Written by a machine, unverified.";
/// And this.
pub const UNDECIDED: &str =
    "It has decided nothing: who was paged, how urgently, and what was done about it does not depend on it.";

impl Text {
    /// All of it, a line each. What the page rests on stands before what the model says.
    pub fn lines(&self, zone: &Zone) -> Vec<String> {
        let mut lines = vec![format!("{MACHINE} {UNDECIDED}"), self.asked(zone)];
        lines.extend(self.page_rests_on.iter().map(|fact| format!("The page rests on: {fact}")));
        match &self.outcome {
            Outcome::Answered(answer) => lines.extend(answer.lines()),
            Outcome::Unreadable | Outcome::Refused(_) | Outcome::Failed(_) | Outcome::NotAsked(_) => {
                lines.push(format!("There is no text: {}.", self.outcome.clause()));
            }
        }
        lines
    }

    /// What became of it, for the timeline.
    pub(crate) fn clause(&self) -> String {
        let Usage { input_tokens, output_tokens, cost, latency_ms } = self.usage;
        let cost = cost.map(|cost| format!(", cost {cost}")).unwrap_or_default();
        let used = format!("{latency_ms} ms, {input_tokens} tokens in, {output_tokens} out{cost}");
        match &self.outcome {
            Outcome::NotAsked(because) => format!("{} was not asked: {because}", self.model),
            outcome => format!("{}: {} ({used})", self.model, outcome.clause()),
        }
    }

    fn asked(&self, zone: &Zone) -> String {
        let (model, at) = (&self.model, zone.second(self.at));
        match &self.outcome {
            Outcome::NotAsked(_) => format!("{model} was not asked, {at}."),
            Outcome::Answered(_) | Outcome::Unreadable | Outcome::Refused(_) | Outcome::Failed(_) => {
                format!("{model}, {at}, was told of the page: {}; and nothing else.", self.told.join(", "))
            }
        }
    }
}

impl Outcome {
    fn clause(&self) -> String {
        match self {
            Outcome::Answered(_) => "it wrote a text".to_owned(),
            Outcome::Unreadable => super::Unreadable.to_string(),
            Outcome::Refused(because) | Outcome::Failed(because) | Outcome::NotAsked(because) => {
                because.clone()
            }
        }
    }
}

impl Answer {
    fn lines(&self) -> Vec<String> {
        let Self { summary, next_steps, warnings } = self;
        let warnings = warnings.iter().map(|warning| format!("Careful: {}", warning.sentence()));
        let summary = (!summary.is_empty()).then(|| format!("It says: {summary}"));
        let steps = next_steps.iter().map(|step| format!("It suggests: {step}"));
        warnings.chain(summary).chain(steps).collect()
    }
}
