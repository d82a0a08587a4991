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
    /// It is part of this attack sequence.
    PartOfSequence,
    /// It covers this one: a greater problem with the same cause.
    Covers,
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
            Relation::PartOfSequence => "part of this attack sequence",
            Relation::Covers => "covers this",
            Relation::Covered => "covered by this",
            Relation::SaidWith => "said with this",
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
    /// The incidents that one has to do with and that are still known, what is open first; at most 20.
    pub(super) async fn related(
        &self,
        incident: &IncidentKey,
        record: &IncidentRecord,
        bundle: Option<&BundleRecord>,
        entries: &[Entry],
    ) -> Result<Vec<Related>, store::Error> {
        let covered = next_steps::covered_by(incident);
        let mut state = State::default();
        self.store.load(&[Key::Bundle(covered.clone())], &mut state).await?;
        let mut named: BTreeMap<IncidentKey, Relation> = BTreeMap::new();
        let mut name = |incident: &IncidentKey, how| {
            named.entry(incident.clone()).or_insert(how);
        };
        if let Some(sequence) = &record.campaign {
            name(sequence, Relation::Sequence);
        }
        adopted(entries).for_each(|part| name(part, Relation::PartOfSequence));
        if let Some(BundleRecord { kind: BundleKind::Cover { incident }, .. }) = bundle {
            name(incident, Relation::Covers);
        }
        let members = |bundle: Option<&BundleRecord>| -> Vec<IncidentKey> {
            bundle.map(|bundle| bundle.members.keys().take(4 * MOST).cloned().collect()).unwrap_or_default()
        };
        members(state.bundle(&covered)).iter().for_each(|one| name(one, Relation::Covered));
        members(bundle).iter().for_each(|one| name(one, Relation::SaidWith));
        named.remove(incident);
        self.known(named).await
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
        related.sort_by_key(|one| (!one.record.open, one.how, one.record.priority, one.incident.clone()));
        related.truncate(MOST);
        Ok(related)
    }
}

/// The incidents that came under it as parts of an attack sequence.
fn adopted(entries: &[Entry]) -> impl Iterator<Item = &IncidentKey> {
    let edits = entries.iter().flat_map(|entry| &entry.decision.edits);
    edits.filter(|edit| edit.because == Because::PartOfSequence).filter_map(|edit| match &edit.key {
        Key::Incident(incident) => Some(incident),
        _ => None,
    })
}
