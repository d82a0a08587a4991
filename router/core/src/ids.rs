//! Names that must not be mixed up: each is a type of its own.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod dedup_key;
mod event_id;

pub use dedup_key::{dedup_key, incident_of};
pub use event_id::{Delivery, EventId, Own};

macro_rules! id {
    ($(#[$doc:meta] $name:ident)+) => { $(
        #[$doc]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )+ };
}

id! {
    /// One finding, whoever reports it: a GuardDuty ARN, a Security Hub id, an alarm's ARN.
    FindingKey
    /// One ongoing problem with one subject: a hash of account, cluster, family and primary subject.
    IncidentKey
    /// A silence: short, given when it is made.
    SilenceId
    /// Where is remembered what covers incidents: a hash of an inhibition and the values that must be equal.
    InhibitionKey
    /// Several incidents said as one: a hash of what they have in common.
    BundleKey
    /// Where it is counted what a rule waits for: the rule, and a place that a hash of what is counted by has in it.
    TallyKey
    /// A limit: what it is about, hashed where that comes from an event.
    LimitKey
    /// A rule, by its name in the rule files.
    RuleName
    /// A playbook, by the name of its file.
    PlaybookName
    /// A route, by the names on its way from the root, such as `payments/urgent`.
    RouteName
    /// A channel, by its name in the configuration.
    ChannelName
    /// One effect of one decision, unique within the decision.
    EffectId
    /// A plan that waits for a human, by the word that approves it.
    ApprovalId
    /// What a channel is told so that repeats fall on one alert; PagerDuty's `dedup_key`.
    DedupKey
}

impl RouteName {
    /// By which routes something goes, in a clause; none where there are no routes but the default.
    pub fn clause(by: &[RouteName]) -> Option<String> {
        let (last, others) = by.split_last()?;
        let others: Vec<_> = others.iter().map(RouteName::as_str).collect();
        Some(match others.is_empty() {
            true => format!("by route {last}"),
            false => format!("by routes {} and {last}", others.join(", ")),
        })
    }
}
