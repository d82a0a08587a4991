//! Who is told: a tree of routes over what silences look at; the first that matches takes it, unless it goes on.
//!
//! ```text
//! default, by priority ─┬─ audit     family=access, goes on
//!                       └─ payments  namespace=pay-*
//!                          └─ payments/urgent  priority=P1
//! ```
//!
//! The most inner route that matches has it. What no route takes goes by the default, and a P0 goes there as well unless
//! a route says that it is the sole one.

mod config;
mod reach;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::EscalationStep;
use crate::attributes::Attributes;
use crate::calendar::Calendar;
use crate::ids::{ChannelName, RouteName};
use crate::json::Json;
use crate::noise::Group;
use crate::pattern::Pattern;
use crate::priority::Priority;

pub use config::{NestedRouteConfig, TreeConfig};
pub use reach::{Never, Reached, Way};

/// What the root is called.
pub const DEFAULT: &str = "default";

/// The default for each priority, and the routes below it.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    root: BTreeMap<Priority, Route>,
    tree: Vec<NestedRoute>,
}

/// Who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// All of these, the primary channel first. None: it goes to the digest.
    pub to: Vec<ChannelName>,
    /// Who is told when the primary channel does not take an urgent page in time.
    pub fallback: Option<ChannelName>,
}

/// A route below the root, with what it has from the routes above it.
#[derive(Clone, Debug)]
pub struct NestedRoute {
    /// Its whole name.
    pub name: RouteName,
    /// What it takes, as matchers; none: all that comes to it.
    pub matchers: Vec<String>,
    /// Only within one of these, where there are any.
    pub active: Vec<Interval>,
    /// Never within one of these.
    pub muted: Vec<Interval>,
    /// Who is told; none: the default of the priority.
    pub route: Option<Route>,
    /// The routes after it are tried, too.
    pub goes_on: bool,
    /// Why a P0 that it takes does not go by the default as well; none: it does.
    pub sole: Option<String>,
    /// What of it is paged as one, before the groups that are for all.
    pub group: Option<Group>,
    /// How long its incidents stay quiet after they were said; none: as the rule or the priority has it.
    pub repeat_after: Option<SignedDuration>,
    /// Who is told when nobody acknowledges in time; none: the chain of the priority.
    pub escalation: Vec<EscalationStep>,
    /// The routes below it.
    pub routes: Vec<NestedRoute>,
    /// The priorities that it may take.
    priorities: Vec<Priority>,
    pattern: Pattern,
}

/// Hours with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// As routes name it.
    pub name: String,
    /// Its days and hours.
    pub hours: Calendar,
}

/// By which routes something goes, and what they say about it.
#[derive(Clone, Debug, Default)]
pub struct Routed<'p> {
    /// The routes, in their order; none where there are no routes but the default.
    pub by: Vec<RouteName>,
    /// Who is told by each of them.
    pub legs: Vec<Route>,
    /// What of it is paged as one, by the first of them that says so.
    pub group: Option<&'p Group>,
    /// How long a primary channel has before its fallback is used.
    pub(crate) fallback_after_seconds: u32,
}

impl Routes {
    /// From pairs; a priority that is not named has no channel.
    pub fn new(routes: impl IntoIterator<Item = (Priority, Route)>) -> Self {
        Self { root: routes.into_iter().collect(), tree: Vec::new() }
    }

    /// The same with routes below the root.
    #[must_use]
    pub fn with(self, tree: Vec<NestedRoute>) -> Self {
        Self { tree, ..self }
    }

    /// Everything that pages goes to one channel, P3 to the digest.
    pub fn all_to(channel: &ChannelName) -> Self {
        let route = || Route { to: vec![channel.clone()], fallback: None };
        Self::new([(Priority::P0, route()), (Priority::P1, route()), (Priority::P2, route())])
    }

    /// The default of a priority.
    pub fn default_of(&self, priority: Priority) -> Route {
        self.root.get(&priority).cloned().unwrap_or_default()
    }

    /// The routes below the root.
    pub fn tree(&self) -> &[NestedRoute] {
        &self.tree
    }

