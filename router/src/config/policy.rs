//! From the configuration to what deciding needs of it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use watchfire_core::calendar::Calendar;
use watchfire_core::canary::NAME;
use watchfire_core::health;
use watchfire_core::ids::ChannelName;
use watchfire_core::mitigation::Mitigation;
use watchfire_core::policy::{Bulletins, Pages, Policy, RepeatAfter, Route, Routes, TreeConfig};
use watchfire_core::priority::Priority;
use watchfire_core::rules::RuleSet;

use super::attention;
use super::file::{Config, RouteConfig};
use super::mitigation::{MitigationConfig, Own};
use crate::channel::ChannelConfig;
use crate::identity::Known;
use crate::triage::TriageConfig;

/// The parts that only a start can change, what they name being open, bound or read; and a configuration with all of a
/// newer one but them.
macro_rules! only_a_start_changes {
    ($($part:ident),*) => {
        pub(crate) const FIXED: &[&str] = &["queue", $(stringify!($part)),*];

        impl Config {
            /// This, with all of a newer one that can change while the worker works.
            pub(crate) fn with(&self, newer: Config) -> Config {
                let Config { $($part,)* .. } = self.clone();
                let kill_switch = self.mitigation.kill_switch.clone();
                let mitigation = MitigationConfig { kill_switch, ..newer.mitigation };
                Config { $($part,)* mitigation, ..newer }
            }
        }
    };
}

only_a_start_changes!(
    queues,
    http,
    health,
    store,
    evidence,
    cluster,
    oncall,
    triage,
    canary,
    watch,
    telemetry,
    require_fips
);

impl Config {
    /// What deciding needs.
    pub fn policy(&self, rules: RuleSet) -> Policy {
        let mut repeat_after = RepeatAfter::default();
        for (priority, minutes) in &self.repeat_after_minutes {
            repeat_after.0[*priority as usize] = SignedDuration::from_mins((*minutes).into());
        }
        Policy {
            repeat_after,
            fallback_after_seconds: self.fallback_after_seconds,
            mitigation: self.mitigation(),
            noise: self.noise.clone().into(),
            calendar: self.business.clone(),
            digest: names(&self.digest.to),
            bulletins: self.bulletins(),
            health: self.health(),
            escalation: attention::chains(&self.escalation),
            pages: self.pages(),
            canary: self.canary.as_ref().map(|_| ChannelName::new(NAME)),
            tickets: self.channels_that(ChannelConfig::keeps_tickets),
            threads: self.channels_that(ChannelConfig::has_threads),
            triage: self.triage.as_ref().map(TriageConfig::settings),
            changes: names(&self.changes.to),
            write_back: self.security_hub.as_ref().map(|part| ChannelName::new(part.write_back.clone())),
            ..Policy::new(rules, self.routes())
        }
    }

    fn channels_that(&self, are: fn(&ChannelConfig) -> bool) -> Vec<ChannelName> {
        let found = self.channels.iter().filter(|(_, channel)| are(channel));
        found.map(|(name, _)| ChannelName::new(name.clone())).collect()
    }

    /// Who gets the reports of health.
    fn bulletins(&self) -> Bulletins {
        let report = self.health_report.clone().unwrap_or_default();
        Bulletins { daily: names(&report.to), weekly: names(&report.weekly_to) }
    }

    /// What those reports go by.
    pub(crate) fn health(&self) -> health::Settings {
        self.health_report.clone().unwrap_or_default().settings(self.watch.as_ref())
    }

    fn mitigation(&self) -> Mitigation {
        let cluster = self.cluster.as_ref().and_then(|cluster| cluster.identity().ok());
        let zone = self.business.zone();
        self.mitigation.policy(cluster, self.evidence.is_some(), &Own::of_the_environment(), zone)
    }

    /// What pages call our cluster, and where they lead.
    fn pages(&self) -> Pages {
        let alias = self.cluster.as_ref().and_then(|cluster| cluster.alias.clone());
        let public_url = self.http.public_url.as_ref().map(|url| url.trim_end_matches('/').to_owned());
        Pages { alias, public_url }
    }

    /// Who may ask.
    pub fn known(&self) -> Known {
        self.access.known(self.http.public_url.as_deref())
    }

    /// Who is told.
    pub fn routes(&self) -> Routes {
        RouteConfig::routes(&self.routes, &self.tree, &self.business)
    }
}

fn names(written: &[String]) -> Vec<ChannelName> {
    written.iter().cloned().map(ChannelName::new).collect()
}

impl RouteConfig {
    /// The defaults and the tree below them.
    pub(super) fn routes(
        defaults: &BTreeMap<Priority, RouteConfig>,
        tree: &TreeConfig,
        business: &Calendar,
    ) -> Routes {
        let channel = |name: &String| ChannelName::new(name.clone());
        let route = |(priority, route): (&Priority, &RouteConfig)| {
            let to = route.to.iter().map(channel).collect();
            (*priority, Route { to, fallback: route.fallback.as_ref().map(channel) })
        };
        Routes::new(defaults.iter().map(route)).with(tree.tree(business))
    }
}
