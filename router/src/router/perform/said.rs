//! What a channel said to what it was told before under the same dedup key: where its message is.

use watchfire_core::decision::{Decision, Effect, When};
use watchfire_core::ids::{EffectId, EventId, incident_of};
use watchfire_core::incident::{Escalated, IncidentRecord};
use watchfire_core::journal::Outcome;
use watchfire_core::state::{Key, State};

use crate::router::Router;

/// How far is looked for the first page that the channel took: the others before it failed.
const MOST_LOOKED_AT: usize = 8;

impl Router {
    /// The receipt of the first page that the channel took; nothing where there is none, or nobody can say: then what is
    /// said stands by itself.
    pub(super) async fn said_before(&self, decision: &Decision, effect: &Effect) -> Vec<String> {
        let pages = match &effect.when {
            When::IfDone(pages) => pages.clone(),
            When::Now | When::Unless { .. } => self.pages_of(effect).await,
        };
        let is_other = |(event, page): &&(EventId, EffectId)| (event, page) != (&decision.event, &effect.id);
        for (event, page) in pages.iter().filter(is_other).take(MOST_LOOKED_AT) {
            let Ok(Some(entry)) = self.store.find(event).await else { continue };
            let is_it = |told: &Effect| told.id == *page && told.dedup_key == effect.dedup_key;
            if let (true, Some(Outcome::Done { receipt, .. })) =
                (entry.decision.effects.iter().any(is_it), entry.outcomes.get(page))
            {
                return vec![receipt.clone()];
            }
        }
        Vec::new()
    }

    /// The pages of that dedup key by that channel, the oldest first.
    async fn pages_of(&self, effect: &Effect) -> Vec<(EventId, EffectId)> {
        let Some((incident, episode)) = incident_of(effect.dedup_key.as_str()) else { return Vec::new() };
        let mut state = State::default();
        if self.store.load(&[Key::Incident(incident.clone())], &mut state).await.is_err() {
            return Vec::new();
        }
        let Some(IncidentRecord { paged, escalated, .. }) =
            state.incident(&incident).filter(|record| record.episode == episode)
        else {
            return Vec::new();
        };
        let own = paged.get(&effect.channel).into_iter().flatten().cloned();
        let is_its = |page: &&Escalated| page.channel == effect.channel && page.dedup_key == effect.dedup_key;
        let escalated = escalated.iter().filter(is_its).map(|page| (page.event.clone(), page.effect.clone()));
        own.chain(escalated).collect()
    }
}
