//! What was configured about deciding: the rules, who is told, and how often.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::calendar::Calendar;
use crate::ids::{ChannelName, IncidentKey};
use crate::mitigation::Mitigation;
use crate::noise::Noise;
use crate::priority::Priority;
use crate::rules::{Rule, RuleSet};
use crate::zone::Zone;

/// All that `decide` depends on besides the event, the state and the time.
#[derive(Debug)]
pub struct Policy {
    /// How events are classified.
    pub rules: RuleSet,
    /// Who is told.
    pub routes: Routes,
    /// How long an incident stays quiet after it was said, unless it gets worse.
    pub repeat_after: RepeatAfter,
    /// How long the primary channel of an urgent page has before the fallback is used, in seconds.
    pub fallback_after_seconds: u32,
    /// How far Watchfire may go in the cluster.
    pub mitigation: Mitigation,
    /// What keeps news from being paged at once.
    pub noise: Noise,
    /// Which days and hours are business.
    pub calendar: Calendar,
    /// Who gets the digest, on business days when they open; nobody: it is kept.
    pub digest: Vec<ChannelName>,
    /// Who is told when nobody has acknowledged a page in time, step by step.
    pub escalation: BTreeMap<Priority, Vec<EscalationStep>>,
    /// The channel that notes pages on Security Hub's findings.
    pub write_back: Option<ChannelName>,
    /// The channels that note what was done to the cluster; they tell nobody.
    pub changes: Vec<ChannelName>,
    /// The channel that hears that a canary has arrived.
    pub canary: Option<ChannelName>,
    /// What pages call things, and where they lead.
    pub pages: Pages,
}

/// What pages call things, and where they lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// What people call our cluster; none: its name.
    pub alias: Option<String>,
    /// Where people reach Watchfire's API, without a slash at the end; none: pages lead nowhere.
    pub public_url: Option<String>,
}

impl Pages {
    /// Where an incident is shown.
    pub fn link(&self, incident: &IncidentKey) -> Option<String> {
        self.public_url.as_ref().map(|base| format!("{base}/v1/story?of={incident}"))
    }
}

/// A step of an escalation chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationStep {
    /// Who is told.
    pub to: Vec<ChannelName>,
    /// How long after the step before it; the first step is due when the time to respond is over.
    pub after: SignedDuration,
}

impl Policy {
    /// The zone that people here read their clocks in.
    pub fn zone(&self) -> &Zone {
        self.calendar.zone()
    }

    /// Everything as it is unless configured otherwise.
    pub fn new(rules: RuleSet, routes: Routes) -> Self {
        Self {
            rules,
            routes,
            repeat_after: RepeatAfter::default(),
            fallback_after_seconds: 60,
            mitigation: Mitigation::default(),
            noise: Noise::default(),
            calendar: Calendar::default(),
            digest: Vec::new(),
            escalation: BTreeMap::new(),
            write_back: None,
            changes: Vec::new(),
            canary: None,
            pages: Pages::default(),
        }
    }

    /// How long an incident of that rule and priority stays quiet after it was said.
    pub(crate) fn window(&self, rule: &Rule, priority: Priority) -> SignedDuration {
        rule.repeat_after.unwrap_or_else(|| self.repeat_after.of(priority))
    }

    /// The channels that routes, chains and the digest name, the one that writes back, and those that note changes.
    pub fn channels(&self) -> BTreeSet<ChannelName> {
        let routes = self.routes.0.values();
        let routed = routes.flat_map(|route| route.to.iter().chain(&route.fallback));
        let escalated = self.escalation.values().flatten().flat_map(|step| &step.to);
        routed
            .chain(escalated)
            .chain(&self.digest)
            .chain(&self.write_back)
            .chain(&self.changes)
            .cloned()
            .collect()
    }

    /// When the time to respond is over.
    pub fn respond_by(&self, priority: Priority, from: Timestamp) -> Timestamp {
        let minutes = |minutes| from + SignedDuration::from_mins(minutes);
        match priority {
            Priority::P0 => minutes(15),
            Priority::P1 => minutes(60),
            Priority::P2 => minutes(240),
            Priority::P3 => self.calendar.next_business_day_ends(from),
        }
    }
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
