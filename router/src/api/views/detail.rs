//! All that was decided about an event, a finding or an incident, as `/v1/story` says it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::annotation::{AnnotationsRecord, Link, Note};
use watchfire_core::ids::{EventId, FindingKey};
use watchfire_core::standing::Standing;

use super::{Decision, Incident, Known, MachineText, Related};
use crate::router::{Story, StoryOf};

/// So many findings are named.
const MOST_FINDINGS: usize = 50;

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// All that is known by a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IncidentDetail {
    /// What the name stands for.
    pub of: AskedAbout,
    /// The event that was asked about, as its sender calls it.
    pub event: Option<String>,
    /// The same by its whole id.
    #[serde(default)]
    pub id: Option<EventId>,
    /// Other events whose senders call them the same, by their whole ids, the newest first; at most 20.
    #[serde(default)]
    pub others: Vec<EventId>,
    /// The finding that was asked about.
    pub finding: Option<FindingKey>,
    /// The incident; none where it belongs to none, or is forgotten.
    pub incident: Option<Incident>,
    /// What was decided about it, the oldest first; at most 200 of the latest.
    pub decisions: Vec<Decision>,
    /// By which decision it was said with others.
    pub said_with: Option<Decision>,
    /// How it stands: what is contained, what waits for approval, who was told and who still has to be.
    #[serde(default)]
    pub standing: Standing,
    /// What comes next, a line each.
    pub next: Vec<String>,
    /// What people noted, in this and earlier episodes, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Where else it is written about, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// What models wrote about it, in this and earlier episodes, the oldest first: each unverified, with what the page
    /// rests on. It has decided nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machine_texts: Vec<MachineText>,
    /// Who is on call now, in a clause; none where that is not configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<String>,
    /// What is known of what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// The incidents that it has to do with, the greater ones first, then what is open; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_related: u64,
    /// The findings that keep it open, by key; at most 50 of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingKey>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_findings: u64,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedAbout {
    /// An event.
    Event,
    /// A finding.
    Finding,
    /// An incident.
    Incident,
}

impl IncidentDetail {
    /// The incidents that it has to do with, a line each, and how many more there are.
    pub(crate) fn related_lines(&self) -> Vec<String> {
        let more = (self.more_related > 0).then(|| format!("and {} more", self.more_related));
        self.related.iter().map(Related::line).chain(more).collect()
    }

    /// A story as it is at `now`.
    pub(crate) fn of(story: &Story, now: Timestamp) -> Self {
        let Story { incident, record, annotations, triage, page, related, entries, bundle: _, .. } = story;
        let Story { more_related, said_with, next, standing, of, others, .. } = story;
        let AnnotationsRecord { notes, links } = annotations.clone();
        let none = BTreeSet::new();
        let findings = record.as_ref().map_or(&none, |record| &record.findings);
        let unlisted = findings.len().saturating_sub(MOST_FINDINGS) as u64;
        let more_findings = unlisted + record.as_ref().map_or(0, |record| record.more_findings);
        let (of, id, finding) = match of {
            StoryOf::Event(event) => (AskedAbout::Event, Some(event.clone()), None),
            StoryOf::Finding(finding) => (AskedAbout::Finding, None, Some(finding.clone())),
            StoryOf::Incident => (AskedAbout::Incident, None, None),
        };
        Self {
            of,
            event: id.as_ref().map(EventId::shown),
            id,
            others: others.clone(),
            finding,
            incident: record.as_ref().map(|record| Incident::of(incident.clone(), record, now)),
            decisions: entries.iter().map(|entry| Decision::of(entry, standing)).collect(),
            said_with: said_with.as_ref().map(|entry| Decision::of(entry, standing)),
            standing: standing.clone(),
            next: next.clone(),
            notes,
            links,
            machine_texts: triage.texts.iter().map(|text| MachineText::of(text, &standing.zone)).collect(),
            on_call: None,
            known: page.as_ref().map(Known::of),
            related: related.iter().map(Related::of).collect(),
            more_related: *more_related as u64,
            findings: findings.iter().take(MOST_FINDINGS).cloned().collect(),
            more_findings,
        }
    }
}
