//! `watchfire audit`: who changed what, and whether the trail of it is whole and unaltered.

use std::str::FromStr;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use serde_json::json;
use watchfire_core::audit::{Actor, AuditEntry, AuditHead, Broken};

use super::asking::{Form, Whom, exactly, minute};
use super::screen::{self, Tone};
use super::table::{Table, cut, whole};
use super::watching::Listing;
use super::{Failed, usage};
use crate::api::OperatorEndpoint;
use crate::api::views::{AuditLine, AuditTrail};

/// What `audit` does.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List who changed what; the latest hundred.
    List(List),
    /// Prove that the trail is whole and unaltered. Exit 1: it is not, with the entry.
    Verify(Verify),
}

/// What `list` takes.
#[derive(Debug, Args)]
pub(super) struct List {
    /// The hundred behind that entry
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
    /// Only what that person did
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    #[command(flatten)]
    listing: Listing,
}

/// What `verify` takes.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// An entry as it was noted elsewhere, such as in a log line
    #[arg(long, value_name = "NUMBER:SHA256")]
    noted: Option<Noted>,
    #[command(flatten)]
    whom: Whom,
}

/// An entry's number and sum.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Noted(AuditHead);

impl FromStr for Noted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected NUMBER:SHA256, as `audit verify` prints it".to_owned();
        let (number, sha256) = text.split_once(':').ok_or_else(expected)?;
        let is_sum = sha256.len() == 64 && sha256.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = number.parse().ok().filter(|_| is_sum).ok_or_else(expected)?;
        Ok(Self(AuditHead { number, sha256: sha256.to_ascii_lowercase() }))
    }
}

pub(super) fn main(command: Command) -> Result<(), Failed> {
    match command {
        Command::List(arguments) => list(&arguments),
        Command::Verify(arguments) => verify(&arguments),
    }
}

fn list(arguments: &List) -> Result<(), Failed> {
    let List { after, who, listing } = arguments;
    let ask = |whom: &Whom| {
        let AuditTrail { head: _, entries } = some(whom, *after)?;
        let read = entries.iter().map(|AuditLine { number, line }| {
            let entry = line.as_ref().and_then(|line| serde_json::from_str::<AuditEntry>(line).ok());
            entry.ok_or_else(|| anyhow!("entry {number} cannot be read: see `watchfire audit verify`"))
        });
        let mut entries = read.collect::<Result<Vec<_>, _>>()?;
        entries.retain(|entry| who.as_ref().is_none_or(|who| *who == entry.who.name));
        Ok(if whom.is_printed(&entries)? { None } else { Some(entries) })
    };
    listing.each(ask, |whom, entries| {
        if entries.is_empty() {
            say!("nobody has changed anything");
            return Ok(());
        }
        let width = if whom.output == Form::Wide { None } else { screen::columns() };
        Ok(table(&entries).print(width)?)
    })
}

fn table(entries: &[AuditEntry]) -> Table {
    let columns = ["NO", "AT", "WHO"].map(whole).into_iter().chain([cut("HOW"), whole("WHAT")]);
    let columns: Vec<_> = columns.chain(["ON", "WHY"].map(cut)).collect();
    let mut table = Table::new(&columns);
    for entry in entries {
        let AuditEntry { number, at, who, what, on, reason, declined, .. } = entry;
        let Actor { name, how, subject, says: _, from } = who;
        let how = [Some(how), subject.as_ref(), from.as_ref()].into_iter().flatten();
        let how = how.cloned().collect::<Vec<_>>().join(" ");
        let tone = if declined.is_some() { Tone::Faint } else { Tone::Plain };
        let why = declined.as_ref().map_or(reason.clone(), |declined| format!("declined: {declined}"));
        table.row(tone, [number.to_string(), minute(*at), name.clone(), how, what.clone(), on.clone(), why]);
    }
    table
}

fn verify(arguments: &Verify) -> Result<(), Failed> {
    let Verify { noted, whom } = arguments;
    let proven = prove(whom, noted.as_ref())?;
    let is_program = whom.is_a_program();
    match proven {
        Ok(AuditHead { number, sha256 }) if is_program => {
            whom.is_printed(&json!({"entries": number, "sha256": sha256}))?;
        }
        Ok(AuditHead { number, sha256 }) => say!("{number} entries, whole and unaltered; {number}:{sha256}"),
        Err(broken) if is_program => {
            whom.is_printed(&json!({"wrong": broken.to_string()}))?;
            return Err(Failed::Said);
        }
        Err(broken) => return Err(anyhow!("{broken}").into()),
    }
    Ok(())
}

/// Follows all of it, from the first entry to the newest.
fn prove(whom: &Whom, noted: Option<&Noted>) -> Result<Result<AuditHead, Broken>, Failed> {
    let mut known = AuditHead::default();
    loop {
        let AuditTrail { head, entries } = some(whom, Some(known.number))?;
        if entries.is_empty() {
            return match noted {
                Some(Noted(noted)) if noted.number > known.number => {
                    Ok(Err(Broken::Missing { number: noted.number }))
                }
                Some(_) | None => Ok(ends(known, head)),
            };
        }
        for AuditLine { number, line } in entries {
            let Some(line) = line else { return Ok(Err(Broken::Missing { number })) };
            known = match known.follow(&line) {
                Ok((_, next)) => next,
                Err(broken) => return Ok(Err(broken)),
            };
            match noted {
                Some(Noted(noted)) if noted.number == known.number && *noted != known => {
                    return Ok(ends(known, noted.clone()));
                }
                Some(_) | None => {}
            }
        }
    }
}

/// Whether what was followed ends as it has to.
fn ends(known: AuditHead, head: AuditHead) -> Result<AuditHead, Broken> {
    let AuditHead { number, sha256 } = known;
    if number != head.number {
        return Err(Broken::Missing { number: head.number });
    }
    if sha256 != head.sha256 {
        return Err(Broken::Altered { number, expected: head.sha256, found: sha256 });
    }
    Ok(AuditHead { number, sha256 })
}

fn some(whom: &Whom, after: Option<u64>) -> Result<AuditTrail, Failed> {
    let path = OperatorEndpoint::Audit.path();
    let path = after.map_or(path.to_owned(), |after| format!("{path}?after={after}"));
    if whom.file()?.is_some() {
        return Err(usage(anyhow!("the trail is asked of a worker (--server), or of a table")));
    }
    exactly(whom, &path)
}
