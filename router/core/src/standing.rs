//! How an incident stands: what is contained, what waits for a human, who was told and who still has to be.
//!
//! It is the one source of `why`, `incidents show` and the timeline, and of what the API answers: a decision says what
//! was so when it was made, this says what has become of it. Pure: from the records and the journal.

mod delivery;

pub use delivery::{Delivery, Progress, Told, ended};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::act::{Act, ActionKind, Target};
use crate::containment::{
    Answer, ApprovalId, ApprovalRecord, Containment, ContainmentState, TargetRecord, Verdict,
};
use crate::decision::{Role, Withheld};
use crate::ids::EventId;
use crate::journal::Entry;
use crate::noise::minute;
use crate::rules::ActionName;

/// All that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'s> {
    /// What was decided about it, the oldest first.
    pub entries: &'s [Entry],
    /// The decision by which it was said with others.
    pub said_with: Option<&'s Entry>,
    /// What was done something to on its account.
    pub targets: &'s [TargetRecord],
    /// The plans that a human was asked about on its account.
    pub approvals: &'s [(ApprovalId, ApprovalRecord)],
    /// Now.
    pub now: Timestamp,
}

/// How an incident stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// What was done to the cluster on its account, the oldest first.
    pub contained: Vec<Contained>,
    /// The plans that a human was asked about, the oldest first.
    pub approvals: Vec<Approval>,
    /// What the rule of its latest event wanted, and is neither done nor asked for.
    pub withheld: Vec<Withheld>,
    /// Who was told and who is to be told, the oldest first; none of what did not have to be.
    pub told: Vec<Told>,
}

/// One action on one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contained {
    /// Which action.
    pub action: String,
    /// On what, in words.
    pub target: String,
    /// How far it is.
    pub state: ContainmentState,
    /// Since when it is so; when it was planned, where its end is not known any more.
    pub since: Timestamp,
    /// Who approved it, or released it.
    pub by: Option<String>,
    /// What came of it, in words; may be empty.
    pub said: String,
}

/// A plan that a human was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The word that approves it.
    pub id: ApprovalId,
    /// Which action.
    pub action: String,
    /// On what, in words.
    pub target: String,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        let contained: Vec<_> = sources
            .targets
            .iter()
            .flat_map(|record| record.acts.iter().map(move |act| (record, act)))
            .map(|(record, containment)| Contained::of(&record.target, containment, sources.entries))
            .collect();
        let mut approvals: Vec<_> = sources.approvals.iter().collect();
        approvals.sort_by_key(|(id, record)| (record.asked_at, id.clone()));
        let approvals =
            approvals.into_iter().map(|(id, record)| Approval::of(id, record, sources.now)).collect();
        let mut standing = Self { contained, approvals, withheld: Vec::new(), told: Told::of(sources) };
        standing.contained.sort_by_key(|contained| contained.since);
        standing.withheld = standing.withheld_of(sources.entries);
        standing
    }

    /// A line each: what is contained, what waits or was not approved, what is withheld.
    pub fn lines(&self) -> Vec<String> {
        let contained = self.contained.iter().map(Contained::sentence);
        let asked = self.approvals.iter().filter(|approval| approval.state != ApprovalState::Approved);
        let withheld = self.withheld.iter().map(|withheld| format!("no {withheld}"));
        contained.chain(asked.map(Approval::sentence)).chain(withheld).collect()
    }

    /// What has become of something that a decision did not do.
    pub fn not_done(&self, withheld: &Withheld) -> NotDone {
        let Withheld { action, reason } = withheld.clone();
        let asked = self.approvals.iter().find(|approval| reason.contains(approval.id.as_str()));
        let since = asked.filter(|asked| asked.state != ApprovalState::Waiting).map(|asked| {
            let is_it = |it: &&Contained| it.action == asked.action && it.target == asked.target;
            match (asked.state, self.contained.iter().rev().find(is_it)) {
                (ApprovalState::Approved, Some(contained)) => {
                    format!("{}; {}", asked.answered(), contained.so_far())
                }
                (_, _) => asked.answered(),
            }
        });
        NotDone { action, reason, since }
    }

    /// What the latest event's rule wanted to be contained, where nothing is and nobody is asked.
    fn withheld_of(&self, entries: &[Entry]) -> Vec<Withheld> {
        if !self.contained.is_empty() || !self.approvals.is_empty() {
            return Vec::new();
        }
        let contains = |name: &str| {
            ActionName::ALL.into_iter().any(|it| it.as_str() == name && it.role() == Role::Contain)
        };
        let of_entry = |entry: &Entry| -> Vec<Withheld> {
            let is_said = entry.decision.face.is_some();
            let withheld = entry.decision.withheld.iter().filter(|it| is_said && contains(&it.action));
            withheld.cloned().collect()
        };
        entries.iter().rev().map(of_entry).find(|withheld| !withheld.is_empty()).unwrap_or_default()
    }
}

