//! What stands beside the story of an incident: what its page says, and the incidents that it has to do with.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::decision::Because;
use watchfire_core::ids::IncidentKey;
use watchfire_core::incident::IncidentRecord;
use watchfire_core::journal::Entry;
use watchfire_core::next_steps;
use watchfire_core::noise::{BundleKind, BundleRecord};
use watchfire_core::state::{Key, State};

use super::Router;
use crate::store;

/// So many related incidents are shown.
const MOST: usize = 20;

/// What an incident has to do with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It is the attack sequence that this one is part of.
    Sequence,
    /// Its page names this one as what led to it.
    LedTo,
    /// It stands for several that are said as one page, as a storm is, and this is one of them.
    StandsFor,
    /// It covers this one: a greater problem with the same cause.
    Covers,
    /// It is part of this attack sequence.
    PartOfSequence,
    /// It is named by this one's page as what led to it.
    LedToThis,
    /// It is one of those that this one stands for.
    Among,
    /// This one covers it.
    Covered,
    /// It is said with this one, on one page.
    SaidWith,
}

impl Relation {
    /// In a clause about the other incident.
    pub(crate) fn clause(self) -> &'static str {
        match self {
            Relation::Sequence => "the attack sequence that this is part of",
            Relation::LedTo => "what this led to",
            Relation::StandsFor => "stands for this and others",
            Relation::Covers => "covers this",
            Relation::PartOfSequence => "part of this attack sequence",
            Relation::LedToThis => "led to this",
            Relation::Among => "one of those that this stands for",
            Relation::Covered => "covered by this",
            Relation::SaidWith => "said with this",
        }
    }

    /// Whether the other is the greater one, which is shown before all others.
    fn leads(self) -> bool {
        match self {
            Relation::Sequence | Relation::LedTo | Relation::StandsFor | Relation::Covers => true,
            Relation::PartOfSequence
            | Relation::LedToThis
            | Relation::Among
            | Relation::Covered
            | Relation::SaidWith => false,
        }
    }
}

/// An incident that another has to do with.
#[derive(Clone, Debug, PartialEq)]
pub struct Related {
    /// Which.
    pub incident: IncidentKey,
    /// What it has to do with it.
    pub how: Relation,
    /// How it is now.
    pub record: IncidentRecord,
}

impl Router {
    /// The incidents that one has to do with and that are still known, the greater ones first, then what is open; at most
    /// 20, and how many more there are.
    pub(super) async fn related(
        &self,
        incident: &IncidentKey,
        record: &IncidentRecord,
        bundle: Option<&BundleRecord>,
        entries: &[Entry],
    ) -> Result<(Vec<Related>, usize), store::Error> {
        let covered = next_steps::covered_by(incident);
        let mut state = State::default();
        let told_of = record.tells_of.iter().cloned();
        let bundles: Vec<_> = [covered.clone()].into_iter().chain(told_of).map(Key::Bundle).collect();
        self.store.load(&bundles, &mut state).await?;
        let mut named: BTreeMap<IncidentKey, Relation> = BTreeMap::new();
        let mut name = |incident: &IncidentKey, how| {
            named.entry(incident.clone()).or_insert(how);
        };
        if let Some(sequence) = &record.campaign {
            name(sequence, Relation::Sequence);
        }
        changed(entries, Because::PartOfSequence).for_each(|part| name(part, Relation::PartOfSequence));
        if let Some(led) = &record.led_to {
            name(&led.incident, Relation::LedTo);
        }
        changed(entries, Because::LedToIt).for_each(|one| name(one, Relation::LedToThis));
        if let Some(said_as) = &record.bundle {
            name(&next_steps::page_of(said_as), Relation::StandsFor);
        }
        if let Some(BundleRecord { kind: BundleKind::Cover { incident }, .. }) = bundle {
            name(incident, Relation::Covers);
        }
        let members = |bundle: Option<&BundleRecord>| -> Vec<IncidentKey> {
            bundle.map(|bundle| bundle.members.keys().cloned().collect()).unwrap_or_default()
        };
        members(state.bundle(&covered)).iter().for_each(|one| name(one, Relation::Covered));
        let told_of = record.tells_of.as_ref().and_then(|told_of| state.bundle(told_of));
        members(told_of).iter().for_each(|one| name(one, Relation::Among));
        members(bundle).iter().for_each(|one| name(one, Relation::SaidWith));
        named.remove(incident);
        let mut related = self.known(named).await?;
        // A page of others, over before this one waited for the next.
        related.retain(|one| one.how != Relation::StandsFor || record.held.is_none() || one.record.open);
        let more = related.len().saturating_sub(MOST);
        related.truncate(MOST);
        for one in &mut related {
            one.record = self.as_said(&one.record).await?;
        }
        Ok((related, more))
    }

    async fn known(&self, named: BTreeMap<IncidentKey, Relation>) -> Result<Vec<Related>, store::Error> {
        let mut state = State::default();
        let keys: Vec<_> = named.keys().cloned().map(Key::Incident).collect();
        self.store.load(&keys, &mut state).await?;
        let related = named.into_iter().filter_map(|(incident, how)| {
            let record = state.incident(&incident)?.clone();
            Some(Related { incident, how, record })
        });
        let mut related: Vec<_> = related.collect();
        related.sort_by_key(|one| {
            let Related { incident, how, record } = one;
            (!how.leads(), !record.open, *how, record.priority, incident.clone())
        });
        Ok(related)
    }
}

/// The incidents that were changed for that reason: those that came under it, or led to it.
fn changed(entries: &[Entry], because: Because) -> impl Iterator<Item = &IncidentKey> {
    let edits = entries.iter().flat_map(|entry| &entry.decision.edits);
    edits.filter(move |edit| edit.because == because).filter_map(|edit| match &edit.key {
        Key::Incident(incident) => Some(incident),
        _ => None,
    })
}
