//! What a configuration calls rules and families by: a name that there is not never matches, and is told before it is missed.

use watchfire_core::attributes::matchers;
use watchfire_core::known_names::{KnownNames, UnknownName};
use watchfire_core::noise::NoiseConfig;
use watchfire_core::policy::{NestedRouteConfig, TreeConfig};
use watchfire_core::rules::RuleSet;

use super::{Config, Diagnostic, Written};

/// Every name of a rule, a family or a finder that there is not, in routes, groups, inhibitions, windows and quiet periods.
pub(super) fn check(config: &Config, rules: &RuleSet, written: &Written) -> Vec<Diagnostic> {
    let Config { tree: TreeConfig { routes, time_intervals: _ }, noise, .. } = config;
    let mut looking = Looking { names: &KnownNames::of(rules), found: Vec::new() };
    looking.routes("routes", routes);
    looking.noise(noise);
    let mistake = |(path, unknown): (String, UnknownName)| written.mistake(&path, unknown.mistake());
    looking.found.into_iter().map(mistake).collect()
}

struct Looking<'n> {
    names: &'n KnownNames,
    /// Each with where it stands.
    found: Vec<(String, UnknownName)>,
}

impl Looking<'_> {
    fn routes(&mut self, above: &str, routes: &[NestedRouteConfig]) {
        for (index, NestedRouteConfig { matchers, routes, .. }) in routes.iter().enumerate() {
            let path = format!("{above}.routes[{index}]");
            for (index, text) in matchers.texts().iter().enumerate() {
                let Ok(pattern) = matchers::pattern(std::slice::from_ref(text)) else { continue };
                let unknown = self.names.unknown_in(&pattern.to_string());
                let place = format!("{path}.matchers[{index}]");
                self.found.extend(unknown.into_iter().map(|unknown| (place.clone(), unknown)));
            }
            self.routes(&path, routes);
        }
    }

    fn noise(&mut self, noise: &NoiseConfig) {
        let groups = noise.groups.iter().enumerate();
        let groups = groups.filter_map(|(index, group)| {
            Some((format!("noise.groups[{index}].match"), group.matches.as_ref()?.text.as_str()))
        });
        let inhibit = noise.inhibit.iter().enumerate().flat_map(|(index, one)| {
            [("source", &one.source), ("target", &one.target)]
                .map(|(member, pattern)| (format!("noise.inhibit[{index}].{member}"), pattern.text.as_str()))
        });
        let windows = noise.maintenance.iter().enumerate();
        let windows =
            windows.map(|(index, window)| (format!("noise.maintenance[{index}].match"), window.pattern()));
        for (path, pattern) in groups.chain(inhibit).chain(windows) {
            let unknown = self.names.unknown_in(pattern);
            self.found
                .extend(unknown.into_iter().map(|unknown| (format!("{path}.{}", unknown.path), unknown)));
        }
        let names = self.names;
        for family in noise.quiet_after_hours.families.keys().filter(|family| !names.has_family(family)) {
            let path = format!("noise.quiet_after_hours.families.{family}");
            self.found.push((path.clone(), names.no_family(&path, family)));
        }
    }
}
