//! What is known of a finding or an incident, and the keys that stand for it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::digest::DigestLine;
use crate::event::Finding;
use crate::ids::{DedupKey, IncidentKey};
use crate::incident::{FindingRecord, IncidentRecord, Key, Record, State, Unread};
use crate::judge::updated_at;
use crate::noise;

/// What is known of a finding; nothing of a press, which is news each time.
pub(super) fn known_of<'s>(finding: &Finding, state: &'s State) -> Option<&'s FindingRecord> {
    if finding.is_pressed() { None } else { state.finding(&finding.key) }
}

/// Nothing of a finding is hidden by a note on it: only a report that says nothing new counts as an echo.
pub(super) fn is_echo(finding: &Finding, known: &FindingRecord, now: Timestamp) -> bool {
    finding.echo
        && finding.state == known.state
        && updated_at(finding, now) == known.updated_at
        && finding.count <= known.count
}

/// The incident as it stands: one that waited in a bundle that has been said is not held any more.
pub fn as_said(record: &IncidentRecord, state: &State) -> Result<IncidentRecord, Unread> {
    let Some(bundle) = record.held.as_ref().and_then(|held| held.bundle.clone()) else {
        return Ok(record.clone());
    };
    state.need(Key::Bundle(bundle.clone()))?;
    let mut record = record.clone();
    let bundle = state.bundle(&bundle);
    let said_at = bundle.and_then(|bundle| bundle.said_at);
    let (Some(bundle), Some(said_at), Some(held)) = (bundle, said_at, &record.held) else {
        return Ok(record);
    };
    let is_said = match held.after_round {
        Some(round) => bundle.rounds > round,
        // It joined before rounds were counted: the time to the microsecond tells what was said before it joined
        // from what was said with it.
        None => said_at >= held.since,
    };
    if is_said {
        record.said_count = record.said_count.max(held.count);
        record.said_at = said_at;
        record.held = None;
    }
    Ok(record)
}

/// What waited for others is said by itself.
pub(crate) fn leave(
    record: &mut IncidentRecord,
    key: &IncidentKey,
    state: &State,
    now: Timestamp,
    changes: &mut BTreeMap<Key, Record>,
) {
    let Some(held) = record.held.take() else { return };
    if let Some(bundle) = held.bundle {
        noise::take_out(&bundle, held.priority, key, record, state, now, changes);
    }
}

pub(crate) fn digest_line(record: &IncidentRecord, now: Timestamp) -> DigestLine {
    DigestLine {
        priority: record.priority,
        family: record.family.clone(),
        title: record.title.clone(),
        subject: record.subject.clone(),
        since: now,
        events: record.events,
        open: true,
        ..DigestLine::default()
    }
}

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
pub(crate) fn dedup_key(incident: &IncidentKey, episode: u32) -> DedupKey {
    DedupKey::new(format!("{incident}-{episode}"))
}
