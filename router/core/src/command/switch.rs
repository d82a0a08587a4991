//! The switch of mitigation. While it is off there is an incident: somebody has to know that nothing is contained.

use super::{Asked, Command, begun};
use crate::attributes::Attributes;
use crate::containment::{SwitchRecord, SwitchedOff};
use crate::decision::Because;
use crate::draft::Draft;
use crate::ending;
use crate::escalation;
use crate::event::{OWN_SOURCE, Subject};
use crate::ids::{IncidentKey, RuleName};
use crate::known_names::{BY_HAND, SWITCHED_OFF};
use crate::noise::PageDraft;
use crate::notice::{ByWhom, Notice};
use crate::priority::Priority;
use crate::state::{Key, Record, Unread};
use crate::text::clean;
use crate::verdict::Why;

impl Asked<'_> {
    /// Switched off: a P1, open until it is on again.
    pub(super) fn switch_off(&self, draft: &mut Draft<'_>) -> Result<(), Unread> {
        let key = incident();
        needs(draft, &key)?;
        let now = draft.now();
        let Command { by, reason, .. } = self.command;
        let (by, reason) = (clean(by, 100), clean(reason, 300));
        let title = format!("Mitigation was switched off by {by}: {reason}");
        let off = Some(SwitchedOff { by, reason, at: now });
        let mut record = begun(draft, &key);
        record.title = clean(&title, 200);
        record.subject = "mitigation".to_owned();
        record.family = SWITCHED_OFF.to_owned();
        record.events += 1;
        record.last_at = Some(now);
        record.said_at = now;
        let notice = self.switch_notice(&key, title);
        draft.priority(Priority::P1);
        draft.belongs_to(&key);
        draft.page(self.page(&key, Some(&mut record), notice.clone()));
        escalation::start_clock(self.policy, &mut record, Why::New, now);
        draft.put(Key::Switch, Record::Switch(SwitchRecord { off }), Because::Commanded);
        draft.put_page_draft(&key, PageDraft { face: face(), notice });
        draft.put_incident(&key, record, Because::Commanded);
        Ok(())
    }

    /// Switched on: whoever was told that it is off is told that it is over.
    pub(super) fn switch_on(&self, draft: &mut Draft<'_>) -> Result<(), Unread> {
        let key = incident();
        needs(draft, &key)?;
        draft.priority(Priority::P1);
        draft.belongs_to(&key);
        draft.put(Key::Switch, Record::Switch(SwitchRecord { off: None }), Because::Commanded);
        let Some(mut record) = draft.incident(&key).filter(|record| record.open).cloned() else {
            return Ok(());
        };
        ending::needs(&key, &record, draft)?;
        let Command { by, reason, .. } = self.command;
        let title = format!("Mitigation was switched on by {}: {}", clean(by, 100), clean(reason, 300));
        let ended = ByWhom { by: clean(by, 100), at: draft.now() };
        let notice = self.switch_notice(&key, title);
        let resolves = ending::end(draft, &key, &mut record, Some(ended), &notice);
        draft.page(resolves);
        draft.put_incident(&key, record, Because::Over);
        Ok(())
    }

    fn switch_notice(&self, key: &IncidentKey, title: String) -> Notice {
        Notice { family: SWITCHED_OFF.to_owned(), ..self.notice(key, Priority::P1, title) }
    }
}

fn needs(draft: &Draft<'_>, key: &IncidentKey) -> Result<(), Unread> {
    draft.need_all([Key::Incident(key.clone()), Key::PageDraft(key.clone())])
}

/// There is one switch, and so one incident of it.
fn incident() -> IncidentKey {
    IncidentKey::new("wf1-mitigation-switch")
}

/// As silences see an escalation of it.
fn face() -> Attributes {
    Attributes {
        priority: Priority::P1,
        rule: RuleName::new(BY_HAND),
        family: SWITCHED_OFF.to_owned(),
        kind: "Command:mitigation-off".to_owned(),
        source: OWN_SOURCE.to_owned(),
        band: None,
        team: None,
        subject: Subject::default(),
    }
}
