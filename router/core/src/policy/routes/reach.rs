//! What can be proven of a tree of routes without any event: routes that are never reached, and the ways of a P0.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::config::{NestedRouteConfig, TreeConfig};
use super::{DEFAULT, NestedRoute, Routes};
use crate::attributes::Attributes;
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
    /// The routes that are never reached. Only what is proven is told.
    pub fn never(&self) -> Vec<Never> {
        let mut found = Vec::new();
        never(&self.routes, "", &Value::Object(Map::new()), &mut found);
        found
    }

    /// The priorities that a route may take, by the matchers on its way; `path` as in [`Never`].
    pub fn priorities(&self) -> Vec<(String, Vec<Priority>, &NestedRouteConfig)> {
        let mut found = Vec::new();
        priorities(&self.routes, "", &Priority::ALL, &mut found);
        found
    }
}

fn never(routes: &[NestedRouteConfig], place: &str, above: &Value, found: &mut Vec<Never>) {
    // Those before it that keep what they take, at all times.
    let mut before: Vec<(&NestedRouteConfig, Pattern)> = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        let path = inside(place, index);
        let whole = both(above, route.matchers.written());
        let Some(pattern) = pattern(&whole) else { continue };
        let alone = before.iter().find(|(_, earlier)| Pattern::cover(std::iter::once(earlier), &pattern));
        let contradicts = contradiction(above, route.matchers.written());
        if let Some(member) = contradicts {
            let because = format!("the route above it takes no such `{member}`");
            found.push(Never { path: path.clone(), because });
        } else if let Some((earlier, _)) = alone {
            let because = format!("`{}` before it takes all of it, and does not `continue`", earlier.name);
            found.push(Never { path: path.clone(), because });
        } else if Pattern::cover(before.iter().map(|(_, earlier)| earlier), &pattern) {
            let because = "the routes before it take all of it".to_owned();
            found.push(Never { path: path.clone(), because });
        }
        never(&route.routes, &path, &whole, found);
        let is_always = route.active_time_intervals.is_empty() && route.mute_time_intervals.is_empty();
        if is_always && !route.goes_on {
            let own = self::pattern(route.matchers.written()).unwrap_or_else(Pattern::any);
            before.push((route, own));
        }
    }
}

fn inside(place: &str, index: usize) -> String {
    match place {
        "" => format!("routes[{index}]"),
        place => format!("{place}.routes[{index}]"),
    }
}

fn pattern(written: &Value) -> Option<Pattern> {
    match written.as_object().is_some_and(Map::is_empty) {
        true => Some(Pattern::any()),
        false => Attributes::pattern(&written.to_string()).ok(),
    }
}

/// What both ask for; of a member that both ask for, what the inner one does: that is no less than both together.
fn both(above: &Value, own: &Value) -> Value {
    let (Value::Object(above), Value::Object(own)) = (above, own) else { return own.clone() };
    let mut both = above.clone();
    for (name, value) in own {
        let value = above.get(name).map_or_else(|| value.clone(), |above| self::both(above, value));
        both.insert(name.clone(), value);
    }
    Value::Object(both)
}

/// A member of which both ask for plain values and have none in common.
fn contradiction(above: &Value, own: &Value) -> Option<String> {
    let (Value::Object(above), Value::Object(own)) = (above, own) else { return None };
    own.iter().find_map(|(name, value)| match (above.get(name)?, value) {
        (above @ Value::Object(_), value) => {
            contradiction(above, value).map(|inner| format!("{name}.{inner}"))
        }
        (Value::Array(above), Value::Array(own)) => {
            let is_plain = above.iter().chain(own).all(Value::is_string);
            (is_plain && !own.iter().any(|value| above.contains(value))).then(|| name.clone())
        }
        (_, _) => None,
    })
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
