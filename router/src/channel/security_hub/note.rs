//! What is written about a finding, and which findings can share a call.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use watchfire_core::decision::Effect;
use watchfire_core::event::{HubId, NOTE_AUTHOR, NOTE_PREFIX};
use watchfire_core::ids::{IncidentKey, RuleName};
use watchfire_core::priority::Priority;
use watchfire_core::text::clean;
use watchfire_core::verdict::EffectKind;

/// The longest note that Security Hub takes, in characters.
const NOTE_LENGTH: usize = 512;

/// One finding to be written back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Update {
    pub(super) finding: HubId,
    pub(super) saying: Saying,
    pub(super) incident: IncidentKey,
}

/// What is said; a call says the same of all its findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saying {
    kind: EffectKind,
    priority: Priority,
    rule: RuleName,
}

impl Update {
    /// None where the effect is about nothing that Security Hub knows.
    pub(super) fn of(effect: &Effect) -> Option<Self> {
        let finding = effect.notice.hub.clone()?;
        let (priority, rule) = (effect.notice.priority, effect.notice.rule.clone());
        let saying = Saying { kind: effect.kind, priority, rule };
        Some(Self { finding, saying, incident: effect.notice.incident.clone() })
    }
}

impl Saying {
    /// What a finding's effect is told when it is done.
    pub(super) fn receipt(&self) -> &'static str {
        match self.kind {
            EffectKind::Page => "NOTIFIED, with a note",
            EffectKind::Resolve | EffectKind::Update | EffectKind::Digest | EffectKind::Acknowledge => {
                "noted"
            }
        }
    }

    /// The body of the call.
    pub(super) fn body<'f>(
        &self,
        findings: impl Iterator<Item = &'f HubId>,
        incidents: &BTreeSet<IncidentKey>,
    ) -> Value {
        let identifiers: Vec<Value> =
            findings.map(|HubId { id, product_arn }| json!({"Id": id, "ProductArn": product_arn})).collect();
        let note = json!({"Text": self.note(incidents), "UpdatedBy": NOTE_AUTHOR});
        match self.kind {
            EffectKind::Page => json!({
                "FindingIdentifiers": identifiers, "Note": note, "Workflow": {"Status": "NOTIFIED"},
            }),
            // Whether it is over is the finder's to say.
            EffectKind::Resolve | EffectKind::Update | EffectKind::Digest | EffectKind::Acknowledge => {
                json!({"FindingIdentifiers": identifiers, "Note": note})
            }
        }
    }

    fn note(&self, incidents: &BTreeSet<IncidentKey>) -> String {
        let Self { kind, priority, rule } = self;
        let what = match kind {
            EffectKind::Page => "paged",
            EffectKind::Resolve => "page resolved",
            EffectKind::Update => "page updated",
            EffectKind::Digest => "in the digest",
            EffectKind::Acknowledge => "acknowledged",
        };
        let note = match incidents.first() {
            Some(incident) if incidents.len() == 1 => {
                format!("{priority} {what}, incident {incident}, rule {rule}")
            }
            // One text for many findings cannot name the incident of each.
            Some(_) | None => {
                format!("{priority} {what}, rule {rule}; `watchfire why FINDING` names the incident")
            }
        };
        clean(&format!("{NOTE_PREFIX}{note}"), NOTE_LENGTH)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use watchfire_core::builders::page;

    fn known(kind: EffectKind) -> Update {
        let mut effect = Effect { kind, ..page() };
        effect.notice.hub = Some(HubId { id: "f-1".to_owned(), product_arn: "arn".to_owned() });
        Update::of(&effect).unwrap()
    }

    fn body(update: &Update, incidents: &[&str]) -> Value {
        let incidents = incidents.iter().map(|incident| IncidentKey::new(*incident)).collect();
        update.saying.body([&update.finding].into_iter(), &incidents)
    }

    #[test]
    fn a_page_makes_a_finding_notified_and_an_end_is_a_note_only() {
        let body_of = |kind| body(&known(kind), &["v1:5f3c9a"]);
        let expected = |note: &str| {
            json!({
                "FindingIdentifiers": [{"Id": "f-1", "ProductArn": "arn"}],
                "Note": {"Text": note, "UpdatedBy": "watchfire"},
            })
        };
        let mut page = expected("watchfire: P0 paged, incident v1:5f3c9a, rule miner-in-a-pod");
        page["Workflow"] = json!({"Status": "NOTIFIED"});
        assert_eq!(body_of(EffectKind::Page), page);
        let over = "watchfire: P0 page resolved, incident v1:5f3c9a, rule miner-in-a-pod";
        assert_eq!(body_of(EffectKind::Resolve), expected(over));
        let more = "watchfire: P0 page updated, incident v1:5f3c9a, rule miner-in-a-pod";
        assert_eq!(body_of(EffectKind::Update), expected(more));
    }

    #[test]
    fn a_note_on_findings_of_several_incidents_says_how_to_find_each() {
        let note = body(&known(EffectKind::Page), &["a", "b"])["Note"]["Text"].clone();
        assert_eq!(
            note,
            "watchfire: P0 paged, rule miner-in-a-pod; `watchfire why FINDING` names the incident"
        );
    }

    #[test]
    fn a_note_is_one_line_of_at_most_512_characters_without_the_events_text() {
        let mut update = known(EffectKind::Page);
        update.saying.rule = RuleName::new(format!("ä\r\n{}", "é".repeat(600)));
        let note = body(&update, &["a"])["Note"]["Text"].as_str().unwrap().to_owned();
        assert_eq!(note.chars().count(), 512);
        assert!(note.starts_with("watchfire: P0 paged, incident a, rule ä é"), "{note}");
        let said = body(&known(EffectKind::Page), &["v1:5f3c9a"]).to_string();
        let notice = page().notice;
        for hostile in [notice.title, notice.description, notice.kind] {
            assert!(!said.contains(&hostile), "{said}");
        }
    }

    #[test]
    fn an_effect_about_no_finding_of_security_hub_is_not_written() {
        assert_eq!(Update::of(&page()), None);
    }
}
