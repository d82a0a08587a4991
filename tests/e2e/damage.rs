//! A store that is damaged, under the real binary: what is urgent is paged all the same, the process ends to be started
//! again, and what was damaged is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, Watchfire, until};

use crate::support::{LATER, SOON, triggers};

/// In bytes.
const PAGE: usize = 4096;
/// By the time a store is this far its tables are more than one page each.
const EVENTS: usize = 300;

fn about(pages: &[Value], what: &str) -> Vec<String> {
    let texts = pages.iter().map(Value::to_string);
    texts.filter(|text| text.contains(what)).collect()
}

async fn paged_about(pagerduty: &PagerDuty, what: &str) -> String {
    let page = async || about(&triggers(pagerduty), what).pop();
    until(&format!("a page about {what}"), LATER, page).await
}

fn set_aside(watchfire: &Watchfire) -> Vec<PathBuf> {
    let files = std::fs::read_dir(watchfire.path("data")).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.to_string_lossy().contains(".redb.damaged-")).collect()
}

/// A worker that has decided some hundred events and has ended in good order. `zz-last` is the last of them by its id, and
/// by its time in the middle: a start reads the oldest and the newest.
async fn with_a_past(configuration: &Configuration) -> Watchfire {
    let mut watchfire = Watchfire::start(configuration, None).await;
    let low = |index: usize| GuardDuty::low(&format!("past-{index}")).event(&format!("event-{index:03}"));
    for first in (0..EVENTS).step_by(100) {
        assert_eq!(watchfire.post(json!((first..first + 100).map(low).collect::<Vec<_>>())).await, 202);
        if first == EVENTS / 3 {
            assert_eq!(watchfire.post(GuardDuty::low("past-last").event("zz-last")).await, 202);
        }
        let decided = async || (watchfire.logs().decided().len() >= first + 100).then_some(());
        until("the past", Duration::from_secs(60), decided).await;
    }
    watchfire.decided("zz-last").await;
    assert!(watchfire.terminate().await.status.success());
    watchfire
}

/// Alters the head of every page that has that text in it.
fn damage_pages_with(path: &Path, text: &str) -> usize {
    let mut bytes = std::fs::read(path).unwrap();
    let has = |page: &[u8]| page.windows(text.len()).any(|part| part == text.as_bytes());
    let pages = bytes.chunks_mut(PAGE).skip(1).filter(|page| has(page));
    let damaged = pages.map(|page| page[..8].fill(0xee)).count();
    std::fs::write(path, bytes).unwrap();
    damaged
}

#[tokio::test]
async fn a_page_met_damaged_is_fatal_to_the_process_and_to_no_page() {
    let pagerduty = PagerDuty::start().await;
    let configuration = Configuration::new(&pagerduty.url());
    let mut watchfire = with_a_past(&configuration).await;
    let store = watchfire.path("data/watchfire.redb");
    assert!(damage_pages_with(&store, "zz-last") > 0);
    watchfire.restart().await;

    // Its id stands beside the one that is damaged: it is told of, and its sender hears that it is not kept.
    assert_eq!(watchfire.post(GuardDuty::miner("urgent-1").event("zz-new-1")).await, 503, "send it again");
    let page = paged_about(&pagerduty, "urgent-1").await;
    assert!(page.contains("not recorded: the store does not answer"), "{page}");
    let dead = async || (watchfire.status("/livez").await == 503).then_some(());
    until("/livez to fail", SOON, dead).await;
    assert_eq!(watchfire.post(GuardDuty::miner("urgent-2").event("zz-new-2")).await, 503, "send it again");
    paged_about(&pagerduty, "urgent-2").await;
    assert_eq!(watchfire.ends().await.code(), Some(3));
    let said = "the store is of no use any more: urgent pages go out unrecorded, this process ends";
    let said_once = async || (watchfire.logs().all(said).len() == 1).then_some(());
    until("the log to say it once", SOON, said_once).await;
    let logged = watchfire.logs().text();
    let is_a_line = |line: &str| serde_json::from_str::<Value>(line).is_ok();
    assert_eq!(logged.lines().find(|line| !is_a_line(line)), None, "whatever it says is a line of its log");

    // The next start looks at all of it.
    watchfire.restart().await;
    let page = paged_about(&pagerduty, "The store was damaged").await;
    assert!(page.contains("Store Set Aside"), "{page}");
    assert_eq!(set_aside(&watchfire).len(), 1);
    assert_eq!(watchfire.logs().all("the store was damaged and is set aside; a new one is begun").len(), 1);
    assert_eq!(watchfire.post(GuardDuty::miner("urgent-3").event("zz-new-3")).await, 202);
    let page = paged_about(&pagerduty, "urgent-3").await;
    assert!(!page.contains("not recorded"), "{page}");

    // And no start after that says it again.
    assert!(watchfire.terminate().await.status.success());
    watchfire.restart().await;
    assert_eq!(watchfire.post(GuardDuty::miner("urgent-4").event("zz-new-4")).await, 202);
    paged_about(&pagerduty, "urgent-4").await;
    assert_eq!(about(&triggers(&pagerduty), "The store was damaged").len(), 1);
    assert_eq!(set_aside(&watchfire).len(), 1);
}

