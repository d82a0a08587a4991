//! What rules may name: the members of an event and of what the cluster says, and what each holds.
//!
//! Nothing is listed here but the envelope, which is EventBridge's: what is ours is taken from a whole finding,
//! subject, pod, node and namespace, made into what rules see by the very functions that make it for an event.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde::Serialize;

use crate::context::{HostAccess, Namespace, Node, Owner, Pod, PodContainer};
use crate::event::{
    Band, Finding, FindingSource, FindingState, Severity, Subject, finding_json, subject_json,
};
use crate::ids::FindingKey;
use crate::json::Json;
use crate::near::near;
use crate::yaml::{Mistake, wrong};

/// What a value may be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Not known, or not ours to say.
    Any,
    /// Null, as literals are.
    Null,
    /// True or false.
    Truth,
    /// A number.
    Number,
    /// A text.
    Text,
    /// One of these texts.
    Word(&'static [&'static str]),
    /// A list of such values.
    List(Box<Shape>),
    /// Such values under names of anyone's choice.
    Map(Box<Shape>),
    /// These members, each where it is known.
    Members(BTreeMap<String, Shape>),
}

/// EventBridge's envelope, as AWS documents it; `replay-name` only where an archive is replayed.
const ENVELOPE: [(&str, Shape); 9] = [
    ("version", Shape::Text),
    ("id", Shape::Text),
    ("detail-type", Shape::Text),
    ("source", Shape::Text),
    ("account", Shape::Text),
    ("time", Shape::Text),
    ("region", Shape::Text),
    ("detail", Shape::Any),
    ("replay-name", Shape::Text),
];

/// What a condition may name, and the event that a pattern sees.
pub(super) static NAMES: LazyLock<BTreeMap<&'static str, Shape>> = LazyLock::new(|| {
    let finding = worded(Shape::of(&finding_json(&whole_finding())));
    let subject = Shape::of(&subject_json(&Subject::whole()));
    let mut event: BTreeMap<String, Shape> =
        ENVELOPE.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    event.insert("resources".to_owned(), Shape::List(Box::new(Shape::Text)));
    event.insert("finding".to_owned(), finding.clone());
    event.insert("subject".to_owned(), subject.clone());
    BTreeMap::from([
        ("event", Shape::Members(event)),
        ("finding", finding),
        ("subject", subject),
        ("pod", Shape::serialised(&whole_pod())),
        ("node", Shape::serialised(&whole_node())),
        ("namespace", Shape::serialised(&whole_namespace())),
    ])
});

impl Shape {
    /// The shape of a whole value; a member called `*` stands for all.
    fn of(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Shape::Any,
            Json::Bool(_) => Shape::Truth,
            Json::Number(_) => Shape::Number,
            Json::String(_) => Shape::Text,
            Json::Array(elements) => Shape::List(Box::new(elements.first().map_or(Shape::Any, Shape::of))),
            Json::Object(members) => match &members[..] {
                [(name, value)] if name == ANY_NAME => Shape::Map(Box::new(Shape::of(value))),
                members => Shape::Members(
                    members.iter().map(|(name, value)| (name.to_string(), Shape::of(value))).collect(),
                ),
            },
        }
    }

    fn serialised(value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).expect("what is kept as JSON is JSON");
        Shape::of(&Json::parse(&text).expect("what was written as JSON is JSON"))
    }

    /// What a value is, as a message says it.
    pub(super) fn said(&self) -> &'static str {
        match self {
            Shape::Any => "anything",
            Shape::Null => "null",
            Shape::Truth => "true or false",
            Shape::Number => "a number",
            Shape::Text | Shape::Word(_) => "a text",
            Shape::List(_) => "a list",
            Shape::Map(_) => "a mapping",
            Shape::Members(_) => "an object",
        }
    }

    /// Whether values of both can be equal. Null is what the cluster says where there is nothing, and
    /// stands beside everything.
    pub(super) fn meets(&self, other: &Shape) -> bool {
        match (self, other) {
            (Shape::Any | Shape::Null, _) | (_, Shape::Any | Shape::Null) => true,
            (Shape::Truth, Shape::Truth) | (Shape::Number, Shape::Number) => true,
            (Shape::Text | Shape::Word(_), Shape::Text | Shape::Word(_)) => true,
            (Shape::List(one), Shape::List(other)) => one.meets(other),
            (Shape::Map(_) | Shape::Members(_), Shape::Map(_) | Shape::Members(_)) => true,
            (
                Shape::Truth
                | Shape::Number
                | Shape::Text
                | Shape::Word(_)
                | Shape::List(_)
                | Shape::Map(_)
                | Shape::Members(_),
                _,
            ) => false,
        }
    }

    /// The shape of a member, or why there can be none. `of` is what the message calls this value.
    pub(super) fn member(&self, name: &str, of: &str) -> Result<Shape, Mistake> {
        match self {
            Shape::Any | Shape::Null => Ok(Shape::Any),
            Shape::Map(values) => Ok(Shape::clone(values)),
            Shape::Members(members) => members.get(name).cloned().ok_or_else(|| {
                let hint = near(name, members.keys().map(String::as_str));
                wrong(format!("unknown member `{name}` of {of}")).hint(hint)
            }),
            Shape::Truth | Shape::Number | Shape::Text | Shape::Word(_) | Shape::List(_) => {
                Err(wrong(format!("{of} is {}, and has no member `{name}`", self.said())))
            }
        }
    }
}

