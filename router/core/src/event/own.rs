//! Events that Watchfire makes itself, so that its own troubles are classified, recorded and paged like
//! anyone else's.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{Event, Subject, sender};
use crate::hash::sha256;
use crate::ids::{EventId, Own};
use crate::json::Json;
use crate::priority::Priority;
use crate::text::clean;
use crate::zone::Zone;

/// The `source` of Watchfire's own events.
pub const OWN_SOURCE: &str = "watchfire";
/// The `source` of pages on an event bus, which are no findings when they come round.
pub const PAGES_SOURCE: &str = "watchfire.pages";
/// The `source` of what our own watch of the cluster sees.
pub(super) const WATCH_SOURCE: &str = "watchfire.watch";
/// The `detail-type` of an event that stands for a message that could not be read.
pub const UNREADABLE: &str = "Unreadable Alert";
/// The `detail-type` of an event that warns of a message about to be dead-lettered.
pub const NEAR_DEAD_LETTER: &str = "Message About To Be Dead-Lettered";
/// The `detail-type` of an event that says that every channel refused a page for good.
pub const NOT_DELIVERED: &str = "Page Not Delivered";
/// The `detail-type` of an event that says that a damaged store was set aside, and a new one begun.
pub const STORE_SET_ASIDE: &str = "Store Set Aside";
/// The `detail-type` of an event that says that nothing can be written to the store.
const STORE_UNAVAILABLE: &str = "Store Unavailable";

impl Event<'_> {
    /// Whether it is a page of ours, from a bus that it was put on.
    pub(crate) fn is_page_of_ours(&self) -> bool {
        self.source == PAGES_SOURCE
    }

    /// Whether this event stands for a message that could not be read.
    pub fn is_unreadable(&self) -> bool {
        self.source == OWN_SOURCE && self.detail_type == UNREADABLE
    }
}

/// Stands for a message that could not be read. The same message gives the same event; all of one sender and
/// shape are about one subject, so that a flood of them is one incident.
pub fn unreadable(raw: &str, reason: &str, now: Timestamp) -> Event<'static> {
    let hash = sha256(raw);
    let about = format!("messages that cannot be read: {}", sender::of(raw));
    let detail = vec![
        member("reason", clean(reason, 900)),
        member("sha256", hash.clone()),
        (Cow::Borrowed("bytes"), Json::Number(Cow::Owned(raw.len().to_string()))),
    ];
    own(Own::Unreadable(&hash[..32]), UNREADABLE, &about, detail, now)
}

/// Warns that a message has been tried so often that its queue is about to give it up. All such messages
/// are one incident: what is wrong is wrong for all of them.
pub fn near_dead_letter(message: &str, receives: u32, reason: &str, now: Timestamp) -> Event<'static> {
    let detail = vec![
        member("message", clean(message, 200)),
        member("reason", clean(reason, 300)),
        (Cow::Borrowed("receives"), Json::Number(Cow::Owned(receives.to_string()))),
    ];
    own(Own::NearDeadLetter(message), NEAR_DEAD_LETTER, "messages about to be dead-lettered", detail, now)
}

/// Says that every channel refused the page of that event for good. All of them are one incident: what is
/// wrong is a channel.
pub fn not_delivered(event: &EventId, priority: Priority, reason: &str, now: Timestamp) -> Event<'static> {
    let detail = vec![
        member("reason", clean(reason, 300)),
        member("event", event.shown()),
        member("priority", priority.to_string()),
    ];
    own(Own::NotDelivered(event), NOT_DELIVERED, "pages that every channel refuses", detail, now)
}

/// Says that a store was damaged and set aside under that name, and when. Each is told once.
pub fn store_set_aside(file: &str, at: Timestamp, zone: &Zone, now: Timestamp) -> Event<'static> {
    let file = clean(file, 300);
    let reason = format!(
        "The store was damaged, and a new one was begun at {}. What it knew is in {file}, as far as it can be read: \
         decisions, incidents, silences, approvals, what was held and what waited in the embedded queue are not known \
         any more. Where something may be done to the cluster, mitigation is switched off until a human switches it on.",
        zone.second(at)
    );
    let detail = vec![member("reason", reason), member("file", file.clone())];
    own(Own::StoreSetAside(&file), STORE_SET_ASIDE, "the store of Watchfire", detail, now)
}

/// Says since when nothing can be written to that store, and why. Whoever says it of one store speaks of the same
/// incident: they tell each other nothing while it is away.
pub fn store_unavailable(
    store: &str,
    since: Timestamp,
    error: &str,
    zone: &Zone,
    now: Timestamp,
) -> Event<'static> {
    let store = clean(store, 300);
    let reason = format!(
        "Nothing can be written to {store} since {}: {}. Until it answers P0 and P1 are paged at once, unrecorded and perhaps \
         again, nothing is done to the cluster, and everything else waits on its queue. This page ends by itself.",
        zone.second(since),
        clean(error, 400)
    );
    let detail = vec![member("reason", reason), member("since", since.to_string())];
    let about = format!("the store of Watchfire: {store}");
    own(Own::StoreUnavailable { store: &store, since }, STORE_UNAVAILABLE, &about, detail, now)
}

fn own(
    id: Own<'_>,
    detail_type: &'static str,
    about: &str,
    detail: Vec<(Cow<'static, str>, Json<'static>)>,
    now: Timestamp,
) -> Event<'static> {
    let id = EventId::own(id);
    let subject = vec![member("resource", about.to_owned())];
    let json = Json::Object(vec![
        member("id", id.as_str().to_owned()),
        member("source", OWN_SOURCE.to_owned()),
        member("detail-type", detail_type.to_owned()),
        member("time", now.to_string()),
        (Cow::Borrowed("detail"), Json::Object(detail)),
        (Cow::Borrowed("subject"), Json::Object(subject)),
    ]);
    Event {
        id,
        source: OWN_SOURCE.to_owned(),
        detail_type: detail_type.to_owned(),
        time: Some(now),
        finding: None,
        subject: Subject { resource: Some(about.to_owned()), ..Subject::default() },
        json,
        faults: Vec::new(),
    }
}

fn member(name: &'static str, text: String) -> (Cow<'static, str>, Json<'static>) {
    (Cow::Borrowed(name), Json::String(Cow::Owned(text)))
}
