//! The switch of mitigation. While it is off there is an incident: somebody has to know that nothing is contained.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Asked, Command, verdict_of};
use crate::attributes::Attributes;
use crate::containment::{SwitchRecord, SwitchedOff};
use crate::decision::Decision;
use crate::ending;
use crate::escalation;
use crate::event::{OWN_SOURCE, Subject};
use crate::ids::{IncidentKey, RuleName};
use crate::incident::IncidentRecord;
use crate::noise::PageDraft;
use crate::notice::ByWhom;
use crate::notice::Notice;
use crate::priority::Priority;
use crate::state::{Key, Record, State, Unread};
use crate::text::clean;
use crate::verdict::Why;

const FAMILY: &str = "mitigation-switched-off";

impl Asked<'_> {
    /// Switched off: a P1, open until it is on again.
    pub(super) fn switch_off(&self, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        let key = incident();
        let previous = self.switch_incident(&key, state)?;
        let Command { by, reason, .. } = self.command;
        let (by, reason) = (clean(by, 100), clean(reason, 300));
        let title = format!("Mitigation was switched off by {by}: {reason}");
        let off = Some(SwitchedOff { by, reason, at: now });
        let mut record = match previous.filter(|record| record.open) {
            Some(record) => record.clone(),
            None => IncidentRecord::begun(previous, Priority::P1, None, now),
        };
        record.title = clean(&title, 200);
        record.subject = "mitigation".to_owned();
        record.family = FAMILY.to_owned();
        record.events += 1;
        record.last_at = Some(now);
        record.said_at = now;
        let notice = self.switch_notice(&key, title);
        let effects = self.page(&key, Some(&mut record), notice.clone());
        escalation::start_clock(self.policy, &mut record, Why::New, now);
        let changes = BTreeMap::from([
            (Key::Switch, Record::Switch(SwitchRecord { off })),
            (Key::PageDraft(key.clone()), Record::PageDraft(Box::new(PageDraft { face: face(), notice }))),
            (Key::Incident(key.clone()), Record::Incident(record)),
        ]);
        let verdict = verdict_of(&effects);
        let blank = self.blank(Why::Commanded, Priority::P1, now);
        Ok(Decision { verdict, incident: Some(key), effects, changes, ..blank })
    }

    /// Switched on: whoever was told that it is off is told that it is over.
    pub(super) fn switch_on(&self, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        let key = incident();
        let previous = self.switch_incident(&key, state)?;
        let mut changes = BTreeMap::from([(Key::Switch, Record::Switch(SwitchRecord { off: None }))]);
        let Command { by, reason, .. } = self.command;
        let title = format!("Mitigation was switched on by {}: {}", clean(by, 100), clean(reason, 300));
        let mut effects = Vec::new();
        if let Some(record) = previous.filter(|record| record.open) {
            ending::needs(&key, record, state)?;
            let mut record = record.clone();
            let ended = ByWhom { by: clean(by, 100), at: now };
            let notice = self.switch_notice(&key, title);
            let (ended, resolves) = ending::end(&key, &mut record, Some(ended), &notice, state, now);
            changes.extend(ended);
            changes.insert(Key::Incident(key.clone()), Record::Incident(record));
            effects = resolves;
        }
        let blank = self.blank(Why::Commanded, Priority::P1, now);
        Ok(Decision { verdict: verdict_of(&effects), incident: Some(key), effects, changes, ..blank })
    }

    fn switch_incident<'s>(
        &self,
        key: &IncidentKey,
        state: &'s State,
    ) -> Result<Option<&'s IncidentRecord>, Unread> {
        state.need_all([Key::Incident(key.clone()), Key::PageDraft(key.clone())])?;
        Ok(state.incident(key))
    }

    fn switch_notice(&self, key: &IncidentKey, title: String) -> Notice {
        Notice { family: FAMILY.to_owned(), ..self.notice(key, Priority::P1, title) }
    }
}

/// There is one switch, and so one incident of it.
fn incident() -> IncidentKey {
    IncidentKey::new("wf1-mitigation-switch")
}

/// As silences see an escalation of it.
fn face() -> Attributes {
    Attributes {
        priority: Priority::P1,
        rule: RuleName::new("by-hand"),
        family: FAMILY.to_owned(),
        kind: "Command:mitigation-off".to_owned(),
        source: OWN_SOURCE.to_owned(),
        band: None,
        subject: Subject::default(),
    }
}