    /// By which routes it goes at that time.
    pub fn of(&self, face: &Attributes, now: Timestamp) -> Routed<'_> {
        if self.tree.is_empty() {
            return self.by_default(face.priority);
        }
        self.at(&face.json(), face.priority, now)
    }

    /// The same for what patterns see of something.
    pub fn at(&self, json: &Json<'_>, priority: Priority, now: Timestamp) -> Routed<'_> {
        let mut found = Vec::new();
        take(&self.tree, json, now, &mut found);
        if found.is_empty() {
            return self.by_default(priority);
        }
        let leg = |route: &NestedRoute| route.route.clone().unwrap_or_else(|| self.default_of(priority));
        let mut routed = Routed {
            by: found.iter().map(|route| route.name.clone()).collect(),
            legs: found.iter().map(|route| leg(route)).collect(),
            group: found.iter().find_map(|route| route.group.as_ref()),
            ..Routed::default()
        };
        let is_sole = found.iter().any(|route| route.sole.is_some());
        if priority == Priority::P0 && !is_sole {
            routed.by.push(RouteName::new(DEFAULT));
            routed.legs.push(self.default_of(priority));
        }
        routed
    }

    /// By the default alone: for what nothing is known of but its priority.
    pub(crate) fn by_default(&self, priority: Priority) -> Routed<'_> {
        let name = (!self.tree.is_empty()).then(|| RouteName::new(DEFAULT));
        Routed { by: name.into_iter().collect(), legs: vec![self.default_of(priority)], ..Routed::default() }
    }

    /// Whether anybody is told of what went by these routes.
    pub(crate) fn tell(&self, by: &[RouteName], priority: Priority) -> bool {
        let own = self.named(by).any(|route| match &route.route {
            Some(route) => !route.to.is_empty(),
            None => !self.default_of(priority).to.is_empty(),
        });
        let is_by_default = by.is_empty() || by.iter().any(|name| name.as_str() == DEFAULT);
        own || (is_by_default && !self.default_of(priority).to.is_empty())
    }

    /// Those of these routes that there still are.
    pub(super) fn named<'r>(&'r self, by: &'r [RouteName]) -> impl Iterator<Item = &'r NestedRoute> {
        by.iter().filter_map(|name| self.each().find(|route| route.name == *name))
    }

    /// Whom a route tells by itself, its fallback and its own chain.
    pub fn told_by(&self, route: &NestedRoute) -> BTreeSet<ChannelName> {
        let of = |route: &Route| route.to.iter().chain(&route.fallback).cloned().collect::<Vec<_>>();
        let own = match &route.route {
            Some(route) => of(route),
            None => route.priorities.iter().flat_map(|priority| of(&self.default_of(*priority))).collect(),
        };
        own.into_iter().chain(route.escalation.iter().flat_map(|step| step.to.iter().cloned())).collect()
    }

    /// Every route below the root, each before those below it.
    pub fn each(&self) -> impl Iterator<Item = &NestedRoute> {
        let mut left: Vec<&NestedRoute> = self.tree.iter().rev().collect();
        std::iter::from_fn(move || {
            let next = left.pop()?;
            left.extend(next.routes.iter().rev());
            Some(next)
        })
    }

    /// Every channel that a route, its fallback or its chain names.
    pub(super) fn channels(&self) -> impl Iterator<Item = &ChannelName> {
        let nested = self.each().filter_map(|route| route.route.as_ref());
        let routed =
            self.root.values().chain(nested).flat_map(|route| route.to.iter().chain(&route.fallback));
        routed.chain(self.each().flat_map(|route| &route.escalation).flat_map(|step| &step.to))
    }
}

fn take<'r>(routes: &'r [NestedRoute], json: &Json<'_>, now: Timestamp, found: &mut Vec<&'r NestedRoute>) {
    for route in routes {
        if route.takes(json, now, found) && !route.goes_on {
            return;
        }
    }
}

impl NestedRoute {
    /// Whether it matches; then it, or the most inner ones below it that do, are found.
    fn takes<'r>(&'r self, json: &Json<'_>, now: Timestamp, found: &mut Vec<&'r NestedRoute>) -> bool {
        if !self.is_in_force(now) || !self.pattern.matches(json) {
            return false;
        }
        let before = found.len();
        take(&self.routes, json, now, found);
        if found.len() == before {
            found.push(self);
        }
        true
    }

    /// Whether it takes anything at that time.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        let within = |interval: &Interval| interval.hours.is_open(now);
        (self.active.is_empty() || self.active.iter().any(within)) && !self.muted.iter().any(within)
    }
}

impl<'p> Routed<'p> {
    /// All channels that are told, each once, the primary one first; none: it goes to the digest.
    pub fn to(&self) -> Vec<&ChannelName> {
        let mut to: Vec<&ChannelName> = Vec::new();
        for channel in self.legs.iter().flat_map(|leg| &leg.to) {
            if !to.contains(&channel) {
                to.push(channel);
            }
        }
        to
    }

    /// Whether nobody is told, so that it goes to the digest.
    pub fn tells_nobody(&self) -> bool {
        self.legs.iter().all(|leg| leg.to.is_empty())
    }

    /// The fallbacks of an urgent page, each with the channel that it stands in for; none of them is told anyway.
    pub fn fallbacks(&self) -> Vec<(&ChannelName, &ChannelName)> {
        let to = self.to();
        let mut fallbacks: Vec<(&ChannelName, &ChannelName)> = Vec::new();
        for (fallback, primary) in
            self.legs.iter().filter_map(|leg| leg.fallback.as_ref().zip(leg.to.first()))
        {
            if !to.contains(&fallback) && fallbacks.iter().all(|(known, _)| *known != fallback) {
                fallbacks.push((fallback, primary));
            }
        }
        fallbacks
    }

    /// With all that others go by.
    #[must_use]
    pub(crate) fn and(mut self, other: Routed<'p>) -> Self {
        self.by.extend(other.by.into_iter().filter(|name| !self.by.contains(name)).collect::<Vec<_>>());
        self.legs.extend(other.legs.into_iter().filter(|leg| !self.legs.contains(leg)).collect::<Vec<_>>());
        Self { group: self.group.or(other.group), ..self }
    }
}
