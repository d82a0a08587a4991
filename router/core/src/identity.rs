//! Which incident an event belongs to.

mod says;

use sha2::{Digest as _, Sha256};

use crate::event::{Event, Finding};
use crate::ids::IncidentKey;

/// The same for everything that happens to one subject in one family: account, place, family and primary
/// subject, hashed. An event without a usable subject has an incident of its own: parts that
/// are missing must never merge what is unrelated.
///
/// The place is region and cluster, except for an IAM principal, which has no region. A finding that an
/// aggregation region relays keeps the region it was made in.
///
/// A finding's own updates come under its key. Of an event that reports no finding nothing tells that it is the
/// same problem but what it says: its source, its detail-type, and its detail without times, ids of deliveries
/// and counters. A human who presses a button asks anew each time.
pub fn incident_key(event: &Event<'_>, family: &str) -> IncidentKey {
    let own = || match &event.finding {
        Some(finding) if finding.is_pressed() => format!("press/{}", event.id.as_str()),
        Some(finding) => format!("finding/{}", finding.key),
        None => format!("event/{}", event.id.as_str()),
    };
    let subject = &*event.incident_subject();
    let is_by_itself = |finding: &Finding| finding.is_pressed() || finding.stands_alone();
    let is_by_itself = event.finding.as_ref().is_some_and(is_by_itself);
    let primary = subject.primary().filter(|_| !is_by_itself).unwrap_or_else(own);
    let region = if primary.starts_with("principal/") { None } else { subject.region.as_deref() };
    let parts = [
        subject.account.as_deref().unwrap_or_default(),
        region.unwrap_or_default(),
        subject.cluster.as_deref().unwrap_or_default(),
        family,
        &primary,
    ];
    let said = said(event);
    let parts = parts.into_iter().chain(said.iter().map(String::as_str));
    IncidentKey::new(format!("wf1-{}", &hash(parts)[..32]))
}

/// What an event says that reports no finding; nothing of a finding, or of an event of our own making, which is
/// one problem however often it comes.
fn said(event: &Event<'_>) -> Vec<String> {
    if event.finding.is_some() || !event.id.is_delivered() {
        return Vec::new();
    }
    let says = event.json.get("detail").map(says::says).unwrap_or_default();
    [event.source.clone(), event.detail_type.clone()].into_iter().chain(says).collect()
}

/// The incident of what a human does to something without an event.
pub fn by_hand(cluster: &str, about: &str) -> IncidentKey {
    IncidentKey::new(format!("wf1-{}", &hash(["by-hand", cluster, about])[..32]))
}

/// A short hash of a kind and its parts, for keys of records: whatever an event says, a key has 32 characters.
pub(crate) fn keyed(kind: &str, parts: &[&str]) -> String {
    hash([kind].into_iter().chain(parts.iter().copied()))[..32].to_owned()
}

/// SHA-256, hexadecimal, over the parts each preceded by its length, so that no two lists of parts
/// run together into the same text.
fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex(&digest.finalize())
}

/// SHA-256 of a text's bytes, in lower-case hexadecimal.
pub fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
