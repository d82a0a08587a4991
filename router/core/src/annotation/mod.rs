//! What people add to an incident: notes, links to tickets, labels.
//!
//! Each is read once into a type that cannot be too long, hide anything or carry a secret; how many an incident takes
//! is bounded, so that its records stay small.

mod label;
mod link;

pub use label::{LabelChange, LabelFilter, LabelName, LabelValue, Labels};
pub use link::{LinkTitle, LinkUrl};

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::clean;
use crate::value_schema;

/// Something that somebody adds to an incident, or takes away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Annotation {
    /// What they know of it. It stays.
    Note(NoteText),
    /// Where else it is written about, such as a ticket.
    Link {
        /// Its address.
        url: LinkUrl,
        /// What it is; the address itself, if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<LinkTitle>,
    },
    /// That link is none any more.
    Unlink(LinkUrl),
    /// What it is sorted by.
    Label {
        /// What is said of it from now on.
        #[serde(default)]
        set: Labels,
        /// What is not said of it any more.
        #[serde(default)]
        remove: BTreeSet<LabelName>,
    },
}

impl Annotation {
    /// The word in the journal.
    pub fn as_str(&self) -> &'static str {
        match self {
            Annotation::Note(_) => "note",
            Annotation::Link { .. } => "link",
            Annotation::Unlink(_) => "unlink",
            Annotation::Label { .. } => "label",
        }
    }

    /// What is said by it, in a line.
    pub fn says(&self) -> String {
        match self {
            Annotation::Note(text) => text.as_str().to_owned(),
            Annotation::Link { url, title: None } | Annotation::Unlink(url) => url.as_str().to_owned(),
            Annotation::Link { url, title: Some(title) } => format!("{title}, {url}"),
            Annotation::Label { set, remove } => {
                let set = set.0.iter().map(|(name, value)| format!("{name}={value}"));
                let removed = remove.iter().map(|name| format!("{name}-"));
                set.chain(removed).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// What somebody notes: one paragraph, and not empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NoteText(String);

impl NoteText {
    /// It has no more characters.
    pub const LONGEST: usize = 1_000;

    /// The text, fit for one line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

value_schema!(NoteText, {
    "type": "string",
    "description": "One paragraph; line breaks become spaces.",
    "minLength": 1,
    "maxLength": 1000
});

impl TryFrom<String> for NoteText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        within("a note", Self::LONGEST, &text).map(Self)
    }
}

impl From<NoteText> for String {
    fn from(NoteText(text): NoteText) -> Self {
        text
    }
}

impl fmt::Display for NoteText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A text fit for one line, if it says something and has no more characters than that. What is refused is never said
/// again: it may be what was not to be shown.
fn within(what: &str, most: usize, text: &str) -> Result<String, String> {
    let text = clean(text, usize::MAX);
    match text.chars().count() {
        0 => Err(format!("expected {what}, found nothing")),
        length if length > most => {
            Err(format!("expected {what} of at most {most} characters, found {length}"))
        }
        _ => Ok(text),
    }
}

/// A note as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Who noted it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// In which episode of the incident.
    pub episode: u32,
    /// What.
    pub text: NoteText,
}

/// A link as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// Its address.
    pub url: LinkUrl,
    /// What it is; none where only the address is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<LinkTitle>,
    /// Who linked it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// In which episode of the incident.
    pub episode: u32,
}

impl Link {
    /// What it is called, and where it leads to: no title hides that.
    pub fn named(&self) -> String {
        let Self { url, title, .. } = self;
        title.as_ref().map_or_else(|| url.to_string(), |title| format!("{title} ({})", url.host()))
    }
}

/// What was added to an incident, in this and earlier episodes; labels stand with the incident itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnotationsRecord {
    /// The oldest first.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// The oldest first; no address twice.
    #[serde(default)]
    pub links: Vec<Link>,
}

impl AnnotationsRecord {
    /// An episode takes no more notes.
    pub const MOST_NOTES: usize = 64;
    /// Nor more links.
    pub const MOST_LINKS: usize = 20;

    /// One more note. Where there is no room those of earlier episodes go, the oldest first.
    ///
    /// # Errors
    /// Why it is not taken, in a clause.
    pub(crate) fn note(&mut self, note: Note) -> Result<(), String> {
        if self.notes.last().is_some_and(|last| (&last.text, &last.by) == (&note.text, &note.by)) {
            return Err("the note before it says the same".to_owned());
        }
        room(&mut self.notes, Self::MOST_NOTES, |earlier: &Note| earlier.episode < note.episode).map_err(
            |most| format!("it has {most} notes, and takes no more: write on in a ticket, and link that"),
        )?;
        self.notes.push(note);
        Ok(())
    }

    /// One more link, or another title for one.
    ///
    /// # Errors
    /// As [`AnnotationsRecord::note`].
    pub(crate) fn link(&mut self, link: Link) -> Result<(), String> {
        if let Some(known) = self.links.iter_mut().find(|known| known.url == link.url) {
            if known.title == link.title {
                return Err(format!("{} has linked it already", known.by));
            }
            *known = link;
            return Ok(());
        }
        room(&mut self.links, Self::MOST_LINKS, |earlier: &Link| earlier.episode < link.episode)
            .map_err(|most| format!("it has {most} links, and takes no more: unlink one"))?;
        self.links.push(link);
        Ok(())
    }

    /// A link less.
    ///
    /// # Errors
    /// As [`AnnotationsRecord::note`].
    pub(crate) fn unlink(&mut self, url: &LinkUrl) -> Result<(), String> {
        let known = self.links.iter().position(|known| known.url == *url);
        let known = known.ok_or("it has no such link")?;
        self.links.remove(known);
        Ok(())
    }

    /// As it is where a clock that was ahead has changed it.
    pub(crate) fn as_of(&mut self, now: Timestamp) {
        let notes = self.notes.iter_mut().map(|note| &mut note.at);
        let links = self.links.iter_mut().map(|link| &mut link.at);
        notes.chain(links).for_each(|at| *at = (*at).min(now));
    }
}

/// Makes room for one more by leaving out the oldest that may go.
fn room<T>(all: &mut Vec<T>, most: usize, may_go: impl Fn(&T) -> bool) -> Result<(), usize> {
    if all.len() < most {
        return Ok(());
    }
    let oldest = all.iter().position(may_go).ok_or(most)?;
    all.remove(oldest);
    Ok(())
}

#[cfg(test)]
mod tests;
