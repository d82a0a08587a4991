//! Pages of every kind as each channel sends them: what core decided, as `core/tests/pages/` has it, shown in
//! `docs/pages.md`.
//!
//! `WRITE_PAGES=1` writes the document's part anew: look at the difference before you keep it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::channel::email::message::compose;
use crate::channel::sns::{body, subject};
use watchfire_core::notice::Wording;

/// What stands above what this test writes.
const MARK: &str =
    "<!-- From here on a test writes it: WRITE_PAGES=1 cargo test --workspace --lib pages -->\n";

/// How much of a page the document shows: all of it, or what is other than in the page before it.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    Whole,
    Head,
}

const KINDS: [(&str, &str, Shown); 20] = [
    ("miner-waits", "A miner in a pod whose quarantine waits for approval", Shown::Whole),
    ("miner-under-way", "A miner in a pod that is being quarantined", Shown::Head),
    ("miner-contained", "The update once it is contained", Shown::Head),
    ("miner-withheld", "A miner in a pod that is not contained", Shown::Head),
    ("not-contained", "What could not be contained", Shown::Head),
    ("escalated", "Nobody has taken it in time", Shown::Head),
    ("resolved", "Over, and still contained", Shown::Head),
    ("reverse-shell", "A reverse shell", Shown::Whole),
    ("attack-sequence", "An attack sequence on an EKS cluster", Shown::Whole),
    ("malware", "A malicious file", Shown::Whole),
    ("stolen-credentials", "Stolen credentials", Shown::Whole),
    ("control-failed", "A failed control", Shown::Whole),
    ("alarm", "An alarm", Shown::Whole),
    ("prometheus", "An alert of Prometheus", Shown::Whole),
    ("api-call", "A call recorded by CloudTrail", Shown::Whole),
    ("unknown-event", "An event that no reader knows", Shown::Whole),
    ("unreadable", "A message that cannot be read", Shown::Whole),
    ("storm", "A storm", Shown::Whole),
    ("digest", "The digest", Shown::Whole),
    ("sample", "A sample", Shown::Head),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn effect(name: &str) -> Effect {
    let path = folder().join(format!("core/tests/pages/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn described(name: &str, title: &str, shown: Shown) -> String {
    let effect = effect(name);
    let text = effect.notice.text(effect.kind);
    let text = match shown {
        Shown::Whole => text,
        // The head ends at the first empty line; why it is sent now comes after it.
        Shown::Head => text.splitn(3, "\n\n").take(2).collect::<Vec<_>>().join("\n\n") + "\n…\n",
    };
    let mut part = String::new();
    writeln!(part, "\n## {title}\n\n```text\n{text}```").expect("writing to a string");
    part
}

#[test]
fn the_document_shows_the_pages_as_they_leave() {
    let path = folder().join("docs/pages.md");
    let document = fs::read_to_string(&path).expect("docs/pages.md");
    let (words, kept) = document.split_once(MARK).expect("the mark");
    let made: String = KINDS.iter().map(|(name, title, shown)| described(name, title, *shown)).collect();
    if std::env::var_os("WRITE_PAGES").is_some() {
        fs::write(&path, format!("{words}{MARK}{made}")).expect("docs/pages.md");
        return;
    }
    assert_eq!(made, kept, "WRITE_PAGES=1 writes it anew");
}

#[test]
fn every_channel_says_the_same_in_the_same_order() {
    let screen = ChannelConfig::Console(ConsoleConfig::default());
    let from = "Watchfire <watchfire@example.com>".parse().expect("a mailbox");
    for (name, _, _) in KINDS {
        let effect = effect(name);
        let text = effect.notice.text(effect.kind);
        assert_eq!(body(text.clone()), text, "{name}: SNS takes all of it");
        let rail: String =
            text.lines().map(|line| format!("│ {line}").trim_end().to_owned() + "\n").collect();
        let block = format!("┌── {} to screen\n{rail}└──\n", effect.kind.as_str());
        let printed = preview("screen", &screen, &effect).expect("it words pages");
        assert_eq!(printed.parts[0].1, block, "{name}");
        let title = effect.notice.subject(effect.kind);
        assert_eq!(text.lines().next(), Some(title.as_str()), "{name}");
        let sent = subject(&title);
        assert!(sent.len() < 100 && sent.is_ascii(), "{name}: {sent}");
        let words = Wording::default().mail(&effect.notice, effect.kind);
        let mail = compose(&effect, words, &from, std::slice::from_ref(&from)).expect("a mail");
        let mail = String::from_utf8(mail).expect("ASCII");
        assert!(mail.contains("multipart/alternative") && mail.contains("Subject: "), "{name}");
    }
}

/// A configuration of each kind that words pages.
const EACH: [&str; 14] = [
    "console: {}",
    "pagerduty: {routing_key: {env: A}}",
    "pagerduty-changes: {routing_key: {env: A}}",
    "sns: {topic_arn: 'arn:aws:sns:us-east-1:111122223333:pages'}",
    "email: {host: smtp.example.com, from: w@example.com, to: [o@example.com]}",
    "webhook: {url: {env: A}}",
    "syslog: {host: 127.0.0.1, port: 514, transport: tcp, structured_data_id: 'watchfire@32473'}",
    "eventbridge: {bus: watchfire-pages}",
    "alertmanager: {urls: ['https://am.example.com/']}",
    "jsm: {api_key: {env: A}}",
    "jira: {site: 'https://example.atlassian.net/', project: SEC, auth: {bearer: {env: A}}}",
    "servicenow: {instance: 'https://example.service-now.com/', auth: {bearer: {env: A}}}",
    "slack: {url: {env: A}}",
    "teams: {url: {env: A}}",
];

#[test]
fn every_kind_of_channel_leads_to_the_incident() {
    let mut effect = effect("miner-waits");
    let link = "https://watchfire.example.com/v1/story?of=wf1-5f3c9a";
    effect.notice.head.link = Some(link.to_owned());
    for yaml in EACH {
        let config: ChannelConfig =
            serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        let shown = preview("it", &config, &effect).unwrap_or_else(|| panic!("{yaml} words pages"));
        let all: String = shown.parts.iter().chain(&shown.further).map(|(_, text)| text.as_str()).collect();
        // A mail and Slack write some of its signs otherwise.
        let plain = all.replace("=3D", "=").replace("&amp;", "&").replace("=\r\n", "");
        assert!(plain.contains(link), "{yaml}: {all}");
    }
}
