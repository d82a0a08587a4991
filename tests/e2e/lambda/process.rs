//! The `bootstrap` as a process against the runtime API: begun, invoked, killed between and in the middle.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire_tests::{
    Bootstrap, Configuration, DynamoDbTable, GuardDuty, Ministack, PagerDuty, RuntimeApi, until,
};

use super::requests::{body, request, shown};
use super::{batch, reported};

const A_WHILE: Duration = Duration::from_secs(20);

/// Over a table of its own.
async fn over_a_table(pagerduty: &PagerDuty, api: &RuntimeApi) -> Bootstrap {
    let table = DynamoDbTable::fresh();
    table.make().await;
    let configuration =
        Configuration::new(&pagerduty.url()).set("store", json!({"dynamodb": {"table": table.name}}));
    let endpoint = Ministack::shared().endpoint().to_owned();
    Bootstrap::new(api, &configuration, &[("AWS_ENDPOINT_URL", endpoint)])
}

async fn answered(api: &RuntimeApi, payload: &Value) -> Result<Value, Value> {
    let answer = tokio::time::timeout(A_WHILE, api.invoke(payload, A_WHILE)).await;
    answer.expect("it answers in time").expect("it answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_a_file_is_refused_at_init_with_a_sentence() {
    let api = RuntimeApi::start().await;
    let mut bootstrap = Bootstrap::new(&api, &Configuration::new("http://127.0.0.1:9"), &[]);
    bootstrap.start();
    assert_eq!(tokio::task::block_in_place(|| bootstrap.ends()), Some(1));
    let error = api.init_error().expect("it was reported");
    let said = error["errorMessage"].as_str().unwrap();
    assert_eq!(
        said,
        "watchfire.yaml: expected store.dynamodb: the environments of a Lambda do not share a file, and each would page"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_with_a_mistake_is_an_init_error_that_names_it() {
    let api = RuntimeApi::start().await;
    let configuration = Configuration::new("http://127.0.0.1:9").set("chanels", json!({}));
    let mut bootstrap = Bootstrap::new(&api, &configuration, &[]);
    bootstrap.start();
    assert_eq!(tokio::task::block_in_place(|| bootstrap.ends()), Some(1));
    let error = api.init_error().expect("it was reported");
    assert!(error["errorMessage"].as_str().unwrap().contains("chanels"), "{error}");
}

#[tokio::test]
async fn one_environment_answers_whatever_invokes_it() {
    let (api, pagerduty) = (RuntimeApi::start().await, PagerDuty::start().await);
    let mut bootstrap = over_a_table(&pagerduty, &api).await;
    bootstrap.start();
    let bodies = [("m1", GuardDuty::miner("checkout-1").event("e1").to_string())];
    assert_eq!(reported(&answered(&api, &batch(&bodies)).await.unwrap()), [""; 0]);
    assert_eq!(answered(&api, &GuardDuty::miner("checkout-2").event("e2")).await, Ok(json!({"decided": 1})));
    let tick = answered(&api, &json!({"watchfire": {"tick": {}}})).await.unwrap();
    assert_eq!(tick["woken"], 0, "{tick}");
    assert_eq!(pagerduty.accepted(), 2);
    // One line for each of the two that counted something; written before the answer.
    let lines: Vec<Value> =
        bootstrap.printed().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line["decisions_P0"] == 1.0), "{lines:?}");
}

#[tokio::test]
async fn an_invocation_that_fails_is_an_error_and_the_next_one_is_answered() {
    let (api, pagerduty) = (RuntimeApi::start().await, PagerDuty::start().await);
    let mut bootstrap = over_a_table(&pagerduty, &api).await;
    bootstrap.start();
    // Its four seconds are not those of the start.
    api.is_asked().await;
    pagerduty.always(Some(watchfire_tests::Fault::Status(500, None)));
    let event = GuardDuty::of("Execution:Runtime/NewBinaryExecuted", 5.0, "cart-1").event("e1");
    let asked = tokio::time::timeout(A_WHILE, api.invoke(&event, Duration::from_secs(4))).await;
    let error = asked.expect("it answers in time").unwrap().unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().starts_with("not done: "), "{error}");
    pagerduty.always(None);
    // What was cut off in the middle of a write is another's ten seconds later.
    let done = until("it to be decided", A_WHILE, async || answered(&api, &event).await.ok()).await;
    assert_eq!(done, json!({"decided": 1}));
}

