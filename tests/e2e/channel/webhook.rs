//! Webhooks: every page as a strict receiver wants it, every failure with its fate, and no secret in any of it.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire::channel::{Asked, Channel};
use watchfire::failure::{Done, Failure};
use watchfire_core::decision::Effect;
use watchfire_core::ids::EffectId;
use watchfire_core::notice::List;
use watchfire_core::priority::Priority;
use watchfire_tests::receiver::Receiver;
use watchfire_tests::webhook::Webhooks;
use watchfire_tests::{Configuration, Fault, GuardDuty, Watchfire, until};

use super::{channel, clients, over, page, perform};

const SECRETS: [&str; 2] =
    ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "d2F0Y2hmaXJlLXRlc3RzLXdhdGNoZmlyZS10ZXN0cw=="];
const PATH: &str = "/hooks/s3cret-of-the-address";

async fn receiver(webhooks: Webhooks) -> Receiver<Webhooks> {
    Receiver::start(webhooks).await
}

/// A channel to that receiver with those members beside its address, each secret from a file, as Kubernetes mounts it.
async fn hooked(receiver: &Receiver<Webhooks>, members: Value) -> Channel {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), format!("{text}\n")).expect("a file");
        json!({"file": folder.path().join(name)})
    };
    let mut config = members;
    config["url"] = file("url", &receiver.url(PATH));
    config["headers"] = json!({"X-Api-Key": file("key", "hunter2-hunter2")});
    config["secrets"] = SECRETS
        .iter()
        .enumerate()
        .map(|(n, secret)| file(&n.to_string(), &format!("whsec_{secret}")))
        .collect();
    channel(&json!({"webhook": config}).to_string(), &clients()).await
}

fn taken() -> Result<Done, Failure> {
    Ok(Done { receipt: "taken with 202".to_owned() })
}

#[tokio::test]
async fn both_secrets_sign_and_a_page_and_its_end_are_known_by_one_key() {
    for secret in SECRETS {
        let secret = Some(secret.to_owned());
        let receiver = receiver(Webhooks { secret, ..Webhooks::default() }).await;
        let channel = hooked(&receiver, json!({})).await;
        let end = Effect { id: EffectId::new("resolve:oncall"), ..over("k") };
        for effect in [page("k"), end] {
            assert_eq!(perform(&channel, &effect, 5).await, taken());
        }
        let calls = receiver.calls();
        assert_eq!(calls[0].header("x-api-key"), "hunter2-hunter2");
        let pages = receiver.contract(|webhooks| webhooks.pages.clone());
        let told = |name: &str| pages.iter().map(|page| page[name].clone()).collect::<Vec<_>>();
        assert_eq!(
            (told("effect"), told("dedup_key")),
            (vec![json!("page"), json!("resolve")], vec![json!("k"); 2])
        );
        assert_eq!(pages[0]["text"], page("k").notice.text(page("k").kind));
        assert_eq!(pages[0]["id"], calls[0].header("webhook-id"));
    }
}

#[tokio::test]
async fn whoever_knows_none_of_the_secrets_takes_nothing_and_may_be_mended() {
    let secret = Some("bm90IHRoZSBzZWNyZXQgb2YgdGhlc2UgdGVzdHM=".to_owned());
    let receiver = receiver(Webhooks { secret, ..Webhooks::default() }).await;
    let channel = hooked(&receiver, json!({})).await;
    let Err(Failure::Transient { reason, retry_after: Some(_) }) = perform(&channel, &page("k"), 0).await
    else {
        panic!("a key can be mended while the page waits");
    };
    assert_eq!(reason, "401 the receiver does not know us: no signature fits");
}

#[tokio::test]
async fn every_priority_and_length_is_a_cloud_event_that_passes_every_intermediary() {
    let secret = Some(SECRETS[0].to_owned());
    let receiver = receiver(Webhooks { secret, ..Webhooks::default() }).await;
    for payload in ["minimal", "standard"] {
        let channel = hooked(&receiver, json!({"format": "cloudevents", "payload": payload})).await;
        for priority in Priority::ALL {
            let mut long = page("k");
            long.notice.priority = priority;
            long.notice.lists =
                vec![List { head: "All".to_owned(), lines: vec!["é".repeat(3_000); 50], more: 9 }];
            long.notice.at = None;
            for effect in [page("k"), long] {
                assert_eq!(perform(&channel, &effect, 5).await, taken());
            }
        }
    }
    assert_eq!(receiver.statuses(), vec![Some(202); 16]);
    let cut = receiver.calls().iter().filter(|call| call.json()["data"]["cut"] == true).count();
    assert_eq!(cut, 4, "the lists of `minimal` are numbers");
}

