//! What a human tells the worker: `approve`, `deny`, `release`, `quarantine`, `mitigation`, `approvals`, `contained`.

use clap::{Args, Subcommand};
use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;
use serde::Serialize;
use watchfire_core::act::{Act, ActWhen, StepRecord, StepResult};
use watchfire_core::action::ActionName;
use watchfire_core::command::CommandKind;
use watchfire_core::containment::{Answer as Answered, ContainmentState, SwitchedOff, Verdict};
use watchfire_core::ids::{ApprovalId, IncidentKey};
use watchfire_core::journal::{ActEnd, Outcome};

use super::Failed;
use super::asking::{Form, Whom, look, minute, refusal, tell};
use super::completing::Ids;
use super::screen::{self, Tone, plain, relative};
use super::table::{Table, cut, whole};
use super::watching::Listing;
use crate::api::OperatorEndpoint;
use crate::api::params::{self, Named};
use crate::api::views::{self, Approval, CommandResult, Contained, Rehearsed};

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
    let Some(action) = ActionName::named(&action) else {
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
        Mitigation::Status { whom } => status(&whom),
    }
}

fn status(whom: &Whom) -> Result<(), Failed> {
    let asked = look::<views::Mitigation>(whom, OperatorEndpoint::Mitigation.path())?;
    let Some(views::Mitigation { off, elsewhere, mode }) = asked else { return Ok(()) };
    match (off, elsewhere) {
        (None, None) => match mode {
            Some(mode) => say!("mitigation is on, in mode {}", in_words(&mode)),
            None => {
                say!("mitigation is on; its mode and its ConfigMap are in the configuration: --config FILE")
            }
        },
        (None, Some(why)) => say!("mitigation is off: {why}"),
        (Some(SwitchedOff { by, reason, at }), also) => {
            let also = also.map(|why| format!("; also {why}")).unwrap_or_default();
            say!("mitigation is off since {} by {by}: {reason}{also}", minute(at));
        }
    }
    Ok(())
}

pub(super) fn approvals(listing: &Listing) -> Result<(), Failed> {
    let ask = |whom: &Whom| look::<Vec<Approval>>(whom, OperatorEndpoint::Approvals.path());
    listing.each(ask, |whom, mut approvals| {
        // What is to be answered comes first, and of this the most urgent.
        approvals.sort_by_key(|it| (it.answer.is_some(), it.priority, it.expires_at));
        if approvals.iter().all(|approval| approval.answer.is_some()) {
            say!("no plan waits for an approval");
        }
        if approvals.is_empty() {
            return Ok(());
        }
        match whom.output {
            Form::Wide => every_detail(&approvals).print(None)?,
            Form::Human | Form::Json | Form::Yaml => at_a_glance(&approvals).print(screen::columns())?,
        }
        Ok(())
    })
}

fn at_a_glance(approvals: &[Approval]) -> Table {
    let columns =
        [whole("ID"), whole("PRI"), whole("ACTION"), whole("ANSWER"), cut("TARGET"), cut("BECAUSE")];
    let mut table = Table::new(&columns);
    for approval in approvals {
        let Approval { short, priority, action, target, because, .. } = approval;
        let (tone, answer) = answered(approval, |at, now| format!("due {}", relative(at, now)));
        let priority = priority.to_string();
        table.row(tone, [short, &priority, action, &answer, target, because].map(String::clone));
    }
    table
}

fn every_detail(approvals: &[Approval]) -> Table {
    let names =
        ["ID", "PRI", "ACTION", "ANSWER"].map(whole).into_iter().chain(["TARGET", "BECAUSE"].map(cut));
    let columns: Vec<_> = names.chain(["INCIDENT", "HASH", "PLAN"].map(whole)).collect();
    let mut table = Table::new(&columns);
    for approval in approvals {
        let Approval { id, priority, action, target, because, incident, hash, plan, .. } = approval;
        let (tone, answer) = answered(approval, |at, _| format!("by {}", minute(at)));
        let (id, priority, incident, hash) =
            (id.to_string(), priority.to_string(), incident.to_string(), hash.to_string());
        let cells = [&id, &priority, action, &answer, target, because, &incident, &hash, plan];
        table.row(tone, cells.map(String::clone));
    }
    table
}

/// Until when an answer is waited for, or who gave it.
fn answered(approval: &Approval, due: impl Fn(Timestamp, Timestamp) -> String) -> (Tone, String) {
    let now = Timestamp::now();
    match &approval.answer {
        None if approval.expires_at <= now => (Tone::Faint, "too late".to_owned()),
        None => (Tone::Plain, due(approval.expires_at, now)),
        Some(Answered { verdict: Verdict::Approved, by, .. }) => (Tone::Faint, format!("approved by {by}")),
        Some(Answered { verdict: Verdict::Denied, by, .. }) => (Tone::Faint, format!("denied by {by}")),
    }
}

