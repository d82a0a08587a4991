//! What a human tells the worker: `approve`, `deny`, `release`, `quarantine`, `mitigation`, `approvals`, `held`.

use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;
use serde_json::{Value, json};
use watchfire_core::act::{Act, ActWhen};
use watchfire_core::action::ActionName;
use watchfire_core::command::CommandKind;
use watchfire_core::ids::ApprovalId;
use watchfire_core::ids::IncidentKey;

use super::Failed;
use super::asking::{self, Form, Whom, ask, look, word};
use super::completing::Ids;
use super::screen::{self, Tone, relative};
use super::table::{Table, cut, whole};
use super::watching::Listing;
use crate::responder::Named;
use crate::web::Order;

/// What `approve` and `deny` take.
#[derive(Debug, Args)]
pub(super) struct Answer {
    /// The word in the page, or as much of it as no other has, or an incident's or event's of which one plan waits
    #[arg(value_name = "ID", add = ArgValueCompleter::new(Ids::Approvals))]
    action: String,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// Check everything, rehearse every change on the API server, do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    whom: Whom,
}

/// What `release` takes.
#[derive(Debug, Args)]
pub(super) struct Release {
    /// The incident's id, or as much of it as no other has, or an event's
    #[arg(value_name = "INCIDENT", add = ArgValueCompleter::new(Ids::Contained))]
    incident: String,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// Check everything, rehearse every change on the API server, do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    whom: Whom,
}

/// What `quarantine` takes.
#[derive(Debug, Args)]
pub(super) struct Quarantine {
    /// The pod, as NAMESPACE/NAME
    #[arg(value_name = "POD")]
    pod: String,
    /// Why
    #[arg(long, required = true)]
    reason: String,
    /// Another action on it than a quarantine
    #[arg(long, value_name = "ACTION", default_value = "quarantine")]
    action: String,
    /// Check everything, rehearse every change on the API server, do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    whom: Whom,
}

/// What `mitigation` takes.
#[derive(Debug, Subcommand)]
pub(super) enum Mitigation {
    /// Do nothing more to the cluster, whatever rules and approvals say.
    Off {
        /// Why
        #[arg(long, required = true)]
        reason: String,
        /// Say what would come of it, and do nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        whom: Whom,
    },
    /// Act again.
    On {
        /// Why
        #[arg(long, required = true)]
        reason: String,
        /// Say what would come of it, and do nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        whom: Whom,
    },
    /// Say whether it is switched off, and by whom.
    Status {
        #[command(flatten)]
        whom: Whom,
    },
}

pub(super) fn answer(arguments: Answer, wish: impl FnOnce(ApprovalId) -> CommandKind) -> Result<(), Failed> {
    let Answer { action, reason, dry_run, whom } = arguments;
    order(&whom, reason, wish(ApprovalId::new(action)), None, dry_run)
}

pub(super) fn release(arguments: Release) -> Result<(), Failed> {
    let Release { incident, reason, dry_run, whom } = arguments;
    order(&whom, reason, CommandKind::Release(IncidentKey::new(incident)), None, dry_run)
}

pub(super) fn quarantine(arguments: Quarantine) -> Result<(), Failed> {
    let Quarantine { pod, reason, action, dry_run, whom } = arguments;
    let Some((namespace, name)) = pod.split_once('/').filter(|(_, name)| !name.contains('/')) else {
        return Err(Failed::Usage(vec![format!("expected NAMESPACE/NAME, found `{pod}`")]));
    };
    let Some(action) = ActionName::ALL.into_iter().find(|known| known.as_str() == action) else {
        let known = ActionName::ALL.map(ActionName::as_str).join(", ");
        return Err(Failed::Usage(vec![format!("expected an action ({known}), found `{action}`")]));
    };
    let on = Named::Pod { namespace: namespace.to_owned(), name: name.to_owned() };
    order(&whom, reason, CommandKind::Act(action), Some(on), dry_run)
}