#[tokio::test]
async fn a_page_that_the_receiver_finds_too_large_is_sent_once_more_cut_short() {
    let receiver = receiver(Webhooks { most_bytes: Some(1_000), ..Webhooks::default() }).await;
    let channel = hooked(&receiver, json!({})).await;
    let receipt = "taken with 202; cut short, since all of it was refused: 413 too large: it is too large";
    assert_eq!(perform(&channel, &page("k"), 5).await, Ok(Done { receipt: receipt.to_owned() }));
    let pages = receiver.contract(|webhooks| webhooks.pages.clone());
    assert_eq!((&pages[0]["dedup_key"], &pages[0]["cut"]), (&json!("k"), &json!(true)));
    assert_eq!(receiver.statuses(), [Some(413), Some(202)]);
}

#[tokio::test]
async fn a_page_gets_through_however_the_first_attempts_fail_and_is_known_as_the_same() {
    let secret = Some(SECRETS[0].to_owned());
    let receiver = receiver(Webhooks { secret, ..Webhooks::default() }).await;
    let channel = hooked(&receiver, json!({})).await;
    receiver.script([Fault::Dropped, Fault::Status(503, None), Fault::Status(429, Some(2))]);
    assert_eq!(perform(&channel, &page("k"), 60).await, taken());
    assert_eq!(receiver.statuses(), [None, Some(503), Some(429), Some(202)]);
    let calls = receiver.calls();
    assert!(calls[3].at - calls[2].at >= Duration::from_secs(2), "the receiver's hint is waited for");
    let ids: std::collections::BTreeSet<_> = calls.iter().map(|call| call.header("webhook-id")).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn no_reason_tells_the_address_that_a_receiver_quotes() {
    let receiver = receiver(Webhooks::default()).await;
    let channel = hooked(&receiver, json!({})).await;
    receiver.script([Fault::Status(422, None)]);
    let refused = "422 refused: 422 as scripted: Cannot POST ***".to_owned();
    assert_eq!(perform(&channel, &page("k"), 60).await, Err(Failure::Permanent { reason: refused }));
    drop(receiver);
    let gone = perform(&channel, &page("k"), 0).await.expect_err("nobody is there").to_string();
    assert!(gone.starts_with("the receiver did not answer: ") && !gone.contains("s3cret"), "{gone}");
}

#[tokio::test]
async fn a_template_writes_the_body_that_a_receiver_wants_and_a_question_tells_nobody() {
    let receiver = receiver(Webhooks::default()).await;
    let template =
        r#"{"alias": {{ dedup_key }}, "message": {{ title }}, "tags": [{{ priority }}, {{ rule }}]}"#;
    let channel = hooked(&receiver, json!({"templates": {"json": template}})).await;
    assert_eq!(
        channel.ask().await,
        Some(Asked::Would("it can be reached, and answers OPTIONS with 405".to_owned()))
    );
    assert_eq!(perform(&channel, &page("k"), 5).await, taken());
    let title = "[P0] Bitcoin miner in pod kasse/zähler-1 <b>\"now\"</b>";
    let expected = json!({"alias": "k", "message": title, "tags": ["P0", "miner-in-a-pod"]});
    assert_eq!(receiver.contract(|webhooks| webhooks.pages.clone()), [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tells_of_an_incident_its_updates_and_its_end_each_under_an_id_of_its_own() {
    let receiver = receiver(Webhooks::default()).await;
    let configuration = Configuration::new("http://127.0.0.1:9/v2/enqueue");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("url");
    std::fs::write(&file, receiver.url(PATH)).expect("a file");
    let hook = json!({"webhook": {"url": {"file": file}}});
    let watchfire = Watchfire::start(&configuration.set("channels.oncall", hook), None).await;
    let miner = GuardDuty::miner("shop");
    assert_eq!(watchfire.post(miner.event("first")).await, 202);
    let soon = Duration::from_secs(20);
    let pages = || receiver.contract(|webhooks| webhooks.pages.clone());
    until("the page", soon, async || (pages().len() == 1).then_some(())).await;
    assert_eq!(watchfire.post(miner.archived().event("over")).await, 202);
    until("its end", soon, async || (pages().len() == 2).then_some(())).await;
    let told = |name: &str| pages().iter().map(|page| page[name].clone()).collect::<Vec<_>>();
    assert_eq!(told("effect"), ["page", "resolve"]);
    let (ids, keys) = (told("id"), told("dedup_key"));
    assert!(ids[0] != ids[1] && keys[0] == keys[1], "{ids:?} {keys:?}");
}
