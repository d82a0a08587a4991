//! Batches: each record on its own, none cut off, none done twice.

use std::time::{Duration, Instant};

use watchfire_lambda::Operators;
use watchfire_tests::GuardDuty;

use super::{InProcess, batch, reported};

const NOBODY: [&str; 0] = [];

/// A finding that is mailed.
fn mailed(pod: &str) -> GuardDuty {
    GuardDuty::of("Execution:Runtime/NewBinaryExecuted", 5.0, pod)
}

#[tokio::test]
async fn only_the_records_that_are_not_done_are_reported() {
    let lambda = InProcess::new().await;
    let bodies = [
        ("paged", GuardDuty::miner("checkout-1").event("e1")),
        ("nobody-takes-the-mail", mailed("cart-1").event("e2")),
        ("for-the-digest", GuardDuty::low("cart-2").event("e3")),
    ]
    .map(|(id, event)| (id, event.to_string()));
    assert_eq!(lambda.left(&bodies).await, ["nobody-takes-the-mail"]);
    // It comes again, alone, and still nobody takes the mail.
    assert_eq!(lambda.left(&bodies[1..2]).await, ["nobody-takes-the-mail"]);
}

#[tokio::test]
async fn a_batch_that_comes_again_is_done_and_decided_once() {
    let lambda = InProcess::new().await;
    let bodies = [("paged", GuardDuty::miner("checkout-1").event("e1").to_string())];
    assert_eq!(lambda.left(&bodies).await, NOBODY);
    assert_eq!(lambda.left(&bodies).await, NOBODY);
    assert_eq!(lambda.decided().await, 1);
}

#[tokio::test]
async fn a_record_that_is_twice_in_a_batch_is_decided_once_and_what_becomes_of_it_becomes_of_both() {
    let lambda = InProcess::new().await;
    let (paged, waits) = (GuardDuty::miner("checkout-1").event("e1"), mailed("cart-1").event("e2"));
    let bodies = [("a", &paged), ("b", &waits), ("c", &paged), ("d", &waits), ("a", &paged)];
    let bodies = bodies.map(|(id, event)| (id, event.to_string()));
    assert_eq!(lambda.left(&bodies).await, ["b", "d"]);
    assert_eq!(lambda.decided().await, 2);
}

#[tokio::test]
async fn a_record_without_an_id_has_the_whole_batch_come_again() {
    let lambda = InProcess::new().await;
    let mut batch = batch(&[("", mailed("cart-1").event("e1").to_string())]);
    batch["Records"][0].as_object_mut().unwrap().remove("messageId");
    assert_eq!(reported(&lambda.answer(&batch).await.unwrap()), [""]);
}

#[tokio::test]
async fn a_panic_costs_one_record() {
    let panics = |decision: &watchfire_core::decision::Decision| {
        assert!(!decision.subject.contains("cart-1"), "a defect of ours");
    };
    let mail = watchfire_tests::free_port();
    let lambda = InProcess::with(mail, Operators::ShowTheToken, Some(Box::new(panics))).await;
    let bodies = [("panics", GuardDuty::miner("cart-1")), ("paged", GuardDuty::miner("cart-2"))];
    let bodies = bodies.map(|(id, finding)| (id, finding.event(id).to_string()));
    assert_eq!(lambda.left(&bodies).await, ["panics"]);
}

#[tokio::test]
async fn what_cannot_be_finished_in_time_is_reported_and_goes_on_where_it_was_when_it_comes_again() {
    // A mail server that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let lambda = InProcess::with(port, Operators::ShowTheToken, None).await;
    let bodies = [
        ("paged", GuardDuty::miner("checkout-1").event("e1").to_string()),
        ("hangs", mailed("cart-1").event("e2").to_string()),
    ];
    let started = Instant::now();
    let answer = lambda.answer_within(&batch(&bodies), Duration::from_secs(2)).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(reported(&answer), ["hangs"]);
    assert_eq!(lambda.decided().await, 2);
    // Nobody has it in hand any more.
    let answer = lambda.answer_within(&batch(&bodies), Duration::from_millis(500)).await.unwrap();
    assert_eq!(reported(&answer), ["hangs"]);
    assert_eq!(lambda.decided().await, 2);
}

#[tokio::test]
async fn what_there_is_no_time_for_is_not_begun() {
    let lambda = InProcess::new().await;
    let bodies = [("late", GuardDuty::miner("checkout-1").event("e1").to_string())];
    let answer = lambda.answer_within(&batch(&bodies), Duration::ZERO).await.unwrap();
    assert_eq!(reported(&answer), ["late"]);
    assert_eq!(lambda.decided().await, 0);
}

#[tokio::test]
async fn a_batch_of_a_thousand_is_done_whole() {
    let lambda = InProcess::new().await;
    let events =
        (0..1_000).map(|number| GuardDuty::low(&format!("cart-{number}")).event(&number.to_string()));
    let bodies: Vec<_> = events.map(|event| ("one-of-many", event.to_string())).collect();
    assert_eq!(lambda.left(&bodies).await, NOBODY);
    assert_eq!(lambda.decided().await, 1_000);
}