pub(super) fn mitigation(command: Mitigation) -> Result<(), Failed> {
    match command {
        Mitigation::Off { reason, dry_run, whom } => {
            order(&whom, reason, CommandKind::SwitchOff, None, dry_run)
        }
        Mitigation::On { reason, dry_run, whom } => {
            order(&whom, reason, CommandKind::SwitchOn, None, dry_run)
        }
        Mitigation::Status { whom } => {
            let answer = ask(&whom, "/v1/mitigation", None)?;
            if whom.is_printed(&answer)? {
                return Ok(());
            }
            match (&answer["off"], answer["elsewhere"].as_str()) {
                (Value::Null, None) => say!("mitigation is on, in mode {}", word(&answer, "mode")),
                (Value::Null, Some(why)) => say!("mitigation is off: {why}"),
                (off, also) => {
                    let also = also.map(|why| format!("; also {why}")).unwrap_or_default();
                    let (at, by, reason) = (minute(off, "at"), word(off, "by"), word(off, "reason"));
                    say!("mitigation is off since {at} by {by}: {reason}{also}");
                }
            }
            Ok(())
        }
    }
}

pub(super) fn approvals(listing: &Listing) -> Result<(), Failed> {
    let ask = |whom: &Whom| look::<Vec<Value>>(whom, "/v1/approvals");
    listing.each(ask, |whom, mut rows| {
        // What is to be answered comes first, and of this the most urgent.
        rows.sort_by_key(|row| {
            (!row["answer"].is_null(), word(row, "priority").to_owned(), word(row, "expires_at").to_owned())
        });
        if rows.iter().all(|row| !row["answer"].is_null()) {
            say!("no plan waits for an approval");
        }
        if rows.is_empty() {
            return Ok(());
        }
        let is_wide = whom.output == Form::Wide;
        let shown =
            [whole("ID"), whole("PRI"), whole("ACTION"), whole("ANSWER"), cut("TARGET"), cut("BECAUSE")];
        let more = ["INCIDENT", "HASH", "PLAN"].map(whole);
        let columns: Vec<_> = shown.into_iter().chain(more.into_iter().filter(|_| is_wide)).collect();
        let mut table = Table::new(&columns);
        for row in &rows {
            let (tone, answer) = answered(row, is_wide);
            let id = word(row, if is_wide { "id" } else { "short" }).to_owned();
            let texts = ["priority", "action"].map(|name| word(row, name).to_owned());
            let rest = ["target", "because"]
                .into_iter()
                .chain(["incident", "hash", "plan"].into_iter().filter(|_| is_wide));
            let rest = rest.map(|name| word(row, name).to_owned());
            table.row(tone, [id].into_iter().chain(texts).chain([answer]).chain(rest));
        }
        Ok(table.print(if is_wide { None } else { screen::columns() })?)
    })
}

/// Until when an answer is waited for, or who gave it.
fn answered(row: &Value, is_wide: bool) -> (Tone, String) {
    let now = Timestamp::now();
    match (&row["answer"], word(row, "expires_at").parse::<Timestamp>()) {
        (Value::Null, Ok(at)) if at <= now => (Tone::Faint, "too late".to_owned()),
        (Value::Null, Ok(at)) if is_wide => (Tone::Plain, format!("by {}", asking::minute(at))),
        (Value::Null, Ok(at)) => (Tone::Plain, format!("due {}", relative(at, now))),
        (Value::Null, Err(_)) => (Tone::Plain, "due".to_owned()),
        (answer, _) => (Tone::Faint, format!("{} by {}", word(answer, "verdict"), word(answer, "by"))),
    }
}

pub(super) fn held(listing: &Listing) -> Result<(), Failed> {
    let ask = |whom: &Whom| look::<Vec<Value>>(whom, "/v1/held");
    listing.each(ask, |whom, rows| {
        if rows.is_empty() {
            say!("nothing is held");
            return Ok(());
        }
        let is_wide = whom.output == Form::Wide;
        let columns = [whole("INCIDENT"), whole("SINCE"), whole("DONE"), cut("TARGET"), cut("RELEASE WOULD")];
        let mut table = Table::new(&columns);
        for row in &rows {
            let acts = row["acts"].as_array().map(Vec::as_slice).unwrap_or_default();
            let since = acts.iter().filter_map(|act| word(act, "at").parse::<Timestamp>().ok()).min();
            let since = since.map(|at| match is_wide {
                true => asking::minute(at),
                false => relative(at, Timestamp::now()),
            });
            let done: Vec<_> =
                acts.iter().map(|act| format!("{} {}", named(act), word(act, "state"))).collect();
            let id = word(row, if is_wide { "incident" } else { "short" }).to_owned();
            let texts = ["target", "undo"].map(|name| word(row, name).to_owned());
            let cells = [id, since.unwrap_or_default(), done.join(", ")];
            table.row(Tone::Plain, cells.into_iter().chain(texts));
        }
        Ok(table.print(if is_wide { None } else { screen::columns() })?)
    })
}

