//! What is known of a finding or an incident, and the keys that stand for it.

use jiff::Timestamp;

use crate::event::Finding;
use crate::incident::FindingRecord;
use crate::judge::updated_at;
use crate::state::State;

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
