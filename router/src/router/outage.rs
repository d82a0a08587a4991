//! The store's own outage: paged once it has lasted, without the store, and ended by whoever sees that it is over.
//!
//! Workers tell each other nothing meanwhile. So all of them page it under one key, and what is left behind by one that
//! has ended is seen by the sign that nobody has left in the store for so long.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use watchfire_core::decide::Case;
use watchfire_core::decision::{Decision, Effect, When};
use watchfire_core::event::store_unavailable;
use watchfire_core::ids::EffectId;
use watchfire_core::verdict::{EffectKind, Verdict};

use super::Router;
use super::without_store::Remembered;
use crate::clients::chain;
use crate::store;
use crate::telemetry;

/// How long nothing can be written before that is paged. Longer than the minute from one tick of a Lambda to the next, or a
/// sign left by each would look as if there had been an outage in between.
pub const PAGED_AFTER: SignedDuration = SignedDuration::from_secs(90);
/// A sign that is older is left anew.
const SIGN_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// Why its page ends.
const OVER: &str = "the store answers again";

/// What this process knows of it.
#[derive(Default)]
pub(super) struct Outage(Mutex<Known>);

#[derive(Clone, Default)]
struct Known {
    /// When work first failed that the store was not looked after since.
    failed: Option<Timestamp>,
    /// Since when nothing can be written.
    since: Option<Timestamp>,
    /// That it was paged, and what channels took.
    told: Option<Decision>,
    /// That it is over, and what channels have not taken yet.
    ends: Option<Decision>,
    /// The last sign that was found or left.
    sign: Option<Timestamp>,
}

impl Outage {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Router {
    /// Work has failed because of the store, or of what was to be written.
    pub(super) fn store_failed(&self, error: &store::Error) {
        telemetry::store_failed(error);
        self.metrics.store_failed();
        self.outage.known().failed.get_or_insert(self.clock.now());
    }

    /// Whether the store was away when it was last looked after, or anything has failed since.
    pub fn misses_its_store(&self) -> bool {
        let known = self.outage.known();
        known.failed.is_some() || known.since.is_some() || !self.store.is_healthy()
    }

    /// Looks whether the store can be written, where anything has failed or that was long ago; pages an outage that lasts,
    /// and ends the page of one that is over. For one task at a time.
    pub async fn look_after_store(&self) {
        let (misses, now) = (self.misses_its_store(), self.clock.now());
        if !misses && is_fresh(self.outage.known().sign, now) {
            return;
        }
        let looked = async {
            let sign = self.store.last_sign().await?;
            if misses || is_late(sign, now) {
                self.store.ping().await?;
            }
            self.is_back(sign).await
        };
        if let Err(error) = looked.await {
            self.is_away(&error);
            self.page_outage(&error).await;
        }
    }

    fn is_away(&self, error: &store::Error) {
        let mut known = self.outage.known();
        let failed = known.failed.take().unwrap_or_else(|| self.clock.now());
        if known.since.is_none() {
            known.since = Some(failed);
            telemetry::store_is_away(error);
            self.metrics.store_is_up(false);
        }
    }

    async fn page_outage(&self, error: &store::Error) {
        let now = self.clock.now();
        let since = self.outage.known().since;
        let Some(since) = since.filter(|since| now.duration_since(*since) >= PAGED_AFTER) else { return };
        if self.outage.known().told.is_some() {
            return;
        }
        let mut decision = self.outage_page(since, &chain(error));
        if decision.verdict != Verdict::Page {
            return;
        }
        let round = self.perform_unrecorded(&decision).await;
        if round.is_told() {
            decision.effects.retain(|effect| round.has_done(&effect.id));
            let mut known = self.outage.known();
            (known.told, known.ends) = (Some(decision), None);
        }
    }

    /// Something can be written. The sign is left last: where this process does not come to it, another ends what was paged.
    async fn is_back(&self, sign: Option<Timestamp>) -> Result<(), store::Error> {
        let now = self.clock.now();
        let since = {
            let mut known = self.outage.known();
            known.failed = None;
            known.since.take()
        };
        if let Some(since) = since {
            telemetry::store_is_back(since);
            self.metrics.store_is_up(true);
        }
        if !self.end_pages(sign).await {
            return Ok(());
        }
        if is_fresh(sign, now) {
            self.outage.known().sign = sign;
            return Ok(());
        }
        self.store.leave_sign(now).await?;
        self.outage.known().sign = Some(now);
        Ok(())
    }

    /// Ends the page of an outage that is over, as far as channels take that; whether nothing is left to be ended.
    async fn end_pages(&self, sign: Option<Timestamp>) -> bool {
        let (told, ends) = {
            let known = self.outage.known();
            (known.told.clone(), known.ends.clone())
        };
        let ends = ends.or_else(|| told.or_else(|| self.left_behind(sign)).map(ended));
        let Some(mut ends) = ends else { return true };
        let round = self.perform_unrecorded(&ends).await;
        ends.effects.retain(|effect| round.outcome(&effect.id).is_none());
        let is_over = ends.effects.is_empty();
        let mut known = self.outage.known();
        (known.told, known.ends) = (None, (!is_over).then_some(ends));
        is_over
    }

    /// What another process may have paged: nobody has left a sign for as long as it takes until an outage is paged. Only a
    /// channel that ends an alert by its key is told, for there may have been none.
    fn left_behind(&self, sign: Option<Timestamp>) -> Option<Decision> {
        let now = self.clock.now();
        let mut decision = is_late(sign, now).then(|| self.outage_page(now, OVER))?;
        let ends_by_key =
            |effect: &Effect| self.channel(&effect.channel).is_some_and(|channel| channel.ends_by_key());
        decision.effects.retain(ends_by_key);
        (!decision.effects.is_empty()).then_some(decision)
    }

    /// As if nothing had ever been paged: whoever pages it has the same key.
    fn outage_page(&self, since: Timestamp, error: &str) -> Decision {
        let (set, now) = (self.in_force(), self.clock.now());
        let event = store_unavailable(&self.store.in_words(), since, error, set.policy.zone(), now);
        let context = self.at_hand(&event);
        let case = Case::new(&event, &set.policy, &context);
        let mut decision = Remembered::default().decide(&case, now);
        decision.effects.retain(|effect| effect.kind == EffectKind::Page);
        decision.effects.iter_mut().for_each(|effect| effect.notice.unrecorded());
        decision
    }
}

fn is_late(sign: Option<Timestamp>, now: Timestamp) -> bool {
    sign.is_some_and(|sign| now.duration_since(sign) >= PAGED_AFTER)
}

fn is_fresh(sign: Option<Timestamp>, now: Timestamp) -> bool {
    sign.is_some_and(|sign| now.duration_since(sign).abs() < SIGN_EVERY)
}

/// The resolves of those pages.
fn ended(mut decision: Decision) -> Decision {
    for effect in &mut decision.effects {
        effect.id = EffectId::new(format!("resolve:{}", effect.channel));
        effect.kind = EffectKind::Resolve;
        effect.when = When::Now;
        effect.notice.why = OVER.to_owned();
    }
    decision
}
