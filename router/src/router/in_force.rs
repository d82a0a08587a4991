//! What decides and who is told: one set, which is swapped as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use watchfire_core::ids::ChannelName;
use watchfire_core::policy::Policy;

use super::Router;
use crate::channel::Channel;

/// One set; what else is to change with it belongs here. Whoever decides takes it once
/// and goes by it to the end; what is sent goes by the newest.
#[derive(Debug)]
pub struct InForce {
    /// How events are decided.
    pub policy: Arc<Policy>,
    /// The channels people are told by, with the wording of their pages.
    pub channels: BTreeMap<ChannelName, Arc<Channel>>,
}

#[cfg(test)]
impl InForce {
    pub(crate) fn policy_mut(&mut self) -> &mut Policy {
        Arc::get_mut(&mut self.policy).expect("nobody else has it")
    }
}

impl Router {
    /// The set that is in force now.
    pub fn in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    /// Puts another set in force, for whatever is decided from now on.
    pub(crate) fn put_in_force(&self, set: InForce) {
        let names: Vec<ChannelName> = set.channels.keys().cloned().collect();
        set.channels.values().for_each(|channel| channel.share(&self.lessor));
        let before = self.in_force.swap(Arc::new(set));
        for gone in before.channels.keys().filter(|name| !names.contains(name)) {
            self.metrics.channel_is_gone(gone);
        }
        for new in names.iter().filter(|name| !before.channels.contains_key(name)) {
            self.metrics.channel_is_up(new, true);
        }
    }

    pub(crate) fn channel(&self, name: &ChannelName) -> Option<Arc<Channel>> {
        self.in_force.load().channels.get(name).cloned()
    }

    /// Changes the set in force, for a test that has the router to itself.
    #[cfg(test)]
    pub(crate) fn adjust(&mut self, change: impl FnOnce(&mut InForce)) {
        let files = crate::rules_files::read(None).expect("the shipped rules are in the binary");
        let rules = watchfire_core::rules::RuleSet::load(&files).expect("the shipped rules are right");
        let routes = watchfire_core::policy::Routes::new([]);
        let other = InForce { policy: Arc::new(Policy::new(rules, routes)), channels: BTreeMap::new() };
        let mut set = Arc::into_inner(self.in_force.swap(Arc::new(other))).expect("nobody else has it");
        change(&mut set);
        self.in_force.store(Arc::new(set));
    }
}
