//! What a decision changes, record by record, and the reason of each change.

mod sentence;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::state::Key;

/// One record that a decision has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// Which.
    #[serde(serialize_with = "written", deserialize_with = "read")]
    #[schemars(with = "String")]
    pub key: Key,
    /// Why.
    pub because: Because,
    /// What people call it, where its key is no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
}

impl Edit {
    /// More edits than this are made and not logged: the timeline of an incident is read by humans.
    pub const MOST: usize = 64;
}

/// Why a record was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// An event reports it.
    Reported,
    /// Its finding is over.
    Closed,
    /// The cluster has said what it could not say in time.
    Completed,
    /// It is part of an attack sequence.
    PartOfSequence,
    /// The page of another names it as what led to it.
    LedToIt,
    /// It covers others from now on, or is covered.
    Covers,
    /// What covered others is over.
    CoversNoLonger,
    /// It waits with others.
    Waits,
    /// It waits with them no longer.
    WaitsNoLonger,
    /// It waits on, until something else.
    WaitsOn,
    /// It was counted, lest it become a storm.
    Counted,
    /// A page takes room.
    Spent,
    /// It stands in the digest.
    Digested,
    /// An edition of the digest is closed.
    EditionClosed,
    /// A page was composed.
    Composed,
    /// Somebody is told.
    Told,
    /// The finding is noted in Security Hub.
    Noted,
    /// Nobody has it in time.
    Escalated,
    /// It is over.
    Over,
    /// Something is planned to be done.
    Planned,
    /// An act has come to its end.
    Acted,
    /// A human says so.
    Commanded,
    /// A model was asked.
    Triaged,
    /// The clock that wrote it was ahead.
    ClockSetBack,
}

fn written<S: Serializer>(key: &Key, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(key)
}

fn read<'d, D: Deserializer<'d>>(from: D) -> Result<Key, D::Error> {
    let text = String::deserialize(from)?;
    Key::parse(&text).ok_or_else(|| serde::de::Error::custom(format_args!("expected a key, found {text:?}")))
}
