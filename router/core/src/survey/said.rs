//! What is told of a condition, and the event that tells it.

use jiff::{SignedDuration, Timestamp};

use super::memory::AGAIN;
use super::{About, Condition, Level, Thing};
use crate::event::{Heard, Told, told};

/// Who begins or ends within that time of another worker speaks of the same.
const TOGETHER: i64 = 120;
/// Two rounds may be missed before it is taken to be over.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(2 * AGAIN.as_secs() + 600);

/// What is to be told of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Which.
    pub condition: Condition,
    /// Of what.
    pub about: About,
    /// How bad it is there.
    pub level: Level,
    /// Whether it begins, goes on or is over.
    pub state: State,
    /// Since when it holds.
    pub since: Timestamp,
    /// What was seen last.
    pub seen: String,
    /// When this is said.
    pub at: Timestamp,
}

/// Whether it begins, goes on or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// It holds for long enough.
    Begins,
    /// It holds still.
    GoesOn,
    /// It has been gone for long enough.
    Over,
}

impl State {
    /// The word in metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Said {
    /// What a worker claims before it says it: whoever says the same at the same time has the same claim.
    pub fn claim(&self) -> String {
        let Self { condition, about, state, at, .. } = self;
        let every = match state {
            State::Begins | State::Over => TOGETHER,
            State::GoesOn => AGAIN.as_secs(),
        };
        let turn = at.as_second().div_euclid(every);
        format!("watch/{}/{condition}/{}/{turn}", state.as_str(), about.uid, condition = condition.as_str())
    }

    /// Whether there can be no more than one of it in a cluster, and nothing in it is well.
    pub fn is_of_the_whole_cluster(&self) -> bool {
        match self.about.thing {
            Thing::ApiServer | Thing::Nodes => true,
            Thing::Pod
            | Thing::Node
            | Thing::Claim
            | Thing::Job
            | Thing::CronJob
            | Thing::Autoscaler
            | Thing::ScaledObject
            | Thing::Budget
            | Thing::Quota
            | Thing::ExternalSecret
            | Thing::Certificate => false,
        }
    }

    /// For how long a claim counts.
    pub const CLAIMED: SignedDuration = AGAIN;

    /// The text of its event, as heard where and when that says.
    pub fn event(&self, heard: &Heard) -> String {
        let Self { condition, about, level, state, since, seen, at } = self;
        let About { thing, namespace, name, uid, container, node, owner: _ } = about;
        let of_a_pod = |part: &Option<String>| part.clone().filter(|_| *thing == Thing::Pod);
        let labels = [
            ("alertname", Some(condition.as_str().to_owned())),
            ("severity", Some(level.as_str().to_owned())),
            ("namespace", namespace.clone()),
            ("container", of_a_pod(container)),
            ("uid", Some(uid.clone())),
        ];
        let named = thing.label().map(|label| (label, Some(name.clone())));
        let node = (*thing == Thing::Pod).then(|| ("node", node.clone()));
        let labels = labels.into_iter().chain(named).chain(node);
        let ends_at = match state {
            State::Begins | State::GoesOn => at.checked_add(GOOD_FOR).unwrap_or(Timestamp::MAX),
            State::Over => *at,
        };
        told(
            &Told {
                id: &self.claim(),
                labels: labels.filter_map(|(name, value)| Some((name, value?))).collect(),
                is_over: *state == State::Over,
                starts_at: *since,
                ends_at,
                summary: condition.title(),
                description: &format!("{seen} {}", condition.meaning()),
            },
            heard,
        )
    }
}
