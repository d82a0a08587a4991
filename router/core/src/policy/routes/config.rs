//! Routes as they are written, and the tree that they make.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Interval, NestedRoute, Route};
use crate::attributes::{Attributes, matchers};
use crate::calendar::Calendar;
use crate::ids::{ChannelName, RouteName};
use crate::json::Json;
use crate::noise::RouteGroupConfig;
use crate::notice::RouteTemplates;
use crate::pattern::Pattern;
use crate::policy::EscalationStep;
use crate::priority::Priority;
use crate::value_schema;
use crate::yaml::{Mistake, wrong};

/// What is below the root.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Tree")]
#[serde(deny_unknown_fields, default, expecting = "a mapping of routes, time_intervals")]
pub struct TreeConfig {
    /// Tried in this order; what none of them takes goes by the default.
    pub routes: Vec<NestedRouteConfig>,
    /// Hours that routes name, as `business` is written.
    pub time_intervals: BTreeMap<String, Calendar>,
}

/// A route below the root.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NestedRoute")]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping of name, matchers, to, fallback, continue, sole, reason, active_time_intervals, \
                 mute_time_intervals, group, repeat_after_minutes, escalation, templates, routes"
)]
pub struct NestedRouteConfig {
    /// Its name among its neighbours: lower-case words joined by hyphens.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"))]
    pub name: String,
    /// What it takes, as `silence add` takes it, such as namespace=pay-*; left out, all that comes to it.
    #[serde(default)]
    pub matchers: Matchers,
    /// Channels, the primary one first; none: the digest; left out: as the route above.
    pub to: Option<Vec<String>>,
    /// The channel for when the primary one does not take a P0 or P1 in time; left out: as the route above.
    pub fallback: Option<String>,
    /// Whether the routes after it are tried, too.
    #[serde(rename = "continue", default)]
    pub goes_on: bool,
    /// Whether a P0 that it takes does not go by the default as well.
    #[serde(default)]
    pub sole: bool,
    /// Why it is the sole one.
    pub reason: Option<String>,
    /// It takes something only within one of these: `business`, or one of `time_intervals`.
    #[serde(default)]
    pub active_time_intervals: Vec<String>,
    /// It takes nothing within any of these.
    #[serde(default)]
    pub mute_time_intervals: Vec<String>,
    /// What of it is paged as one, before `noise.groups`.
    pub group: Option<RouteGroupConfig>,
    /// How long its incidents stay quiet after they were said, before what rules say.
    #[schemars(range(min = 1))]
    pub repeat_after_minutes: Option<u32>,
    /// Who is told when nobody acknowledges in time, in the place of the chain of the priority.
    #[serde(default)]
    pub escalation: Vec<StepConfig>,
    /// How what goes by it is worded, before the templates of its channels; left out, as the route above.
    pub templates: Option<RouteTemplates>,
    /// The routes below it, which go before it.
    #[serde(default)]
    pub routes: Vec<NestedRouteConfig>,
}

/// A step of a route's escalation chain.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RouteEscalationStep")]
#[serde(deny_unknown_fields, expecting = "a mapping of to, after_minutes")]
pub struct StepConfig {
    /// Who is told.
    pub to: Vec<String>,
    /// How long after the step before it; the first is due when the time to respond is over.
    #[serde(default = "fifteen")]
    pub after_minutes: u32,
}

fn fifteen() -> u32 {
    15
}

/// Matchers, read.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Matchers {
    texts: Vec<String>,
    pattern: Pattern,
    /// The pattern as it is written.
    written: serde_json::Value,
}

value_schema!(Matchers, {
    "type": "array",
    "items": {"type": "string", "pattern": "^[ a-z_.]+!?="},
    "description": "Matchers such as namespace=pay-* or priority!=P3; different names must all match."
});

impl Default for Matchers {
    fn default() -> Self {
        Self { texts: Vec::new(), pattern: Pattern::any(), written: serde_json::json!({}) }
    }
}

impl TryFrom<Vec<String>> for Matchers {
    type Error = Mistake;

    fn try_from(texts: Vec<String>) -> Result<Self, Mistake> {
        if texts.is_empty() {
            return Ok(Self::default());
        }
        let written =
            matchers::pattern(&texts).map_err(|mistakes| Mistake::of_sentence(&mistakes.join("; ")))?;
        let pattern = Attributes::pattern(&written.to_string()).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { texts, pattern, written })
    }
}

impl Matchers {
    /// As they are written.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The pattern that they make.
    pub(super) fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Those of these priorities that they let through, by what they say of priority alone.
    pub(super) fn priorities(&self, above: &[Priority]) -> Vec<Priority> {
        let Some(asked) = self.written.get("priority") else { return above.to_vec() };
        let asked = Attributes::pattern(&serde_json::json!({"priority": asked}).to_string());
        let Ok(asked) = asked else { return above.to_vec() };
        let is_let_through = |priority: &Priority| {
            let priority = Json::string(priority.as_str().to_owned());
            asked.matches(&Json::Object(vec![("priority".into(), priority)]))
        };
        above.iter().copied().filter(is_let_through).collect()
    }
}

