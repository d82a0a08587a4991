//! The id of a decision: what was delivered has a name space of its own, and so has each kind of ours.
//!
//! A key that a sender can write is not a key. What a sender calls an event is only a part of its id here:
//!
//! ```text
//! event:<the sender's id>#<16 hexadecimal digits over that id, source, account, detail-type and text>
//! wake:…  act:…  completed:…  command:…  pagerduty:…  unreadable:…  not-delivered:…  near-dead-letter:…  store-set-aside:…
//! store-unavailable:…  clock:…  triage:…
//! ```
//!
//! The digits have a fixed length and come last, so that no id of a sender can imitate them.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EffectId, IncidentKey};
use crate::hash::keyed;
use crate::text::clean;

/// The id under which an event, or something of our own, is decided once.
///
/// The same delivery has the same id however often it comes; another delivery never has it, whatever its
/// sender writes. Entries of earlier releases have the sender's id alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EventId(String);

/// What tells one delivery from every other.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'d> {
    /// What its sender calls it.
    pub id: &'d str,
    /// The envelope's source.
    pub source: &'d str,
    /// The envelope's account.
    pub account: &'d str,
    /// The envelope's detail-type.
    pub detail_type: &'d str,
    /// Its text: a redelivery has the same.
    pub text: &'d str,
}

