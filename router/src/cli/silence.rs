//! `watchfire silence`: made, listed, shown, ended and extended, in the words of `amtool silence`.

use anyhow::anyhow;
use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;
use jiff::{SignedDuration, Timestamp};
use watchfire_core::attributes::{Attributes, matchers};
use watchfire_core::command::CommandKind;
use watchfire_core::ids::SilenceId;
use watchfire_core::noise::Maintenance;
use watchfire_core::silence::{Extension, SilenceDraft};
use watchfire_core::span;

use super::Failed;
use super::asking::{Form, Whom, command, learn, look, minute, question_of, refusal};
use super::completing::Ids;
use super::screen::plain;
use super::screen::{Tone, columns, relative};
use super::table::{Table, cut, whole};
use super::watching::Listing;
use crate::api::OperatorEndpoint;
use crate::api::views::{CommandResult, Silence, SilenceState};

/// What `silence` takes.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Page nothing that matches for a while; shows its effect on the last day.
    Add(Add),
    /// List silences in force and to come.
    #[command(alias = "query")]
    List {
        /// Those that are over, too
        #[arg(long)]
        expired: bool,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show a silence.
    Show {
        /// Its id, such as s-1a2b3c4d, or as much of it as no other has
        #[arg(value_name = "ID", add = ArgValueCompleter::new(Ids::Silences))]
        id: String,
        #[command(flatten)]
        whom: Whom,
    },
    /// End silences now; what they held is said.
    Expire {
        /// Their ids, or as much of each as no other has
        #[arg(value_name = "ID", required = true, add = ArgValueCompleter::new(Ids::Silences))]
        ids: Vec<String>,
        /// Say what would come of it, and do nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        whom: Whom,
    },
    /// Have a silence end later.
    #[command(alias = "update")]
    Extend(Extend),
}

/// What `silence add` takes.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// What to silence, such as namespace=shop
    #[arg(
        value_name = "MATCHER",
        hide = true,
        required_unless_present = "pattern",
        conflicts_with = "pattern"
    )]
    matchers: Vec<String>,
    /// An EventBridge pattern, instead of MATCHERs
    #[arg(long = "match", value_name = "JSON")]
    pattern: Option<String>,
    /// How long, such as 2h
    #[arg(long, short, value_name = "TIME", value_parser = span::parse, required_unless_present = "end", conflicts_with = "end")]
    duration: Option<SignedDuration>,
    /// Until when
    #[arg(long, value_name = "RFC3339")]
    end: Option<Timestamp>,
    /// From when on; now if left out
    #[arg(long, value_name = "RFC3339")]
    start: Option<Timestamp>,
    /// Why
    #[arg(long, short)]
    comment: String,
    /// The ticket or change it belongs to
    #[arg(long)]
    ticket: Option<String>,
    /// It may cover a P0, or more events than is configured
    #[arg(long)]
    yes_cover_p0: bool,
    /// Show what it would have silenced, and do not make it
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    whom: Whom,
}

/// What `silence extend` takes.
#[derive(Debug, Args)]
pub(super) struct Extend {
    /// Its id, or as much of it as no other has
    #[arg(value_name = "ID", add = ArgValueCompleter::new(Ids::Silences))]
    id: String,
    /// How much longer than its end, such as 2h
    #[arg(long, short, value_name = "TIME", value_parser = span::parse, required_unless_present = "end", conflicts_with = "end")]
    duration: Option<SignedDuration>,
    /// Until when
    #[arg(long, value_name = "RFC3339")]
    end: Option<Timestamp>,
    /// Why
    #[arg(long, short, default_value = "")]
    comment: String,
    /// Say what would come of it, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    whom: Whom,
}

pub(super) fn main(command: Command) -> Result<(), Failed> {
    match command {
        Command::Add(add) => self::add(add),
        Command::List { expired, listing } => list(&listing, expired),
        Command::Show { id, whom } => show(&whom, &id),
        Command::Expire { ids, dry_run, whom } => expire(&whom, &ids, dry_run),
        Command::Extend(extend) => self::extend(extend),
    }
}

