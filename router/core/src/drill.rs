//! A drill: a page that tries out the way to people. It says that it is one, opens no incident, does nothing to the
//! cluster, and is over as soon as it was told.

use jiff::Timestamp;
use serde_json::json;

use crate::decision::{Effect, When, along};
use crate::event::{Event, OWN_SOURCE};
use crate::ids::{ChannelName, DedupKey, EffectId, EventId, IncidentKey};
use crate::notice::Notice;
use crate::policy::Routed;
use crate::priority::Priority;
use crate::text::clean;
use crate::verdict::{EffectKind, Why};

/// The `detail-type` of an event that asks for a drill.
pub const DRILL: &str = "Drill";
/// What stands for a rule and its family where no rule has classified it.
pub(crate) const NAME: &str = "drill";

/// A drill as somebody asks for it. Its words are ours: nothing of the event but who asks is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drill {
    /// Whom it tries: those who are told of that priority.
    pub priority: Priority,
    /// Who asks for it.
    pub by: String,
}

impl Drill {
    /// The drill that an event asks for. An event of ours that does not say of which priority asks for none: it is
    /// classified by the rules, like any other.
    pub fn of(event: &Event<'_>) -> Option<Drill> {
        if event.source != OWN_SOURCE || event.detail_type != DRILL {
            return None;
        }
        let detail = event.json.get("detail")?;
        let priority = detail.get("priority")?.as_str()?;
        let priority = Priority::ALL.into_iter().find(|known| known.as_str() == priority)?;
        let by = detail.get("by").and_then(|by| by.as_str()).unwrap_or("somebody");
        Some(Drill { priority, by: clean(by, 60) })
    }

    /// The text of the event that asks for it, under that id, which nothing else may have.
    pub fn event(&self, id: &str, now: Timestamp) -> String {
        let Self { priority, by } = self;
        json!({
            "id": id,
            "source": OWN_SOURCE,
            "detail-type": DRILL,
            "time": now.to_string(),
            "detail": {"priority": priority.as_str(), "by": by},
        })
        .to_string()
    }

    /// What it says.
    pub fn notice(&self, event: &EventId, now: Timestamp) -> Notice {
        let Self { priority, by } = self;
        Notice {
            title: "A test page: nothing has happened".to_owned(),
            description: format!(
                "Sent by {by} to try out the way from Watchfire to you. It ends by itself; nothing is asked of you, \
                 and nothing is done to any cluster."
            ),
            why: Why::Drill.sentence().to_owned(),
            family: NAME.to_owned(),
            kind: DRILL.to_owned(),
            source: OWN_SOURCE.to_owned(),
            at: Some(now),
            drill: true,
            ..Notice::empty(*priority, &IncidentKey::new(key(event)), event)
        }
    }

    /// The page by one channel.
    pub fn page(&self, event: &EventId, channel: &ChannelName, when: When, now: Timestamp) -> Effect {
        Effect {
            id: EffectId::new(format!("page:{channel}")),
            kind: EffectKind::Page,
            channel: channel.clone(),
            when,
            dedup_key: DedupKey::new(key(event)),
            notice: self.notice(event, now),
        }
    }

    /// Its end, for a channel that took the page.
    pub fn resolve(&self, event: &EventId, page: &Effect, now: Timestamp) -> Effect {
        Effect {
            id: EffectId::new(format!("resolve:{}", page.channel)),
            kind: EffectKind::Resolve,
            when: When::IfDone(vec![(event.clone(), page.id.clone())]),
            ..self.page(event, &page.channel, When::Now, now)
        }
    }

    /// The pages of a route as those of an incident would be, and the end of each.
    pub(crate) fn effects(&self, event: &EventId, routed: &Routed<'_>, now: Timestamp) -> Vec<Effect> {
        let effects = along(routed, self.priority, |channel, when| self.page(event, channel, when, now));
        let ends: Vec<_> = effects.iter().map(|page| self.resolve(event, page, now)).collect();
        effects.into_iter().chain(ends).collect()
    }
}

const KEY: &str = "drill-";

/// No incident has a key of this form: whatever is done about a drill is done about nothing else.
fn key(event: &EventId) -> String {
    format!("{KEY}{}", event.shown())
}

/// The event of a drill, by what the drill's page has in the place of an incident.
pub fn drilled(key: &str) -> Option<&str> {
    key.strip_prefix(KEY).filter(|event| !event.is_empty())
}

/// Why nothing may be known of such a name.
pub fn unknown(key: &str) -> Option<&'static str> {
    drilled(key).map(|_| {
        "that is a drill (watchfire send-test): nothing has happened; the worker knows only those with --end-to-end, and \
         whoever sent it is named in its page"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Drill> {
        Drill::of(&Event::read(text).expect("an event"))
    }

    #[test]
    fn a_drill_is_read_as_it_was_asked_for() {
        let now: Timestamp = "2026-11-29T05:00:00Z".parse().expect("a time");
        let drill = Drill { priority: Priority::P1, by: "jane".to_owned() };
        assert_eq!(read(&drill.event("drill-1", now)), Some(drill));
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        for text in [
            r#"{"id":"1","source":"aws.guardduty","detail-type":"Drill","detail":{"priority":"P0"}}"#,
            r#"{"id":"1","source":"watchfire","detail-type":"Unreadable Alert","detail":{"priority":"P0"}}"#,
            r#"{"id":"1","source":"watchfire","detail-type":"Drill","detail":{"priority":"p0"}}"#,
            r#"{"id":"1","source":"watchfire","detail-type":"Drill","detail":{}}"#,
            r#"{"id":"1","source":"custom","detail-type":"Drill","drill":true,"detail":{"drill":true,"priority":"P0"}}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn who_asks_is_one_short_line() {
        let text = r#"{"id":"1","source":"watchfire","detail-type":"Drill","detail":{"priority":"P3","by":"a\r\nBcc: b"}}"#;
        assert_eq!(read(text).map(|drill| drill.by), Some("a Bcc: b".to_owned()));
    }

    #[test]
    fn a_drill_is_known_by_what_its_page_has_in_the_place_of_an_incident() {
        let event = EventId::new("ab12");
        assert_eq!(drilled(&key(&event)), Some("ab12"));
        assert_eq!(["wf1-ab12", "drill-", "ab12"].map(drilled), [None, None, None]);
        assert!(unknown("drill-ab12").is_some_and(|why| why.contains("nothing has happened")));
        assert_eq!(unknown("ab12"), None);
    }
}
