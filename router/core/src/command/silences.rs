//! Silences as humans make, end and extend them, and what keeps them from hiding a breach.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Asked;
use crate::attributes::Attributes;
use crate::command::Command;
use crate::decision::Decision;
use crate::hash::keyed;
use crate::ids::{EventId, SilenceId};
use crate::noise::{BundleKind, Maintenance, bundle_key};
use crate::priority::Priority;
use crate::silence::{Extension, LONGEST, MOST, Silence, SilenceDraft, SilenceEffect, SilencesRecord};
use crate::state::{Key, Record, State, Unread};
use crate::text::clean;
use crate::verdict::Why;

/// The id of the silence that a command makes.
pub(crate) fn silence_id(command: &EventId) -> SilenceId {
    SilenceId::new(format!("s-{}", &keyed("silence", &[command.as_str()])[..8]))
}

impl Asked<'_> {
    pub(super) fn silence(
        &self,
        draft: &SilenceDraft,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        state.need(Key::Silences)?;
        let Command { id, by, reason, .. } = self.command;
        let SilenceDraft { matches, starts_at, ends_at, ticket, yes_cover_p0 } = draft;
        let starts_at = starts_at.unwrap_or(now).max(now);
        let mut record = recorded(state);
        record.tidy(now);
        let in_force = record.silences.iter().filter(|silence| now < silence.ends_at).count();
        let refused = if let Err(error) = Attributes::pattern(matches) {
            Some(format!("the pattern is none: {error}"))
        } else if reason.trim().is_empty() {
            Some("expected a comment: why is it silenced?".to_owned())
        } else if *ends_at <= starts_at {
            Some(format!("expected an end after {}, found {}", self.minute(starts_at), self.minute(*ends_at)))
        } else if ends_at.duration_since(starts_at) > LONGEST {
            Some(format!("expected an end within 30 days of the start, found {}", self.minute(*ends_at)))
        } else if in_force >= MOST {
            Some(format!("there are {MOST} silences already"))
        } else {
            self.objection(*yes_cover_p0)
        };
        if let Some(reason) = refused {
            return Ok(self.declined("silence", reason, now));
        }
        let silence = Silence {
            id: silence_id(id),
            matches: matches.clone(),
            starts_at,
            ends_at: *ends_at,
            by: clean(by, 100),
            comment: clean(reason, 300),
            ticket: ticket.as_ref().map(|ticket| clean(ticket, 100)),
            covers_p0: *yes_cover_p0,
            made_at: now,
            expired_by: None,
        };
        record.silences.push_back(silence);
        Ok(self.silences(record, BTreeMap::new(), now))
    }

    /// Why it has to be confirmed and was not.
    fn objection(&self, is_confirmed: bool) -> Option<String> {
        if is_confirmed {
            return None;
        }
        let objection = match self.effect {
            Some(effect) => SilenceEffect::objection(effect, self.policy.noise.silence_share),
            None => Some("what it would have silenced could not be worked out".to_owned()),
        };
        objection.map(|objection| format!("{objection}; confirm with --yes-cover-p0"))
    }

    pub(super) fn expire(&self, id: &SilenceId, state: &State, now: Timestamp) -> Result<Decision, Unread> {
        let by = clean(&self.command.by, 100);
        self.change(id, "expire-silence", state, now, |silence| {
            silence.ends_at = now;
            silence.starts_at = silence.starts_at.min(now);
            silence.expired_by = Some(by);
            Ok(())
        })
    }

    pub(super) fn extend(
        &self,
        extension: &Extension,
        state: &State,
        now: Timestamp,
    ) -> Result<Decision, Unread> {
        let ends_at = extension.ends_at;
        self.change(&extension.silence, "extend-silence", state, now, |silence| {
            if ends_at <= silence.ends_at {
                return Err(format!("expected an end after {}", self.minute(silence.ends_at)));
            }
            if ends_at.duration_since(silence.starts_at) > LONGEST {
                return Err("expected an end within 30 days of its start".to_owned());
            }
            silence.ends_at = ends_at;
            Ok(())
        })
    }

    /// What it holds is said when it ends, whenever that is.
    fn change(
        &self,
        id: &SilenceId,
        action: &str,
        state: &State,
        now: Timestamp,
        change: impl FnOnce(&mut Silence) -> Result<(), String>,
    ) -> Result<Decision, Unread> {
        let key = bundle_key(&BundleKind::Silence { id: id.clone() }, &[]);
        state.need_all([Key::Silences, Key::Bundle(key.clone())])?;
        let mut record = recorded(state);
        let Some(silence) = record.silences.iter_mut().find(|silence| silence.id == *id) else {
            let reason = match Maintenance::is_one(id) {
                true => format!("{id} is a maintenance window: the configuration says when it ends"),
                false => format!("there is no silence {id}"),
            };
            return Ok(self.declined(action, reason, now));
        };
        if silence.ends_at <= now {
            let reason = format!("it was over at {}", self.minute(silence.ends_at));
            return Ok(self.declined(action, reason, now));
        }
        if let Err(reason) = change(silence) {
            return Ok(self.declined(action, reason, now));
        }
        let ends_at = silence.ends_at;
        let mut changes = BTreeMap::new();
        if let Some(held) = state.bundle(&key).filter(|held| held.unsaid > 0) {
            let mut held = held.clone();
            held.due_at = Some(ends_at);
            changes.insert(Key::Bundle(key), Record::Bundle(Box::new(held)));
        }
        Ok(self.silences(record, changes, now))
    }

    fn silences(
        &self,
        record: SilencesRecord,
        mut changes: BTreeMap<Key, Record>,
        now: Timestamp,
    ) -> Decision {
        changes.insert(Key::Silences, Record::Silences(record.into()));
        Decision { changes, ..self.blank(Why::Commanded, Priority::P3, now) }
    }
}

/// The silences, to be changed.
fn recorded(state: &State) -> SilencesRecord {
    state.silences().map(|silences| (**silences).clone()).unwrap_or_default()
}
