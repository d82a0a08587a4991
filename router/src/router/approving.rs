//! Which plan a human answers: by its approval's id, or as the only one of an incident that waits for an answer.

use std::fmt;

use watchfire_core::command::CommandKind;
use watchfire_core::containment::ApprovalRecord;
use watchfire_core::ids::{ApprovalId, IncidentKey};

use super::Router;
use super::naming::{Ambiguous, Meant, shortest};
use super::sight::Sight;
use crate::store;

/// Why a name is not enough to know what is meant by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// It stands for more than one thing.
    Several(Ambiguous),
    /// It is an incident's, of which no plan waits for an answer.
    NothingWaits(IncidentKey),
    /// It is an incident's, of which more than one does.
    SeveralWait(IncidentKey, Vec<Choice>),
}

/// One plan of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What answers it.
    pub command: String,
    /// The shortest id that stands for it alone.
    pub short: String,
    /// What it would do, to what.
    pub plan: String,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Approve,
    Deny,
}

impl Verb {
    fn command(self) -> &'static str {
        match self {
            Verb::Approve => "watchfire approve",
            Verb::Deny => "watchfire deny",
        }
    }

    fn wish(self, id: ApprovalId) -> CommandKind {
        match self {
            Verb::Approve => CommandKind::Approve(id),
            Verb::Deny => CommandKind::Deny(id),
        }
    }
}

impl Unclear {
    /// Each thing that may be meant, by what stands for it alone.
    pub fn candidates(&self) -> Vec<String> {
        match self {
            Unclear::Several(Ambiguous { candidates, .. }) => candidates.clone(),
            Unclear::NothingWaits(_) => Vec::new(),
            Unclear::SeveralWait(_, choices) => choices.iter().map(|choice| choice.short.clone()).collect(),
        }
    }
}

impl From<Ambiguous> for Unclear {
    fn from(ambiguous: Ambiguous) -> Self {
        Unclear::Several(ambiguous)
    }
}

impl fmt::Display for Unclear {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unclear::Several(ambiguous) => ambiguous.fmt(out),
            Unclear::NothingWaits(incident) => {
                write!(out, "nothing of incident {incident} waits for an approval; see watchfire approvals")
            }
            Unclear::SeveralWait(incident, choices) => {
                let of = |Choice { command, plan, .. }: &Choice| format!("{command} ({plan})");
                let choices: Vec<_> = choices.iter().map(of).collect();
                let (count, choices) = (choices.len(), choices.join(" or "));
                write!(out, "{count} plans of incident {incident} wait, each for its own answer: {choices}")
            }
        }
    }
}

impl Router {
    /// The answer to the plan that a name stands for. A name that stands for nothing stays as it is.
    pub(super) async fn answer_meant(
        &self,
        verb: Verb,
        typed: ApprovalId,
        sight: Sight<'_>,
    ) -> Result<Result<CommandKind, Unclear>, store::Error> {
        let id = match self.approval_meant(typed.as_str(), sight).await? {
            Meant::One(id) => Ok(id),
            Meant::Several(ambiguous) => Err(ambiguous.into()),
            Meant::Nothing => match self.incident_meant(typed.as_str(), sight).await? {
                Meant::One(incident) => self.only_plan(verb, incident, sight).await?,
                Meant::Several(ambiguous) => Err(ambiguous.into()),
                Meant::Nothing => Ok(typed),
            },
        };
        Ok(id.map(|id| verb.wish(id)))
    }

    async fn only_plan(
        &self,
        verb: Verb,
        incident: IncidentKey,
        sight: Sight<'_>,
    ) -> Result<Result<ApprovalId, Unclear>, store::Error> {
        let (mut all, now) = (Vec::new(), self.clock.now());
        for (id, record) in self.approvals().await? {
            if self.sees_plan(sight, &ApprovalId::new(&*id)).await? {
                all.push((id, record));
            }
        }
        let waits = |record: &ApprovalRecord| record.answer.is_none() && now < record.expires_at;
        let mut waiting = all.iter().filter(|(_, record)| record.act.incident == incident && waits(record));
        let (first, rest) = (waiting.next(), waiting.clone().count());
        Ok(match first {
            None => Err(Unclear::NothingWaits(incident)),
            Some((id, _)) if rest == 0 => Ok(ApprovalId::new(id)),
            Some(first) => {
                let ids: Vec<String> = all.iter().map(|(id, _)| id.clone()).collect();
                let choice = |(id, record): &(String, ApprovalRecord)| {
                    let short = shortest(&ids, id);
                    let plan = format!("{} of {}", record.act.action.as_str(), record.act.target.named());
                    Choice { command: format!("{} {short}", verb.command()), short, plan }
                };
                let choices = [first].into_iter().chain(waiting).map(choice).collect();
                Err(Unclear::SeveralWait(incident, choices))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_plans_that_wait_are_told_each_with_the_command_that_answers_it() {
        let choice = |short: &str, plan: &str| Choice {
            command: format!("{} {short}", Verb::Deny.command()),
            short: short.to_owned(),
            plan: plan.to_owned(),
        };
        let choices =
            vec![choice("434a6bc0", "quarantine of pod shop/a"), choice("9c01aa72", "drain of node n")];
        let unclear = Unclear::SeveralWait(IncidentKey::new("wf1-00aabb"), choices);
        assert_eq!(
            unclear.to_string(),
            "2 plans of incident wf1-00aabb wait, each for its own answer: watchfire deny 434a6bc0 (quarantine of pod \
             shop/a) or watchfire deny 9c01aa72 (drain of node n)"
        );
        assert_eq!(unclear.candidates(), ["434a6bc0", "9c01aa72"]);
    }
}