impl Contained {
    fn of(target: &Target, containment: &Containment, entries: &[Entry]) -> Self {
        let Containment { action, event, effect, at, state, .. } = containment;
        let act = act_of(entries, event, |act| act.id == *effect);
        let released =
            (*state == ContainmentState::Released).then(|| release_of(entries, target, *at)).flatten();
        let (act, outcome) = match released.or(act) {
            Some((act, entry)) => (Some(act), entry.outcomes.get(&act.id)),
            None => (None, None),
        };
        let (_, ended_at, said) = ended(outcome);
        Self {
            action: action.as_str().to_owned(),
            target: target.named(),
            state: *state,
            since: ended_at.unwrap_or(*at),
            by: act.and_then(|act| act.approved_by.clone()),
            said,
        }
    }

    /// In a line, such as `quarantine of pod shop/web-1 done since 2026-11-29 02:11 UTC, approved by jane`.
    pub fn sentence(&self) -> String {
        format!("{} of {} {}", self.action, self.target, self.so_far())
    }

    fn so_far(&self) -> String {
        let Self { state, since, by, said, .. } = self;
        let since = minute(*since);
        let signed = |word: &str| by.as_ref().map(|by| format!(", {word} by {by}")).unwrap_or_default();
        match state {
            ContainmentState::Planned => format!("being done since {since}{}", signed("approved")),
            ContainmentState::Done => format!("done since {since}{}", signed("approved")),
            ContainmentState::Failed if said.is_empty() => format!("failed at {since}"),
            ContainmentState::Failed => format!("failed at {since}: {said}"),
            ContainmentState::Released => format!("released at {since}{}", signed("asked for")),
        }
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
            because: record.because.clone(),
            state,
            until: record.expires_at,
            answer: record.answer.clone(),
        }
    }

    /// In a line, with the command where one waits.
    pub fn sentence(&self) -> String {
        let Self { id, action, target, because, state, until, .. } = self;
        match state {
            ApprovalState::Waiting => {
                let until = minute(*until);
                format!(
                    "{action} of {target} waits for approval until {until} ({because}): watchfire approve {id}"
                )
            }
            ApprovalState::Approved | ApprovalState::Denied | ApprovalState::Expired => {
                format!("{action} of {target} {}", self.answered())
            }
        }
    }

    fn answered(&self) -> String {
        match &self.answer {
            Some(Answer { verdict, by, reason, at }) => {
                let word = match verdict {
                    Verdict::Approved => "approved",
                    Verdict::Denied => "denied",
                };
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                format!("{word} by {by} at {}{reason}", minute(*at))
            }
            None => format!("not done: nobody approved it by {}", minute(self.until)),
        }
    }
}

fn act_of<'e>(
    entries: &'e [Entry],
    event: &EventId,
    is_it: impl Fn(&Act) -> bool,
) -> Option<(&'e Act, &'e Entry)> {
    let entry = entries.iter().find(|entry| entry.decision.event == *event)?;
    entry.decision.acts.iter().find(|act| is_it(act)).map(|act| (act, entry))
}

/// The act that undid what was done to it at that time: the first release after it that was done.
fn release_of<'e>(entries: &'e [Entry], target: &Target, at: Timestamp) -> Option<(&'e Act, &'e Entry)> {
    let acts = entries.iter().flat_map(|entry| entry.decision.acts.iter().map(move |act| (act, entry)));
    let releases = acts.filter(|(act, _)| act.action == ActionKind::Release && act.target == *target);
    let done = |act: &Act, entry: &Entry| ended(entry.outcomes.get(&act.id));
    releases
        .filter_map(|(act, entry)| match done(act, entry) {
            (Progress::Done | Progress::NotNeeded, Some(ended_at), _) if ended_at >= at => Some((act, entry)),
            (_, _, _) => None,
        })
        .next()
}

#[cfg(test)]
mod tests;
