//! Every kind of mistake in a configuration and its rules, with all that is said of it: one table.
//!
//! A case is its promise after `=== `, a configuration, `>>>`, and what `watchfire check` says. One that names no
//! channels gets `screen` and routes to it. Beside it lie the files of [`BESIDE`], and a folder with a rule. The rules'
//! own part of the table is core's `rule_mistakes.txt`; here each of its files stands in the folder that a
//! configuration names. With `WRITE_TABLE=1` what is said now is written into the table: look at the difference.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use super::{Diagnostic, Reach, Ready, examples};
use crate::clients::Clients;

pub(super) const TABLE: &str = include_str!("mistakes.txt");
const RULES: &str = include_str!("../../core/tests/rule_mistakes.txt");
pub(super) const REST: &str =
    "channels: {screen: {console: {}}}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
const BESIDE: [(&str, &[u8]); 9] = [
    ("key", b"r0ut1ngk3yr0ut1ngk3yr0ut1ngk3y00\n"),
    ("other-key", b"r0ut1ngk3y-r0ut1ngk3y-r0ut1ngk3y\n"),
    ("token", b"a-token-of-the-senders\n"),
    ("same-token", b"a-token-of-the-senders"),
    ("short", b"hunter2\n"),
    ("spaced", b" a-token-with-a-space"),
    ("empty", b"\n"),
    ("bytes", b"\xff\xfehunter2hunter2"),
    ("no.pem", b"-----BEGIN HUNTER2-----\n"),
];

pub(super) struct Case<'c> {
    pub(super) promise: &'c str,
    pub(super) file: &'c str,
    pub(super) said: &'c str,
}

pub(super) fn cases(table: &'static str) -> Vec<Case<'static>> {
    let case = |part: &'static str| {
        let (promise, rest) = part.split_once('\n').unwrap();
        let (file, said) = rest.split_once(">>>\n").unwrap();
        Case { promise, file, said: said.trim_end() }
    };
    table.split("=== ").skip(1).map(case).collect()
}

/// What `check` says of a configuration in that folder.
async fn said(folder: &Path, text: &str) -> String {
    let rest = if text.contains("channels:") { "" } else { REST };
    let path = folder.join("watchfire.yaml");
    std::fs::write(&path, format!("{text}{rest}")).unwrap();
    let ready = Ready::read(&path, &Clients::new(None).unwrap(), Reach::Machine).await;
    let looked = ready.and_then(|mut ready| examples(&ready.config, &mut ready.policy).map(|_| ready));
    match looked {
        Ok(_) => "no mistakes".to_owned(),
        Err(mistakes) => {
            let lines: Vec<_> = mistakes.iter().map(Diagnostic::to_string).collect();
            lines.join("\n").replace(&format!("{}/", folder.display()), "")
        }
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in BESIDE {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    std::os::unix::fs::symlink("not-there", folder.path().join("astray")).unwrap();
    for (name, text) in [
        ("rules", "rules:\n  - {name: rest, family: unclassified, priority: P2}\n"),
        ("no-rules", ""),
        (
            "no-examples",
            "rules:\n  - name: rest\n    family: unclassified\n    priority: P2\n    examples:\n      - {event: absent.json, expect: {priority: P2}}\n",
        ),
    ] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        if !text.is_empty() {
            std::fs::write(folder.path().join(name).join("rules.yaml"), text).unwrap();
        }
    }
    folder
}

#[tokio::test]
async fn every_kind_of_mistake_in_a_configuration_is_told_with_its_place_and_what_to_do() {
    let folder = folder();
    let (mut table, mut wrong) = (TABLE.split("=== ").next().unwrap().to_owned(), Vec::new());
    for Case { promise, file, said: expected } in cases(TABLE) {
        let said = said(folder.path(), file).await;
        if said.to_lowercase().contains("hunter2") {
            wrong.push(format!("=== {promise}: a secret is told\n{said}"));
        }
        table += &format!("=== {promise}\n{file}>>>\n{said}\n\n");
        if said != expected {
            wrong.push(format!("=== {promise}\n{said}"));
        }
    }
    if std::env::var_os("WRITE_TABLE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/mistakes.txt"), table).unwrap();
    }
    assert!(wrong.is_empty(), "what is said now:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_kind_of_mistake_in_a_rule_is_told_by_the_check_of_the_configuration_that_names_it() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("own")).unwrap();
    let rest = "  - {name: rest, family: unclassified, priority: P2}\n";
    for Case { promise, file, said: expected } in cases(RULES) {
        let rest = if file.contains("name: rest") || !file.starts_with("rules:\n") { "" } else { rest };
        std::fs::write(folder.path().join("own/r.yaml"), format!("{file}{rest}")).unwrap();
        let said = said(folder.path(), "rules: {directory: own}\n").await.replace("own/r.yaml", "r.yaml");
        if expected.ends_with("no mistakes") {
            assert_eq!(said, "no mistakes", "{promise}");
        } else {
            assert_eq!(said, expected, "{promise}");
        }
    }
}

#[test]
fn there_are_at_least_sixty_kinds_of_each() {
    for table in [TABLE, RULES] {
        let cases = cases(table);
        let promises: BTreeSet<_> = cases.iter().map(|case| case.promise).collect();
        assert_eq!(promises.len(), cases.len());
        assert!(promises.len() >= 60, "{}", promises.len());
    }
}