impl TreeConfig {
    /// The name of the hours that are business.
    pub const BUSINESS: &str = "business";

    /// The routes that have templates, with where these are written, as in [`super::Never`]: of a route without any, those of
    /// the route above.
    pub fn templates(&self) -> Vec<(RouteName, String, &RouteTemplates)> {
        let mut found = Vec::new();
        templates(&self.routes, None, &mut found);
        found
    }

    /// The hours of that name; none where there are none, or where they are not known.
    pub(super) fn hours(&self, name: &str, business: Option<&Calendar>) -> Option<Calendar> {
        match name {
            Self::BUSINESS => business.cloned(),
            name => self.time_intervals.get(name).cloned(),
        }
    }

    /// The tree; an interval that there is none of is left out, which a check tells.
    pub fn tree(&self, business: &Calendar) -> Vec<NestedRoute> {
        let hours = |name: &str| self.hours(name, Some(business));
        let read = Reading { hours: &hours };
        self.routes.iter().map(|route| read.route(route, None)).collect()
    }
}

/// The name of the route above, where its routes are written, and its templates with their place.
type Above<'c> = (RouteName, String, Option<(String, &'c RouteTemplates)>);

fn templates<'c>(
    routes: &'c [NestedRouteConfig],
    above: Option<&Above<'c>>,
    found: &mut Vec<(RouteName, String, &'c RouteTemplates)>,
) {
    for (index, route) in routes.iter().enumerate() {
        let (name, path) = match above {
            Some((above, place, _)) => {
                (RouteName::new(format!("{above}/{}", route.name)), format!("{place}.routes[{index}]"))
            }
            None => (RouteName::new(route.name.clone()), format!("routes[{index}]")),
        };
        let own = route.templates.as_ref().map(|own| (path.clone(), own));
        let has = own.or_else(|| above.and_then(|(_, _, has)| has.clone()));
        if let Some((place, templates)) = &has {
            found.push((name.clone(), place.clone(), *templates));
        }
        templates(&route.routes, Some(&(name, path, has)), found);
    }
}

struct Reading<'r> {
    hours: &'r dyn Fn(&str) -> Option<Calendar>,
}

impl Reading<'_> {
    fn route(&self, config: &NestedRouteConfig, above: Option<&NestedRoute>) -> NestedRoute {
        let NestedRouteConfig { name, matchers, goes_on, sole, reason, group, .. } = config;
        let name = RouteName::new(match above {
            Some(above) => format!("{}/{name}", above.name),
            None => name.clone(),
        });
        let repeat_after =
            config.repeat_after_minutes.map(|minutes| SignedDuration::from_mins(minutes.into()));
        let escalation: Vec<_> = config.escalation.iter().map(step).collect();
        let mut route = NestedRoute {
            matchers: matchers.texts.clone(),
            active: self.intervals(&config.active_time_intervals),
            muted: self.intervals(&config.mute_time_intervals),
            route: who(config, above.and_then(|above| above.route.as_ref())),
            goes_on: *goes_on,
            sole: reason.clone().filter(|_| *sole),
            group: match group {
                Some(group) => Some(group.group(&name)),
                None => above.and_then(|above| above.group.clone()),
            },
            repeat_after: repeat_after.or(above.and_then(|above| above.repeat_after)),
            escalation: match escalation.is_empty() {
                true => above.map(|above| above.escalation.clone()).unwrap_or_default(),
                false => escalation,
            },
            routes: Vec::new(),
            priorities: matchers.priorities(above.map_or(&Priority::ALL[..], |above| &above.priorities)),
            pattern: matchers.pattern.clone(),
            name,
        };
        route.routes = config.routes.iter().map(|below| self.route(below, Some(&route))).collect();
        route
    }

    fn intervals(&self, names: &[String]) -> Vec<Interval> {
        let interval = |name: &String| Some(Interval { name: name.clone(), hours: (self.hours)(name)? });
        names.iter().filter_map(interval).collect()
    }
}

/// Who is told, as far as it says so: a fallback of the route above stands in for its own channels, too.
fn who(config: &NestedRouteConfig, above: Option<&Route>) -> Option<Route> {
    let own = |names: &[String]| names.iter().cloned().map(ChannelName::new).collect::<Vec<_>>();
    let to = config.to.as_deref().map(own).or_else(|| above.map(|above| above.to.clone()))?;
    let fallback = config.fallback.clone().map(ChannelName::new);
    let fallback = fallback.or_else(|| above.and_then(|above| above.fallback.clone()));
    let fallback = fallback.filter(|fallback| !to.is_empty() && !to.contains(fallback));
    Some(Route { to, fallback })
}

fn step(step: &StepConfig) -> EscalationStep {
    EscalationStep {
        to: step.to.iter().cloned().map(ChannelName::new).collect(),
        after: SignedDuration::from_mins(step.after_minutes.into()),
    }
}
