//! What a human tells the worker: `approve`, `deny`, `release`, `quarantine`, `mitigation`, `approvals`, `held`.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};
use watchfire_core::act::{Act, ActWhen};
use watchfire_core::command::Wish;
use watchfire_core::containment::ApprovalId;
use watchfire_core::ids::IncidentKey;
use watchfire_core::rules::ActionName;

use super::asking::{Whom, ask, word};
use super::{Failed, Output};
use crate::respond::Named;
use crate::web::Order;

/// What `approve` and `deny` take.
#[derive(Debug, Args)]
pub(super) struct Answer {
    /// The word in the page, such as 434a6bc06491
    #[arg(value_name = "ACTION")]
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
    /// The incident, such as wf1-aafbc2b0205ff7f822f237d095d98b68
    #[arg(value_name = "INCIDENT")]
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
        #[command(flatten)]
        whom: Whom,
    },
    /// Act again.
    On {
        /// Why
        #[arg(long, required = true)]
        reason: String,
        #[command(flatten)]
        whom: Whom,
    },
    /// Say whether it is switched off, and by whom.
    Status {
        #[command(flatten)]
        whom: Whom,
    },
}

pub(super) fn answer(arguments: Answer, wish: impl FnOnce(ApprovalId) -> Wish) -> Result<(), Failed> {
    let Answer { action, reason, dry_run, whom } = arguments;
    order(&whom, reason, wish(ApprovalId::new(action)), None, dry_run)
}

pub(super) fn release(arguments: Release) -> Result<(), Failed> {
    let Release { incident, reason, dry_run, whom } = arguments;
    order(&whom, reason, Wish::Release(IncidentKey::new(incident)), None, dry_run)
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
    order(&whom, reason, Wish::Act(action), Some(on), dry_run)
}

pub(super) fn mitigation(command: Mitigation) -> Result<(), Failed> {
    match command {
        Mitigation::Off { reason, whom } => order(&whom, reason, Wish::SwitchOff, None, false),
        Mitigation::On { reason, whom } => order(&whom, reason, Wish::SwitchOn, None, false),
        Mitigation::Status { whom } => {
            let answer = ask(&whom, "/v1/mitigation", None)?;
            if whom.output == Output::Json {
                say!("{answer}");
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

/// What is to be shown to a person, row by row; none where a program has got it whole.
fn listed(whom: &Whom, path: &str) -> Result<Option<Vec<Value>>, Failed> {
    let answer = ask(whom, path, None)?;
    if whom.output == Output::Json {
        say!("{answer}");
        return Ok(None);
    }
    Ok(Some(answer.as_array().cloned().unwrap_or_default()))
}

pub(super) fn approvals(whom: &Whom) -> Result<(), Failed> {
    let Some(rows) = listed(whom, "/v1/approvals")? else { return Ok(()) };
    let (waiting, answered): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row["answer"].is_null());
    if waiting.is_empty() {
        say!("no plan waits for an approval");
    }
    for row in waiting {
        say!(
            "{}  {} {}  until {}",
            word(row, "id"),
            word(row, "priority"),
            word(row, "action"),
            minute(row, "expires_at")
        );
        say!("  {}", word(row, "target"));
        say!("  because {}", word(row, "because"));
        say!("  {}", word(row, "plan"));
        say!(
            "  incident {}, plan {}",
            word(row, "incident"),
            word(row, "hash").get(..12).unwrap_or_default()
        );
    }
    for row in answered {
        let answer = &row["answer"];
        say!(
            "{}  {} {} by {}",
            word(row, "id"),
            word(row, "action"),
            word(answer, "verdict"),
            word(answer, "by")
        );
    }
    Ok(())
}

pub(super) fn held(whom: &Whom) -> Result<(), Failed> {
    let Some(rows) = listed(whom, "/v1/held")? else { return Ok(()) };
    if rows.is_empty() {
        say!("nothing is held");
    }
    for row in &rows {
        say!("{}  {}", word(row, "incident"), word(row, "target"));
        for act in row["acts"].as_array().into_iter().flatten() {
            let action =
                act["action"]["rule"].as_str().unwrap_or_else(|| act["action"].as_str().unwrap_or_default());
            say!("  {action} {} since {}", word(act, "state"), minute(act, "at"));
        }
        say!("  release would: {}", word(row, "undo"));
    }
    Ok(())
}

fn order(whom: &Whom, reason: String, wish: Wish, on: Option<Named>, dry_run: bool) -> Result<(), Failed> {
    let order = Order { by: whom.by.clone(), reason, wish, on, dry_run, id: None };
    let answer = ask(whom, "/v1/commands", Some(json!(order)))?;
    if whom.output == Output::Json {
        say!("{answer}");
    } else {
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
                ActWhen::NotBefore(at) => format!(" at {}", at.strftime("%Y-%m-%d %H:%M UTC")),
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
        Ok(at) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => word(value, name).to_owned(),
    }
}
