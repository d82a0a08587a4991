//! Where each thing stands in the table and in its indexes.
//!
//! ```text
//! E#x / EVENT              what became of a decision     due: D#x / TIME#EVENT
//! T#x / TIME#EVENT         the decision and its event    timeline: I#INCIDENT / TIME
//! C#WHAT / -               who has what only one worker is to do
//! L#KEY / -                what is leased of the room of what bears so many attempts a minute
//! R#KIND#x / REST          a record, by its key          due: W#x / TIME#KEY   open: O#KIND#x / REST
//!                                                        timeline: A#x / TIME#KEY
//! ```
//! `x` is one of sixteen hexadecimal digits, by the hash of what it is about: no partition is written by all. Times are
//! microseconds since 1970, in as many digits as make them sort.

use jiff::Timestamp;
use watchfire_core::hash::sha256;
use watchfire_core::ids::{EventId, IncidentKey};

use super::item::{Attribute, Item};

/// The partitions of each kind.
pub(super) const SHARDS: &str = "0123456789abcdef";
/// In bytes: DynamoDB takes 1,024 in a sort key, and a time stands before it in some.
const LONGEST: usize = 960;

/// The kinds of records that have many, by what their keys begin with.
pub(super) const KINDS: [&str; 15] = [
    "annotations",
    "approval",
    "audit",
    "bundle",
    "cover",
    "digest-edition",
    "digest-line",
    "finding",
    "incident",
    "limit",
    "sayable",
    "storm",
    "tally",
    "target",
    "triage",
];
/// The records of which there is one each.
pub(super) const SINGLE: [&str; 7] =
    ["audit-head", "budget", "digest", "digest-days", "silences", "switch", "triage-spent"];

/// The sort key of a record that is the only one of its kind.
const ONLY: &str = "-";

/// The key of an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) pk: String,
    pub(super) sk: String,
    /// What it is called, where that is too long for a key.
    pub(super) name: Option<String>,
}

impl Place {
    fn new(pk: String, sk: &str) -> Self {
        match shortened(sk) {
            Some(short) => Self { pk, sk: short, name: Some(sk.to_owned()) },
            None => Self { pk, sk: sk.to_owned(), name: None },
        }
    }

    /// Of an item that was read.
    pub(super) fn of(item: &Item) -> Option<Self> {
        let (pk, sk) = (item.text("pk")?.to_owned(), item.text("sk")?.to_owned());
        Some(Self { pk, sk, name: None })
    }

    pub(super) fn key(&self) -> Item {
        Item::default().with("pk", self.pk.as_str()).with("sk", self.sk.as_str())
    }

    /// What an item there begins with.
    pub(super) fn item(&self) -> Item {
        self.key().with_any("name", self.name.clone())
    }
}

/// What is written to find out whether it can be.
pub(super) fn ping() -> Place {
    Place::new("ping".to_owned(), "ping")
}

/// What became of the decision about an event.
pub(super) fn head(event: &EventId) -> Place {
    Place::new(format!("E#{}", shard(called(event.as_str()))), event.as_str())
}

/// Who has what only one worker is to do.
pub(super) fn claim(what: &str) -> Place {
    Place::new(format!("C#{what}"), ONLY)
}

/// What is leased of a room.
pub(super) fn room(key: &str) -> Place {
    Place::new(format!("L#{key}"), ONLY)
}

/// The partition of all events that are called just so.
pub(super) fn heads_of(named: &str) -> String {
    format!("E#{}", shard(named))
}

/// The event that a head is about.
pub(super) fn event_of(head: &Item) -> Option<EventId> {
    head.text("name").or_else(|| head.text("sk")).map(EventId::new)
}

/// The decision about an event.
pub(super) fn body(event: &EventId, decided: i64) -> Place {
    let name = in_time(decided, event.as_str());
    Place::new(format!("T#{}", shard(event.as_str())), &name)
}

/// The event that a body is about.
pub(super) fn event_of_body(body: &Item) -> Option<EventId> {
    let name = body.text("name").or_else(|| body.text("sk"))?;
    name.split_once('#').map(|(_, event)| EventId::new(event))
}

