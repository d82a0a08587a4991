//! What goes into the digest.

use crate::decision::Because;
use crate::digest::{DigestLine, DigestRecord};
use crate::draft::Draft;
use crate::ids::IncidentKey;
use crate::policy::Policy;
use crate::state::{Key, Record, Unread};

/// The digest has more lines: a row each, and the record of the edition changes only where that has to, by the first
/// of its lines or an opening that comes sooner. Without anyone to send it to, it is only kept.
pub(crate) fn digested(
    draft: &mut Draft<'_>,
    policy: &Policy,
    lines: impl IntoIterator<Item = (IncidentKey, DigestLine)>,
) -> Result<(), Unread> {
    let lines: Vec<_> = lines.into_iter().collect();
    draft.need_digest(lines.iter().map(|(incident, _)| incident))?;
    let now = draft.now();
    let known = draft.digest().cloned();
    let mut record = known.clone().unwrap_or_else(|| DigestRecord::new(now));
    let opening = (!policy.digest.is_empty()).then(|| policy.calendar.next_opening(now));
    record.due_at = [record.due_at, opening].into_iter().flatten().min();
    let edition = record.edition;
    let day = policy.calendar.day_from_opening(now);
    for (incident, line) in lines {
        let line = DigestLine { day, ..line }.bounded();
        if let Some(first) = record.lines.get_mut(&incident) {
            // Counted there already.
            *first = line.after(first);
            continue;
        }
        let line = match draft.digest_line(edition, &incident) {
            Some(known) => line.after(known),
            None => line,
        };
        let key = Key::DigestLine(edition, incident);
        draft.put(key, Record::DigestLine(Box::new(line)), Because::Digested);
    }
    if known.as_ref() != Some(&record) {
        draft.put(Key::Digest, Record::Digest(Box::new(record)), Because::Digested);
    }
    Ok(())
}
