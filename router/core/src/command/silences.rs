//! Silences as humans make, end and extend them, and what keeps them from hiding a breach.

use jiff::Timestamp;

use super::{Asked, Declined, NotDone};
use crate::attributes::Attributes;
use crate::command::Command;
use crate::decision::Because;
use crate::draft::Draft;
use crate::hash::keyed;
use crate::ids::{EventId, SilenceId};
use crate::noise::{BundleKind, Ending, Maintenance, bundle_key};
use crate::silence::{Extension, LONGEST, MOST, Silence, SilenceDraft, SilenceEffect, SilencesRecord};
use crate::state::{Key, Merge, Record};
use crate::text::clean;

/// The id of the silence that a command makes.
pub(crate) fn silence_id(command: &EventId) -> SilenceId {
    SilenceId::new(format!("s-{}", &keyed("silence", &[command.as_str()])[..8]))
}

impl Asked<'_> {
    pub(super) fn silence(&self, draft: &mut Draft<'_>, asked: &SilenceDraft) -> Result<(), NotDone> {
        draft.need(Key::Silences)?;
        let now = draft.now();
        let mut record = recorded(draft);
        record.tidy(now);
        if let Some(reason) = self.refused(asked, &record, now) {
            return Err(Declined::new("silence", reason).into());
        }
        let Command { id, by, reason, .. } = self.command;
        let SilenceDraft { matches, starts_at, ends_at, ticket, yes_cover_p0 } = asked;
        let silence = Silence {
            id: silence_id(id),
            matches: matches.clone(),
            starts_at: starts_at.unwrap_or(now).max(now),
            ends_at: *ends_at,
            by: clean(by, 100),
            comment: clean(reason, 300),
            ticket: ticket.as_ref().map(|ticket| clean(ticket, 100)),
            covers_p0: *yes_cover_p0,
            made_at: now,
            expired_by: None,
        };
        record.silences.push_back(silence);
        draft.put(Key::Silences, Record::Silences(record.into()), Because::Commanded);
        Ok(())
    }

    /// Why it is not made, if it is not.
    fn refused(&self, asked: &SilenceDraft, record: &SilencesRecord, now: Timestamp) -> Option<String> {
        let SilenceDraft { matches, starts_at, ends_at, ticket: _, yes_cover_p0 } = asked;
        let starts_at = starts_at.unwrap_or(now).max(now);
        let in_force = record.silences.iter().filter(|silence| now < silence.ends_at).count();
        if let Err(error) = Attributes::pattern(matches) {
            Some(format!("the pattern is none: {error}"))
        } else if let Some(unknown) = self.unknown_names(matches) {
            Some(unknown)
        } else if self.command.reason.trim().is_empty() {
            Some("expected a comment: why is it silenced?".to_owned())
        } else if *ends_at <= starts_at {
            Some(format!("expected an end after {}, found {}", self.minute(starts_at), self.minute(*ends_at)))
        } else if ends_at.duration_since(starts_at) > LONGEST {
            Some(format!("expected an end within 30 days of the start, found {}", self.minute(*ends_at)))
        } else if in_force >= MOST {
            Some(format!("there are {MOST} silences already"))
        } else {
            self.objection(*yes_cover_p0)
        }
    }

    /// The names in it that there are not: it would silence nothing by them, or leave nothing out.
    fn unknown_names(&self, matches: &str) -> Option<String> {
        let unknown = self.names?.unknown_in(matches);
        let said: Vec<_> = unknown.iter().map(ToString::to_string).collect();
        (!said.is_empty()).then(|| clean(&said.join("; "), 600))
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

    pub(super) fn expire(&self, draft: &mut Draft<'_>, id: &SilenceId) -> Result<(), NotDone> {
        let (by, now) = (clean(&self.command.by, 100), draft.now());
        self.change(draft, id, "expire-silence", |silence| {
            silence.ends_at = now;
            silence.starts_at = silence.starts_at.min(now);
            silence.expired_by = Some(by);
            Ok(())
        })
    }

    pub(super) fn extend(&self, draft: &mut Draft<'_>, extension: &Extension) -> Result<(), NotDone> {
        let ends_at = extension.ends_at;
        self.change(draft, &extension.silence, "extend-silence", |silence| {
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
        draft: &mut Draft<'_>,
        id: &SilenceId,
        action: &str,
        change: impl FnOnce(&mut Silence) -> Result<(), String>,
    ) -> Result<(), NotDone> {
        let kind = BundleKind::Silence { id: id.clone() };
        let key = bundle_key(&kind, &[]);
        draft.need_all([Key::Silences, Key::Bundle(key.clone())])?;
        let mut record = recorded(draft);
        let changed = self.changed_silence(&mut record, id, draft.now(), change);
        let ends_at = changed.map_err(|reason| Declined::new(action, reason))?;
        let ending = Ending { kind, title: format!("silence {id}"), at: ends_at, episode: None };
        draft.merge(Key::Bundle(key), Merge::End(Box::new(ending)), Because::Commanded);
        draft.put(Key::Silences, Record::Silences(record.into()), Because::Commanded);
        Ok(())
    }

    /// When it ends now, or why it is not changed.
    fn changed_silence(
        &self,
        record: &mut SilencesRecord,
        id: &SilenceId,
        now: Timestamp,
        change: impl FnOnce(&mut Silence) -> Result<(), String>,
    ) -> Result<Timestamp, String> {
        let Some(silence) = record.silences.iter_mut().find(|silence| silence.id == *id) else {
            return Err(match Maintenance::is_one(id) {
                true => format!("{id} is a maintenance window: the configuration says when it ends"),
                false => format!("there is no silence {id}"),
            });
        };
        if silence.ends_at <= now {
            return Err(format!("it was over at {}", self.minute(silence.ends_at)));
        }
        change(silence)?;
        Ok(silence.ends_at)
    }
}

/// The silences, to be changed.
fn recorded(draft: &Draft<'_>) -> SilencesRecord {
    draft.silences().map(|silences| (**silences).clone()).unwrap_or_default()
}