/// A name that stands for every name.
const ANY_NAME: &str = "*";

/// The members whose texts are one of a few.
fn worded(finding: Shape) -> Shape {
    let Shape::Members(mut members) = finding else { return finding };
    members.insert("source".to_owned(), Shape::Word(words::<FindingSource>()));
    members.insert("state".to_owned(), Shape::Word(words::<FindingState>()));
    members.insert("band".to_owned(), Shape::Word(words::<Band>()));
    Shape::Members(members)
}

/// The names of an enum's variants, as serde writes them.
fn words<'de, T: serde::Deserialize<'de>>() -> &'static [&'static str] {
    let mut words: &'static [&'static str] = &[];
    // It never becomes a value: what is asked for is all that is wanted.
    let _ = T::deserialize(Variants(&mut words));
    words
}

/// A deserializer that only notes which variants it is asked for.
struct Variants<'w>(&'w mut &'static [&'static str]);

impl<'de> serde::Deserializer<'de> for Variants<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("no value"))
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = variants;
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn text() -> String {
    "text".to_owned()
}

fn any_text() -> BTreeMap<String, String> {
    BTreeMap::from([(ANY_NAME.to_owned(), text())])
}

fn whole_finding() -> Finding {
    Finding {
        key: FindingKey::new(text()),
        source: FindingSource::GuardDuty,
        kind: text(),
        title: text(),
        description: text(),
        severity: Some(Severity::new(8.0)),
        state: FindingState::Open,
        sample: false,
        count: 1,
        updated_at: None,
        first_seen: None,
        last_seen: None,
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    }
}

fn whole_pod() -> Pod {
    let container = PodContainer {
        name: text(),
        image: text(),
        digest: Some(text()),
        id: Some(text()),
        previous_id: Some(text()),
        restarts: 0,
        stumble: None,
    };
    Pod {
        namespace: text(),
        name: text(),
        uid: text(),
        labels: any_text().into(),
        annotations: any_text(),
        owner: Some(Owner { api_version: text(), kind: text(), name: text(), uid: text() }),
        node: Some(text()),
        ips: vec![text()],
        phase: text(),
        ready: true,
        created_at: Some(Timestamp::UNIX_EPOCH),
        started_at: Some(Timestamp::UNIX_EPOCH),
        ended_at: Some(Timestamp::UNIX_EPOCH),
        service_account: text(),
        containers: vec![container],
        host: HostAccess { network: true, pid: true, ipc: true, privileged: true, mounts: vec![text()] },
        is_static: true,
        trouble: None,
        gone_at: Some(Timestamp::UNIX_EPOCH),
    }
}

fn whole_node() -> Node {
    Node {
        name: text(),
        uid: text(),
        instance: Some(text()),
        zone: Some(text()),
        instance_type: Some(text()),
        pool: Some(text()),
        auto_mode: true,
        ready: true,
        unschedulable: true,
        created_at: Some(Timestamp::UNIX_EPOCH),
        addresses: vec![text()],
        ready_since: Some(Timestamp::UNIX_EPOCH),
        pressures: vec![text()],
        is_leaving: true,
        room: None,
        kubelet: Some(text()),
        gone_at: Some(Timestamp::UNIX_EPOCH),
    }
}

fn whole_namespace() -> Namespace {
    Namespace { name: text(), labels: any_text(), annotations: any_text() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Nothing in a whole value may be left open: a member that is null, or a list without an element, is one
    /// that the check would let pass whatever is asked of it.
    fn is_whole(shape: &Shape) -> bool {
        match shape {
            Shape::Any | Shape::Null => false,
            Shape::Truth | Shape::Number | Shape::Text => true,
            Shape::Word(words) => !words.is_empty(),
            Shape::List(of) | Shape::Map(of) => is_whole(of),
            Shape::Members(members) => !members.is_empty() && members.values().all(is_whole),
        }
    }

    #[test]
    fn every_member_of_what_is_ours_is_known_with_what_it_holds() {
        for name in ["finding", "subject", "pod", "node", "namespace"] {
            assert!(is_whole(&NAMES[name]), "{name}: {:?}", NAMES[name]);
        }
        assert_eq!(Shape::Word(words::<FindingState>()), Shape::Word(&["open", "archived", "resolved"]));
        for band in [Band::Informational, Band::Low, Band::Medium, Band::High, Band::Critical] {
            assert!(words::<Band>().contains(&band.as_str()), "{band:?}");
        }
    }
}
