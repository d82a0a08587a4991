//! How an action that contains something stands: done, under way, waiting for a human, or not done.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment::{moment, relative};
use crate::action::ActionName;
use crate::ids::ApprovalId;
use crate::text::clean;
use crate::zone::Zone;

/// One action that contains, with what it is done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Measure {
    /// The action.
    pub action: ActionName,
    /// What a human calls its target, such as `pod shop/pay-1`; empty where there was no plan.
    pub target: String,
    /// How it stands.
    pub state: MeasureState,
}

/// How it stands. In this order people need to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeasureState {
    /// It was tried and is not done: a human has to.
    Failed {
        /// What went wrong.
        because: String,
    },
    /// It is done, and verified where that can be.
    Done {
        /// Since when.
        since: Timestamp,
        /// Who approved or asked for it; none: the rule did.
        by: Option<String>,
    },
    /// It is decided, and under way.
    UnderWay,
    /// It waits for a human's approval.
    Waits {
        /// What approves it.
        approval: ApprovalId,
        /// The plan's hash, in short.
        plan: String,
        /// When it is too late.
        until: Timestamp,
        /// Why a human is asked.
        because: String,
    },
    /// A human said no.
    Denied {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Nobody answered in time.
    Expired {
        /// When it was too late.
        at: Timestamp,
    },
    /// The rule asks for it, and it is not done.
    Withheld {
        /// Why not, in a sentence.
        because: String,
    },
    /// It was done, and is undone.
    Released {
        /// When; none where that was not written down.
        at: Option<Timestamp>,
        /// Who asked for it; none: its time was over.
        by: Option<String>,
    },
}

impl MeasureState {
    /// Its place among the states, the first told first.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            MeasureState::Failed { .. } => 0,
            MeasureState::Done { .. } => 1,
            MeasureState::UnderWay => 2,
            MeasureState::Waits { .. } => 3,
            MeasureState::Denied { .. } => 4,
            MeasureState::Expired { .. } => 5,
            MeasureState::Withheld { .. } => 6,
            MeasureState::Released { .. } => 7,
        }
    }

    /// Whether something is or will be done about it, or a human has to.
    pub(crate) fn is_pressing(&self) -> bool {
        self.rank() <= 3
    }
}

impl Measure {
    /// How it stands, in a clause: `pod shop/pay-1 quarantined since 02:58 CET, by the rule`; without its target where
    /// that is the subject, which stands beside it already.
    pub fn clause(&self, subject: &str, zone: &Zone, now: Timestamp) -> String {
        let far = |until: Timestamp| format!(", {}", relative(until, now));
        self.told(subject, |at| moment(zone, at, now), far)
    }

    /// The same for whoever looks at it later: every time with its date, and with the command where one is asked for.
    pub fn sentence(&self, zone: &Zone) -> String {
        let told = self.told("", |at| zone.minute(at), |_| String::new());
        match self.approve() {
            Some(command) => format!("{told}: {command}"),
            None => told,
        }
    }

    fn told(
        &self,
        subject: &str,
        time: impl Fn(Timestamp) -> String,
        far: impl Fn(Timestamp) -> String,
    ) -> String {
        let Measure { action, target, state } = self;
        let named = action.as_str();
        let is_subject = target.split_once(' ').is_some_and(|(_, name)| name == subject);
        let target = if is_subject { "" } else { target.as_str() };
        let of = if target.is_empty() { String::new() } else { format!(" of {target}") };
        let by = |by: &Option<String>| by.as_ref().map_or("by the rule".to_owned(), |by| format!("by {by}"));
        match state {
            MeasureState::Failed { because } => format!("NOT contained: {named} failed: {}", short(because)),
            MeasureState::Done { since, by: who } => {
                format!("{target} {} since {}, {}", action.done(), time(*since), by(who))
                    .trim_start()
                    .to_owned()
            }
            MeasureState::UnderWay => format!("{named}{of} is being done now"),
            MeasureState::Waits { until, .. } => {
                format!("{named}{of} waits for approval until {}{}", time(*until), far(*until))
            }
            MeasureState::Denied { by, at } => format!("not contained: {by} denied {named} at {}", time(*at)),
            MeasureState::Expired { at } => {
                format!("not contained: nobody approved {named} before {}", time(*at))
            }
            MeasureState::Withheld { because } => format!("not contained: {named}: {}", short(because)),
            MeasureState::Released { at: Some(at), by: Some(by) } => {
                format!("{target} released at {}, by {by}", time(*at)).trim_start().to_owned()
            }
            MeasureState::Released { at: Some(at), by: None } => {
                format!("{target} released at {}", time(*at)).trim_start().to_owned()
            }
            MeasureState::Released { at: None, .. } => format!("{target} released").trim_start().to_owned(),
        }
    }

    /// The command that approves it, where it waits for that.
    pub fn approve(&self) -> Option<String> {
        match &self.state {
            MeasureState::Waits { approval, .. } => Some(format!("watchfire approve {approval}")),
            MeasureState::Failed { .. }
            | MeasureState::Done { .. }
            | MeasureState::UnderWay
            | MeasureState::Denied { .. }
            | MeasureState::Expired { .. }
            | MeasureState::Withheld { .. }
            | MeasureState::Released { .. } => None,
        }
    }
}

/// The first part of a reason: the whole stands in the page.
fn short(because: &str) -> String {
    clean(because.split(';').next().unwrap_or_default(), 120)
}
