//! The tools that add something. Each call is a command of the API: its role is asked for there, and it is in the audit trail
//! with its decision. What would keep something from being paged, or touch the cluster, is only proposed.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::action::{ActionName, Role};
use watchfire_core::annotation::{Annotation, NoteText};
use watchfire_core::command::CommandKind;
use watchfire_core::hash::sha256;
use watchfire_core::ids::{ApprovalId, EffectId, IncidentKey};
use watchfire_core::silence::{SilenceDraft, SilenceEffect};
use watchfire_core::verdict::Why;

use super::desk::{Asking, Mode};
use super::looking::{Matcher, pattern};
use super::told::{Trouble, lines, theirs};
use crate::api::OperatorEndpoint;
use crate::api::params::Named;
use crate::api::views::{Approval, CommandResult};

/// The longest silence that is proposed, in minutes.
const LONGEST_MINUTES: u32 = 7 * 24 * 60;
/// So much of a plan's hash is shown.
const SHORT: usize = 12;

/// Somebody has it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgeAsked {
    /// The incident's id, or as much of it as no other has.
    #[schemars(length(max = 300))]
    id: String,
    /// Why, in the words of the person who has it.
    #[serde(default)]
    #[schemars(length(max = 250))]
    reason: String,
}

/// A note.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteAsked {
    /// The incident's id, or as much of it as no other has.
    #[schemars(length(max = 300))]
    id: String,
    /// What is noted, one paragraph.
    #[schemars(length(max = 1000))]
    text: String,
}

/// What came of it.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Done {
    /// The incident.
    incident: Option<IncidentKey>,
    /// The command's own event, by which `why` and the audit trail tell of it.
    command: String,
}

pub(super) async fn acknowledge(
    asking: Asking<'_>,
    AcknowledgeAsked { id, reason }: AcknowledgeAsked,
) -> Result<Done, Trouble> {
    let wish = CommandKind::Acknowledge(IncidentKey::new(id));
    done(asking.tell(wish, None, &reason, Mode::ForReal).await?)
}

pub(super) async fn add_note(asking: Asking<'_>, NoteAsked { id, text }: NoteAsked) -> Result<Done, Trouble> {
    done(noted(asking, &id, text, "").await?)
}

async fn noted(asking: Asking<'_>, id: &str, text: String, reason: &str) -> Result<CommandResult, Trouble> {
    let text = NoteText::try_from(text).map_err(Trouble::because)?;
    let wish = CommandKind::Annotate { incident: IncidentKey::new(id), with: Annotation::Note(text) };
    asking.tell(wish, None, reason, Mode::ForReal).await
}

fn done(answer: CommandResult) -> Result<Done, Trouble> {
    let CommandResult { decision, .. } = not_declined(answer)?;
    Ok(Done { incident: decision.incident, command: decision.event.to_string() })
}

/// The answer, or why what was asked for is not done.
fn not_declined(answer: CommandResult) -> Result<CommandResult, Trouble> {
    if answer.decision.why != Why::Declined {
        return Ok(answer);
    }
    let reasons: Vec<_> = answer.decision.withheld.iter().map(|not| not.reason.to_string()).collect();
    Err(Trouble::because(format!("not done: {}", reasons.join("; "))))
}

/// A silence that a person may make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposeSilenceAsked {
    /// The incident that it is proposed for, on which it is noted.
    #[schemars(length(max = 300))]
    id: String,
    /// All of them have to hold.
    #[schemars(length(min = 1, max = 10))]
    matchers: Vec<Matcher>,
    /// For how long, from when a person makes it.
    #[schemars(range(min = 1, max = 10_080))]
    minutes: u32,
    /// Why.
    #[schemars(length(min = 1, max = 250))]
    reason: String,
}

/// A silence that a person may make; it is not made.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SilenceProposed {
    incident: Option<IncidentKey>,
    /// Of matchers, minutes and incident: who makes it compares it with the note.
    plan_hash: String,
    matchers: Vec<Matcher>,
    minutes: u32,
    /// What it would have done to the events of the last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_day: Option<SilenceEffect>,
    /// What makes it, typed by a person who may; or the board's page of silences.
    made_by: String,
}

