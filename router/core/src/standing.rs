//! How an incident stands: what is contained, what waits for a human, who was told and who still has to be.
//!
//! It is the one source of `why`, `incidents show` and the timeline, and of what the API answers: a decision says what
//! was so when it was made, this says what has become of it. Pure: from the records and the journal.

mod delivery;

pub use delivery::{Delivery, Progress, Told, ended};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::{Act, ActionKind};
use crate::action::{ActionName, Role};
use crate::containment::{Answer, ApprovalRecord, TargetRecord, Verdict};
use crate::decision::{Decision, Wanted, Withheld};
use crate::heading::measures;
use crate::ids::{ApprovalId, EffectId, IncidentKey};
use crate::incident::{IncidentRecord, LedTo};
use crate::journal::Entry;
use crate::notice::{Followed, Measure, StepState};
use crate::rules::Playbook;
use crate::text::clean;
use crate::verdict::Why;
use crate::zone::Zone;

/// All that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'s> {
    /// The incident.
    pub incident: &'s IncidentKey,
    /// What is known of it; none if it is forgotten.
    pub record: Option<&'s IncidentRecord>,
    /// What was decided about it, the oldest first.
    pub entries: &'s [Entry],
    /// The decision by which it was said with others.
    pub said_with: Option<&'s Entry>,
    /// What was done something to on its account.
    pub targets: &'s [TargetRecord],
    /// The plans that a human was asked about on its account.
    pub approvals: &'s [(ApprovalId, ApprovalRecord)],
    /// What people do about such an incident; none where there is no playbook for it.
    pub playbook: Option<&'s Playbook>,
    /// The zone of those who look at it.
    pub zone: &'s Zone,
    /// Now.
    pub now: Timestamp,
}

/// How an incident stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// How all that contains it stands, what presses first: as a page's head says it.
    pub measures: Vec<Measure>,
    /// The plans that a human was asked about, the oldest first.
    pub approvals: Vec<Approval>,
    /// What the rule of its latest event wanted, and is neither done nor asked for.
    pub withheld: Vec<Withheld>,
    /// What people do about it, and how far it is; none where there is no playbook for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playbook: Option<Followed>,
    /// Who was told and who is to be told, the oldest first; none of what did not have to be.
    pub told: Vec<Told>,
    /// The latest page that names it as what led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub led_to: Option<LedTo>,
    /// The zone of its times in words.
    #[serde(default)]
    pub zone: Zone,
}

/// A plan that a human was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ApprovalStanding")]
pub struct Approval {
    /// The word that approves it.
    pub id: ApprovalId,
    /// Which action.
    pub action: String,
    /// On what, in words.
    pub target: String,
    /// What would be done, a step each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
    /// Why a human is asked.
    pub because: String,
    /// Whether it waits, and what was said.
    pub state: ApprovalState,
    /// When it is or was too late.
    pub until: Timestamp,
    /// What was said; none where nobody has answered.
    pub answer: Option<Answer>,
}

/// Whether a plan waits for a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// It waits.
    Waiting,
    /// A human said yes.
    Approved,
    /// A human said no.
    Denied,
    /// Nobody said anything in time.
    Expired,
}

/// What was wanted and was not done when it was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotDone {
    /// The action.
    pub action: String,
    /// Why not, as it was then.
    pub reason: String,
    /// What has become of it since; none where nothing has.
    #[serde(default)]
    pub since: Option<String>,
}

impl Standing {
    /// How it stands.
    pub fn of(sources: &Sources<'_>) -> Self {
        let Sources { incident, record, targets, approvals, playbook, zone, now, .. } = *sources;
        let asked = approvals.iter().map(|(id, record)| (id, record));
        let measures = record.map_or_else(Vec::new, |record| measures(incident, record, targets, asked, now));
        let mut approvals: Vec<_> = approvals.iter().collect();
        approvals.sort_by_key(|(id, record)| (record.asked_at, id.clone()));
        let approvals = approvals.into_iter().map(|(id, record)| Approval::of(id, record, now)).collect();
        let (told, zone) = (Told::of(sources), zone.clone());
        let playbook = playbook.map(|playbook| playbook.told().ticked(&measures, &captured(sources)));
        let led_to = record.and_then(|record| record.led_to.clone());
        let mut standing = Self { measures, approvals, withheld: Vec::new(), playbook, told, led_to, zone };
        standing.withheld = standing.withheld_of(sources.entries);
        standing
    }

    /// A line each: how what contains it stands, what it led to, what is withheld.
    pub fn lines(&self) -> Vec<String> {
        let measures = self.measures.iter().map(|measure| measure.sentence(&self.zone));
        let led_to = self.led_to.iter().map(|led| led.sentence(&self.zone));
        let withheld = self.withheld.iter().map(|withheld| format!("no {withheld}"));
        measures.chain(led_to).chain(withheld).collect()
    }