#[tokio::test]
async fn a_damaged_file_that_is_to_be_refused_starts_nothing_and_is_left_alone() {
    let pagerduty = PagerDuty::start().await;
    let configuration = Configuration::new(&pagerduty.url()).set("store.if_damaged", json!("refuse"));
    let mut watchfire = Watchfire::start(&configuration, None).await;
    assert!(watchfire.terminate().await.status.success());
    let store = watchfire.path("data/watchfire.redb");
    let mut bytes = std::fs::read(&store).unwrap();
    bytes[..9].copy_from_slice(b"not redb!");
    std::fs::write(&store, &bytes).unwrap();
    let (status, said) = watchfire.refuses().await;
    assert_eq!(status.code(), Some(4), "{said}");
    for word in ["is damaged", "Nothing was changed", "watchfire store check"] {
        assert!(said.contains(word), "no `{word}` in {said}");
    }
    assert_eq!(std::fs::read(&store).unwrap(), bytes);
    assert_eq!(set_aside(&watchfire), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_store_in_use_is_neither_damaged_nor_set_aside() {
    let pagerduty = PagerDuty::start().await;
    let watchfire = Watchfire::start(&Configuration::new(&pagerduty.url()), None).await;
    let second = watchfire.command(&["run", "--config", "watchfire.yaml"]);
    assert_eq!(second.code, 2, "{}", second.stderr);
    assert!(second.stderr.contains("is in use by another process"), "{}", second.stderr);
    assert_eq!(set_aside(&watchfire), Vec::<PathBuf>::new());
}

/// SplitMix64.
fn below(state: &mut u64, limit: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) % limit as u64) as usize
}

#[tokio::test]
async fn whatever_was_altered_in_the_file_a_p0_is_paged() {
    let pagerduty = PagerDuty::start().await;
    let mut watchfire = with_a_past(&Configuration::new(&pagerduty.url())).await;
    let store = watchfire.path("data/watchfire.redb");
    let whole = std::fs::read(&store).unwrap();
    let mut random = 15;
    for (round, flips) in [3, 60, 1_000, 20_000].into_iter().enumerate() {
        let mut bytes = whole.clone();
        for _ in 0..flips {
            let at = below(&mut random, bytes.len());
            bytes[at] ^= 1 << below(&mut random, 8);
        }
        if round == 1 {
            bytes.truncate(below(&mut random, bytes.len()));
        }
        std::fs::write(&store, bytes).unwrap();
        let pod = format!("altered-{round}");
        let mut is_running = false;
        for _ in 0..4 {
            if let Err(ended) = watchfire.starts().await {
                // Met at once; the next start looks at all of it.
                assert_eq!(ended.code(), Some(3), "{}", watchfire.logs().text());
                continue;
            }
            let event = GuardDuty::miner(&pod).event(&format!("zz-{pod}"));
            watchfire.post(event).await;
            let paged = async || (!about(&triggers(&pagerduty), &pod).is_empty()).then_some(());
            until("the page", Duration::from_secs(30), paged).await;
            // What was met may end it; then it has to come up again, and be well.
            is_running = watchfire.status("/livez").await == 200;
            if is_running {
                break;
            }
            assert_eq!(watchfire.ends().await.code(), Some(3));
        }
        assert!(is_running, "it does not come to rest");
        watchfire.kill9();
        for aside in set_aside(&watchfire) {
            std::fs::remove_file(aside).unwrap();
        }
    }
}