pub(super) fn contained(listing: &Listing) -> Result<(), Failed> {
    let ask = |whom: &Whom| look::<Vec<Contained>>(whom, OperatorEndpoint::Contained.path());
    listing.each(ask, |whom, targets| {
        if targets.is_empty() {
            say!("nothing is contained");
            return Ok(());
        }
        let is_wide = whom.output == Form::Wide;
        let columns = [whole("INCIDENT"), whole("SINCE"), whole("DONE"), cut("TARGET"), cut("RELEASE WOULD")];
        let mut table = Table::new(&columns);
        for Contained { incident, short, target, acts, undo } in targets {
            let since = acts.iter().map(|act| act.at).min();
            let since = since.map(|at| match is_wide {
                true => minute(at),
                false => relative(at, Timestamp::now()),
            });
            let done = acts.iter().map(|act| format!("{} {}", act.action.as_str(), state(act.state)));
            let done: Vec<_> = done.collect();
            let id = if is_wide { incident.to_string() } else { short };
            table.row(Tone::Plain, [id, since.unwrap_or_default(), done.join(", "), target, undo]);
        }
        Ok(table.print(if is_wide { None } else { screen::columns() })?)
    })
}

fn state(state: ContainmentState) -> &'static str {
    match state {
        ContainmentState::Planned => "planned",
        ContainmentState::Done => "done",
        ContainmentState::Failed => "failed",
        ContainmentState::Released => "released",
    }
}

fn order(
    whom: &Whom,
    reason: String,
    wish: CommandKind,
    on: Option<Named>,
    dry_run: bool,
) -> Result<(), Failed> {
    let command = params::Command { by: whom.author()?, reason, wish, on, dry_run, id: None };
    let answer: CommandResult = tell(whom, OperatorEndpoint::Commands, &command)?;
    if !whom.is_a_program() {
        show(&answer)?;
    }
    let has_failed = |outcome: &Outcome| matches!(outcome, Outcome::Acted { end: ActEnd::Failed, .. });
    let has_failed = answer.outcomes.iter().flat_map(|outcomes| outcomes.values()).any(has_failed);
    let rehearsed = answer.acts.iter().flatten().flat_map(|act| &act.steps);
    let would_fail = rehearsed.into_iter().any(|step| step.result == StepResult::Failed);
    if has_failed || would_fail || refusal(&answer).is_some() { Err(Failed::Said) } else { Ok(()) }
}

/// What was decided, and what became of it.
fn show(answer: &CommandResult) -> Result<(), Failed> {
    let CommandResult { dry_run, decision, outcomes, acts, remark, .. } = answer;
    say!("{}{}", if *dry_run { "dry run: " } else { "" }, decision.subject);
    if let Some(incident) = &decision.incident {
        say!("incident {incident}");
    }
    for withheld in &decision.withheld {
        say!("not done: {withheld}");
    }
    for Rehearsed { act, steps } in acts.iter().flatten() {
        say!("would do: {}", what(act));
        self::steps(steps)?;
    }
    for act in decision.acts.iter().filter(|_| !dry_run) {
        became(act, outcomes.as_ref().and_then(|outcomes| outcomes.get(&act.id)))?;
    }
    if let Some(remark) = remark {
        say!("{}", plain(remark));
    }
    Ok(())
}

/// What became of an act; none: nothing yet.
fn became(act: &Act, outcome: Option<&Outcome>) -> Result<(), Failed> {
    let (end, said, steps) = match outcome {
        None => ("pending", "", &[][..]),
        Some(Outcome::Acted { end: ActEnd::Done, said, steps, .. }) => ("done", said.as_str(), &steps[..]),
        Some(Outcome::Acted { end: ActEnd::Failed, said, steps, .. }) => {
            ("failed", said.as_str(), &steps[..])
        }
        Some(Outcome::Acted { end: ActEnd::Needless, said, steps, .. }) => {
            ("not needed", said.as_str(), &steps[..])
        }
        Some(Outcome::Done { receipt, .. }) => ("done", receipt.as_str(), &[][..]),
        Some(Outcome::Failed { reason, .. }) => ("failed", reason.as_str(), &[][..]),
        Some(Outcome::NotNeeded { .. }) => ("not needed", "", &[][..]),
    };
    say!("{}", format!("{end}: {}: {said}", what(act)).trim_end_matches(": "));
    self::steps(steps)
}

fn steps(steps: &[StepRecord]) -> Result<(), Failed> {
    for StepRecord { step, result, note } in steps {
        let (result, step) = (in_words(result), in_words(step));
        say!("{}", format!("  {result:<9} {step:<16} {note}").trim_end());
    }
    Ok(())
}

/// A name as it is stored, in words.
fn in_words(name: &impl Serialize) -> String {
    let name = serde_json::to_value(name).unwrap_or_default();
    name.as_str().unwrap_or_default().replace('_', " ")
}

/// An act's action and target, as a human calls them, and on what it waits.
fn what(act: &Act) -> String {
    let when = match &act.when {
        ActWhen::Now => String::new(),
        ActWhen::IfFailed(other) => format!(" if {other} fails"),
        ActWhen::NotBefore(at) => format!(" at {}", minute(*at)),
    };
    format!("{} of {}{when}", act.action.as_str(), act.target.named())
}
