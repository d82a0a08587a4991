//! `watchfire explain`: every rule in order, and what was decided.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use watchfire_core::context::Context;
use watchfire_core::decide::decide;
use watchfire_core::event::{Event, messages, text_of, unreadable};
use watchfire_core::policy::Policy;
use watchfire_core::state::State;

use super::replay::{as_json, as_line};
use super::{Failed, Output, PolicyArguments, read_bytes};

/// What `explain` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The event; `-`: standard input
    #[arg(value_name = "EVENT")]
    event: PathBuf,
    #[command(flatten)]
    policy: PolicyArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { event, policy, output } = arguments;
    let policy = policy.policy()?;
    let text = text_of(&read_bytes(event)?).into_owned();
    match messages(&text) {
        Ok(texts) => {
            for text in &texts {
                match Event::read(text) {
                    Ok(event) => explain(&event, &policy, *output)?,
                    Err(error) => {
                        explain(&unreadable(text, &error.to_string(), Timestamp::now()), &policy, *output)?
                    }
                }
            }
        }
        Err(error) => explain(&unreadable(&text, &error.to_string(), Timestamp::now()), &policy, *output)?,
    }
    Ok(())
}

fn explain(event: &Event<'_>, policy: &Policy, output: Output) -> Result<(), Failed> {
    let explained = policy.rules.explain(event, &Context::none());
    let now = event.time.unwrap_or_else(Timestamp::now);
    let decision =
        decide(event, policy, &State::whole(), &Context::none(), now).expect("a whole state has been read");
    if output == Output::Json {
        let rules = explained.rules.iter().enumerate().map(|(index, (rule, trace))| {
            let matched = trace.is_match();
            let because = (!matched).then(|| trace.to_string());
            let place = format!("{}:{}", rule.file, rule.line);
            json!({"rule": rule.name, "place": place, "matched": matched, "first": index == explained.first, "because": because})
        });
        let rules: Vec<_> = rules.collect();
        say!("{}", json!({"rules": rules, "decision": as_json(&decision)}));
        return Ok(());
    }
    if event.is_unreadable() {
        let reason = event.json.get("detail").and_then(|detail| detail.get("reason")?.as_str());
        say!("This cannot be read as an alert: {}", reason.unwrap_or_default());
    }
    for (index, (rule, trace)) in explained.rules.iter().enumerate() {
        let mark = match (index == explained.first, trace.is_match()) {
            (true, _) => "→",
            (false, true) => "·",
            (false, false) => " ",
        };
        let late =
            if index > explained.first && trace.is_match() { ", but an earlier rule did first" } else { "" };
        say!("{mark} {:<40} {trace}{late}", rule.name.as_str());
    }
    say!("\n{}", as_line(&decision));
    say!("why: {}", decision.why.sentence());
    for withheld in &decision.withheld {
        say!("withheld: {withheld}");
    }
    if let Some(incident) = &decision.incident {
        say!("incident: {incident}");
    }
    for effect in &decision.effects {
        say!("\n{}", effect.notice.text(effect.kind));
    }
    Ok(())
}