/// The action of an act.
fn named(act: &Value) -> &str {
    act["action"]["rule"].as_str().unwrap_or_else(|| act["action"].as_str().unwrap_or_default())
}

fn order(
    whom: &Whom,
    reason: String,
    wish: CommandKind,
    on: Option<Named>,
    dry_run: bool,
) -> Result<(), Failed> {
    let order = Order { by: whom.author()?, reason, wish, on, dry_run, id: None };
    let answer = ask(whom, "/v1/commands", Some(json!(order)))?;
    if !whom.is_printed(&answer)? {
        show(&answer)?;
    }
    let failed = answer["outcomes"].as_object().into_iter().flatten();
    let has_failed = failed.clone().any(|(_, outcome)| outcome["acted"]["end"] == "failed");
    let rehearsed = answer["acts"].as_array().into_iter().flatten();
    let would_fail = rehearsed.flat_map(|act| act["steps"].as_array().into_iter().flatten());
    let would_fail = would_fail.clone().any(|step| step["result"] == "failed");
    let is_declined = answer["decision"]["why"] == "declined";
    if has_failed || would_fail || is_declined { Err(Failed::Said) } else { Ok(()) }
}

/// What was decided, and what became of it.
fn show(answer: &Value) -> Result<(), Failed> {
    let decision = &answer["decision"];
    let dry_run = answer["dry_run"] == true;
    say!("{}{}", if dry_run { "dry run: " } else { "" }, word(decision, "subject"));
    if let Some(incident) = decision["incident"].as_str() {
        say!("incident {incident}");
    }
    for withheld in decision["withheld"].as_array().into_iter().flatten() {
        say!("not done: {}: {}", word(withheld, "action"), word(withheld, "reason"));
    }
    let rehearsed = answer["acts"].as_array().map(Vec::as_slice).unwrap_or_default();
    for act in rehearsed {
        say!("would do: {}", what(&act["act"]));
        steps(&act["steps"])?;
    }
    for act in decision["acts"].as_array().into_iter().flatten().filter(|_| !dry_run) {
        let id = word(act, "id");
        match &answer["outcomes"][id] {
            Value::Null => say!("pending: {}", what(act)),
            outcome => {
                let acted = &outcome["acted"];
                let end = match word(acted, "end") {
                    "needless" => "not needed",
                    end => end,
                };
                say!("{}", format!("{end}: {}: {}", what(act), word(acted, "said")).trim_end_matches(": "));
                steps(&acted["steps"])?;
            }
        }
    }
    Ok(())
}

fn steps(steps: &Value) -> Result<(), Failed> {
    for step in steps.as_array().into_iter().flatten() {
        let in_words = |name: &str| word(step, name).replace('_', " ");
        let line = format!("  {:<9} {:<16} {}", in_words("result"), in_words("step"), word(step, "note"));
        say!("{}", line.trim_end());
    }
    Ok(())
}

/// An act's action and target, as a human calls them, and on what it waits.
fn what(act: &Value) -> String {
    match serde_json::from_value::<Act>(act.clone()) {
        Ok(act) => {
            let when = match &act.when {
                ActWhen::Now => String::new(),
                ActWhen::IfFailed(other) => format!(" if {other} fails"),
                ActWhen::NotBefore(at) => format!(" at {}", asking::minute(*at)),
            };
            format!("{} of {}{when}", act.action.as_str(), act.target.named())
        }
        // A worker of another version.
        Err(_) => word(act, "id").to_owned(),
    }
}

/// A time to the minute, as pages write it.
fn minute(value: &Value, name: &str) -> String {
    match word(value, name).parse::<Timestamp>() {
        Ok(at) => asking::minute(at),
        Err(_) => word(value, name).to_owned(),
    }
}
