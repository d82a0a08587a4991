//! The key under which a channel keeps what it was told of one episode of an incident.

use super::{DedupKey, IncidentKey};

/// The incident and episode that a dedup key of ours stands for; none for one that is not ours.
pub fn incident_of(dedup_key: &str) -> Option<(IncidentKey, u32)> {
    let (rest, last) = dedup_key.rsplit_once('-')?;
    let (rest, last) = match last.strip_prefix('e') {
        // An escalation has its own.
        Some(step) if step.parse::<u32>().is_ok() => rest.rsplit_once('-')?,
        Some(_) | None => (rest, last),
    };
    let is_ours = rest.strip_prefix("wf1-").is_some_and(|rest| !rest.is_empty());
    let episode = last.parse().ok().filter(|_| is_ours)?;
    Some((IncidentKey::new(rest), episode))
}

/// One per episode: a late resolve of the last episode cannot close the next one.
pub fn dedup_key(incident: &IncidentKey, episode: u32) -> DedupKey {
    DedupKey::new(format!("{incident}-{episode}"))
}
