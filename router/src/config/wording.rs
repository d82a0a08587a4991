//! The templates of channels, tried on every example that rules carry: one that would fail is told before the first page.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use watchfire_core::context::Context;
use watchfire_core::decide::decide;
use watchfire_core::decision::Effect;
use watchfire_core::event::{Event, messages};
use watchfire_core::ids::RouteName;
use watchfire_core::notice::{Fault, Part};
use watchfire_core::policy::Policy;
use watchfire_core::state::State;
use watchfire_core::verdict::EffectKind;
use watchfire_core::yaml::{Mistake, expected};

use super::{Config, Diagnostic, Written};
use crate::channel::ChannelConfig;
use crate::rules_files;

/// As what a page may be sent.
const KINDS: [EffectKind; 5] =
    [EffectKind::Page, EffectKind::Update, EffectKind::Resolve, EffectKind::Acknowledge, EffectKind::Digest];

/// The first failure of each template, over all examples and kinds of pages.
pub(super) fn check(config: &Config, policy: &Policy, written: &Written) -> Vec<Diagnostic> {
    let own = |channel: &ChannelConfig| channel.wording().is_some_and(|wording| wording.has_own());
    let channels: Vec<_> = config.channels.iter().filter(|(_, channel)| own(channel)).collect();
    if channels.is_empty() {
        return Vec::new();
    }
    let places = config.tree.templates();
    let mut found = BTreeMap::new();
    for (example, effect) in pages(config, policy) {
        for (name, channel) in &channels {
            let of_channel = format!("channels.{name}.{}", channel.kind());
            // Every page by the channel's own, and by those of each route that tells it.
            let wording = channel.wording().unwrap_or_default();
            let routes = wording.routes().map(|route| vec![route.clone()]);
            for by in [Vec::new()].into_iter().chain(routes) {
                let place = |part: Part| {
                    let written = places.iter().find(|(route, _, _)| by.first() == Some(route));
                    let written = written.filter(|(_, _, templates)| templates.parts().contains(&part));
                    written.map_or_else(|| of_channel.clone(), |(_, path, _)| format!("routes.{path}"))
                };
                for (kind, fault) in faults(channel, &effect, &by) {
                    let mistake = expected("a template that fits every page");
                    let page = format!("{example} as {}: {}", kind.as_str(), fault.reason);
                    let mistake = mistake.found(format!("one that fails, of {page}"));
                    let path = format!("{}.templates.{}", place(fault.part), fault.part.as_str());
                    found.entry(path).or_insert(mistake);
                }
            }
        }
    }
    let mistake = |(path, mistake): (String, Mistake)| written.mistake(&path, mistake);
    let mut mistakes: Vec<_> = found.into_iter().map(mistake).collect();
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    mistakes
}

/// What fails of that page, as each kind of it, on its way by these routes.
fn faults(channel: &ChannelConfig, effect: &Effect, by: &[RouteName]) -> Vec<(EffectKind, Fault)> {
    let mut effect = effect.clone();
    effect.notice.routes = by.to_vec();
    let of = |kind: EffectKind| {
        let faults = channel.faults(&Effect { kind, ..effect.clone() });
        faults.into_iter().map(move |fault| (kind, fault)).collect::<Vec<_>>()
    };
    KINDS.into_iter().flat_map(of).collect()
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
