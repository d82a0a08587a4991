//! What was configured about deciding: the rules, who is told, and how often.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::ids::ChannelName;
use crate::mitigation::Mitigation;
use crate::priority::Priority;
use crate::rules::RuleSet;

/// All that `decide` depends on besides the event, the state and the time.
#[derive(Debug)]
pub struct Policy {
    /// How events are classified.
    pub rules: RuleSet,
    /// Who is told.
    pub routes: Routes,
    /// How long an incident that goes on stays quiet after it was said.
    pub repeat_after: RepeatAfter,
    /// How long the primary channel of an urgent page has before the fallback is used, in seconds.
    pub fallback_after_seconds: u32,
    /// How far Watchfire may go in the cluster.
    pub mitigation: Mitigation,
}

/// The route of each priority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes(BTreeMap<Priority, Route>);

/// Who is told of one priority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// All of these, the primary channel first. None: it goes to the digest.
    pub to: Vec<ChannelName>,
    /// Who is told when the primary channel does not take an urgent page in time.
    pub fallback: Option<ChannelName>,
}

impl Routes {
    /// From pairs; a priority that is not named has no channel.
    pub fn new(routes: impl IntoIterator<Item = (Priority, Route)>) -> Self {
        Self(routes.into_iter().collect())
    }

    /// Everything that pages goes to one channel, P3 to the digest.
    pub fn all_to(channel: &ChannelName) -> Self {
        let route = || Route { to: vec![channel.clone()], fallback: None };
        Self::new([(Priority::P0, route()), (Priority::P1, route()), (Priority::P2, route())])
    }

    /// The route of a priority.
    pub fn of(&self, priority: Priority) -> Route {
        self.0.get(&priority).cloned().unwrap_or_default()
    }
}

/// Per priority, how long an incident that goes on stays quiet after it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatAfter(pub [SignedDuration; 4]);

impl RepeatAfter {
    /// The time for that priority.
    pub fn of(&self, priority: Priority) -> SignedDuration {
        self.0[priority as usize]
    }
}

impl Default for RepeatAfter {
    /// P0 15 minutes, P1 1 hour, P2 and P3 24 hours.
    fn default() -> Self {
        let minutes = |minutes| SignedDuration::from_mins(minutes);
        Self([minutes(15), minutes(60), minutes(1440), minutes(1440)])
    }
}
