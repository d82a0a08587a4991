//! A silence, as `/v1/silences` and the answers to commands about one say it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchfire_core::ids::SilenceId;
use watchfire_core::known_names::KnownNames;
use watchfire_core::silence::Silence as Kept;
use watchfire_core::text::clean;
use watchfire_core::word;

/// A silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Silence {
    /// Its id.
    pub id: SilenceId,
    /// In force, to come or over.
    pub state: SilenceState,
    /// What it matches: an event pattern, as text.
    pub matches: String,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when, exclusive.
    pub ends_at: Timestamp,
    /// Who made it.
    pub by: String,
    /// Why.
    pub comment: String,
    /// The ticket or change it belongs to.
    pub ticket: Option<String>,
    /// Whether P0 is silenced, too.
    pub covers_p0: bool,
    /// When it was made.
    pub made_at: Timestamp,
    /// Who ended it before its time.
    pub expired_by: Option<String>,
    /// How many incidents it holds: they are said when it ends.
    pub holds: u64,
    /// Which names in it no rule and no family has any more, in a sentence; none where all are known, and of one that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// Where a silence is in its life; `amtool`'s words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SilenceState {
    /// In force.
    Active,
    /// To come.
    Pending,
    /// Over; listed for a week.
    Expired,
}

impl SilenceState {
    /// The word on screen.
    pub fn as_str(self) -> &'static str {
        word::of(&self)
    }
}

impl Silence {
    /// A silence as it is at `now`, with how many incidents it holds, and by which names there are.
    pub(crate) fn of(silence: Kept, holds: u64, names: Option<&KnownNames>, now: Timestamp) -> Self {
        let state = match (silence.starts_at <= now, now < silence.ends_at) {
            (_, false) => SilenceState::Expired,
            (true, true) => SilenceState::Active,
            (false, true) => SilenceState::Pending,
        };
        let Kept { id, matches, starts_at, ends_at, by, comment, ticket, covers_p0, made_at, expired_by } =
            silence;
        let unknown =
            names.filter(|_| state != SilenceState::Expired).map(|names| names.unknown_in(&matches));
        let unknown: Vec<_> = unknown.iter().flatten().map(ToString::to_string).collect();
        Self {
            id,
            state,
            matches,
            starts_at,
            ends_at,
            by,
            comment,
            ticket,
            covers_p0,
            made_at,
            expired_by,
            holds,
            unknown: (!unknown.is_empty()).then(|| clean(&unknown.join("; "), 600)),
        }
    }
}
