//! What a post-mortem leaves to be done: a ticket of its own, and a note on the incident.

use super::{Asked, Command, Declined, NotDone, annotating};
use crate::annotation::{Note, NoteText};
use crate::decision::{Effect, When};
use crate::draft::Draft;
use crate::hash::keyed;
use crate::ids::{ChannelName, DedupKey, EffectId, IncidentKey};
use crate::notice::{Head, Notice};
use crate::state::Key;
use crate::text::clean;
use crate::verdict::EffectKind;

/// How the id of the effect begins that makes such a ticket.
pub const FOLLOW_UP: &str = "follow-up:";

impl Asked<'_> {
    /// A ticket, whether the incident is open or over: that is when it is known what is to be done. The same text for the
    /// same episode is the same ticket.
    pub(super) fn follow_up(
        &self,
        draft: &mut Draft<'_>,
        key: &IncidentKey,
        text: &NoteText,
        to: Option<&ChannelName>,
    ) -> Result<(), NotDone> {
        let declined = |reason: String| NotDone::from(Declined::new("follow-up", reason));
        draft.need_all([Key::Incident, Key::Annotations, Key::PageDraft].map(|kind| kind(key.clone())))?;
        let Some(record) = draft.incident(key).cloned() else {
            return Err(declined(format!("there is no incident {key}")));
        };
        let channel = self.keeps_tickets(to).map_err(declined)?;
        let Command { by, .. } = self.command;
        let (by, at, episode) = (clean(by, 100), draft.now(), record.episode);
        let known = self.about(draft, key, &record, self.signed("follow-up"));
        let notice = Notice {
            head: Head { link: known.head.link.clone(), at: Some(at), ..Head::default() },
            title: clean(&format!("Follow-up: {}", text.as_str()), 200),
            description: clean(text.as_str(), 1_000),
            doing: Vec::new(),
            withheld: Vec::new(),
            playbook: None,
            lists: Vec::new(),
            ..known
        };
        let dedup_key = keyed("follow-up", &[key.as_str(), &episode.to_string(), text.as_str()]);
        let effect = Effect {
            id: EffectId::new(format!("{FOLLOW_UP}{channel}")),
            kind: EffectKind::Page,
            when: When::Now,
            dedup_key: DedupKey::new(format!("follow-up-{dedup_key}")),
            notice,
            channel: channel.clone(),
        };
        let mut annotations = draft.annotations(key).cloned().unwrap_or_default();
        let noted = NoteText::try_from(clean(&format!("Follow-up, for {channel}: {}", text.as_str()), 900));
        let text = noted.map_err(declined)?;
        annotations.note(Note { by, at, episode, text: text.clone() }).map_err(declined)?;
        self.tell_of_note(draft, key, &record, &text);
        draft.priority(record.priority);
        draft.belongs_to(key);
        draft.page([effect]);
        annotating::keep(draft, key, annotations);
        Ok(())
    }

    /// The channel that was named, or the only one.
    fn keeps_tickets(&self, to: Option<&ChannelName>) -> Result<ChannelName, String> {
        let known = &self.policy.tickets;
        let names = || known.iter().map(ChannelName::as_str).collect::<Vec<_>>().join(", ");
        match (to, known.as_slice()) {
            (_, []) => Err("no channel that keeps tickets (jira, servicenow) is configured".to_owned()),
            (Some(to), _) if known.contains(to) => Ok(to.clone()),
            (Some(to), _) => {
                Err(format!("`{}` keeps no tickets: expected one of {}", clean(to.as_str(), 100), names()))
            }
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(format!("several keep tickets: say which by --to: {}", names())),
        }
    }
}
