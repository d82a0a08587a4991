//! Whether a workload is restarted now: its suspects are isolated before, all of them, or it is not needed any more.

use std::collections::BTreeMap;
use std::time::Duration;

use watchfire_core::act::{Act, ActWhen, ActionKind};
use watchfire_core::action::ActionName;
use watchfire_core::containment::{Ripe, TargetKey, TargetRecord, ripe};
use watchfire_core::follow_up::took_effect;
use watchfire_core::ids::EffectId;
use watchfire_core::journal::{ActEnd, Entry, Outcome};
use watchfire_core::state::{Key, State};

use super::Router;
use super::acting::again;
use super::round::Attempt;
use crate::store;

/// How soon it is looked again whether the others are isolated.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

impl Router {
    /// Whether an act that restarts may do so now; every other may.
    pub(super) async fn may_restart(
        &self,
        entry: &Entry,
        act: &Act,
        settled: &BTreeMap<EffectId, Outcome>,
    ) -> Result<(), Attempt> {
        let (ActionKind::Restart, ActWhen::NotBefore(at)) = (act.action, &act.when) else { return Ok(()) };
        let quarantine = ActionKind::Rule(ActionName::Quarantine);
        let own = entry.decision.acts.iter().find(|act| act.action == quarantine);
        match own.map(|own| settled.get(&own.id)) {
            Some(None) => return Err(Attempt::Pending(again("its suspect is not isolated yet".to_owned()))),
            Some(Some(outcome)) if took_effect(outcome) => {}
            Some(Some(_)) | None => return Err(self.needless("its suspect was not isolated")),
        }
        let (workload, pods) = match self.suspects_of(act).await {
            Ok(known) => known,
            Err(error) => {
                let reason = format!("who else is suspect cannot be said: {error}");
                return Err(Attempt::Pending(again(reason)));
            }
        };
        match ripe(*at, &entry.decision.event, workload.as_ref(), &pods) {
            Ripe::Now => Ok(()),
            // Of one whose report was lost nobody hears any more.
            Ripe::NotYet if self.clock.now() >= act.give_up_at => {
                Err(self.needless("other suspects were not isolated in time"))
            }
            Ripe::NotYet => Err(Attempt::Later(self.after(LOOK_AGAIN))),
            Ripe::Never(why) => Err(self.needless(why)),
        }
    }

    fn needless(&self, why: &str) -> Attempt {
        let (at, said) = (self.clock.now(), why.to_owned());
        Attempt::Ended(Outcome::Acted { at, end: ActEnd::Needless, said, steps: Vec::new() })
    }

    /// What is remembered of a workload, and of those of its pods that are suspect.
    async fn suspects_of(
        &self,
        act: &Act,
    ) -> Result<(Option<TargetRecord>, Vec<TargetRecord>), store::Error> {
        let Some(key) = TargetKey::of(&act.target) else { return Ok((None, Vec::new())) };
        let mut state = State::default();
        self.store.load(&[Key::Target(key.clone())], &mut state).await?;
        let workload = state.target(&key).cloned();
        let pods: Vec<_> = workload.iter().flat_map(|workload| workload.suspects.targets()).collect();
        let keys: Vec<_> = pods.iter().cloned().map(Key::Target).collect();
        self.store.load(&keys, &mut state).await?;
        let pods = pods.iter().filter_map(|pod| state.target(pod).cloned()).collect();
        Ok((workload, pods))
    }
}
