//! SNS: what a subscriber gets.

use serde_json::{Value, json};
use watchfire::clients::Clients;
use watchfire::failure::Failure;

use super::{aws, channel, ministack_clients, over, page, perform};

fn config(topic: &str) -> String {
    json!({"sns": {"topic_arn": topic}}).to_string()
}

#[tokio::test]
async fn a_subscriber_gets_the_page_as_text_and_can_filter_by_priority() {
    let (ministack, clients) = ministack_clients();
    let queue = ministack.queue("pages", 30, 50).await;
    let channel = channel(&config(&ministack.topic(&queue).await), &clients).await;
    for effect in [page("k"), over("k")] {
        let done = perform(&channel, &effect, 5).await.expect("published");
        let text = queue.take().await.expect("a message");
        let message: Value = serde_json::from_str(&text).expect("an SNS envelope");
        assert_eq!(message["MessageId"], done.receipt);
        assert_eq!(message["Message"], effect.notice.text(effect.kind));
        let resolved = if effect == page("k") { "" } else { "Resolved: " };
        let subject = format!("[P0] {resolved}Bitcoin miner in pod kasse/z?hler-1 <b>\"now\"</b>");
        assert_eq!(message["Subject"], subject);
        let attribute = |name: &str| message["MessageAttributes"][name]["Value"].clone();
        let attributes = ["priority", "rule", "effect", "dedup_key"].map(attribute);
        assert_eq!(attributes, ["P0", "miner-in-a-pod", effect.kind.as_str(), "k"]);
    }
}

#[tokio::test]
async fn a_page_too_large_for_sns_is_cut_and_says_so() {
    let (ministack, clients) = ministack_clients();
    let queue = ministack.queue("pages", 30, 50).await;
    let channel = channel(&config(&ministack.topic(&queue).await), &clients).await;
    let mut effect = page("k");
    effect.notice.withheld = vec!["é".repeat(300).into(); 1_000];
    perform(&channel, &effect, 5).await.expect("published");
    let message: Value = serde_json::from_str(&queue.take().await.expect("a message")).expect("JSON");
    let text = message["Message"].as_str().expect("text");
    assert!(text.len() <= 262_144 && text.ends_with("[cut: the page is larger than SNS takes]\n"));
}

#[tokio::test]
async fn a_topic_that_does_not_exist_refuses_for_good() {
    let (_ministack, clients) = ministack_clients();
    let channel = channel(&config("arn:aws-us-gov:sns:us-gov-west-1:000000000000:no-such"), &clients).await;
    match perform(&channel, &page("k"), 60).await {
        Err(Failure::Permanent { reason }) => assert!(reason.starts_with("SNS: 404 NotFound"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_a_reason_to_come_back() {
    let endpoint = format!("http://127.0.0.1:{}", watchfire_tests::free_port());
    let clients = Clients::with_aws(aws(&endpoint)).expect("clients");
    let channel = channel(&config("arn:aws-us-gov:sns:us-gov-west-1:000000000000:pages"), &clients).await;
    match perform(&channel, &page("k"), 0).await {
        Err(Failure::Transient { reason, retry_after: Some(_) }) => {
            assert!(reason.starts_with("SNS: ") && reason.contains("refused"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}
