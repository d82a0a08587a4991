//! Rule files: read, cross-checked, compiled; the first rule that matches an event classifies it.

mod condition;
mod explain;
mod file;
mod load;
mod matches;
mod order;
mod playbook;
mod reading;
mod shape;
mod threshold;

pub use explain::{Explained, RuleTrace};
pub(crate) use file::{Example, Expect, Expectation};
pub use file::{Stage, Unknown};
pub use load::RuleFile;
pub use playbook::{Playbook, PlaybookStep, Playbooks};
pub use threshold::Threshold;

use std::cell::OnceCell;

use jiff::SignedDuration;

use crate::action::ActionName;
use crate::context::Context;
use crate::event::Event;
use crate::ids::RuleName;
use crate::pattern::{Pattern, PatternSet};
use crate::priority::Priority;
use crate::yaml::Place;
use condition::{Condition, Truth, Variables};

/// The JSON Schema of a rule file.
pub fn schema() -> String {
    crate::schema::text_of::<file::FileText>()
}

/// The schema of a list of rules, for files that may hold one.
pub(crate) fn schema_of_list(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<Vec<file::RuleText>>()
}

/// All rules, in the order they are tried.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    patterns: PatternSet,
    playbooks: Playbooks,
}

/// One classification from a rule file.
#[derive(Debug)]
pub struct Rule {
    /// Unique over all files.
    pub name: RuleName,
    /// What happened, whoever says so: part of the incident's identity.
    pub family: String,
    /// How soon a human has to respond.
    pub priority: Priority,
    /// What is to be done besides telling someone.
    pub actions: Vec<ActionName>,
    /// How many there have to be before anybody hears of them; none: one.
    pub after: Option<Threshold>,
    /// Live, or only recorded.
    pub stage: Stage,
    /// Where a responder reads on.
    pub runbook: Option<String>,
    /// How long its incidents stay quiet after they were said, unless they get worse; none: as configured.
    pub repeat_after: Option<SignedDuration>,
    /// The file it stands in.
    pub file: String,
    /// The line its name stands on, from 1.
    pub line: u64,
    /// Where its name stands.
    place: Place,
    pattern: Option<Pattern>,
    condition: Option<Condition>,
    unknown: Unknown,
    pub(crate) examples: Vec<Example>,
}

impl Rule {
    /// The event files of its examples, by the names that stand in its file.
    pub fn example_events(&self) -> impl Iterator<Item = &str> {
        self.examples.iter().map(|example| example.event.as_str())
    }
}

impl RuleSet {
    /// The rules, in the order they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What people do about what they find, beside them.
    pub fn playbooks(&self) -> &Playbooks {
        &self.playbooks
    }

    /// The same rules with those playbooks beside them.
    #[must_use]
    pub fn with_playbooks(self, playbooks: Playbooks) -> Self {
        Self { playbooks, ..self }
    }

    /// The first rule that matches. A condition that cannot be evaluated, because a field it reads is
    /// absent, does not match; one that asks the cluster for what is not known counts as its rule says. The
    /// catch-all at the end has none, so there is always an answer.
    pub fn classify(&self, event: &Event<'_>, context: &Context) -> Classified<'_> {
        let variables = OnceCell::new();
        let mut unsure = None;
        let first = self.patterns.first_matching(&event.json, |index| {
            let rule = &self.rules[index];
            let Some(condition) = &rule.condition else { return true };
            match (condition.holds(variables.get_or_init(|| Variables::of(event, context))), rule.unknown) {
                (Truth::True, _) => true,
                (Truth::False | Truth::Error(_) | Truth::Neither(_), _)
                | (Truth::Unknown(_), Unknown::NoMatch) => false,
                (Truth::Unknown(because), Unknown::Page) => {
                    unsure = Some(because);
                    true
                }
            }
        });
        let last = self.rules.len() - 1;
        Classified { rule: &self.rules[first.unwrap_or(last)], unsure }
    }
}

/// The rule that an event falls under.
#[derive(Debug)]
pub struct Classified<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// Why it is not known whether its condition holds, where that counts as a match.
    pub unsure: Option<String>,
}
