//! The `routes` part: the default of each priority, and the tree below it.

use std::collections::{BTreeMap, BTreeSet};

use watchfire_core::action::Role;
use watchfire_core::calendar::Calendar;
use watchfire_core::ids::{ChannelName, RouteName};
use watchfire_core::policy::{DEFAULT, NestedRouteConfig, TreeConfig};
use watchfire_core::priority::Priority;
use watchfire_core::yaml::{Mistake, Node, Value, expected, wrong};

use super::check::{check_routes, check_that_routes_tell, tells_nobody, unknown_channel};
use super::file::RouteConfig;
use super::mistake::Mistakes;
use crate::channel::ChannelConfig;

/// What the tree's own members are called, beside the priorities.
pub(super) const OF_THE_TREE: [&str; 2] = ["routes", "time_intervals"];

/// Reads it; what is wrong counts as left out, its mistakes are told.
pub(super) fn check(
    part: Option<&Node>,
    known: &[String],
    channels: &BTreeMap<String, ChannelConfig>,
    business: Option<&Calendar>,
    mistakes: &mut Mistakes<'_>,
) -> (BTreeMap<Priority, RouteConfig>, TreeConfig) {
    let routes = check_routes(part, known, mistakes);
    check_that_routes_tell(part, &routes, channels, mistakes);
    let part = part.filter(|part| matches!(part.value, Value::Mapping(_)));
    let tree = part.map(|part| part.only(&OF_THE_TREE)).and_then(|tree| {
        mistakes.read("routes", &tree, |tree: &TreeConfig, mistake| {
            let names = Names { known, channels, tree };
            for (path, priorities, route) in tree.priorities() {
                let siblings = neighbours(tree, &path);
                let of = Checked { route, siblings, priorities: &priorities, names: &names };
                of.check(&mut |member, wrong| mistake(&format!(".{path}{member}"), wrong));
            }
            if tree.time_intervals.contains_key(TreeConfig::BUSINESS) {
                let another = expected("another name").hint("that is what the part `business` says");
                mistake(&format!(".time_intervals.{}", TreeConfig::BUSINESS), another);
            }
            for never in tree.never(business) {
                mistake(&format!(".{}", never.path), wrong("is never reached").hint(never.because));
            }
        })
    });
    (routes, tree.unwrap_or_default())
}

/// Has the channels that a route tells word what goes by it as it says.
pub(super) fn word(
    channels: &mut BTreeMap<String, ChannelConfig>,
    defaults: &BTreeMap<Priority, RouteConfig>,
    tree: &TreeConfig,
) {
    let templates = tree.templates();
    if templates.is_empty() {
        return;
    }
    // Whom a route tells does not depend on when it is in force.
    let routes = RouteConfig::routes(defaults, tree, &Calendar::default());
    let told: Vec<_> = routes.each().map(|route| (&route.name, routes.told_by(route))).collect();
    for (name, channel) in channels {
        let tells = |route: &RouteName| {
            told.iter()
                .any(|(known, told)| *known == route && told.contains(&ChannelName::new(name.as_str())))
        };
        let by_route = templates.iter().filter(|(route, _, _)| tells(route));
        channel.is_worded_by(by_route.map(|(route, _, own)| (route.clone(), (*own).clone())).collect());
    }
}

/// What routes may name.
struct Names<'n> {
    known: &'n [String],
    channels: &'n BTreeMap<String, ChannelConfig>,
    tree: &'n TreeConfig,
}

/// A route, and what it is held to.
struct Checked<'n> {
    route: &'n NestedRouteConfig,
    /// Those before it, under the same route.
    siblings: &'n [NestedRouteConfig],
    /// What it may take.
    priorities: &'n [Priority],
    names: &'n Names<'n>,
}

