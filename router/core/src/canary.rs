//! A canary: an event of ours that goes all the way and tells nobody, so that its absence can be noticed from outside.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::decision::{Effect, When};
use crate::event::{Event, OWN_SOURCE};
use crate::ids::{ChannelName, DedupKey, EffectId, EventId, IncidentKey};
use crate::notice::Notice;
use crate::priority::Priority;
use crate::verdict::{EffectKind, Why};

/// The `detail-type` of a canary.
pub const CANARY: &str = "Canary";
/// The channel that hears of it, and what stands for a rule and its family: no rule classifies it.
pub const NAME: &str = "canary";

/// A canary, by the time that is its own: whoever sends it at that time sends the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canary {
    /// When it was to be sent.
    pub at: Timestamp,
}

impl Canary {
    /// The one whose time has come last, where there is one in each such time.
    pub fn due(now: Timestamp, every: SignedDuration) -> Self {
        let every = every.as_secs().max(1);
        let second = now.as_second() - now.as_second().rem_euclid(every);
        Self { at: Timestamp::from_second(second).unwrap_or(now) }
    }

    /// The canary that an event is.
    pub fn of(event: &Event<'_>) -> Option<Self> {
        let is_one = event.source == OWN_SOURCE && event.detail_type == CANARY;
        event.time.filter(|_| is_one).map(|at| Self { at })
    }

    /// What it is called.
    pub fn id(&self) -> String {
        format!("{NAME}-{}", self.at.as_second())
    }

    /// The text of its event.
    pub fn event(&self) -> String {
        json!({
            "id": self.id(),
            "source": OWN_SOURCE,
            "detail-type": CANARY,
            "time": self.at.to_string(),
            "detail": {},
        })
        .to_string()
    }

    /// That it has arrived, for the channel that hears of it.
    pub(crate) fn arrived(&self, event: &EventId, channel: &ChannelName) -> Effect {
        let notice = Notice {
            title: "A canary has arrived: nothing has happened".to_owned(),
            why: Why::Canary.sentence().to_owned(),
            family: NAME.to_owned(),
            kind: CANARY.to_owned(),
            source: OWN_SOURCE.to_owned(),
            at: Some(self.at),
            ..Notice::empty(Priority::P3, &IncidentKey::new(self.id()), event)
        };
        Effect {
            id: EffectId::new(format!("arrived:{channel}")),
            kind: EffectKind::Update,
            channel: channel.clone(),
            when: When::Now,
            dedup_key: DedupKey::new(self.id()),
            notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn whoever_sends_one_in_the_same_time_sends_the_same() {
        let five = SignedDuration::from_mins(5);
        let due = |text| Canary::due(at(text), five);
        assert_eq!(due("2026-11-29T05:00:00Z"), due("2026-11-29T05:04:59.9Z"));
        assert_eq!(due("2026-11-29T05:05:00Z").at, at("2026-11-29T05:05:00Z"));
    }

    #[test]
    fn a_canary_is_read_as_it_was_sent_and_nothing_else_is_one() {
        let canary = Canary { at: at("2026-11-29T05:05:00Z") };
        let read = |text: &str| Canary::of(&Event::read(text).expect("an event"));
        assert_eq!(read(&canary.event()), Some(canary));
        for text in [
            r#"{"id":"1","source":"aws.guardduty","detail-type":"Canary","time":"2026-11-29T05:05:00Z","detail":{}}"#,
            r#"{"id":"1","source":"watchfire","detail-type":"Drill","time":"2026-11-29T05:05:00Z","detail":{}}"#,
            r#"{"id":"1","source":"watchfire","detail-type":"Canary","detail":{}}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