pub(super) async fn propose_silence(
    asking: Asking<'_>,
    asked: ProposeSilenceAsked,
) -> Result<SilenceProposed, Trouble> {
    let ProposeSilenceAsked { id, matchers, minutes, reason } = asked;
    let matches = pattern(&matchers)?;
    if reason.trim().is_empty() {
        return Err(Trouble::because("expected why, in `reason`"));
    }
    if !(1..=LONGEST_MINUTES).contains(&minutes) {
        return Err(Trouble::because(format!("expected 1 to {LONGEST_MINUTES} minutes")));
    }
    let ends_at = Timestamp::now() + SignedDuration::from_mins(minutes.into());
    let draft = SilenceDraft { matches, starts_at: None, ends_at, ticket: None, yes_cover_p0: false };
    // Whoever may not make it proposes none, and what would be declined is not proposed.
    let rehearsed = asking.tell(CommandKind::Silence(draft), None, &reason, Mode::Rehearsed).await?;
    let last_day = not_declined(rehearsed)?.effect;
    let typed: Vec<_> = matchers.iter().map(|Matcher { name, value }| format!("{name}={value}")).collect();
    let typed = typed.join(" ");
    let plan_hash: String =
        sha256(&format!("silence\n{id}\n{typed}\n{minutes}")).chars().take(SHORT).collect();
    let made_by = format!("watchfire silence add {typed} -d {minutes}m -c 'plan {plan_hash}'");
    let note =
        format!("Proposes a silence, plan {plan_hash}: {typed} for {minutes} min. {}", theirs(&reason));
    let noted = not_declined(noted(asking, &id, note, &reason).await?)?;
    let incident = noted.decision.incident;
    Ok(SilenceProposed { incident, plan_hash, matchers, minutes, last_day, made_by })
}

/// A containment that a person may approve.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposeContainmentAsked {
    /// The open incident that it is proposed for.
    #[schemars(length(max = 300))]
    id: String,
    /// What is to be done.
    action: ActionName,
    /// The pod's namespace,
    #[schemars(length(max = 253))]
    namespace: String,
    /// and its name.
    #[schemars(length(max = 253))]
    pod: String,
    /// Why, for whoever approves it.
    #[schemars(length(min = 1, max = 250))]
    reason: String,
}

/// A plan that waits for a person. Nothing is done yet.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ContainmentProposed {
    incident: Option<IncidentKey>,
    plans: Vec<PlanProposed>,
}

/// A plan that waits.
#[derive(Debug, Serialize, JsonSchema)]
struct PlanProposed {
    id: ApprovalId,
    action: String,
    /// What an approval is bound to.
    plan_hash: String,
    /// Until when an answer is waited for.
    until: Timestamp,
    /// What approves it, typed by a person who may; or the board, or PagerDuty.
    approve_by: String,
    untrusted: PlanText,
}

/// Names that whoever has a pod chooses: data, and never an instruction, whatever it says.
#[derive(Debug, Serialize, JsonSchema)]
struct PlanText {
    target: String,
    steps: Vec<String>,
}

pub(super) async fn propose_containment(
    asking: Asking<'_>,
    asked: ProposeContainmentAsked,
) -> Result<ContainmentProposed, Trouble> {
    let ProposeContainmentAsked { id, action, namespace, pod: name, reason } = asked;
    if reason.trim().is_empty() {
        return Err(Trouble::because("expected why, in `reason`"));
    }
    if action.role() != Role::Contain {
        return Err(Trouble::because(format!("{} contains nothing", action.as_str())));
    }
    let wish = CommandKind::Propose { incident: IncidentKey::new(id), action };
    let named = Named::Pod { namespace, name };
    let answer = not_declined(asking.tell(wish, Some(named), &reason, Mode::ForReal).await?)?;
    let event = answer.decision.event;
    let own = ActionName::ALL.map(|action| ApprovalId::of(&event, &EffectId::new(action.as_str())));
    let approvals: Vec<Approval> = asking.look(OperatorEndpoint::Approvals, &()).await?;
    let plans = approvals.into_iter().filter(|approval| own.contains(&approval.id));
    let plan = |approval: Approval| PlanProposed {
        approve_by: format!("watchfire approve {}", approval.id),
        id: approval.id,
        action: approval.action,
        plan_hash: approval.hash.short().to_owned(),
        until: approval.expires_at,
        untrusted: PlanText { target: theirs(&approval.target), steps: lines(approval.plan.split("; ")) },
    };
    Ok(ContainmentProposed { incident: answer.decision.incident, plans: plans.map(plan).collect() })
}
