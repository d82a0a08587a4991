//! Change events of PagerDuty: strict to the contract, however the first attempts fail, and sent for what was contained.

use std::time::Duration;

use serde_json::json;
use watchfire::channel::Channel;
use watchfire::failure::{Done, Failure};
use watchfire_core::decision::Effect;
use watchfire_core::notice::List;
use watchfire_core::verdict::EffectKind;
use watchfire_tests::Fault;
use watchfire_tests::changes::Changes;
use watchfire_tests::receiver::Receiver;

use super::pages::pages;
use super::{channel, clients, page, perform};

async fn to(changes: &Receiver<Changes>, payload: &str) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("key");
    std::fs::write(&file, Changes::KEY).expect("a file");
    let config = json!({"pagerduty-changes": {"routing_key": {"file": file}, "url": changes.url(Changes::PATH),
        "payload": payload, "events_per_minute": 100_000}});
    channel(&config.to_string(), &clients()).await
}

fn noted() -> Result<Done, Failure> {
    Ok(Done { receipt: "noted as a change".to_owned() })
}

#[tokio::test]
async fn every_kind_and_length_of_page_is_a_change_that_pagerduty_takes() {
    let changes = Receiver::start(Changes::default()).await;
    for payload in ["minimal", "standard"] {
        let channel = to(&changes, payload).await;
        for (name, page) in pages() {
            assert_eq!(perform(&channel, &page, 20).await, noted(), "{name}");
        }
        let mut long = Effect { kind: EffectKind::Update, ..page("k") };
        long.notice.lists =
            vec![List { head: "All".to_owned(), lines: vec!["é".repeat(900); 700], more: 0 }];
        assert_eq!(perform(&channel, &long, 20).await, noted());
    }
    assert_eq!(changes.statuses(), vec![Some(202); 2 * (pages().len() + 1)]);
}

#[tokio::test]
async fn a_change_gets_through_however_the_first_attempts_fail_and_a_wrong_key_is_for_good() {
    let changes = Receiver::start(Changes::default()).await;
    let channel = to(&changes, "minimal").await;
    changes.script([Fault::Dropped, Fault::Status(503, None), Fault::Status(429, Some(2))]);
    assert_eq!(perform(&channel, &page("k"), 60).await, noted());
    assert_eq!(changes.statuses(), [None, Some(503), Some(429), Some(202)]);
    let calls = changes.calls();
    assert!(calls[3].at - calls[2].at >= Duration::from_secs(2), "{calls:?}");
    changes.script([Fault::Status(400, None)]);
    let receipt = "noted as a change; without its details, which were refused: 400 bad request".to_owned();
    assert_eq!(perform(&channel, &page("k"), 60).await, Ok(Done { receipt }));
    changes.script([Fault::Status(400, None), Fault::Status(400, None)]);
    let refused = Err(Failure::Permanent { reason: "400 bad request".to_owned() });
    assert_eq!(perform(&channel, &page("k"), 60).await, refused);
}