fn add(add: Add) -> Result<(), Failed> {
    let Add { matchers, pattern, duration, end, start, comment, ticket, yes_cover_p0, dry_run, whom } = add;
    let matches = match pattern {
        Some(pattern) => pattern,
        None => matchers::pattern(&matchers).map_err(Failed::Usage)?.to_string(),
    };
    if let Err(error) = Attributes::pattern(&matches) {
        return Err(Failed::Usage(vec![format!("the pattern is none: {error}")]));
    }
    let ends_at = ends_at(start.unwrap_or_else(Timestamp::now), duration, end)?;
    let draft = SilenceDraft { matches, starts_at: start, ends_at, ticket, yes_cover_p0 };
    let answer = command(&whom, &comment, CommandKind::Silence(draft), dry_run)?;
    if whom.is_a_program() {
        return if refusal(&answer).is_some() { Err(Failed::Said) } else { Ok(()) };
    }
    if let Some(effect) = &answer.effect {
        say!("{}", effect.sentence());
    }
    if let Some(reason) = refusal(&answer) {
        return Err(anyhow!("not silenced: {reason}").into());
    }
    if dry_run {
        say!("dry run: nothing is silenced");
        return Ok(());
    }
    let silence = shown(answer)?;
    let starts = match silence.state {
        SilenceState::Pending => format!(" from {}", minute(silence.starts_at)),
        SilenceState::Active | SilenceState::Expired => String::new(),
    };
    say!("silent{starts} until {}: {}", minute(silence.ends_at), spoken(&silence));
    say!("{}", silence.id);
    Ok(())
}

fn ends_at(
    from: Timestamp,
    duration: Option<SignedDuration>,
    end: Option<Timestamp>,
) -> Result<Timestamp, Failed> {
    match (duration, end) {
        (Some(duration), _) => from
            .checked_add(duration)
            .map_err(|_| Failed::Usage(vec!["expected an end within 30 days of the start".to_owned()])),
        (None, Some(end)) => Ok(end),
        (None, None) => Err(Failed::Usage(vec!["expected --duration or --end".to_owned()])),
    }
}

fn list(listing: &Listing, expired: bool) -> Result<(), Failed> {
    let ask = |whom: &Whom| look::<Vec<Silence>>(whom, OperatorEndpoint::Silences.path());
    listing.each(ask, |whom, mut silences| {
        silences.retain(|silence| expired || silence.state != SilenceState::Expired);
        silences.sort_by_key(|silence| (silence.state == SilenceState::Expired, silence.ends_at));
        if silences.is_empty() {
            say!("nothing is silenced");
            return Ok(());
        }
        let (width, when): (_, fn(Timestamp) -> String) = match whom.output {
            Form::Wide => (None, minute),
            Form::Human | Form::Json | Form::Yaml => (columns(), |at| relative(at, Timestamp::now())),
        };
        let names = [whole("ID"), whole("STATE"), whole("WHEN"), whole("HOLDS"), cut("MATCHES"), cut("BY")];
        let mut table = Table::new(&names);
        for silence in &silences {
            let (at, tone) = match silence.state {
                SilenceState::Pending => (format!("begins {}", when(silence.starts_at)), Tone::Plain),
                SilenceState::Active => (format!("ends {}", when(silence.ends_at)), Tone::Plain),
                SilenceState::Expired => (format!("ended {}", when(silence.ends_at)), Tone::Faint),
            };
            let ticket = silence.ticket.as_ref().map(|ticket| format!(" ({ticket})")).unwrap_or_default();
            let about = format!("{}: {}{ticket}", silence.by, silence.comment);
            let (id, state) = (silence.id.to_string(), silence.state.as_str().to_owned());
            table.row(tone, [id, state, at, silence.holds.to_string(), spoken(silence), about]);
        }
        table.print(width)?;
        for (id, unknown) in silences.iter().filter_map(|it| Some((&it.id, it.unknown.as_ref()?))) {
            say!("{id}: {}", plain(unknown));
        }
        Ok(())
    })
}