#[tokio::test]
async fn killed_in_the_middle_of_a_batch_the_next_environment_does_the_rest_and_pages_nobody_twice() {
    let (api, pagerduty) = (RuntimeApi::start().await, PagerDuty::start().await);
    let mut bootstrap = over_a_table(&pagerduty, &api).await;
    bootstrap.start();
    let events =
        (0..40).map(|number| GuardDuty::miner(&format!("cart-{number}")).event(&format!("e{number}")));
    let bodies: Vec<_> = events.map(|event| ("m", event.to_string())).collect();
    let _nobody = api.invoke(&batch(&bodies), A_WHILE);
    pagerduty.accepted_over(5).await;
    bootstrap.start();
    // What the one that was killed had in hand is another's ten seconds later.
    let within = std::time::Instant::now() + A_WHILE;
    while !reported(&answered(&api, &batch(&bodies)).await.unwrap()).is_empty() {
        assert!(std::time::Instant::now() < within, "it is not done in time");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // What was sent and not yet written down is sent again under the key it had: PagerDuty knows it.
    assert_eq!(pagerduty.alerts().len(), 40);
}

#[tokio::test]
async fn events_by_http_go_onto_the_queue_of_the_function() {
    let (api, pagerduty) = (RuntimeApi::start().await, PagerDuty::start().await);
    let (aws, table) = (Ministack::shared(), DynamoDbTable::fresh());
    table.make().await;
    let queue = aws.queue("function-ingest", 30, 50).await;
    let configuration = Configuration::new(&pagerduty.url())
        .set("store", json!({"dynamodb": {"table": table.name}}))
        .set("http.token", json!({"env": "INGEST_TOKEN"}))
        .queue(&queue.url);
    let variables = [("AWS_ENDPOINT_URL", aws.endpoint().to_owned())];
    let mut bootstrap = Bootstrap::new(&api, &configuration, &variables);
    bootstrap.start();
    let event = GuardDuty::miner("by-http-1").event("h1").to_string();
    let post = |token: &str, body: &str| request("POST", "/v1/events", "", shown(token), Some(body));
    let refused = answered(&api, &post("another-token-of-some-length", &event)).await.unwrap();
    assert_eq!(refused["statusCode"], 401);
    // Twice, because its sender did not hear the answer.
    for _ in 0..2 {
        let taken = answered(&api, &post(Configuration::INGEST_TOKEN, &event)).await.unwrap();
        assert_eq!((&taken["statusCode"], body(&taken)), (&json!(202), json!({"accepted": 1})));
    }
    let mut records = Vec::new();
    while let Some(text) = queue.take().await {
        records.push(("m", text));
    }
    assert_eq!(records.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), [&event, &event]);
    assert_eq!(reported(&answered(&api, &batch(&records)).await.unwrap()), [""; 0]);
    assert_eq!(reported(&answered(&api, &batch(&records[..1])).await.unwrap()), [""; 0]);
    assert_eq!(pagerduty.accepted(), 1);
}

#[tokio::test]
async fn it_begins_without_its_table_and_what_is_urgent_is_paged_and_comes_again() {
    let (api, pagerduty) = (RuntimeApi::start().await, PagerDuty::start().await);
    let configuration =
        Configuration::new(&pagerduty.url()).set("store", json!({"dynamodb": {"table": "absent"}}));
    let nobody = format!("http://127.0.0.1:{}", watchfire_tests::free_port());
    let mut bootstrap = Bootstrap::new(&api, &configuration, &[("AWS_ENDPOINT_URL", nobody)]);
    bootstrap.start();
    let bodies = [("m1", GuardDuty::miner("checkout-1").event("e1").to_string())];
    assert_eq!(reported(&answered(&api, &batch(&bodies)).await.unwrap()), ["m1"]);
    assert_eq!(pagerduty.accepted(), 1);
}

#[tokio::test]
async fn a_record_that_is_not_done_comes_again_in_seconds_and_not_by_the_visibility_of_its_queue() {
    let (api, pagerduty) = (RuntimeApi::start().await, PagerDuty::start().await);
    let (aws, table) = (Ministack::shared(), DynamoDbTable::fresh());
    table.make().await;
    let queue = aws.queue("given-back", 600, 50).await;
    let configuration = Configuration::new(&pagerduty.url())
        .set("store", json!({"dynamodb": {"table": table.name}}))
        .queue(&queue.url);
    let variables = [("AWS_ENDPOINT_URL", aws.endpoint().to_owned())];
    let mut bootstrap = Bootstrap::new(&api, &configuration, &variables);
    bootstrap.start();
    pagerduty.always(Some(watchfire_tests::Fault::Status(500, None)));
    let event = GuardDuty::of("Execution:Runtime/NewBinaryExecuted", 5.0, "cart-1").event("e1").to_string();
    queue.send_all(&[event.clone(), event]).await;
    let mut received = Vec::new();
    while received.len() < 2 {
        received.extend(queue.receive(2, Duration::from_secs(600)).await);
    }
    let mut records = batch(&[("m1", String::new()), ("m2", String::new())]);
    for (record, message) in records["Records"].as_array_mut().unwrap().iter_mut().zip(&received) {
        record["body"] = message["Body"].clone();
        record["receiptHandle"] = message["ReceiptHandle"].clone();
        record["eventSourceARN"] = json!(queue.arn);
    }
    let left = answered(&api, &records).await.unwrap();
    assert_eq!(reported(&left), ["m1", "m2"]);
    let again = async || (queue.depth().await.visible == 2).then_some(());
    watchfire_tests::until("both to be there again", Duration::from_secs(60), again).await;
}
