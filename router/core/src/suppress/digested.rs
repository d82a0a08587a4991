//! What goes into the digest.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::digest::{DigestLine, DigestRecord};
use crate::ids::IncidentKey;
use crate::policy::Policy;
use crate::state::{Key, Record, State, Unread};

/// The digest with more lines: a row each, and the record of the edition only where that has to change, by the first
/// of its lines or an opening that comes sooner. Without anyone to send it to, it is only kept.
pub(crate) fn digested(
    policy: &Policy,
    state: &State,
    lines: impl IntoIterator<Item = (IncidentKey, DigestLine)>,
    now: Timestamp,
) -> Result<BTreeMap<Key, Record>, Unread> {
    let lines: Vec<_> = lines.into_iter().collect();
    state.need_digest(lines.iter().map(|(incident, _)| incident))?;
    let known = state.digest();
    let mut record = known.cloned().unwrap_or_else(|| DigestRecord::new(now));
    let opening = (!policy.digest.is_empty()).then(|| policy.calendar.next_opening(now));
    record.due_at = [record.due_at, opening].into_iter().flatten().min();
    let edition = record.edition;
    let day = policy.calendar.day_from_opening(now);
    let mut changes = BTreeMap::new();
    for (incident, line) in lines {
        let line = DigestLine { day, ..line }.bounded();
        if let Some(first) = record.lines.get_mut(&incident) {
            // Counted there already.
            *first = line.after(first);
            continue;
        }
        let line = match state.digest_line(edition, &incident) {
            Some(known) => line.after(known),
            None => line,
        };
        changes.insert(Key::DigestLine(edition, incident), Record::DigestLine(Box::new(line)));
    }
    if known != Some(&record) {
        changes.insert(Key::Digest, Record::Digest(Box::new(record)));
    }
    Ok(changes)
}
