//! What was configured about deciding: the rules, who is told, and how often.

mod routes;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::attributes::Attributes;
use crate::calendar::Calendar;
use crate::health;
use crate::ids::{ChannelName, IncidentKey, RouteName};
use crate::mitigation::Mitigation;
use crate::noise::{Group, Noise};
use crate::priority::Priority;
use crate::rules::{Rule, RuleSet};
use crate::triage;
use crate::zone::Zone;

pub use routes::{
    DEFAULT, Interval, NestedRoute, NestedRouteConfig, Never, Reached, Route, Routed, Routes, TreeConfig, Way,
};

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
    /// Who gets the reports of health.
    pub bulletins: Bulletins,
    /// What those reports go by.
    pub health: health::Settings,
    /// Who is told when nobody has acknowledged a page in time, step by step.
    pub escalation: BTreeMap<Priority, Vec<EscalationStep>>,
    /// The channel that notes pages on Security Hub's findings.
    pub write_back: Option<ChannelName>,
    /// The channels that note what was done to the cluster; they tell nobody.
    pub changes: Vec<ChannelName>,
    /// The channels that keep tickets, which a follow-up can become.
    pub tickets: Vec<ChannelName>,
    /// The channels in which an incident has a thread, where what people note of it is told as it comes.
    pub threads: Vec<ChannelName>,
    /// The channel that hears that a canary has arrived.
    pub canary: Option<ChannelName>,
    /// When a model is asked about a page that was handed over; none: never.
    pub triage: Option<triage::Settings>,
    /// What pages call things, and where they lead.
    pub pages: Pages,
}

/// Who gets the reports of health; nobody: they are not made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bulletins {
    /// On business days when they open.
    pub daily: Vec<ChannelName>,
    /// On the first business day of a week when it opens.
    pub weekly: Vec<ChannelName>,
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
            bulletins: Bulletins::default(),
            health: health::Settings::default(),
            escalation: BTreeMap::new(),
            write_back: None,
            changes: Vec::new(),
            tickets: Vec::new(),
            threads: Vec::new(),
            canary: None,
            triage: None,
            pages: Pages::default(),
        }
    }

    /// By which routes it goes at that time.
    pub fn routed(&self, face: &Attributes, now: Timestamp) -> Routed<'_> {
        let fallback_after_seconds = self.fallback_after_seconds;
        Routed { fallback_after_seconds, ..self.routes.of(face, now) }
    }

    /// By the default of the priority alone.
    pub(crate) fn by_default(&self, priority: Priority) -> Routed<'_> {
        let fallback_after_seconds = self.fallback_after_seconds;
        Routed { fallback_after_seconds, ..self.routes.by_default(priority) }
    }

    /// How long an incident of that rule and priority, which went by these routes, stays quiet after it was said: the
    /// shortest that a route has, else the rule's, else the priority's.
    pub(crate) fn window(&self, rule: Option<&Rule>, priority: Priority, by: &[RouteName]) -> SignedDuration {
        let of_routes = self.routes.named(by).filter_map(|route| route.repeat_after).min();
        let of_rule = || rule.and_then(|rule| rule.repeat_after);
        of_routes.or_else(of_rule).unwrap_or_else(|| self.repeat_after.of(priority))
    }

    /// Who is told when nobody acknowledges in time what has that priority and went by these routes: the first chain that
    /// a route has, else the priority's.
    pub(crate) fn chain<'p>(&'p self, priority: Priority, by: &'p [RouteName]) -> &'p [EscalationStep] {
        if let Some(route) = self.routes.named(by).find(|route| !route.escalation.is_empty()) {
            return &route.escalation;
        }
        // What was given to the digest was not to call anybody, late either. A route that there is no more says nothing.
        let is_for_the_digest = self.routes.named(by).next().is_some() && !self.routes.tell(by, priority);
        match self.escalation.get(&priority) {
            Some(steps) if !is_for_the_digest => steps,
            Some(_) | None => &[],
        }
    }

    /// The group of that name, a route's own among them.
    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        let of_routes = self.routes.each().filter_map(|route| route.group.as_ref());
        self.noise.groups.iter().chain(of_routes).find(|group| group.name == name)
    }

    /// The channels that routes, chains and the digest name, the one that writes back, and those that note changes.
    pub fn channels(&self) -> BTreeSet<ChannelName> {
        let escalated = self.escalation.values().flatten().flat_map(|step| &step.to);
        let routed = self.routes.channels().chain(escalated);
        let Bulletins { daily, weekly } = &self.bulletins;
        routed
            .chain(&self.digest)
            .chain(daily)
            .chain(weekly)
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
