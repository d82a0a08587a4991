//! Teams: cards as a strict workflow takes them, and nothing an event says is more than text.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire::channel::{Asked, Channel};
use watchfire::failure::{Done, Failure};
use watchfire_core::notice::List;
use watchfire_tests::Fault;
use watchfire_tests::receiver::Receiver;
use watchfire_tests::teams::Teams;

use super::pages::pages;
use super::{channel, clients, over, page, perform};

const PATH: &str = "/workflows/s3cret-of-the-workflow/triggers/manual/paths/invoke";

async fn by_workflow(teams: &Receiver<Teams>, payload: &str) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("url");
    std::fs::write(&file, format!("{}?sig=hunter2hunter2", teams.url(PATH))).expect("a file");
    let config =
        json!({"teams": {"url": {"file": file}, "payload": payload, "messages_per_minute": 100_000}});
    channel(&config.to_string(), &clients()).await
}

fn begun() -> Result<Done, Failure> {
    Ok(Done { receipt: "the workflow has begun".to_owned() })
}

#[tokio::test]
async fn every_kind_and_length_of_page_is_a_card_and_has_no_button_but_ours() {
    let teams = Receiver::start(Teams::default()).await;
    for payload in ["minimal", "standard"] {
        let channel = by_workflow(&teams, payload).await;
        for (name, page) in pages() {
            assert_eq!(perform(&channel, &page, 20).await, begun(), "{name}");
        }
        let mut long = page("k");
        long.notice.lists =
            vec![List { head: "All".to_owned(), lines: vec!["é".repeat(500); 500], more: 0 }];
        for effect in [long, over("k")] {
            assert_eq!(perform(&channel, &effect, 20).await, begun());
        }
    }
    assert_eq!(teams.statuses(), vec![Some(202); 2 * (pages().len() + 2)]);
}

#[tokio::test]
async fn nothing_an_event_says_is_a_link_a_mention_or_bold() {
    let teams = Receiver::start(Teams::default()).await;
    let hostile = "<at>everyone</at> [Runbook](https://evil.example.com) **now** <b>now</b>";
    let mut effect = page("k");
    effect.notice.description = hostile.to_owned();
    assert_eq!(perform(&by_workflow(&teams, "standard").await, &effect, 5).await, begun());
    let card = teams.contract(|teams| teams.cards[0].clone());
    assert!(
        card["body"].to_string().contains("[Runbook](https://evil.example.com)"),
        "in a text run it is text"
    );
    assert_eq!(card["msteams"], json!({"width": "Full"}), "a mention would have to be an entity");
    let urls: Vec<Value> =
        card["actions"].as_array().unwrap().iter().map(|action| action["url"].clone()).collect();
    assert_eq!(urls, ["https://runbooks.example.com/mining?a=1&b=2"]);
}

#[tokio::test]
async fn a_card_gets_through_however_the_first_attempts_fail_and_no_reason_tells_the_address() {
    let teams = Receiver::start(Teams::default()).await;
    let channel = by_workflow(&teams, "minimal").await;
    teams.script([Fault::Dropped, Fault::Status(502, None), Fault::Status(429, Some(2))]);
    assert_eq!(perform(&channel, &page("k"), 60).await, begun());
    let calls = teams.calls();
    assert_eq!(teams.statuses(), [None, Some(502), Some(429), Some(202)]);
    assert!(calls[3].at - calls[2].at >= Duration::from_secs(2), "{calls:?}");
    teams.script([Fault::Status(400, None), Fault::Status(400, None)]);
    let refused = Err(Failure::Permanent { reason: "400 refused: 400 as scripted".to_owned() });
    assert_eq!(perform(&channel, &page("k"), 60).await, refused);
    assert_eq!(
        channel.ask().await,
        Some(Asked::Would("it can be reached, and answers OPTIONS with 405".to_owned()))
    );
    // A channel of its own, so that no pace is kept.
    let channel = by_workflow(&teams, "minimal").await;
    drop(teams);
    let gone = perform(&channel, &page("k"), 0).await.expect_err("nobody is there").to_string();
    assert!(
        gone.starts_with("Teams did not answer: ") && !gone.contains("hunter2") && !gone.contains("s3cret"),
        "{gone}"
    );
}
