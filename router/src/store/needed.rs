//! What an old record may still be needed for.

use watchfire_core::digest::EditionNumber;
use watchfire_core::ids::IncidentKey;
use watchfire_core::state::{Key, Record};

/// Whether it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    Yes,
    No,
    /// As long as that incident is open.
    WhileOpen(IncidentKey),
    /// As long as somebody is to get that edition of the digest.
    UntilSaid(EditionNumber),
}

pub(super) fn needed(key: &str, record: &Record) -> Needed {
    let is_needed = match record {
        Record::Incident(incident) => incident.open,
        // An incident that opens meanwhile either changes this record too, or is not about this finding.
        Record::Finding(finding) => return Needed::WhileOpen(finding.incident.clone()),
        Record::Annotations(_) => {
            return Needed::WhileOpen(IncidentKey::new(key.trim_start_matches(Key::ANNOTATIONS)));
        }
        Record::Triage(_) => {
            return Needed::WhileOpen(IncidentKey::new(key.trim_start_matches(Key::TRIAGES)));
        }
        Record::PageDraft(_) => {
            return Needed::WhileOpen(IncidentKey::new(key.trim_start_matches(Key::PAGE_DRAFTS)));
        }
        // As long as something can be undone, and as long as it is switched off.
        Record::Target(target) => !target.undo().is_empty(),
        Record::Switch(switch) => switch.off.is_some(),
        Record::Bundle(bundle) => bundle.due_at.is_some() || bundle.unsaid > 0 || bundle.open > 0,
        Record::Silences(silences) => !silences.silences.is_empty(),
        Record::Inhibition(cover) => !cover.by.is_empty(),
        Record::Digest(_) | Record::DigestDays(_) => true,
        // Without its beginning nobody could prove the rest of it.
        Record::Audit(_) | Record::AuditHead(_) => true,
        Record::DigestLine(_) => match Key::parse(key) {
            Some(Key::DigestLine(edition, _)) => return Needed::UntilSaid(edition),
            // Of another version.
            Some(_) | None => true,
        },
        Record::DigestEdition(edition) => edition.due_at.is_some(),
        Record::DigestContents(_) => false,
        Record::TriageSpent(_)
        | Record::Budget(_)
        | Record::Approval(_)
        | Record::Limit(_)
        | Record::Tally(_)
        | Record::Storm(_) => false,
    };
    if is_needed { Needed::Yes } else { Needed::No }
}
