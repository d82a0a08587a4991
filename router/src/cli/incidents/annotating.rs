//! `watchfire incidents note`, `link` and `label`: what people add to an incident.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use watchfire_core::annotation::{Annotation, LabelChange, LinkTitle, LinkUrl, NoteText};
use watchfire_core::command::CommandKind;
use watchfire_core::ids::ChannelName;

use super::{Several, ask_each};
use crate::cli::Failed;
use crate::cli::asking::Whom;
use crate::cli::completing::Ids;

/// What `incidents note` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Noted {
    #[command(flatten)]
    to: To,
    /// What you know of it, in a paragraph; everybody who may see the incident sees it, and it stays
    #[arg(value_name = "TEXT", value_parser = |text: &str| NoteText::try_from(text.to_owned()))]
    text: NoteText,
    #[command(flatten)]
    whom: Whom,
}

/// What `incidents link` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Linked {
    #[command(flatten)]
    to: To,
    /// Its address, http or https, without a password or a token in it
    #[arg(value_name = "URL", value_parser = |text: &str| LinkUrl::try_from(text.to_owned()))]
    url: LinkUrl,
    /// What it is
    #[arg(long, value_parser = |text: &str| LinkTitle::try_from(text.to_owned()))]
    title: Option<LinkTitle>,
    /// Take the link away
    #[arg(long, conflicts_with = "title")]
    remove: bool,
    #[command(flatten)]
    whom: Whom,
}

/// What `incidents label` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Labelled {
    #[command(flatten)]
    to: To,
    /// NAME=VALUE, or NAME- to take it away
    #[arg(value_name = "LABEL", required = true, value_parser = str::parse::<LabelChange>)]
    labels: Vec<LabelChange>,
    #[command(flatten)]
    whom: Whom,
}

/// What `incidents follow-up` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct FollowedUp {
    #[command(flatten)]
    of: To,
    /// What is to be done, in a paragraph
    #[arg(value_name = "TEXT", value_parser = |text: &str| NoteText::try_from(text.to_owned()))]
    text: NoteText,
    /// The channel that keeps the ticket [default: the only one that keeps any]
    #[arg(long, value_name = "CHANNEL")]
    to: Option<String>,
    #[command(flatten)]
    whom: Whom,
}

/// To which incident.
#[derive(Debug, Args)]
struct To {
    /// Its id, or as much of it as no other has, or an event's
    #[arg(value_name = "ID", add = ArgValueCompleter::new(Ids::Incidents))]
    key: String,
    /// Say what would come of it, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn note(Noted { to, text, whom }: Noted) -> Result<(), Failed> {
    annotate(to, whom, "noted on", Annotation::Note(text))
}

pub(super) fn link(Linked { to, url, title, remove, whom }: Linked) -> Result<(), Failed> {
    match remove {
        true => annotate(to, whom, "unlinked from", Annotation::Unlink(url)),
        false => annotate(to, whom, "linked to", Annotation::Link { url, title }),
    }
}

pub(super) fn follow_up(
    FollowedUp { of: To { key, dry_run }, text, to, whom }: FollowedUp,
) -> Result<(), Failed> {
    let several = Several { keys: vec![key], reason: String::new(), dry_run, whom };
    let to = to.map(ChannelName::new);
    ask_each(several, "a ticket follows", |incident| CommandKind::FollowUp {
        incident,
        text: text.clone(),
        to: to.clone(),
    })
}

pub(super) fn label(Labelled { to, labels, whom }: Labelled) -> Result<(), Failed> {
    let (set, remove) = LabelChange::sorted(labels).map_err(|mistake| Failed::Usage(vec![mistake]))?;
    annotate(to, whom, "labelled", Annotation::Label { set, remove })
}

fn annotate(To { key, dry_run }: To, whom: Whom, done: &str, with: Annotation) -> Result<(), Failed> {
    let several = Several { keys: vec![key], reason: String::new(), dry_run, whom };
    ask_each(several, done, |incident| CommandKind::Annotate { incident, with: with.clone() })
}
