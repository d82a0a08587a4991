//! What can be proven of a tree of routes without any event: routes that are never reached, and the ways of a P0.

use std::collections::BTreeSet;

use super::config::{NestedRouteConfig, TreeConfig};
use super::{DEFAULT, NestedRoute, Routes};
use crate::attributes::Attributes;
use crate::calendar::Calendar;
use crate::ids::{ChannelName, RouteName};
use crate::pattern::Pattern;
use crate::priority::Priority;

/// A route that is never reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Never {
    /// Where it stands, such as `routes[1].routes[0]`.
    pub path: String,
    /// Why, in a clause.
    pub because: String,
}

/// A way that a P0 may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The route.
    pub by: RouteName,
    /// Every channel that is told of it, fallbacks, too.
    pub channels: BTreeSet<ChannelName>,
}

impl TreeConfig {
    /// The routes that are never reached, where business hours are these, if they are known. Only what is proven is told, and
    /// of a route that is never reached nothing more than that.
    pub fn never(&self, business: Option<&Calendar>) -> Vec<Never> {
        let hours = |name: &String| self.hours(name, business);
        let mut found = Vec::new();
        never(&self.routes, &Above { hours: &hours, place: "", within: &[], before: &[] }, &mut found);
        found
    }

    /// The priorities that a route may take, by the matchers on its way; `path` as in [`Never`].
    pub fn priorities(&self) -> Vec<(String, Vec<Priority>, &NestedRouteConfig)> {
        let mut found = Vec::new();
        priorities(&self.routes, "", &Priority::ALL, &mut found);
        found
    }
}

/// Where more routes than these take all of it together, those that do are not picked out.
const MOST_NAMED: usize = 20;

/// Where routes stand.
struct Above<'c> {
    hours: &'c dyn Fn(&String) -> Option<Calendar>,
    place: &'c str,
    /// What comes to them.
    within: &'c [&'c Pattern],
    /// The routes above them that take things before those that they are under.
    before: &'c [&'c NestedRouteConfig],
}

fn never(routes: &[NestedRouteConfig], above: &Above<'_>, found: &mut Vec<Never>) {
    let mut neighbours: Vec<&NestedRouteConfig> = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        let path = inside(above.place, index);
        let within: Vec<_> = above.within.iter().copied().chain([route.matchers.pattern()]).collect();
        let hours = Hours::of(route, above.hours);
        let because = match hours {
            Hours::Never => Some("it is never within its time intervals".to_owned()),
            Hours::Always | Hours::Sometimes => is_taken_before(&within, above, &neighbours),
        };
        match because {
            Some(because) => found.push(Never { path, because }),
            None => {
                let before: Vec<_> = above.before.iter().chain(&neighbours).copied().collect();
                let own = Above { hours: above.hours, place: &path, within: &within, before: &before };
                never(&route.routes, &own, found);
            }
        }
        if hours == Hours::Always && !route.goes_on {
            neighbours.push(route);
        }
    }
}

/// Why nothing of what comes `within` is left for a route; none where something is.
fn is_taken_before(
    within: &[&Pattern],
    above: &Above<'_>,
    neighbours: &[&NestedRouteConfig],
) -> Option<String> {
    let domain = &Attributes::domain;
    let leaves = |before: &[&NestedRouteConfig]| {
        let before: Vec<_> = before.iter().map(|route| route.matchers.pattern()).collect();
        Pattern::leaves(within, &before, domain)
    };
    if !leaves(&[]) {
        let member = Pattern::clash(within, domain);
        let member = member.as_deref().map_or("thing", |path| path.strip_prefix("subject.").unwrap_or(path));
        return Some(match above.within {
            [] => format!("nothing has such a `{member}`"),
            [..] => format!("the route above it takes no such `{member}`"),
        });
    }
    let all: Vec<_> = above.before.iter().chain(neighbours).copied().collect();
    if leaves(&all) {
        return None;
    }
    Some(match all.iter().find(|alone| !leaves(&[alone])) {
        Some(NestedRouteConfig { name, .. }) => {
            format!("`{name}` before it takes all of it, and does not `continue`")
        }
        // Who would look through more of them?
        None if all.len() > MOST_NAMED => "the routes before it take all of it".to_owned(),
        None => {
            // Each that something would be left without.
            let mut needed = all;
            for index in (0..needed.len()).rev() {
                let mut others = needed.clone();
                others.remove(index);
                if !leaves(&others) {
                    needed = others;
                }
            }
            let names: Vec<_> = needed.iter().map(|route| format!("`{}`", route.name)).collect();
            format!("{} before it take all of it, and do not `continue`", names.join(", "))
        }
    })
}

