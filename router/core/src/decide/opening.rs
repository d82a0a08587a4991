//! A finding that is open, or an event that is none: what it is to its incident, and who hears of it.
//!
//! ```text
//! judged -> seen -> remembered -> weighed: disposition -> planned -> composed -> told
//!    |                  |                     |
//!    nothing new        no news               held again, for the same reason
//! ```
//!
//! From `weighed` on it is in `telling.rs`.

use jiff::Timestamp;

use super::Case;
use super::known::{is_echo, known_of};
use super::telling::News;
use crate::attributes::Attributes;
use crate::compose;
use crate::decision::Because;
use crate::draft::Draft;
use crate::event::Finding;
use crate::ids::IncidentKey;
use crate::incident::{FindingRecord, IncidentRecord};
use crate::judge::{Judging, band};
use crate::named::Names;
use crate::notice::List;
use crate::state::{Key, Record, State, Unread};
use crate::suppress::{self, as_said};
use crate::text::clean;
use crate::verdict::Why;

/// An incident with this event.
pub(super) struct Opening<'o> {
    pub(super) finding: Option<&'o Finding>,
    pub(super) key: &'o IncidentKey,
    pub(super) record: IncidentRecord,
    pub(super) face: Attributes,
    /// What the event is to the incident.
    pub(super) judged: Why,
}

impl Opening<'_> {
    /// What there is to tell: of this event, or of what is held.
    fn news(&self) -> Option<Why> {
        match self.judged.is_news() {
            true => Some(self.judged),
            false => self.record.held.as_ref().map(|held| held.news),
        }
    }
}

impl Case<'_> {
    pub(super) fn open<'s>(
        &self,
        finding: Option<&Finding>,
        key: &IncidentKey,
        state: &'s State,
        now: Timestamp,
    ) -> Result<Draft<'s>, Unread> {
        let known = finding.and_then(|finding| known_of(finding, state));
        let is_report = finding.is_some_and(|finding| !finding.is_pressed());
        if is_report && known.is_none() && self.event.is_in_hand() {
            let mut draft = self.draft(state, Why::InHand, now);
            if state.incident(key).is_some() {
                draft.belongs_to(key);
            }
            return Ok(draft);
        }
        let previous = state.incident(key).map(|previous| as_said(previous, state)).transpose()?;
        let judged = self.judged(finding, known, previous.as_ref(), now);
        let mut draft = self.draft(state, judged, now);
        draft.belongs_to(key);
        let is_open = previous.as_ref().is_some_and(|previous| previous.open);
        if matches!(judged, Why::Outdated | Why::Echo) || (!is_open && !judged.is_news()) {
            return Ok(draft);
        }
        let record = self.seen_in(previous.as_ref(), finding, now);
        let face = self.face(&record);
        let mut opening = Opening { finding, key, record, face, judged };
        let is_another = self.is_another(finding, known);
        let adopted = self.remembered(&mut draft, &mut opening)?;
        let counting = self.counted(&mut draft, &opening, is_another)?;
        match opening.news() {
            Some(why) => self.weighed(&mut draft, News { opening, why, adopted, counting })?,
            None => {
                let note = self.note_late(&mut draft, key, &opening.record);
                draft.tell(note);
                draft.put_incident(key, opening.record, Because::Reported);
            }
        }
        Ok(draft)
    }

    fn judged(
        &self,
        finding: Option<&Finding>,
        known: Option<&FindingRecord>,
        previous: Option<&IncidentRecord>,
        now: Timestamp,
    ) -> Why {
        let (event, policy, rule) = (self.event, self.policy, self.rule);
        let is_seen = finding.zip(known).is_some_and(|(finding, known)| self.is_seen(finding, known));
        let judged = Judging { event, policy, rule, known, previous, is_seen, now }.judge();
        let is_echo = finding.zip(known).is_some_and(|(finding, known)| is_echo(finding, known, now));
        if is_echo && !judged.is_news() { Why::Echo } else { judged }
    }

    /// The incident with this event.
    fn seen_in(
        &self,
        previous: Option<&IncidentRecord>,
        finding: Option<&Finding>,
        now: Timestamp,
    ) -> IncidentRecord {
        let band = band(self.event);
        let current = previous.filter(|previous| previous.open);
        let mut record = match current {
            Some(current) => current.clone(),
            None => IncidentRecord::begun(previous, self.rule.priority, band, now),
        };
        let (most, window) = self.policy.noise.flapping;
        if current.is_none() && record.turns_within(window, now) <= most as usize {
            record.flapping = None;
        }
        record.seen(self.rule.priority, band, finding);
        record.last_at = Some(now);
        let quiet_after = self.policy.noise.quiet_after.of(&self.rule.family, finding.is_some());
        record.quiet_at = Some(now + quiet_after);
        if record.title.is_empty() {
            record.title = clean(compose::title(self.event), 200);
            record.subject = clean(&self.event.subject.line(), 200);
            record.family = self.rule.family.clone();
        }
        Names::of(self.event).remember(&mut record.resources);
        record
    }

    /// What nobody was told yet is as urgent as the worst of it.
    pub(super) fn face(&self, record: &IncidentRecord) -> Attributes {
        let face = Attributes::of(self.event, self.rule, self.context);
        let priority = record.held.as_ref().map_or(face.priority, |held| held.priority.min(face.priority));
        Attributes { priority, ..face }
    }

    /// The finding, what the incident covers, and the incidents that come under it, which are to be listed.
    fn remembered(&self, draft: &mut Draft<'_>, opening: &mut Opening<'_>) -> Result<Option<List>, Unread> {
        let Opening { finding, key, record, face, judged } = opening;
        if let Some(finding) = *finding {
            let seen = Record::Finding(self.seen(draft, finding, key));
            draft.put(Key::Finding(finding.key.clone()), seen, Because::Reported);
        }
        let covers = suppress::covering(&self.policy.noise, face, *finding);
        let fresh =
            covers.iter().filter(|cover| !record.covers.contains(*cover)).cloned().map(Key::Inhibition);
        let is_asked = judged.is_news() || record.held.is_some();
        let asked = is_asked.then(|| suppress::first_asked(self.policy, face, *finding, key, draft.now()));
        draft.need_all(fresh.chain(asked.into_iter().flatten()))?;
        suppress::adopting(draft, key, record, covers);
        self.adopt(draft, *finding, key)
    }
}
