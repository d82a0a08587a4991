//! `watchfire preview`: what a channel would send about an event, to the byte, and without its secrets.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::json;
use watchfire_core::context::Context;
use watchfire_core::decide::decide;
use watchfire_core::decision::{Decision, Effect, When};
use watchfire_core::event::{Event, messages, text_of, unreadable};
use watchfire_core::ids::{ChannelName, EffectId};
use watchfire_core::notice::Notice;
use watchfire_core::policy::Policy;
use watchfire_core::state::State;
use watchfire_core::verdict::EffectKind;

use super::{Failed, Output, read_bytes, usage};
use crate::channel::{Preview, preview};
use crate::config::{self, Config};

/// What `preview` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The event; `-`: standard input
    #[arg(value_name = "EVENT")]
    event: PathBuf,
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
    /// By that channel, whoever is told of it
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// As what it is sent
    #[arg(long = "as", value_enum, default_value_t = EffectArgument::Page)]
    kind: EffectArgument,
    /// One part alone, as it is, such as `html` of a mail
    #[arg(long, value_name = "PART")]
    part: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

/// As what a page is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EffectArgument {
    /// The page.
    Page,
    /// More about it.
    Update,
    /// Its end.
    Resolve,
    /// That somebody has it.
    Acknowledge,
    /// A digest.
    Digest,
}

impl From<EffectArgument> for EffectKind {
    fn from(argument: EffectArgument) -> Self {
        match argument {
            EffectArgument::Page => EffectKind::Page,
            EffectArgument::Update => EffectKind::Update,
            EffectArgument::Resolve => EffectKind::Resolve,
            EffectArgument::Acknowledge => EffectKind::Acknowledge,
            EffectArgument::Digest => EffectKind::Digest,
        }
    }
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { event, config, channel, kind, part, output } = arguments;
    let (config, policy) = config::check(config)?;
    let mut rows = Vec::new();
    for decision in decisions(event, &policy)? {
        let effects = effects(&decision, &config, channel.as_deref(), (*kind).into())?;
        if effects.is_empty() && *output == Output::Human {
            say!("nothing is sent about {}: {}", decision.event, decision.why.sentence());
        }
        for effect in effects {
            let name = effect.channel.as_str();
            let Some(shown) = config.channels.get(name).and_then(|channel| preview(name, channel, &effect))
            else {
                continue;
            };
            match (part, output) {
                (Some(part), _) => one_part(&shown, part)?,
                (None, Output::Human) => print(name, &effect, &shown)?,
                (None, Output::Json) => {
                    rows.push(json!({"channel": name, "effect": effect.kind, "sent": shown}))
                }
            }
        }
    }
    if *output == Output::Json && part.is_none() {
        say!("{}", json!(rows));
    }
    Ok(())
}

/// What is decided about each event of a file, as the first ever.
fn decisions(path: &Path, policy: &Policy) -> Result<Vec<Decision>, Failed> {
    let text = text_of(&read_bytes(path)?).into_owned();
    let decide = |event: &Event<'_>| {
        let now = event.time.unwrap_or_else(Timestamp::now);
        decide(event, policy, &State::whole(), &Context::none(), now).expect("a whole state has been read")
    };
    let of = |text: &str| match Event::read(text) {
        Ok(event) => decide(&event),
        Err(error) => decide(&unreadable(text, &error.to_string(), Timestamp::now())),
    };
    Ok(match messages(&text) {
        Ok(texts) => texts.iter().map(|text| of(text)).collect(),
        Err(error) => vec![decide(&unreadable(&text, &error.to_string(), Timestamp::now()))],
    })
}

/// What pages about the events of a file say.
pub(super) fn notices(path: &Path, policy: &Policy) -> Result<Vec<Notice>, Failed> {
    let first = |decision: Decision| decision.effects.into_iter().next().map(|effect| effect.notice);
    let notices: Vec<_> = decisions(path, policy)?.into_iter().filter_map(first).collect();
    match notices.is_empty() {
        true => Err(usage(anyhow!("{}: nobody is paged about it", path.display()))),
        false => Ok(notices),
    }
}

/// By that channel; or by all that are told.
fn effects(
    decision: &Decision,
    config: &Config,
    channel: Option<&str>,
    kind: EffectKind,
) -> Result<Vec<Effect>, Failed> {
    let told = decision.effects.iter().map(|effect| Effect { kind, ..effect.clone() });
    let Some(name) = channel else { return Ok(told.collect()) };
    if !config.channels.contains_key(name) {
        let known: Vec<_> = config.channels.keys().map(String::as_str).collect();
        let known = known.join(", ");
        return Err(usage(anyhow!("--channel: expected a channel ({known}), found `{name}`")));
    }
    let by_it = |effect: Effect| Effect {
        id: EffectId::new(format!("{}:{name}", kind.as_str())),
        channel: ChannelName::new(name),
        when: When::Now,
        ..effect
    };
    Ok(told.take(1).map(by_it).collect())
}

fn print(name: &str, effect: &Effect, shown: &Preview) -> Result<(), Failed> {
    let Preview { to, parts, sizes, further, faults } = shown;
    say!("── {} by {name}: {to}", effect.kind.as_str());
    for (size, what, most) in sizes {
        match most {
            Some(most) => say!("   {size} {what}, of {most}"),
            None => say!("   {size} {what}"),
        }
    }
    for fault in faults {
        say!("   {fault}");
    }
    for (part, text) in parts {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(json) => say!("\n{part}, laid out (--part {part}: to the byte):\n{json:#}"),
            Err(_) => say!("\n{part}:\n{}", text.replace("\r\n", "\n").trim_end()),
        }
    }
    let further: Vec<_> = further.iter().map(|(name, _)| format!("--part {name}")).collect();
    if !further.is_empty() {
        say!("\nalso: {}", further.join(", "));
    }
    say!("");
    Ok(())
}

/// To the byte: no line end is added, and none is taken for unfit.
fn one_part(shown: &Preview, part: &str) -> Result<(), Failed> {
    let all = || shown.parts.iter().chain(&shown.further);
    let names: Vec<_> = all().map(|(name, _)| *name).collect();
    let found = all().find(|(name, _)| *name == part);
    let (_, text) = found
        .ok_or_else(|| usage(anyhow!("--part: expected one of {}, found `{part}`", names.join(", "))))?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