impl Checked<'_> {
    fn check(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        self.name(mistake);
        self.channels(mistake);
        self.sole(mistake);
        let NestedRouteConfig { repeat_after_minutes, active_time_intervals, mute_time_intervals, .. } =
            self.route;
        if *repeat_after_minutes == Some(0) {
            mistake(".repeat_after_minutes", expected("at least 1").found("0"));
        }
        let intervals = [
            (".active_time_intervals", active_time_intervals),
            (".mute_time_intervals", mute_time_intervals),
        ];
        for (member, names) in intervals {
            for (index, name) in names.iter().enumerate() {
                let known = &self.names.tree.time_intervals;
                if name != TreeConfig::BUSINESS && !known.contains_key(name) {
                    let all: Vec<_> =
                        known.keys().map(String::as_str).chain([TreeConfig::BUSINESS]).collect();
                    let interval = expected(format!("a time interval ({})", all.join(", ")));
                    mistake(&format!("{member}[{index}]"), interval.found(format!("`{name}`")));
                }
            }
        }
    }

    fn name(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let name = &self.route.name;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_word = !name.is_empty()
            && name.len() <= 64
            && name.chars().all(fits)
            && !name.starts_with('-')
            && !name.ends_with('-');
        if !is_word {
            let words = expected("lower-case words joined by hyphens, at most 64 characters");
            mistake(".name", words.found(format!("`{name}`")));
        } else if name == DEFAULT {
            mistake(".name", expected("another name").hint("the root has that one"));
        } else if self.siblings.iter().any(|sibling| sibling.name == *name) {
            mistake(".name", expected("another name").found(format!("`{name}`, as a route before it")));
        }
    }

    fn channels(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let NestedRouteConfig { to, fallback, escalation, templates, .. } = self.route;
        let urgent = self.priorities.iter().find(|priority| priority.is_urgent());
        if let (Some(to), Some(urgent)) = (to, urgent)
            && to.is_empty()
        {
            let none = expected("at least one channel").found("none");
            let hint =
                format!("{urgent} comes here, and nobody would be told; match priority=P2 or priority=P3");
            mistake(".to", none.hint(hint));
        }
        let listed = |member: &str, names: &[String]| -> Vec<(String, String)> {
            names
                .iter()
                .enumerate()
                .map(|(index, name)| (format!("{member}[{index}]"), name.clone()))
                .collect()
        };
        let mut named = listed(".to", to.as_deref().unwrap_or_default());
        named.extend(fallback.iter().map(|name| (".fallback".to_owned(), name.clone())));
        for (number, step) in escalation.iter().enumerate() {
            if step.to.is_empty() {
                mistake(&format!(".escalation[{number}].to"), expected("at least one channel").found("none"));
            }
            named.extend(listed(&format!(".escalation[{number}].to"), &step.to));
        }
        let twice = |(index, (member, name)): (usize, &(String, String))| {
            let list = member.split_once('[')?.0;
            let before = named.get(..index)?.iter();
            let is_there = before.clone().any(|(other, known)| {
                known == name && other.split_once('[').is_some_and(|(of, _)| of == list)
            });
            is_there.then(|| {
                (member.clone(), expected("another channel").found(format!("`{name}`, as before it")))
            })
        };
        named.iter().enumerate().filter_map(twice).for_each(|(member, wrong)| mistake(&member, wrong));
        for (member, name) in named {
            let Names { known, channels, tree: _ } = self.names;
            if !known.is_empty() && !known.contains(&name) {
                mistake(&member, unknown_channel(&name, known));
            } else if channels.get(&name).is_some_and(|channel| channel.role() != Role::Notify) {
                mistake(&member, tells_nobody(&name));
            }
        }
        if to.as_ref().is_some_and(Vec::is_empty) && templates.is_some() {
            mistake(".templates", expected("none").hint("`to` is empty: nobody reads what they word"));
        }
        if let (Some(fallback), Some(to)) = (fallback, to)
            && to.contains(fallback)
        {
            mistake(".fallback", expected("a channel that is not in `to`").found(format!("`{fallback}`")));
        }
    }

    /// A P0 that the default does not hear of is a decision that somebody can give a reason for.
    fn sole(&self, mistake: &mut dyn FnMut(&str, Mistake)) {
        let NestedRouteConfig { sole, reason, to, .. } = self.route;
        let has_reason = reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        match (sole, has_reason) {
            (true, false) => {
                mistake(".reason", expected("why a P0 does not go by the default as well").found("none"))
            }
            (false, true) => mistake(".reason", expected("none").hint("it is for `sole: true`")),
            (true, true) | (false, false) => {}
        }
        if *sole && to.is_none() {
            mistake(".sole", expected("channels of its own").hint("without `to` it is the default"));
        } else if *sole && !self.priorities.contains(&Priority::P0) {
            mistake(".sole", expected("none").hint("no P0 comes here"));
        }
    }
}

/// Those before a route, under the same route.
fn neighbours<'t>(tree: &'t TreeConfig, path: &str) -> &'t [NestedRouteConfig] {
    let mut routes = tree.routes.as_slice();
    let mut steps = path
        .split('.')
        .filter_map(|step| step.strip_prefix("routes[")?.strip_suffix(']')?.parse::<usize>().ok());
    let mut index = steps.next().unwrap_or_default();
    for below in steps {
        let Some(route) = routes.get(index) else { return &[] };
        (routes, index) = (route.routes.as_slice(), below);
    }
    routes.get(..index).unwrap_or_default()
}

/// The ways on which a P0 wakes nobody, or nobody while one provider is out, each in a sentence.
pub(crate) fn alone(
    channels: &BTreeMap<String, ChannelConfig>,
    routes: &watchfire_core::policy::Routes,
) -> Vec<String> {
    let alone = routes.ways_of_p0().into_iter().filter_map(|way| {
        let of = |name: &ChannelName| channels.get_key_value(name.as_str());
        let all: Vec<_> = way.channels.iter().filter_map(of).collect();
        let wake: Vec<_> = all.iter().filter(|(_, channel)| channel.wakes_people()).collect();
        let kinds: BTreeSet<_> = wake.iter().map(|(_, channel)| channel.kind()).collect();
        let by = way.by;
        match (kinds.first(), kinds.len()) {
            (None, _) => {
                let all = all.iter().map(|(name, channel)| format!("{name}: {}", channel.kind()));
                let all: Vec<_> = all.collect();
                Some(format!("route {by}: a P0 wakes nobody ({}); name a channel that calls people", all.join(", ")))
            }
            (Some(kind), 1) => {
                let names: Vec<_> = wake.iter().map(|(name, _)| name.as_str()).collect();
                let names = names.join(", ");
                Some(format!(
                    "route {by}: a P0 is told by {kind} alone ({names}); a fallback of another kind outlives its outage"
                ))
            }
            _ => None,
        }
    });
    alone.collect()
}
