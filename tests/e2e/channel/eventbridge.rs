//! EventBridge: every page is an event on the bus, an entry that fails within a call that is taken has its own fate.

use serde_json::{Value, json};
use watchfire::channel::{Asked, Channel};
use watchfire::clients::Clients;
use watchfire::failure::{Done, Failure};
use watchfire_core::notice::List;
use watchfire_tests::Fault;
use watchfire_tests::eventbridge::EventBridge;
use watchfire_tests::receiver::Receiver;

use super::pages::pages;
use super::{aws, channel, over, page, perform};

async fn to(bus: &Receiver<EventBridge>, name: &str) -> Channel {
    let clients = Clients::with_aws(aws(bus.url("").trim_end_matches('/'))).expect("clients");
    let config = json!({"eventbridge": {"bus": name, "messages_per_minute": 100_000}});
    channel(&config.to_string(), &clients).await
}

#[tokio::test]
async fn every_kind_and_length_of_page_is_an_event_with_our_source() {
    let bus = Receiver::start(EventBridge::default()).await;
    let channel = to(&bus, EventBridge::BUS).await;
    let mut long = page("k");
    long.notice.lists = vec![List { head: "All".to_owned(), lines: vec!["é".repeat(900); 300], more: 0 }];
    let effects: Vec<_> = pages().into_iter().map(|(_, page)| page).chain([over("k"), long]).collect();
    for (index, effect) in effects.iter().enumerate() {
        let done = perform(&channel, effect, 20).await;
        assert_eq!(done, Ok(Done { receipt: format!("event event-{}", index + 1) }));
    }
    let taken = bus.contract(|bus| bus.taken.clone());
    for (entry, effect) in taken.iter().zip(&effects) {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().expect("text")).expect("JSON");
        assert_eq!(
            (&entry["Source"], &entry["DetailType"]),
            (&json!("watchfire.pages"), &json!(effect.kind.as_str()))
        );
        assert_eq!(
            (&detail["dedup_key"], &detail["effect"]),
            (&json!(effect.dedup_key), &json!(effect.kind.as_str()))
        );
    }
    let last = taken.last().expect("the long one")["Detail"].as_str().expect("text");
    assert!(last.contains(r#""cut":true"#), "{last}");
}

#[tokio::test]
async fn an_entry_that_fails_is_put_again_and_one_that_is_refused_is_put_once_more_cut_short() {
    let bus = Receiver::start(EventBridge::default()).await;
    bus.script([Fault::Status(500, None), Fault::Dropped]);
    bus.contract(|bus| bus.fails.extend(["ThrottlingException", "InternalFailure"]));
    let taken = perform(&to(&bus, EventBridge::BUS).await, &page("k"), 90).await;
    assert_eq!(taken, Ok(Done { receipt: "event event-1".to_owned() }));
    assert_eq!(bus.statuses(), [Some(500), None, Some(200), Some(200), Some(200)]);
    bus.contract(|bus| bus.fails.extend(["MalformedDetail"]));
    let cut = perform(&to(&bus, EventBridge::BUS).await, &page("k"), 5).await;
    let receipt =
        "event event-2; cut short, since all of it was refused: EventBridge: MalformedDetail: as it says";
    assert_eq!(cut, Ok(Done { receipt: receipt.to_owned() }));
    let refused = perform(&to(&bus, "another").await, &page("k"), 5).await;
    let reason = "EventBridge: InvalidArgument: as it says".to_owned();
    assert_eq!(refused, Err(Failure::Permanent { reason }));
}

#[tokio::test]
async fn a_question_says_whether_the_bus_is_there() {
    let bus = Receiver::start(EventBridge::default()).await;
    let there = Asked::Would("the bus watchfire-pages is there".to_owned());
    assert_eq!(to(&bus, EventBridge::BUS).await.ask().await, Some(there));
    let why = "EventBridge (events:DescribeEventBus): 400 ResourceNotFoundException: no such bus".to_owned();
    assert_eq!(to(&bus, "another").await.ask().await, Some(Asked::WouldNot(why)));
}
