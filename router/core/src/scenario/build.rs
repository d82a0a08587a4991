//! From a scenario file to plain data: a policy, and inputs in which nothing is left to chance.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::file::{EscalationText, PolicyText, ScenarioText};
use super::steps::Building;
use super::{Scenario, Step};
use crate::command::Command;
use crate::ids::ChannelName;
use crate::policy::{EscalationStep, Policy, RepeatAfter, Route, Routes};
use crate::priority::Priority;
use crate::rules::{RuleFile, RuleSet};
use crate::yaml::{Misfit, Node, Value};

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum StepInput {
    /// A message is delivered.
    Message {
        /// As from the queue.
        text: String,
        /// When.
        at: Timestamp,
    },
    /// A human asks for something.
    Command {
        /// What.
        command: Command,
        /// When.
        at: Timestamp,
    },
    /// It is asked what is due, until nothing is.
    Tick {
        /// When.
        at: Timestamp,
    },
}

/// A mistake in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file.
    pub file: String,
    /// The line, from 1, where there is one.
    pub line: Option<u64>,
    /// Where in the file, such as `steps[3].at`; may be empty.
    pub path: String,
    /// What was expected, and what was found.
    pub message: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(out, ": {}", self.path)?;
        }
        write!(out, ": {}", self.message)
    }
}

impl std::error::Error for ScenarioError {}

/// The rules of a scenario that brings none.
const RULES: &str = include_str!("rules.yaml");

pub(super) fn read(
    file: &str,
    text: &str,
    event: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Scenario, Vec<ScenarioError>> {
    let error = |line, path: String, message| ScenarioError { file: file.to_owned(), line, path, message };
    let node = Node::parse(text).map_err(|wrong| vec![error(wrong.line, String::new(), wrong.message)])?;
    let misfit = |Misfit { line, path, message }| error(Some(line), path, message);
    let ScenarioText { promise, rules: _, policy, start, steps } =
        node.read().map_err(|misfits| misfits.into_iter().map(misfit).collect::<Vec<_>>())?;
    let rules = match node.get("rules") {
        Some(rules) => format!("{{\"rules\": {}}}", rules.json()),
        None => RULES.to_owned(),
    };
    let rules =
        RuleSet::load(&[RuleFile { name: format!("{file} (rules)"), text: rules }]).map_err(|wrong| {
            let message = |wrong: &crate::rules::RuleError| error(None, String::new(), wrong.to_string());
            wrong.iter().map(message).collect::<Vec<_>>()
        })?;
    let policy = policy_of(rules, policy);
    let lines: Vec<(u64, Node)> = match node.get("steps").map(|steps| steps.value.clone()) {
        Some(Value::List(steps)) => steps.into_iter().map(|step| (step.line, step)).collect(),
        Some(Value::Scalar(_) | Value::Mapping(_)) | None => Vec::new(),
    };
    let mut building = Building::new(start, &policy, event);
    let mut built = Vec::new();
    for (index, (step, (line, node))) in steps.into_iter().zip(lines).enumerate() {
        let place = |message| vec![error(Some(line), format!("steps[{index}]"), message)];
        let expect = step.expect.clone();
        let inputs = building.step(index + 1, step, &node).map_err(place)?;
        built.push(Step { line, inputs, expect });
    }
    let silences = building.silences();
    Ok(Scenario { file: file.to_owned(), promise, steps: built, policy, silences })
}

fn policy_of(rules: RuleSet, text: PolicyText) -> Policy {
    let PolicyText {
        noise,
        routes,
        fallback,
        digest,
        business,
        escalation,
        repeat_after_minutes,
        write_back,
    } = text;
    let channels = |names: Vec<String>| names.into_iter().map(ChannelName::new).collect::<Vec<_>>();
    let routes = routes.unwrap_or_else(|| {
        let to = |name: &str| vec![name.to_owned()];
        BTreeMap::from([
            (Priority::P0, to("oncall")),
            (Priority::P1, to("oncall")),
            (Priority::P2, to("team")),
        ])
    });
    let fallback = fallback.map(ChannelName::new);
    let routes = routes.into_iter().map(|(priority, to)| {
        let fallback = fallback.clone().filter(|_| priority.is_urgent());
        (priority, Route { to: channels(to), fallback })
    });
    let mut policy = Policy::new(rules, Routes::new(routes));
    policy.noise = noise.into();
    policy.calendar = business;
    policy.digest = channels(digest.unwrap_or_else(|| vec!["mail".to_owned()]));
    policy.escalation = escalation
        .into_iter()
        .map(|(priority, steps)| {
            let step = |EscalationText { to, after_minutes }| EscalationStep {
                to: channels(to),
                after: SignedDuration::from_mins(i64::from(after_minutes)),
            };
            (priority, steps.into_iter().map(step).collect())
        })
        .collect();
    let mut repeat_after = RepeatAfter::default();
    for (priority, minutes) in repeat_after_minutes {
        repeat_after.0[priority as usize] = SignedDuration::from_mins(i64::from(minutes));
    }
    policy.repeat_after = repeat_after;
    policy.write_back = write_back.map(ChannelName::new);
    policy
}