/// What an id of our own is about.
#[derive(Clone, Copy, Debug)]
pub enum Own<'o> {
    /// A record whose time has come. The version at which it stands is never used again, so that what is due
    /// anew at the same time is another decision.
    Wake {
        /// Which record.
        key: &'o str,
        /// When it was due.
        at: Timestamp,
        /// At which version it stands.
        version: u64,
    },
    /// An act of a decision that has come to its end.
    Act {
        /// The decision.
        of: &'o EventId,
        /// The act.
        act: &'o EffectId,
    },
    /// What the cluster could not say in time about that event.
    Completed(&'o EventId),
    /// What an operator orders, by the id they gave it.
    Command(&'o str),
    /// What PagerDuty tells, by its id.
    PagerDuty(&'o str),
    /// A message that cannot be read, by its hash.
    Unreadable(&'o str),
    /// The page of that decision, which every channel refuses.
    NotDelivered(&'o EventId),
    /// A message that its queue is about to give up, by the queue's id.
    NearDeadLetter(&'o str),
    /// A store that could not be opened, by the file that it was put into.
    StoreSetAside(&'o str),
    /// A store that nothing can be written to.
    StoreUnavailable {
        /// Which.
        store: &'o str,
        /// Since when.
        since: Timestamp,
    },
    /// What a model says of an incident.
    Triage {
        /// Which.
        incident: &'o IncidentKey,
        /// In which of its episodes.
        episode: u32,
    },
    /// A bulletin of a day.
    Bulletin {
        /// Which.
        of: &'o str,
        /// Of which day.
        day: Date,
    },
    /// Records written by a clock that was ahead.
    Clock {
        /// Which of them comes first.
        key: &'o str,
        /// At which version it stands.
        version: u64,
    },
}

/// The longest part of an id that comes from elsewhere, in characters: what is longer is cut, and told apart
/// by a hash.
const LONGEST: usize = 200;
/// No id is shown with more characters: one of ours may have another in it.
const LONGEST_SHOWN: usize = 300;
/// What ids of delivered events begin with.
const EVENT: &str = "event:";
/// So many hexadecimal digits end them.
const DIGITS: usize = 16;

impl EventId {
    /// An id as it was written down before; never what a sender wrote, see [`EventId::delivered`].
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id of a delivered event.
    pub fn delivered(delivery: Delivery<'_>) -> Self {
        let Delivery { id, source, account, detail_type, text } = delivery;
        let hash = keyed("event", &[id, source, account, detail_type, text.trim()]);
        Self(format!("{}{}", Self::named(id), &hash[..DIGITS]))
    }

    /// What the ids of all delivered events begin with whose senders call them that.
    pub fn named(id: &str) -> String {
        format!("{EVENT}{}#", clean(id, LONGEST))
    }

    /// What the ids of all delivered events begin with whose senders call them something that begins so.
    pub fn beginning(id: &str) -> String {
        format!("{EVENT}{}", clean(id, LONGEST))
    }

    /// An id of our own.
    pub fn own(own: Own<'_>) -> Self {
        Self(match own {
            Own::Wake { key, at, version } => format!("wake:{key}@{}.{version}", at.as_microsecond()),
            // No act's id has an @ in it.
            Own::Act { of, act } => format!("act:{act}@{}", of.as_str()),
            Own::Completed(of) => format!("completed:{}", of.as_str()),
            Own::Command(id) => format!("command:{}", bounded(id)),
            Own::PagerDuty(id) => format!("pagerduty:{}", bounded(id)),
            Own::Unreadable(hash) => format!("unreadable:{}", bounded(hash)),
            Own::NotDelivered(of) => format!("not-delivered:{}", of.as_str()),
            Own::NearDeadLetter(id) => format!("near-dead-letter:{}", bounded(id)),
            Own::StoreSetAside(file) => format!("store-set-aside:{}", bounded(file)),
            Own::StoreUnavailable { store, since } => {
                format!("store-unavailable:{}@{}", bounded(store), since.as_microsecond())
            }
            Own::Triage { incident, episode } => format!("triage:{incident}-{episode}"),
            Own::Bulletin { of, day } => format!("bulletin:{of}@{day}"),
            Own::Clock { key, version } => format!("clock:{key}.{version}"),
        })
    }

    /// What it is kept under.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What people see and type: the sender's own id, or all of one of ours. Not a key: two events may have
    /// the same.
    pub fn shown(&self) -> String {
        clean(self.sent().unwrap_or(&self.0), LONGEST_SHOWN)
    }

    /// Whether it is the id of a delivered event whose sender calls it that.
    pub fn is_named(&self, id: &str) -> bool {
        self.sent().is_some_and(|sent| sent == clean(id, LONGEST))
    }

    /// Whether it is the id of a delivered event.
    pub fn is_delivered(&self) -> bool {
        self.sent().is_some()
    }

    /// What the sender calls the event; none for an id that is not a delivered event's.
    fn sent(&self) -> Option<&str> {
        let (sent, digits) = self.0.strip_prefix(EVENT)?.rsplit_once('#')?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        (digits.len() == DIGITS && digits.bytes().all(is_digit)).then_some(sent)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.shown())
    }
}

/// The text as it is where it is clean and short, else what can be shown of it and a hash of all of it.
fn bounded(text: &str) -> Cow<'_, str> {
    let shown = clean(text, LONGEST);
    if shown == text {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{shown}~{}", &keyed("id", &[text])[..DIGITS]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(id: &str, source: &str, text: &str) -> EventId {
        EventId::delivered(Delivery { id, source, account: "111122223333", detail_type: "Test", text })
    }

    fn owns(of: &EventId) -> Vec<EventId> {
        let (key, at) = ("digest", Timestamp::UNIX_EPOCH);
        let act = EffectId::new("quarantine");
        [
            Own::Wake { key, at, version: 7 },
            Own::Act { of, act: &act },
            Own::Completed(of),
            Own::Command("a"),
            Own::PagerDuty("a"),
            Own::Unreadable("a"),
            Own::NotDelivered(of),
            Own::NearDeadLetter("a"),
            Own::StoreSetAside("a"),
            Own::StoreUnavailable { store: "a", since: at },
            Own::Triage { incident: &IncidentKey::new("wf1-a"), episode: 1 },
            Own::Bulletin { of: "daily", day: jiff::civil::date(2026, 11, 30) },
            Own::Clock { key, version: 7 },
        ]
        .map(EventId::own)
        .to_vec()
    }

    #[test]
    fn no_sender_can_write_an_id_of_ours_or_of_another_event() {
        let first = delivered("a", "aws.rds", "{}");
        let mut ids = owns(&first);
        ids.push(first.clone());
        let guessed: Vec<_> = ids.iter().map(|id| id.as_str().to_owned()).collect();
        let written = guessed.iter().map(|id| delivered(id, "shop.own", "{}"));
        ids.extend(written);
        ids.extend(owns(&delivered("a", "aws.config", "{}")).into_iter().filter(|id| {
            // What is not about an event is the same for both.
            id.as_str().contains('#')
        }));
        ids.push(delivered("a", "aws.config", "{}"));
        ids.push(delivered("a", "aws.rds", r#"{"other": true}"#));
        let different: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len(), "{ids:#?}");
    }

    #[test]
    fn a_redelivery_has_the_same_id_and_people_see_what_its_sender_wrote() {
        let id = delivered("7bf73129", "aws.rds", "{}");
        assert_eq!(id, delivered("7bf73129", "aws.rds", " {}\n"));
        assert_eq!((id.shown(), id.is_delivered()), ("7bf73129".to_owned(), true));
        assert!(id.as_str().starts_with(&EventId::named("7bf73129")));
        let hostile = delivered("wake:digest@1\u{1b}[2J\n#0123456789abcdef", "a", "{}");
        assert_eq!(hostile.to_string(), "wake:digest@1\u{fffd}[2J #0123456789abcdef");
    }

    #[test]
    fn ids_are_bounded_and_stay_apart_where_they_are_cut() {
        let (long, longer) = ("x".repeat(4_000), "x".repeat(4_001));
        let ids = [delivered(&long, "a", ""), delivered(&longer, "a", "")];
        assert_ne!(ids[0], ids[1]);
        let commands = [EventId::own(Own::Command(&long)), EventId::own(Own::Command(&longer))];
        assert_ne!(commands[0], commands[1]);
        let all = ids.iter().chain(&commands);
        assert!(all.clone().all(|id| id.as_str().len() < 240), "{ids:?} {commands:?}");
        assert!(all.clone().all(|id| id.shown().len() < 240));
    }

    #[test]
    fn an_id_of_an_earlier_release_is_read_as_it_was() {
        let id: EventId = serde_json::from_str(r#""7bf73129-1428""#).expect("a text");
        assert_eq!(
            (id.as_str(), id.shown(), id.is_delivered()),
            ("7bf73129-1428", "7bf73129-1428".to_owned(), false)
        );
    }
}
