//! Where a record is kept, and how that is written.

use std::fmt;

use crate::containment::TargetKey;
use crate::digest::EditionNumber;
use crate::ids::{ApprovalId, BundleKey, FindingKey, IncidentKey, InhibitionKey, LimitKey, TallyKey};

/// Where a record is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A finding's record.
    Finding(FindingKey),
    /// An incident's record.
    Incident(IncidentKey),
    /// What people added to an incident.
    Annotations(IncidentKey),
    /// What models wrote about an incident.
    Triage(IncidentKey),
    /// What models have used on a day.
    TriageSpent,
    /// What was done to a target.
    Target(TargetKey),
    /// A plan that waits for a human.
    Approval(ApprovalId),
    /// How much of the containment budget is spent.
    Budget,
    /// Whether mitigation is switched off.
    Switch,
    /// What an incident's page says, for whoever pages it later.
    PageDraft(IncidentKey),
    /// All silences.
    Silences,
    /// Which open incidents cover others that have something in common with them.
    Inhibition(InhibitionKey),
    /// Incidents that are said as one.
    Bundle(BundleKey),
    /// How much room a limit has.
    Limit(LimitKey),
    /// What a rule counts before anybody hears of it.
    Tally(TallyKey),
    /// When the latest came of what may become a storm.
    Storm(BundleKey),
    /// Which edition of the digest is written.
    Digest,
    /// What an edition of the digest says about an incident.
    DigestLine(EditionNumber, IncidentKey),
    /// That an edition of the digest is closed.
    DigestEdition(EditionNumber),
    /// How many incidents each family had on the last days.
    DigestDays,
    /// What the lines of a closed edition come to. Nothing is kept under it: it is gathered when it is read, and
    /// stays as it is, because nothing is written into an edition that is closed.
    DigestContents(EditionNumber),
    /// An entry of the audit trail, by its number.
    Audit(u64),
    /// Which entry of the audit trail is the newest.
    AuditHead,
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Finding(key) => write!(out, "finding/{key}"),
            Key::Incident(key) => write!(out, "{}{key}", Key::INCIDENTS),
            Key::Annotations(key) => write!(out, "{}{key}", Key::ANNOTATIONS),
            Key::Triage(key) => write!(out, "{}{key}", Key::TRIAGES),
            Key::TriageSpent => out.write_str("triage-spent"),
            Key::Target(key) => write!(out, "{}{key}", Key::TARGETS),
            Key::Approval(id) => write!(out, "{}{id}", Key::APPROVALS),
            Key::Budget => out.write_str("budget"),
            Key::Switch => out.write_str("switch"),
            Key::PageDraft(key) => write!(out, "{}{key}", Key::PAGE_DRAFTS),
            Key::Silences => out.write_str("silences"),
            Key::Inhibition(key) => write!(out, "cover/{key}"),
            Key::Bundle(key) => write!(out, "bundle/{key}"),
            Key::Limit(key) => write!(out, "limit/{key}"),
            Key::Tally(key) => write!(out, "tally/{key}"),
            Key::Storm(key) => write!(out, "storm/{key}"),
            Key::Digest => out.write_str("digest"),
            Key::DigestLine(edition, incident) => write!(out, "{}{incident}", Key::digest_lines(*edition)),
            Key::DigestEdition(edition) => write!(out, "digest-edition/{edition}"),
            Key::DigestDays => out.write_str("digest-days"),
            Key::DigestContents(edition) => write!(out, "digest-contents/{edition}"),
            Key::Audit(number) => write!(out, "audit/{number:012}"),
            Key::AuditHead => out.write_str("audit-head"),
        }
    }
}

impl Key {
    /// How the keys of all incidents begin.
    pub const INCIDENTS: &str = "incident/";
    /// How the keys of all that was added to incidents begin.
    pub const ANNOTATIONS: &str = "annotations/";
    /// How the keys of all that models wrote about incidents begin.
    pub const TRIAGES: &str = "triage/";
    /// How the keys of all targets begin.
    pub const TARGETS: &str = "target/";
    /// How the keys of all approvals begin.
    pub const APPROVALS: &str = "approval/";
    /// How the keys of all page drafts begin.
    pub const PAGE_DRAFTS: &str = "sayable/";

    /// The key that is written so; none if there is no such key.
    pub fn parse(text: &str) -> Option<Key> {
        match text {
            "budget" => return Some(Key::Budget),
            "switch" => return Some(Key::Switch),
            "silences" => return Some(Key::Silences),
            "digest" => return Some(Key::Digest),
            "digest-days" => return Some(Key::DigestDays),
            "triage-spent" => return Some(Key::TriageSpent),
            "audit-head" => return Some(Key::AuditHead),
            _ => {}
        }
        let (kind, key) = text.split_once('/')?;
        Some(match kind {
            "finding" => Key::Finding(FindingKey::new(key)),
            "incident" => Key::Incident(IncidentKey::new(key)),
            "annotations" => Key::Annotations(IncidentKey::new(key)),
            "triage" => Key::Triage(IncidentKey::new(key)),
            "sayable" => Key::PageDraft(IncidentKey::new(key)),
            "cover" => Key::Inhibition(InhibitionKey::new(key)),
            "bundle" => Key::Bundle(BundleKey::new(key)),
            "limit" => Key::Limit(LimitKey::new(key)),
            "tally" => Key::Tally(TallyKey::new(key)),
            "storm" => Key::Storm(BundleKey::new(key)),
            "approval" => Key::Approval(ApprovalId::new(key)),
            "target" => Key::Target(TargetKey::parse(key)?),
            "digest-line" => {
                let (edition, incident) = key.split_once('/')?;
                Key::DigestLine(EditionNumber(edition.parse().ok()?), IncidentKey::new(incident))
            }
            "digest-edition" => Key::DigestEdition(EditionNumber(key.parse().ok()?)),
            "audit" => Key::Audit(key.parse().ok()?),
            _ => return None,
        })
    }

    /// How the keys of all lines of an edition begin; the rest is the incident's.
    pub fn digest_lines(edition: EditionNumber) -> String {
        format!("digest-line/{edition}/")
    }
}
