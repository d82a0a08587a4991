//! What operators look at: incidents, what was decided about each, silences, and why.

use watchfire_core::decide::as_said;
use watchfire_core::ids::{EventId, FindingKey, IncidentKey};
use watchfire_core::incident::{IncidentRecord, Key, Record, State};
use watchfire_core::journal::Entry;
use watchfire_core::noise::BundleRecord;
use watchfire_core::silence::Silence;

use super::Router;
use crate::store;

/// So many decisions of an incident are shown, the latest.
const TIMELINE: usize = 200;

/// An incident with all that was decided about it.
#[derive(Debug)]
pub struct Story {
    /// Its key.
    pub incident: IncidentKey,
    /// What is remembered of it; none once it is forgotten.
    pub record: Option<IncidentRecord>,
    /// What was decided, the oldest first; at most 200 of the latest.
    pub entries: Vec<Entry>,
    /// What it waits in or was said in.
    pub bundle: Option<BundleRecord>,
    /// The event that was asked about, where that was it.
    pub event: Option<EventId>,
}

impl Router {
    /// The incidents, by key; at most as many as the store lists.
    ///
    /// # Errors
    /// The store's.
    pub async fn incidents(&self) -> Result<Vec<(IncidentKey, IncidentRecord)>, store::Error> {
        let records = self.store.records("incident/").await?.into_iter();
        let incidents = records.filter_map(|(key, record)| {
            let Record::Incident(record) = record else { return None };
            Some((IncidentKey::new(key), record))
        });
        let mut shown = Vec::new();
        for (key, record) in incidents {
            let (_, record) = self.read(|state| as_said(&record, state)).await?;
            shown.push((key, record));
        }
        Ok(shown)
    }

    /// All silences: in force, to come, lately over.
    ///
    /// # Errors
    /// The store's.
    pub async fn silences(&self) -> Result<Vec<Silence>, store::Error> {
        let mut state = State::default();
        self.store.load(&[Key::Silences], &mut state).await?;
        Ok(state.silences().map(|silences| silences.silences.iter().cloned().collect()).unwrap_or_default())
    }

    /// The story of what is named: an event's id, a finding's key or an incident's; none if nothing is known by
    /// that name.
    ///
    /// # Errors
    /// The store's.
    pub async fn story(&self, name: &str) -> Result<Option<Story>, store::Error> {
        let (finding, incident) = (FindingKey::new(name), IncidentKey::new(name));
        let keys = [Key::Finding(finding.clone()), Key::Incident(incident.clone())];
        let mut state = State::default();
        self.store.load(&keys, &mut state).await?;
        if state.incident(&incident).is_some() {
            return self.told(incident, None).await.map(Some);
        }
        if let Some(known) = state.finding(&finding) {
            return self.told(known.incident.clone(), None).await.map(Some);
        }
        let event = EventId::new(name);
        let Some(entry) = self.store.find(&event).await? else { return Ok(None) };
        match entry.decision.incident.clone() {
            Some(incident) => {
                let mut story = self.told(incident, Some(event.clone())).await?;
                if !story.entries.iter().any(|known| known.decision.event == event) {
                    story.entries.insert(0, entry);
                }
                Ok(Some(story))
            }
            None => {
                let incident = IncidentKey::new("");
                let entries = vec![entry];
                Ok(Some(Story { incident, record: None, entries, bundle: None, event: Some(event) }))
            }
        }
    }

    async fn told(&self, incident: IncidentKey, event: Option<EventId>) -> Result<Story, store::Error> {
        let mut state = State::default();
        self.store.load(&[Key::Incident(incident.clone())], &mut state).await?;
        let record = match state.incident(&incident) {
            Some(record) => Some(self.read(|state| as_said(record, state)).await?.1),
            None => None,
        };
        let bundle = match record.as_ref().and_then(|record| record.bundle.clone()) {
            Some(key) => {
                self.store.load(&[Key::Bundle(key.clone())], &mut state).await?;
                state.bundle(&key).cloned()
            }
            None => None,
        };
        let entries = self.store.timeline(&incident, TIMELINE).await?;
        Ok(Story { incident, record, entries, bundle, event })
    }
}
