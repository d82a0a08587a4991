//! Silences: what matches is recorded and not paged, until an end that must be given.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::attributes::Attributes;
use crate::ids::SilenceId;
use crate::pattern::{Pattern, PatternSet};
use crate::priority::Priority;

/// A silence ends at most this long after its start.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So many silences are in force or to come at most.
pub const MOST: usize = 200;
/// One that is over is still listed for this long.
const LISTED_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is not paged, from when to when, and who says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// Its id.
    pub id: SilenceId,
    /// What it matches: an event pattern over [`Attributes::json`], as text.
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
    /// Whether P0 is silenced, too: only if whoever made it said so.
    pub covers_p0: bool,
    /// When it was made.
    pub made_at: Timestamp,
    /// Who ended it before its time.
    pub expired_by: Option<String>,
}

/// A silence as it is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceDraft {
    /// What it matches: an event pattern over [`Attributes::json`], as text.
    pub matches: String,
    /// From when on; now if left out.
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Timestamp,
    /// The ticket or change it belongs to.
    #[serde(default)]
    pub ticket: Option<String>,
    /// That it may cover a P0, everything, or more than the configured share.
    #[serde(default)]
    pub yes_cover_p0: bool,
}

/// A later end for a silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Which.
    pub silence: SilenceId,
    /// Until when.
    pub ends_at: Timestamp,
}

/// What a silence would have done to the events of the last day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SilenceEffect {
    /// How many events there were.
    pub events: u64,
    /// How many of them it would have silenced.
    pub matched: u64,
    /// How many of those were P0.
    pub p0: u64,
}

impl SilenceEffect {
    /// Over the faces of the last day's events.
    pub fn of<'f>(pattern: &Pattern, faces: impl Iterator<Item = &'f Attributes>) -> Self {
        let mut effect = Self::default();
        faces.for_each(|face| effect.count(pattern, face));
        effect
    }

    /// One more event.
    pub fn count(&mut self, pattern: &Pattern, face: &Attributes) {
        self.events += 1;
        if pattern.matches(&face.json()) {
            self.matched += 1;
            self.p0 += u64::from(face.priority == Priority::P0);
        }
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        let Self { events, matched, p0 } = self;
        format!("would have silenced {matched} of {events} events in 24 h, {p0} of them P0")
    }

    /// What of it needs to be confirmed; none if nothing does.
    pub fn objection(&self, most_percent: u8) -> Option<String> {
        let Self { events, matched, p0 } = *self;
        if p0 > 0 {
            return Some(format!("it {}", self.sentence()));
        }
        if events > 0 && matched == events {
            return Some(format!("it {}: everything", self.sentence()));
        }
        (matched * 100 > events * u64::from(most_percent))
            .then(|| format!("it {}: more than {most_percent} %", self.sentence()))
    }
}

/// All silences: in force, to come, and over for at most a week.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SilencesRecord {
    /// In the order they were made.
    pub silences: VecDeque<Silence>,
}

impl Silence {
    /// Whether it is in force.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.starts_at <= now && now < self.ends_at
    }
}

impl SilencesRecord {
    /// The silence of that id.
    pub fn get(&self, id: &SilenceId) -> Option<&Silence> {
        self.silences.iter().find(|silence| silence.id == *id)
    }

    /// As they are now, where a clock that was ahead has changed them: one that was made then was made now, and
    /// is in force for as long as was asked for; one that was ended then is over.
    pub(crate) fn as_of(&mut self, now: Timestamp) {
        for silence in &mut self.silences {
            let ahead = silence.made_at.duration_since(now);
            if ahead > SignedDuration::ZERO {
                if silence.starts_at <= silence.made_at {
                    silence.starts_at = now;
                    silence.ends_at = silence.ends_at.saturating_sub(ahead).unwrap_or(now);
                }
                silence.made_at = now;
            }
            if silence.expired_by.is_some() {
                silence.ends_at = silence.ends_at.min(now);
                silence.starts_at = silence.starts_at.min(now);
            }
        }
    }

    /// Forgets what has been over for long.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        self.silences.retain(|silence| now < silence.ends_at + LISTED_AFTER);
    }
}

/// All silences with their patterns compiled, once for all who look at them: a copy is the same.
#[derive(Clone, Debug)]
pub struct Silences(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    record: SilencesRecord,
    /// In the order of the silences.
    patterns: PatternSet,
}

impl Silences {
    /// The silence in force that holds this longest; for a P0 only one that covers P0.
    pub fn of(&self, face: &Attributes, is_p0: bool, now: Timestamp) -> Option<&Silence> {
        let silences = &self.0.record.silences;
        let counts = |silence: &Silence| silence.is_active(now) && (!is_p0 || silence.covers_p0);
        if !silences.iter().any(counts) {
            return None;
        }
        let json = face.json();
        let matching = self.0.patterns.matching(&json).map(|index| &silences[index]);
        matching.filter(|silence| counts(silence)).max_by_key(|silence| silence.ends_at)
    }
}

impl From<SilencesRecord> for Silences {
    fn from(record: SilencesRecord) -> Self {
        // One that cannot be read any more silences nothing.
        let pattern =
            |silence: &Silence| Attributes::pattern(&silence.matches).unwrap_or_else(|_| Pattern::nothing());
        let patterns = PatternSet::new(record.silences.iter().map(pattern).collect());
        Self(Arc::new(Compiled { record, patterns }))
    }
}

impl Deref for Silences {
    type Target = SilencesRecord;

    fn deref(&self) -> &SilencesRecord {
        &self.0.record
    }
}

impl PartialEq for Silences {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Serialize for Silences {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Silences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SilencesRecord::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests;
