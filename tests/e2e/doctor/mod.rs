//! `doctor` finds a sound installation sound, and says of each broken one what is broken, and nothing else.

mod breaks;
mod install;
mod kubernetes;

use std::collections::BTreeSet;
use std::path::PathBuf;

use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use watchfire_tests::repository;
use watchfire_tests::smtp::Smtp;

use breaks::BREAKS;
use install::Install;

/// Installs that are looked at at the same time.
const AT_ONCE: usize = 3;

fn golden(name: &str) -> PathBuf {
    repository().join("tests/e2e/doctor").join(name)
}

/// Each finding in a line, with its section and its remedy.
fn findings(printed: &str) -> Vec<String> {
    let (mut section, mut found) = (String::new(), Vec::<String>::new());
    for line in printed.lines() {
        if let Some(remedy) = line.strip_prefix("      ") {
            let last = found.last_mut().expect("a remedy follows what it is for");
            last.push_str(&format!(" {remedy}"));
        } else if ["ok    ", "warn  ", "FAIL  ", "-     "].iter().any(|word| line.starts_with(word)) {
            found.push(format!("{section}: {line}"));
        } else {
            section = line.to_owned();
        }
    }
    found
}

/// What is said now and was not before, and the other way round; each in its order.
fn difference(before: &[String], after: &[String]) -> String {
    let only = |these: &[String], those: &[String], sign: char| {
        let mut left = those.to_vec();
        let mut only = String::new();
        for line in these {
            match left.iter().position(|other| other == line) {
                Some(at) => drop(left.remove(at)),
                None => only.push_str(&format!("{sign} {line}\n")),
            }
        }
        only
    };
    only(before, after, '-') + &only(after, before, '+')
}

/// Without ids, and seconds of clocks, which are others each time.
fn timeless(text: &str) -> String {
    let text = text.replace("is 59 s behind", "is 60 s behind").replace("is 61 s behind", "is 60 s behind");
    let words = text.split_inclusive([' ', '\n']);
    let plain = |word: &str| match word.trim_end().len() == 36 && word.matches('-').count() == 4 {
        true => word.replace(word.trim_end(), "ID"),
        false => word.to_owned(),
    };
    words.map(plain).collect()
}

fn agree(name: &str, told: &str) {
    if std::env::var_os("WRITE_GOLDENS").is_some() {
        std::fs::write(golden(name), told).unwrap();
    }
    let expected = std::fs::read_to_string(golden(name)).unwrap_or_default();
    assert!(told == expected, "{name} differs; WRITE_GOLDENS=1 writes what was said:\n{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_install_is_sound_and_each_broken_one_is_told_by_what_is_broken() {
    let mail = Smtp::encrypted();
    let sound = Install::sound(0, &mail).await;
    let said = sound.examined();
    assert_eq!(said.stderr, "");
    let whole = findings(&said.stdout);
    let wrong: Vec<_> =
        whole.iter().filter(|line| line.contains(": warn  ") || line.contains(": FAIL  ")).collect();
    assert_eq!(wrong, Vec::<&String>::new(), "{}", said.stdout);
    assert_eq!(said.code, 0);
    agree("sound.txt", &said.stdout);
    assert_eq!(sound.pagerduty.alerts().len(), 0);
    assert_eq!(mail.mails().len(), 0);
    let broken = BREAKS.iter().enumerate().map(async |(number, name)| {
        let mut install = Install::sound(number + 1, &mail).await;
        breaks::break_it(name, &mut install).await;
        let said = install.examined();
        let difference = timeless(&difference(&whole, &findings(&said.stdout)));
        format!("{name}: exit code {}\n{difference}{}\n", said.code, said.stderr)
    });
    let told: Vec<String> = stream::iter(broken).buffered(AT_ONCE).collect().await;
    assert!(told.len() >= 30);
    let silent: Vec<_> =
        told.iter().filter(|told| !told.contains("\n+ ") && !told.contains("nothing is wrong")).collect();
    assert_eq!(silent, Vec::<&String>::new());
    agree("broken.txt", &told.concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_told_the_same_as_json_and_a_configuration_that_is_wrong_is_all_that_is_told() {
    let mail = Smtp::encrypted();
    let mut install = Install::sound(900, &mail).await;
    let printed = findings(&install.examined().stdout);
    install.arguments = vec!["--output".to_owned(), "json".to_owned()];
    let told: Value = serde_json::from_str(&install.examined().stdout).unwrap();
    let words = [("not_asked", "-"), ("ok", "ok"), ("warn", "warn"), ("fail", "FAIL")];
    let mut lines = Vec::new();
    for section in told["sections"].as_array().unwrap() {
        for finding in section["findings"].as_array().unwrap() {
            let grade = words.iter().find(|(grade, _)| finding["grade"] == *grade).unwrap().1;
            let text = |member: &Value| member.as_str().unwrap().to_owned();
            let remedy = match text(&finding["remedy"]) {
                empty if empty.is_empty() => empty,
                remedy => format!(" -> {remedy}"),
            };
            lines.push(format!("{}: {grade:<5} {}{remedy}", text(&section["name"]), text(&finding["found"])));
        }
    }
    assert_eq!((told["worst"].as_str(), lines), (Some("ok"), printed));

    install.configuration = install.configuration.set("routes.P2", json!({"to": ["nobody"]}));
    install.arguments = Vec::new();
    let said = install.examined();
    let expected = "configuration\nFAIL  watchfire.yaml:LINE: routes.P2.to[0]: expected a channel (mail, oncall, screen, topic), \
                    found `nobody`\n      -> see router/docs/configuration.md\n";
    let place = said.stdout.split(": routes").next().unwrap().rsplit("yaml:").next().unwrap().to_owned();
    assert_eq!((said.code, said.stdout.replace(&place, "LINE").as_str()), (1, expected), "{}", said.stderr);
}

#[test]
fn what_the_page_shows_was_printed_and_what_it_grants_is_what_is_called() {
    let page = std::fs::read_to_string(repository().join("router/docs/doctor.md")).unwrap();
    let printed =
        ["sound.txt", "broken.txt"].map(|name| std::fs::read_to_string(golden(name)).unwrap()).concat();
    let shown = page.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    for line in shown.lines().filter(|line| line.contains("  ")) {
        assert!(printed.contains(line.trim()), "{line}");
    }
    let granted: BTreeSet<String> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.split_once(':').is_some_and(|(service, action)| is_action(service, action)))
        .map(str::to_owned)
        .collect();
    let file = repository().join("infra/terraform/modules/permissions/permissions.json");
    let features: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let lists = features.as_object().unwrap().values().filter_map(|about| about["doctor"].as_array());
    let called: BTreeSet<String> =
        lists.flatten().map(|action| action.as_str().unwrap().to_owned()).collect();
    assert_eq!(granted, called);
}

/// Such as `sqs` and `GetQueueAttributes`.
fn is_action(service: &str, action: &str) -> bool {
    service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && action.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase())
        && action.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
