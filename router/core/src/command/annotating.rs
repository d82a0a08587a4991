//! What a human adds to an incident: it is kept with it, and nobody is told; but for a note, which goes on in the thread of
//! its page where there is one.

use super::{Asked, Declined, NotDone};
use crate::annotation::{Annotation, AnnotationsRecord, Link, Note};
use crate::decision::Because;
use crate::draft::Draft;
use crate::ids::IncidentKey;
use crate::incident::IncidentRecord;
use crate::state::{Key, Record};
use crate::suppress::as_said_by_now;
use crate::text::clean;

impl Asked<'_> {
    /// Something is added to an incident or taken away, even after it is over: that is when a post-mortem is written.
    pub(super) fn annotate(
        &self,
        draft: &mut Draft<'_>,
        key: &IncidentKey,
        with: &Annotation,
    ) -> Result<(), NotDone> {
        let declined = |reason: String| NotDone::from(Declined::new(with.as_str(), reason));
        draft.need_all([Key::Incident, Key::Annotations, Key::PageDraft].map(|kind| kind(key.clone())))?;
        let record = match draft.incident(key) {
            Some(record) if record.open => as_said_by_now(record, draft)?,
            Some(record) => record.clone(),
            None => return Err(declined(format!("there is no incident {key}"))),
        };
        let (by, at, episode) = (clean(&self.command.by, 100), draft.now(), record.episode);
        draft.priority(record.priority);
        draft.belongs_to(key);
        let mut annotations = draft.annotations(key).cloned().unwrap_or_default();
        let added = match with {
            Annotation::Note(text) => {
                let added = annotations.note(Note { by, at, episode, text: text.clone() });
                if added.is_ok() {
                    self.tell_of_note(draft, key, &record, text);
                }
                added
            }
            Annotation::Link { url, title } => {
                let (url, title) = (url.clone(), title.clone());
                annotations.link(Link { url, title, by, at, episode })
            }
            Annotation::Unlink(url) => annotations.unlink(url),
            Annotation::Label { set, remove } => {
                let labels = record.labels.changed(set, remove).map_err(declined)?;
                draft.put_incident(key, IncidentRecord { labels, ..record }, Because::Commanded);
                return Ok(());
            }
        };
        added.map_err(declined)?;
        keep(draft, key, annotations);
        Ok(())
    }
}

/// Kept with it from now on.
pub(super) fn keep(draft: &mut Draft<'_>, key: &IncidentKey, annotations: AnnotationsRecord) {
    let record = Record::Annotations(Box::new(annotations));
    draft.put(Key::Annotations(key.clone()), record, Because::Commanded);
}