/// Where a body stands in an incident's timeline.
pub(super) fn in_timeline(incident: &IncidentKey, decided: i64) -> [(&'static str, Attribute); 2] {
    [("timeline_pk", line_of(incident).into()), ("timeline_sk", time(decided).into())]
}

pub(super) fn line_of(incident: &IncidentKey) -> String {
    format!("I#{incident}")
}

/// Where an event stands among those whose next try is at a time.
pub(super) fn due(event: &EventId, at: i64) -> [(&'static str, Attribute); 2] {
    due_in('D', event.as_str(), at)
}

/// Where a record stands among those that something is due about.
pub(super) fn wake(key: &str, at: i64) -> [(&'static str, Attribute); 2] {
    due_in('W', key, at)
}

fn due_in(kind: char, name: &str, at: i64) -> [(&'static str, Attribute); 2] {
    let sk = in_time(at, name);
    let sk = shortened(&sk).unwrap_or(sk);
    [("due_pk", format!("{kind}#{}", shard(name)).into()), ("due_sk", sk.into())]
}

/// Where a record stands among those of which it is asked at a time whether they are still needed.
pub(super) fn mark(key: &str, at: i64) -> [(&'static str, Attribute); 2] {
    let sk = in_time(at, key);
    let sk = shortened(&sk).unwrap_or(sk);
    [("timeline_pk", format!("A#{}", shard(key)).into()), ("timeline_sk", sk.into())]
}

/// When it is asked whether a record is still needed, if it stands among those of which it is asked.
pub(super) fn marked_at(record: &Item) -> Option<i64> {
    record.text("timeline_sk")?.split_once('#')?.0.parse().ok()
}

/// Where a record stands among the open ones.
pub(super) fn open(key: &str) -> [(&'static str, Attribute); 2] {
    let Place { pk, sk, name: _ } = record(key);
    [("open_pk", pk.replacen('R', "O", 1).into()), ("open_sk", sk.into())]
}

/// A record, by its key.
pub(super) fn record(key: &str) -> Place {
    match key.split_once('/') {
        Some((kind, rest)) => Place::new(format!("R#{kind}#{}", shard(rest)), rest),
        None => Place::new(format!("R#{key}"), ONLY),
    }
}

/// The key of a record.
pub(super) fn key_of(record: &Item) -> Option<String> {
    let kind = record.text("pk")?.strip_prefix("R#")?;
    let rest = record.text("name").or_else(|| record.text("sk"))?;
    Some(match kind.rsplit_once('#') {
        Some((kind, _)) => format!("{kind}/{rest}"),
        None => kind.to_owned(),
    })
}

/// A time, so that texts sort as times do.
pub(super) fn time(at: i64) -> String {
    // Before 1970 there is nothing to be told apart.
    format!("{:018}", at.max(0))
}

/// The first text after all that are at that time or before.
pub(super) fn after(at: Timestamp) -> String {
    time(at.as_microsecond().saturating_add(1))
}

fn in_time(at: i64, name: &str) -> String {
    format!("{}#{name}", time(at))
}

/// What senders call the event, if it is one that was delivered: those that are called the same stand together.
fn called(event: &str) -> &str {
    let is_delivered = EventId::new(event).is_delivered();
    match event.rfind('#') {
        Some(at) if is_delivered => &event[..=at],
        Some(_) | None => event,
    }
}

fn shard(name: &str) -> char {
    sha256(name).chars().next().unwrap_or('0')
}

/// Its beginning and its hash; none where it is short enough.
fn shortened(text: &str) -> Option<String> {
    if text.len() <= LONGEST {
        return None;
    }
    let kept = text.floor_char_boundary(LONGEST - 65);
    Some(format!("{}~{}", &text[..kept], sha256(text)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use watchfire_core::digest::EditionNumber;
    use watchfire_core::ids::{
        ApprovalId, BundleKey, Delivery, FindingKey, InhibitionKey, LimitKey, TallyKey,
    };
    use watchfire_core::state::Key;

    use super::*;

    /// One of every kind that is kept.
    fn keys() -> Vec<Key> {
        let incident = IncidentKey::new("wf1-00");
        let edition = EditionNumber(7);
        vec![
            Key::Finding(FindingKey::new("arn:aws:x#y/z")),
            Key::Incident(incident.clone()),
            Key::Annotations(incident.clone()),
            Key::Triage(incident.clone()),
            Key::TriageSpent,
            Key::Approval(ApprovalId::new("a")),
            Key::Budget,
            Key::Switch,
            Key::PageDraft(incident.clone()),
            Key::Silences,
            Key::Inhibition(InhibitionKey::new("c")),
            Key::Bundle(BundleKey::new("b")),
            Key::Limit(LimitKey::new("l")),
            Key::Tally(TallyKey::new("t")),
            Key::Storm(BundleKey::new("s")),
            Key::Digest,
            Key::DigestLine(edition, incident),
            Key::DigestEdition(edition),
            Key::DigestDays,
            Key::Audit(7),
            Key::AuditHead,
        ]
    }

    #[test]
    fn a_record_is_found_where_its_key_says_and_says_its_key() {
        let mut kinds = Vec::new();
        // Targets are named by what is contained.
        let target = "target/pod/shop/cart-0".to_owned();
        for key in keys().iter().map(Key::to_string).chain([target]) {
            let place = record(&key);
            assert_eq!(key_of(&place.item()), Some(key));
            kinds.push(place.pk[2..].split('#').next().unwrap().to_owned());
        }
        kinds.sort_unstable();
        let mut known = [KINDS.as_slice(), SINGLE.as_slice()].concat();
        known.sort_unstable();
        assert_eq!(kinds, known);
    }

    #[test]
    fn a_name_that_is_too_long_for_a_key_is_kept_beside_it() {
        let event = EventId::new(format!("act:{}", "é".repeat(700)));
        let place = head(&event);
        assert!(place.sk.len() <= LONGEST);
        assert_eq!(event_of(&place.item()), Some(event.clone()));
        let place = body(&event, 5);
        assert!(place.sk.len() <= LONGEST && place.sk.starts_with("000000000000000005#act:"));
        assert_eq!(event_of_body(&place.item()), Some(event));
    }

    #[test]
    fn what_senders_call_the_same_stands_in_one_partition() {
        let delivered = |text| {
            let (source, account, detail_type) = ("shop", "111122223333", "Deploy");
            EventId::delivered(Delivery { id: "one", source, account, detail_type, text })
        };
        let [one, other] = ["a", "b"].map(delivered);
        assert_eq!(head(&one).pk, head(&other).pk);
        assert_eq!(head(&one).pk, heads_of(&EventId::named("one")));
    }

    #[test]
    fn texts_sort_as_times_do() {
        let times = [0, 5, 1_790_000_000_000_000, Timestamp::MAX.as_microsecond()];
        assert!(times.map(time).is_sorted());
        assert!(times.iter().all(|at| time(*at).len() == 18));
    }
}
