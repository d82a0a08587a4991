//! What pages say was seen, for every shipped example and every kind of event that they lack, compared with `seen.txt`.
//!
//! `WRITE_PAGES=1` writes it anew: look at the difference before you keep it.

#![allow(clippy::disallowed_methods)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use watchfire_core::context::Context;
use watchfire_core::decide::decide;
use watchfire_core::event::{Event, messages};
use watchfire_core::notice::{Group, Notice};
use watchfire_core::policy::Policy;
use watchfire_core::state::State;

use crate::support::world::{NOW, policy};

/// The page about an event, whoever is told of it.
fn notice(policy: &Policy, text: &str) -> Option<Notice> {
    let event = Event::read(text).unwrap();
    let decision = decide(&event, policy, &State::whole(), &Context::none(), NOW.parse().unwrap()).unwrap();
    decision.changes.values().find_map(|change| match change {
        watchfire_core::state::Record::PageDraft(page_draft) => Some(page_draft.notice.clone()),
        _ => None,
    })
}

fn told(policy: &Policy, name: &str, message: &str, out: &mut String) {
    for text in messages(message).unwrap() {
        let Some(notice) = notice(policy, &text) else { continue };
        writeln!(out, "== {name}\n{}", notice.subject(watchfire_core::verdict::EffectKind::Page)).unwrap();
        for fact in notice.facts.iter().filter(|fact| fact.group == Group::Seen) {
            writeln!(out, "{}: {}", fact.label, fact.value).unwrap();
        }
        for list in &notice.lists {
            writeln!(out, "{}", list.head).unwrap();
            list.lines.iter().for_each(|line| writeln!(out, "- {line}").unwrap());
            if list.more > 0 {
                writeln!(out, "and {} more", list.more).unwrap();
            }
        }
        out.push('\n');
    }
}

#[test]
fn what_a_finding_knows_is_in_its_page() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = policy();
    let mut out = String::new();
    for folder in ["../../rules/examples", "tests/fixtures", "tests/seen"] {
        let mut files: Vec<_> =
            fs::read_dir(here.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|kind| kind == "json"));
        files.sort();
        for path in files {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            told(&policy, &name, &fs::read_to_string(&path).unwrap(), &mut out);
        }
    }
    let kept = here.join("tests/seen.txt");
    if std::env::var_os("WRITE_PAGES").is_some() {
        fs::write(&kept, &out).unwrap();
    }
    assert_eq!(out, fs::read_to_string(&kept).unwrap_or_default(), "WRITE_PAGES=1 writes it anew");
}

#[test]
fn an_event_of_any_size_is_told_in_a_bounded_and_clean_list() {
    let many: Vec<String> =
        (0..2_000).map(|number| format!(r#""field{number}":"\u202e{}""#, "x".repeat(900))).collect();
    let deep = format!("{}1{}", r#"{"a":"#.repeat(60), "}".repeat(60));
    let text = format!(
        r#"{{"id":"e","source":"com.example","detail-type":"Anything","detail":{{"name":"a\r\nBcc: x","deep":{deep},{}}}}}"#,
        many.join(",")
    );
    let notice = notice(&policy(), &text).unwrap();
    let seen: Vec<_> = notice.facts.iter().filter(|fact| fact.group == Group::Seen).collect();
    assert_eq!(seen.len(), 17, "sixteen, and how many more");
    assert_eq!((seen[0].label.as_str(), seen[0].value.as_str()), ("name", "a Bcc: x"));
    assert!(seen.iter().all(|fact| fact.value.chars().count() <= 300 && !fact.value.contains('\u{202e}')));
    assert!(seen[16].value.ends_with("values, see its raw text"), "{:?}", seen[16]);
}
