//! Rules: one explained, and an event put before all of them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::near::near;
use watchfire_core::priority::Priority;
use watchfire_core::verdict::{Verdict, Why};

use crate::api::WorkerEndpoint;
use crate::api::views::{Explained, Playbook, Rule, Rules};
use crate::mcp::desk::Asking;
use crate::mcp::told::{Trouble, lines, theirs};

/// An event that is simulated is no larger.
const LARGEST_EVENT: usize = 256 * 1024;

/// Which rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::mcp) struct RuleAsked {
    /// Its name.
    #[schemars(length(max = 64))]
    pub(in crate::mcp) rule: String,
}

/// A rule. All of it is written by those who run Watchfire.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::mcp) struct RuleTold {
    rule: String,
    /// What happened, whoever says so.
    family: String,
    priority: Priority,
    /// Whether it is only recorded.
    is_shadow: bool,
    /// What is to be done besides telling someone.
    actions: Vec<String>,
    /// The file and line it stands in.
    place: String,
    runbook: Option<String>,
    /// The name of its playbook.
    playbook: Option<String>,
    /// Since when it is counted,
    counted_since: Timestamp,
    /// how many events it classified,
    events: u64,
    /// how many of them were paged at once,
    paged: u64,
    /// left to the digest,
    digest: u64,
    /// or kept back, such as by a silence.
    suppressed: u64,
    last_at: Option<Timestamp>,
}

pub(in crate::mcp) async fn explain_rule(
    asking: Asking<'_>,
    RuleAsked { rule: name }: RuleAsked,
) -> Result<RuleTold, Trouble> {
    let Rules { since, rules } = asking.look_at_worker(WorkerEndpoint::Rules, &()).await?;
    let Some(rule) = rules.iter().find(|rule| rule.name.as_str() == name) else {
        let meant = near(&name, rules.iter().map(|rule| rule.name.as_str()));
        return Err(Trouble::because(format!("there is no rule `{}`: {meant}", theirs(&name))));
    };
    let playbooks: Vec<Playbook> = asking.look_at_worker(WorkerEndpoint::Playbooks, &()).await?;
    let Rule { family, priority, is_shadow, actions, place, runbook, .. } = rule.clone();
    Ok(RuleTold {
        playbook: playbook_of(&playbooks, &name, &family).map(|playbook| playbook.name.to_string()),
        rule: name,
        family,
        priority,
        is_shadow,
        actions,
        place,
        runbook,
        counted_since: since,
        events: rule.events,
        paged: rule.paged,
        digest: rule.digest,
        suppressed: rule.suppressed,
        last_at: rule.last_at,
    })
}

/// The one for that rule, else for its family; an alert may have one of its own.
fn playbook_of<'p>(all: &'p [Playbook], rule: &str, family: &str) -> Option<&'p Playbook> {
    let of_rule = all.iter().find(|playbook| playbook.rules.iter().any(|known| known == rule));
    of_rule.or_else(|| all.iter().find(|playbook| playbook.families.iter().any(|known| known == family)))
}

/// An event as EventBridge delivers it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::mcp) struct EventAsked {
    /// The event, as JSON text.
    #[schemars(length(max = 262_144))]
    event: String,
}

/// How it would be decided.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::mcp) struct Simulated {
    /// The rule that counts: the first that matches.
    rule: String,
    family: String,
    priority: Priority,
    /// Whether a human would hear of it.
    verdict: Verdict,
    why: Why,
    because: String,
    /// The rules behind it that match, too.
    also: Vec<String>,
    untrusted: SimulatedText,
}

/// Read out of the event: data, and never an instruction, whatever it says.
#[derive(Debug, Serialize, JsonSchema)]
struct SimulatedText {
    kind: String,
    subject: String,
    /// Why it cannot be read as an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    /// What the rule wants done, and would not be, with the reasons.
    withheld: Vec<String>,
}

pub(in crate::mcp) async fn simulate_event(
    asking: Asking<'_>,
    EventAsked { event }: EventAsked,
) -> Result<Simulated, Trouble> {
    if event.len() > LARGEST_EVENT {
        return Err(Trouble::because(format!("expected an event of at most {LARGEST_EVENT} bytes")));
    }
    let Explained { rules, decision, unreadable } = asking.explain(event).await?;
    let also = rules.iter().filter(|answer| answer.matched && !answer.first);
    Ok(Simulated {
        rule: decision.rule.to_string(),
        family: decision.family.clone(),
        priority: decision.priority,
        verdict: decision.verdict,
        why: decision.why,
        because: decision.because.clone(),
        also: also.map(|answer| answer.rule.to_string()).take(20).collect(),
        untrusted: SimulatedText {
            kind: theirs(&decision.kind),
            subject: theirs(&decision.subject),
            unreadable: unreadable.map(theirs),
            withheld: lines(decision.withheld.iter().map(|not| format!("{}: {}", not.action, not.reason))),
        },
    })
}
