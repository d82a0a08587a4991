//! What goes into the digest.

use crate::decision::Because;
use crate::digest::DigestLine;
use crate::draft::Draft;
use crate::ids::IncidentKey;
use crate::policy::Policy;
use crate::state::{Key, Merge, Record, Unread};

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
    let known = draft.digest();
    let edition = known.map(|known| known.edition).unwrap_or_default();
    let closes_at = (!policy.digest.is_empty()).then(|| policy.calendar.next_opening(now));
    draft.merge(Key::Digest, Merge::Line { edition, closes_at }, Because::Digested);
    let day = policy.calendar.day_from_opening(now);
    for (incident, line) in lines {
        let line = DigestLine { day, ..line }.bounded();
        if let Some(first_version) = draft.digest().filter(|digest| digest.lines.contains_key(&incident)) {
            // Counted there already.
            let mut digest = first_version.clone();
            let line = line.after(&digest.lines[&incident]);
            digest.lines.insert(incident, line);
            draft.put(Key::Digest, Record::Digest(Box::new(digest)), Because::Digested);
            continue;
        }
        let line = match draft.digest_line(edition, &incident) {
            Some(known) => line.after(known),
            None => line,
        };
        let key = Key::DigestLine(edition, incident);
        draft.put(key, Record::DigestLine(Box::new(line)), Because::Digested);
    }
    Ok(())
}
