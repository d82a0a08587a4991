//! What was wanted and is not done, and why not.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Wanted;
use crate::ids::ApprovalId;
use crate::notice::{Undone, WAITS};
use crate::verdict::Why;

/// What the rule wanted and is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withheld {
    /// The action, page or command.
    #[schemars(with = "String")]
    pub action: Wanted,
    /// Why not, in a sentence.
    #[schemars(with = "String")]
    pub reason: Reason,
}

impl Withheld {
    /// A page that is not sent, or not yet.
    pub(crate) fn page(reason: Reason) -> Self {
        Self { action: Wanted::Page, reason }
    }

    /// As a page tells it.
    pub(crate) fn told(&self) -> Undone {
        Undone::new(self.action.action(), self.reason.waits(), &self.to_string())
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.action, self.reason)
    }
}

/// Why something is not done. It is recorded as its sentence, and two that say the same are the same.
#[derive(Clone, Debug)]
pub enum Reason {
    /// A human is asked.
    Waits(Waits),
    /// It cannot be planned.
    NoPlan(String),
    /// Mitigation only observes; what it would do.
    Observed(String),
    /// A guard says no.
    Refused(String),
    /// Its incident is held.
    Held,
    /// The decision's own reason keeps it from everything.
    Decided(Why),
    /// The news is held by that.
    Suppressed(String),
    /// What a human asked for is not done.
    Declined(String),
    /// As it was recorded.
    Recorded(String),
}

/// A plan that waits for a human.
#[derive(Clone, Debug)]
pub struct Waits {
    /// Why a human is asked.
    pub because: String,
    /// Until when, as it is shown.
    pub until: String,
    /// Under which word it is approved.
    pub approval: ApprovalId,
    /// The plan, in short.
    pub plan: String,
    /// What it would do.
    pub would: String,
}

impl Reason {
    /// Whether a human is asked now: what was recorded says nothing of that any more.
    pub(crate) fn waits(&self) -> bool {
        match self {
            Reason::Waits(_) => true,
            Reason::NoPlan(_)
            | Reason::Observed(_)
            | Reason::Refused(_)
            | Reason::Held
            | Reason::Decided(_)
            | Reason::Suppressed(_)
            | Reason::Declined(_)
            | Reason::Recorded(_) => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Waits(waits) => waits.fmt(out),
            Reason::Observed(would) => write!(out, "observe mode; it would {would}"),
            Reason::Held => out.write_str("the incident is held"),
            Reason::Decided(why) => out.write_str(why.sentence()),
            Reason::NoPlan(sentence)
            | Reason::Refused(sentence)
            | Reason::Suppressed(sentence)
            | Reason::Declined(sentence)
            | Reason::Recorded(sentence) => out.write_str(sentence),
        }
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { because, until, approval, plan, would } = self;
        write!(
            out,
            "{WAITS} ({because}) until {until}: watchfire approve {approval} (plan {plan}); it would {would}"
        )
    }
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Reason {}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'d> Deserialize<'d> for Reason {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Reason::Recorded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionName;

    #[test]
    fn a_reason_is_recorded_as_its_sentence_and_is_the_same_when_it_is_read_back() {
        let waits = Reason::Waits(Waits {
            because: "it is not sure".to_owned(),
            until: "12:00 UTC".to_owned(),
            approval: ApprovalId::new("0123456789ab"),
            plan: "abcd".to_owned(),
            would: "label it".to_owned(),
        });
        let withheld = Withheld { action: Wanted::Action(ActionName::Quarantine), reason: waits };
        let written = serde_json::to_string(&withheld).unwrap();
        let expected = "{\"action\":\"quarantine\",\"reason\":\"waits for approval (it is not sure) until 12:00 UTC: \
                        watchfire approve 0123456789ab (plan abcd); it would label it\"}";
        assert_eq!(written, expected);
        let read: Withheld = serde_json::from_str(&written).unwrap();
        assert_eq!(read, withheld);
        assert!(withheld.reason.waits() && withheld.told().waits);
    }

    #[test]
    fn only_what_a_human_is_asked_for_waits() {
        let sentence = || "waits for nobody".to_owned();
        let others = [
            Reason::NoPlan(sentence()),
            Reason::Observed(sentence()),
            Reason::Refused(sentence()),
            Reason::Held,
            Reason::Decided(Why::Sample),
            Reason::Suppressed(sentence()),
            Reason::Declined(sentence()),
            Reason::Recorded(sentence()),
        ];
        assert!(others.iter().all(|reason| !reason.waits()));
    }
}