    /// What has become of something that a decision did not do.
    pub fn not_done(&self, decision: &Decision, withheld: &Withheld) -> NotDone {
        let (action, reason) = (withheld.action.to_string(), withheld.reason.to_string());
        if let Some(led) = self.led_to.as_ref().filter(|led| led.is_about(decision, &withheld.action)) {
            return NotDone { action, reason, since: Some(led.sentence(&self.zone)) };
        }
        let id = ApprovalId::of(&decision.event, &EffectId::new(action.as_str()));
        let asked = self.approvals.iter().find(|approval| approval.id == id);
        let since = asked.filter(|asked| asked.state != ApprovalState::Waiting).map(|asked| {
            let answered = asked.answered(&self.zone);
            let of_it = |measure: &&Measure| {
                measure.action.as_str() == asked.action && measure.target == asked.target
            };
            match (asked.state, self.measures.iter().find(of_it)) {
                (ApprovalState::Approved, Some(measure)) => {
                    format!("{answered}; {}", measure.sentence(&self.zone))
                }
                (_, _) => answered,
            }
        });
        NotDone { action, reason, since }
    }

    /// What the latest event's rule wanted to be contained, where nothing is and nobody is asked.
    fn withheld_of(&self, entries: &[Entry]) -> Vec<Withheld> {
        if !self.measures.is_empty() || !self.approvals.is_empty() {
            return Vec::new();
        }
        let contains = |it: &Withheld| it.action.action().is_some_and(|it| it.role() == Role::Contain);
        let of_entry = |entry: &Entry| -> Vec<Withheld> {
            let is_said = entry.decision.face.is_some();
            let withheld = entry.decision.withheld.iter().filter(|it| is_said && contains(it));
            withheld.cloned().collect()
        };
        entries.iter().rev().map(of_entry).find(|withheld| !withheld.is_empty()).unwrap_or_default()
    }
}

/// What became of each act of this episode that contains nothing: what does is told by its measure.
fn captured(sources: &Sources<'_>) -> Vec<(ActionName, StepState)> {
    let opened_at = sources.record.map_or(Timestamp::MIN, |record| record.opened_at);
    let entries = sources.entries.iter().filter(|entry| entry.decision.at >= opened_at);
    let acts = entries.flat_map(|entry| entry.decision.acts.iter().map(move |act| (entry, act)));
    let state = |(entry, act): (&Entry, &Act)| {
        let ActionKind::Rule(action) = act.action else { return None };
        let state = match ended(entry.outcomes.get(&act.id)) {
            (Progress::Done, Some(at), _) => StepState::Done { at },
            (Progress::Failed, _, _) => StepState::Failed,
            (Progress::Pending, _, _) => StepState::UnderWay,
            (Progress::Done, None, _) | (Progress::NotNeeded, _, _) => return None,
        };
        (action.role() != Role::Contain).then_some((action, state))
    };
    acts.filter_map(state).collect()
}

impl LedTo {
    /// Whether it tells of what that decision counted, and paged nobody for.
    fn is_about(&self, decision: &Decision, wanted: &Wanted) -> bool {
        let is_counted = decision.why == Why::Counted && (self.from..=self.at).contains(&decision.at);
        is_counted && *wanted == Wanted::Page
    }
}

impl Approval {
    fn of(id: &ApprovalId, record: &ApprovalRecord, now: Timestamp) -> Self {
        let state = match &record.answer {
            Some(Answer { verdict: Verdict::Approved, .. }) => ApprovalState::Approved,
            Some(Answer { verdict: Verdict::Denied, .. }) => ApprovalState::Denied,
            None if now > record.expires_at => ApprovalState::Expired,
            None => ApprovalState::Waiting,
        };
        Self {
            id: id.clone(),
            action: record.act.action.as_str().to_owned(),
            target: record.act.target.named(),
            plan: record.act.steps.iter().map(|step| clean(&step.clause(), 300)).collect(),
            because: record.because.clone(),
            state,
            until: record.expires_at,
            answer: record.answer.clone(),
        }
    }

    fn answered(&self, zone: &Zone) -> String {
        match &self.answer {
            Some(Answer { verdict, by, reason, at }) => {
                let word = match verdict {
                    Verdict::Approved => "approved",
                    Verdict::Denied => "denied",
                };
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                format!("{word} by {by} at {}{reason}", zone.minute(*at))
            }
            None => format!("not done: nobody approved it by {}", zone.minute(self.until)),
        }
    }
}

#[cfg(test)]
mod tests;
