//! Which silence holds, and that compiling all of them together changes nothing about it.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::builders::{self, at, attributes};
use crate::event::Subject;

fn face(namespace: &str) -> Attributes {
    let subject = Subject { namespace: Some(namespace.to_owned()), ..Subject::default() };
    Attributes { priority: Priority::P2, family: "tool".to_owned(), ..attributes(subject) }
}

fn silence(id: &str, matches: &str, from: &str, to: &str) -> Silence {
    Silence { covers_p0: id.ends_with("p0"), ..builders::silence(id, matches, from, to) }
}

fn record() -> SilencesRecord {
    let (eight, nine, ten) = ("2026-11-25T08:00:00Z", "2026-11-25T09:00:00Z", "2026-11-25T10:00:00Z");
    let shop = r#"{"subject": {"namespace": ["shop"]}}"#;
    let silences = [
        silence("over", shop, eight, nine),
        silence("broken", r#"{"subject": ["#, eight, ten),
        silence("none", "{}", eight, ten),
        silence("bank", r#"{"subject": {"namespace": ["bank"]}}"#, eight, "2026-11-26T10:00:00Z"),
        silence("short", shop, eight, "2026-11-25T09:30:00Z"),
        silence("tool-p0", r#"{"family": ["tool"]}"#, eight, "2026-11-25T09:15:00Z"),
        silence("long", r#"{"subject": {"namespace": [{"prefix": "sh"}]}}"#, eight, ten),
        silence("to-come", shop, ten, "2026-11-26T10:00:00Z"),
    ];
    SilencesRecord { silences: silences.into() }
}

#[test]
fn the_silence_in_force_that_holds_longest_holds_and_what_cannot_be_read_holds_nothing() {
    let silences = Silences::from(record());
    let held = |namespace: &str, is_p0, now| {
        silences.of(&face(namespace), is_p0, at(now)).map(|silence| silence.id.as_str().to_owned())
    };
    let answers = [
        held("shop", false, "2026-11-25T09:00:00Z"),
        held("shop", true, "2026-11-25T09:00:00Z"),
        held("bank", false, "2026-11-25T09:00:00Z"),
        held("other", false, "2026-11-25T09:00:00Z"),
        held("other", false, "2026-11-25T09:15:00Z"),
        held("shop", true, "2026-11-25T09:15:00Z"),
        held("shop", false, "2026-11-25T10:00:00Z"),
        held("shop", false, "2026-11-25T07:59:59Z"),
    ];
    let expected =
        [Some("long"), Some("tool-p0"), Some("bank"), Some("tool-p0"), None, None, Some("to-come"), None];
    assert_eq!(answers, expected.map(|id| id.map(str::to_owned)));
}

#[test]
fn silences_are_written_as_the_record_and_read_back_compiled() {
    let silences = Silences::from(record());
    let written = serde_json::to_string(&silences).unwrap();
    assert_eq!(written, serde_json::to_string(&record()).unwrap());
    let read: Silences = serde_json::from_str(&written).unwrap();
    assert_eq!(read, silences);
    let now = at("2026-11-25T09:00:00Z");
    assert_eq!(read.of(&face("shop"), false, now), silences.of(&face("shop"), false, now));
}
