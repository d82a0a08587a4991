//! The templates of channels, tried on every example that rules carry: one that would fail is told before the first page.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use watchfire_core::context::Context;
use watchfire_core::decide::decide;
use watchfire_core::decision::{Effect, EffectKind};
use watchfire_core::event::{Event, messages};
use watchfire_core::incident::State;
use watchfire_core::notice::Part;
use watchfire_core::policy::Policy;
use watchfire_core::yaml::{Node, Value};

use super::{Config, Mistake};
use crate::actions::{ChannelConfig, faults};
use crate::rules_files;

/// The path and the line of each template, by the channel and the part of the page.
pub(super) type Places = BTreeMap<(String, Part), (String, u64)>;

/// As what a page may be sent.
const KINDS: [EffectKind; 5] =
    [EffectKind::Page, EffectKind::Update, EffectKind::Resolve, EffectKind::Acknowledge, EffectKind::Digest];

/// Where the templates of all channels are.
pub(super) fn places(channels: Option<&Node>) -> Places {
    let members = |node: &Node| match &node.value {
        Value::Mapping(members) => members.clone(),
        Value::Scalar(_) | Value::List(_) => Vec::new(),
    };
    let mut places = Places::new();
    for (name, channel) in channels.map(members).unwrap_or_default() {
        for (kind, _) in members(&channel) {
            for part in Part::ALL {
                let member = format!(".{kind}.templates.{}", part.as_str());
                let line = channel.line_at(&member);
                places.insert((name.clone(), part), (format!("channels.{name}{member}"), line));
            }
        }
    }
    places
}

/// The first failure of each template, over all examples and kinds of pages.
pub(super) fn check(file: &str, config: &Config, policy: &Policy, places: &Places) -> Vec<Mistake> {
    let own = |channel: &ChannelConfig| channel.wording().is_some_and(|wording| wording.has_own());
    let channels: Vec<_> = config.channels.iter().filter(|(_, channel)| own(channel)).collect();
    if channels.is_empty() {
        return Vec::new();
    }
    let mut found = BTreeMap::new();
    for (example, effect) in pages(config, policy) {
        for (name, channel) in &channels {
            for kind in KINDS {
                for fault in faults(channel, &Effect { kind, ..effect.clone() }) {
                    let message = format!(
                        "expected a template that fits every page, but of {example} as {}: {}",
                        kind.as_str(),
                        fault.reason
                    );
                    found.entry(((*name).clone(), fault.part)).or_insert(message);
                }
            }
        }
    }
    let mistake = |(template, message)| {
        let place = places.get(&template).cloned();
        let (path, line) =
            place.map_or((format!("channels.{}", template.0), None), |(path, line)| (path, Some(line)));
        Mistake::on(file, line, path, message)
    };
    found.into_iter().map(mistake).collect()
}

/// What is paged about the examples of the rules in use, one page of each. What cannot be read, their own test says.
fn pages(config: &Config, policy: &Policy) -> Vec<(String, Effect)> {
    let directory = config.rules.directory.as_deref();
    let rules = policy.rules.rules().iter();
    let names: BTreeSet<_> = rules.flat_map(|rule| rule.example_events()).collect();
    let mut pages = Vec::new();
    for name in names {
        let Ok(text) = rules_files::read_example(directory, name) else { continue };
        let Ok(texts) = messages(&text) else { continue };
        let events = texts.iter().filter_map(|text| Event::read(text).ok());
        let decided = events.map(|event| {
            let now = event.time.unwrap_or(Timestamp::UNIX_EPOCH);
            decide(&event, policy, &State::whole(), &Context::none(), now)
                .expect("a whole state has been read")
        });
        pages.extend(
            decided.filter_map(|decision| Some((name.to_owned(), decision.effects.into_iter().next()?))),
        );
    }
    pages
}