fn show(whom: &Whom, id: &str) -> Result<(), Failed> {
    let silence = find(whom, id)?;
    if whom.is_printed(&silence)? {
        return Ok(());
    }
    let state = match &silence.expired_by {
        Some(by) => format!("{}, ended by {by}", silence.state.as_str()),
        None => silence.state.as_str().to_owned(),
    };
    let by = match Maintenance::is_one(&silence.id) {
        true => silence.by.clone(),
        false => format!("{}, at {}", silence.by, minute(silence.made_at)),
    };
    let p0 = if silence.covers_p0 { "silenced, too" } else { "paged all the same" };
    let rows = [
        ("Silence", silence.id.to_string()),
        ("State", state),
        ("Matches", spoken(&silence)),
        ("Pattern", silence.matches.clone()),
        ("P0", p0.to_owned()),
        ("From", minute(silence.starts_at)),
        ("Until", minute(silence.ends_at)),
        ("By", by),
        ("Comment", silence.comment.clone()),
        ("Ticket", silence.ticket.clone().unwrap_or_default()),
        ("Holds", format!("{}, said when it ends", incidents(silence.holds))),
        ("Unknown", silence.unknown.clone().unwrap_or_default()),
    ];
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        say!("{name:<8} {}", plain(&value));
    }
    Ok(())
}

fn expire(whom: &Whom, ids: &[String], dry_run: bool) -> Result<(), Failed> {
    let mut has_failed = false;
    for id in ids {
        let answer = command(whom, "", CommandKind::Expire(SilenceId::new(id)), dry_run)?;
        if whom.is_a_program() {
            has_failed |= refusal(&answer).is_some();
            continue;
        }
        match refusal(&answer) {
            Some(reason) => {
                has_failed = true;
                complain!("watchfire: not expired: {reason}");
            }
            None if dry_run => say!("dry run: {} would be ended", plain(id)),
            None => match shown(answer)? {
                Silence { id, holds: 0, .. } => say!("expired {id}; it held nothing"),
                Silence { id, holds, .. } => {
                    say!("expired {id}; {} that it held: said within a minute", incidents(holds));
                }
            },
        }
    }
    if has_failed { Err(Failed::Said) } else { Ok(()) }
}

fn extend(extend: Extend) -> Result<(), Failed> {
    let Extend { id, duration, end, comment, dry_run, whom } = extend;
    let from = match duration {
        Some(_) => find(&whom, &id)?.ends_at,
        None => Timestamp::now(),
    };
    let ends_at = ends_at(from, duration, end)?;
    let extension = Extension { silence: SilenceId::new(&id), ends_at };
    let answer = command(&whom, &comment, CommandKind::Extend(extension), dry_run)?;
    let refusal = refusal(&answer);
    if whom.is_a_program() {
        return if refusal.is_some() { Err(Failed::Said) } else { Ok(()) };
    }
    if let Some(reason) = refusal {
        return Err(anyhow!("not extended: {reason}").into());
    }
    if dry_run {
        say!("dry run: {} would end at {}", plain(&id), minute(ends_at));
        return Ok(());
    }
    say!("silent until {}: {}", minute(ends_at), spoken(&shown(answer)?));
    Ok(())
}

fn find(whom: &Whom, id: &str) -> Result<Silence, Failed> {
    // The worker knows which one is meant.
    let silences: Vec<Silence> = learn(whom, &question_of(OperatorEndpoint::Silences, id))?;
    let found = silences.into_iter().next();
    found.ok_or_else(|| anyhow!("there is no silence {}", plain(id)).into())
}

/// The silence in the answer to a command about it.
fn shown(answer: CommandResult) -> Result<Silence, Failed> {
    Ok(answer.silence.ok_or_else(|| anyhow!("the worker's answer has no silence"))?)
}

fn incidents(count: u64) -> String {
    if count == 1 { "1 incident".to_owned() } else { format!("{count} incidents") }
}

/// What it matches, as matchers where they can say it.
fn spoken(silence: &Silence) -> String {
    plain(&matchers::spoken(&silence.matches).unwrap_or_else(|| silence.matches.clone()))
}