/// When a route takes what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hours {
    Always,
    Never,
    Sometimes,
}

impl Hours {
    /// Of a route, by the minutes of a week; a day off of an interval is never counted on.
    fn of(route: &NestedRouteConfig, hours: &dyn Fn(&String) -> Option<Calendar>) -> Self {
        let NestedRouteConfig { active_time_intervals: active, mute_time_intervals: mute, .. } = route;
        if active.is_empty() && mute.is_empty() {
            return Hours::Always;
        }
        let read = |names: &[String]| names.iter().map(hours).collect::<Option<Vec<_>>>();
        // What there is none of is told elsewhere.
        let (Some(active), Some(mute)) = (read(active), read(mute)) else { return Hours::Sometimes };
        let always = [Calendar::always()];
        let active = if active.is_empty() { &always[..] } else { &active[..] };
        if Calendar::cover(&mute, active) {
            Hours::Never
        } else if mute.is_empty() && Calendar::cover(active, &always) {
            Hours::Always
        } else {
            Hours::Sometimes
        }
    }
}

fn inside(place: &str, index: usize) -> String {
    match place {
        "" => format!("routes[{index}]"),
        place => format!("{place}.routes[{index}]"),
    }
}

fn priorities<'c>(
    routes: &'c [NestedRouteConfig],
    place: &str,
    above: &[Priority],
    found: &mut Vec<(String, Vec<Priority>, &'c NestedRouteConfig)>,
) {
    for (index, route) in routes.iter().enumerate() {
        let path = inside(place, index);
        let own = route.matchers.priorities(above);
        priorities(&route.routes, &path, &own, found);
        found.push((path, own, route));
    }
}

/// Every channel that something may go by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Those that are told.
    pub to: BTreeSet<ChannelName>,
    /// Those that are told only where another does not take it in time.
    pub fallbacks: BTreeSet<ChannelName>,
}

impl Routes {
    /// Every channel that something of that priority may go by, whatever else it is and whenever it comes.
    pub fn reached(&self, priority: Priority) -> Reached {
        let default = self.default_of(priority);
        let takes = self.each().filter(|route| route.priorities.contains(&priority));
        let all = takes.filter_map(|route| route.route.as_ref()).chain([&default]);
        let mut reached = Reached::default();
        for route in all {
            reached.to.extend(route.to.iter().cloned());
            reached.fallbacks.extend(route.fallback.iter().cloned());
        }
        reached.fallbacks.retain(|channel| !reached.to.contains(channel));
        reached
    }

    /// Every way that a P0 may go, the default first.
    pub fn ways_of_p0(&self) -> Vec<Way> {
        let channels = |route: &super::Route| route.to.iter().chain(&route.fallback).cloned().collect();
        let root: BTreeSet<ChannelName> = channels(&self.default_of(Priority::P0));
        let way = |route: &NestedRoute| {
            let own: BTreeSet<ChannelName> = route.route.as_ref().map_or_else(|| root.clone(), channels);
            let also = if route.sole.is_some() { BTreeSet::new() } else { root.clone() };
            Way { by: route.name.clone(), channels: own.into_iter().chain(also).collect() }
        };
        let default = Way { by: RouteName::new(DEFAULT), channels: root.clone() };
        let takes_p0 = self.each().filter(|route| route.priorities.contains(&Priority::P0));
        [default].into_iter().chain(takes_p0.map(way)).collect()
    }
}
