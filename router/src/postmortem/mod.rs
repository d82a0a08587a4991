//! A post-mortem of an incident: its facts, from what the journal has and nothing else, as Markdown, HTML, JSON or a picture
//! of its times. Asked again about an incident that is over, it is the same to the byte.

mod facts;
mod html;
mod markdown;
mod picture;
mod timeline;

use jiff::Timestamp;
use serde::Serialize;
use watchfire_core::hash::sha256;
use watchfire_core::zone::Zone;

use crate::api::told::Words;
use crate::api::views::IncidentDetail;

/// What the audit trail calls it that a post-mortem was signed.
pub(crate) const SIGNED: &str = "sign-report";

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For a wiki or a ticket.
    Markdown,
    /// A page by itself, with the picture.
    Html,
    /// For a program.
    Json,
    /// The picture of its times alone.
    Svg,
}

/// The facts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct PostMortem {
    incident: String,
    episode: u32,
    priority: String,
    title: Words,
    /// What it is, a name and a sentence each.
    about: Vec<(&'static str, Words)>,
    /// When what was reached, the earliest first.
    times: Vec<Milestone>,
    /// How soon somebody had it, against the time to respond.
    response: Words,
    timeline: Vec<Line>,
    /// What people noted, and where else it is written about; of this episode.
    notes: Vec<Words>,
    links: Vec<Words>,
    evidence: Vec<Words>,
    /// What is to be done, and the ticket of each.
    follow_ups: Vec<Words>,
    approvals: Vec<Words>,
    not_done: Vec<Words>,
    stands: Vec<Words>,
    /// What it does not show, a sentence each.
    limits: Vec<String>,
    /// What people have to answer.
    questions: Vec<&'static str>,
    /// What models wrote in this episode, unverified; nothing of the rest is from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    machine_texts: Vec<Words>,
    #[serde(skip)]
    zone: Zone,
}

/// A time that counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Milestone {
    what: &'static str,
    at: Timestamp,
    /// Since the first report.
    after_seconds: i64,
    by: Words,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line {
    at: Timestamp,
    kind: Kind,
    said: Words,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum Kind {
    /// Somebody reported something.
    Report,
    /// A person did something.
    Person,
    /// Watchfire decided by itself.
    Watchfire,
    /// Somebody was told.
    Told,
    /// Something was done.
    Done,
    /// Something was not done.
    Withheld,
}

/// What people have to answer; the journal cannot.
const QUESTIONS: [&str; 6] = [
    "What was the cause, and what let it happen?",
    "Who and what was affected, and for how long?",
    "What went well?",
    "What went badly, or was luck?",
    "Was every step taken in time, and if not, what was in its way?",
    "What is to be done, by whom, until when?",
];

impl PostMortem {
    /// The facts of a story; none where it belongs to no incident.
    pub(crate) fn of(story: &IncidentDetail) -> Option<Self> {
        facts::of(story)
    }

    /// The whole of it, with a line break at its end.
    pub(crate) fn written(&self, form: Form) -> String {
        match form {
            Form::Markdown => markdown::written(self),
            Form::Html => html::written(self),
            Form::Json => {
                let mut facts = self.facts();
                facts["sha256"] = self.sum().into();
                format!("{facts:#}\n")
            }
            Form::Svg => picture::alone(self),
        }
    }

    fn facts(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("texts, numbers and times are JSON")
    }

    /// Of the facts as JSON without white space, their members in the order of their names.
    pub(crate) fn sum(&self) -> String {
        sha256(&self.facts().to_string())
    }

    fn second(&self, at: Timestamp) -> String {
        self.zone.second(at)
    }
}

/// A time in two units at most: `45 s`, `12 min 30 s`, `3 h 5 min`, `2 d 4 h`.
fn lasting(seconds: i64) -> String {
    let two = |large: i64, of: &str, small: i64, unit: &str| match small {
        0 => format!("{large} {of}"),
        _ => format!("{large} {of} {small} {unit}"),
    };
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests;
