//! The pages of every kind as PagerDuty gets them, by a server as strict as its documentation; kept in
//! `tests/data/pagerduty/`, which `WRITE_PAGES=1` writes anew.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use watchfire_core::decision::Effect;
use watchfire_tests::{PagerDuty, data, repository};

use super::{channel, clients, perform};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The pages that the core keeps, by name.
pub(super) fn pages() -> Vec<(String, Effect)> {
    let folder = repository().join("router/core/tests/pages");
    let paths = std::fs::read_dir(folder).expect("pages are kept").map(|entry| entry.expect("a file").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    paths.sort();
    let page = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a file");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, serde_json::from_str(&text).expect("a page"))
    };
    paths.iter().map(page).collect()
}

/// What is sent about those pages, in their order.
async fn sent(pages: &[(String, Effect)], payload: &str) -> Vec<Value> {
    let server = PagerDuty::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("key");
    std::fs::write(&file, KEY).expect("a file");
    let config = json!({"pagerduty": {
        "routing_key": {"file": file}, "url": server.url(), "payload": payload, "events_per_minute": 100_000,
    }});
    let channel = channel(&config.to_string(), &clients()).await;
    for (name, page) in pages {
        let done = perform(&channel, page, 5).await;
        let done = done.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert!(!done.receipt.contains("refused"), "{name}: {}", done.receipt);
    }
    server.events()
}

fn holds(file: &Path, event: &Value) {
    let text = format!("{event:#}\n");
    if std::env::var_os("WRITE_PAGES").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, &text).expect("a file");
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(text, kept, "{} is another: WRITE_PAGES=1 writes it anew", file.display());
}

#[tokio::test]
async fn every_kind_of_page_is_as_pagerduty_takes_it_and_as_it_was() {
    let pages = pages();
    assert!(pages.len() >= 12, "{}", pages.len());
    for payload in ["standard", "minimal"] {
        let events = sent(&pages, payload).await;
        assert_eq!(events.len(), pages.len());
        for ((name, _), event) in pages.iter().zip(&events) {
            holds(&data().join(format!("pagerduty/{name}.{payload}.json")), event);
        }
    }
}

#[tokio::test]
async fn no_minimal_event_has_a_name_an_account_or_an_address_in_it() {
    let pages = pages();
    for ((name, page), event) in pages.iter().zip(sent(&pages, "minimal").await) {
        let text = event.to_string();
        let told = [page.notice.head.alias.clone().unwrap_or_default(), page.notice.kind.clone()];
        for fact in &page.notice.facts {
            let is_told =
                ["Region", "Namespace"].contains(&fact.label.as_str()) || told.contains(&fact.value);
            let is_name = fact.value.len() >= 8 && !fact.value.contains(' ');
            assert!(is_told || !is_name || !text.contains(&fact.value), "{name}: {} in {text}", fact.value);
        }
        // The name of a type of event is a title, too.
        for said in [&page.notice.title, &page.notice.description] {
            assert!(said.is_empty() || told.contains(said) || !text.contains(said), "{name}: {said}");
        }
    }
}
