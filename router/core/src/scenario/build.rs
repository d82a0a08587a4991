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
use crate::yaml::{Diagnostic, Misfit, Mistake, Node, Value, expected};

/// One thing that happens.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a scenario has ten of them, and each is taken apart at once")]
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

/// What lies beside a scenario file, which may name it.
#[derive(Clone, Copy)]
pub struct Beside<'b> {
    /// The rules of the folder that it lies in: its own, where it does not say which.
    pub rules: &'b [RuleFile],
    /// The rules that ship with the binary.
    pub builtin: &'b [RuleFile],
    /// The text of an event file by the name that stands in the scenario, or why there is none.
    pub event: &'b dyn Fn(&str) -> Result<String, Mistake>,
}

impl fmt::Debug for Beside<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rules, builtin, event: _ } = self;
        out.debug_struct("Beside").field("rules", rules).field("builtin", builtin).finish_non_exhaustive()
    }
}

/// `rules: plain`: a family per kind of finding.
const PLAIN: &str = include_str!("rules.yaml");

pub(super) fn read(file: &str, text: &str, beside: Beside<'_>) -> Result<Scenario, Vec<Diagnostic>> {
    let error = |place, path: String, mistake| Diagnostic::at(file, text, place, path, mistake);
    let node = Node::parse(text).map_err(|wrong| vec![wrong.mistake(file, text)])?;
    let misfit = |Misfit { place, path, mistake }| error(place, path, mistake);
    let ScenarioText { promise, rules: _, policy, start, steps } =
        node.read().map_err(|misfits| misfits.into_iter().map(misfit).collect::<Vec<_>>())?;
    let rules = rules(file, text, &node, beside)?;
    let policy = policy_of(rules, policy);
    let nodes: &[Node] = match node.get("steps").map(|steps| &steps.value) {
        Some(Value::List(steps)) => steps,
        Some(Value::Scalar(_) | Value::Mapping(_)) | None => &[],
    };
    let mut building = Building::new(start, &policy, beside.event);
    let mut built = Vec::new();
    for (index, (step, node)) in steps.into_iter().zip(nodes).enumerate() {
        let place = |mistake| vec![error(node.place(), format!("steps[{index}]"), mistake)];
        let expect = step.expect.clone();
        let inputs = building.step(index + 1, step, node).map_err(place)?;
        built.push(Step { line: node.line, inputs, expect });
    }
    let silences = building.silences();
    Ok(Scenario { file: file.to_owned(), promise, steps: built, policy, silences })
}

/// The rules that a scenario is run on: its own, or those that it names, or those of its folder.
fn rules(file: &str, text: &str, node: &Node, beside: Beside<'_>) -> Result<RuleSet, Vec<Diagnostic>> {
    let Some(rules) = node.get("rules") else { return RuleSet::load(beside.rules) };
    match rules.as_str() {
        Some("builtin") => RuleSet::load(beside.builtin),
        Some("plain") => {
            RuleSet::load(&[RuleFile { name: "the plain rules".to_owned(), text: PLAIN.to_owned() }])
        }
        Some(_) | None if !matches!(rules.value, Value::List(_)) => {
            let mistake = expected("a list of rules, `builtin` or `plain`");
            let mistake = mistake.hint("without it, the rules of its folder are taken");
            Err(vec![Diagnostic::at(file, text, rules.place(), "rules", mistake)])
        }
        Some(_) | None => RuleSet::of_list(RuleFile { name: file.to_owned(), text: text.to_owned() }, rules),
    }
}

fn policy_of(rules: RuleSet, text: PolicyText) -> Policy {
    let PolicyText {
        noise,
        routes,
        tree,
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
    let routes = Routes::new(routes).with(tree.tree(&business));
    let mut policy = Policy::new(rules, routes);
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
