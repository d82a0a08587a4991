//! A body is taken apart only as far as the texts fit into memory; what is too much is told, and costs no other.

use watchfire_core::event::{Event, messages};
use watchfire_core::json::Json;

/// How many events come out of a body, and what is said of the rest, which is no event.
fn read(body: &str) -> (usize, Option<String>) {
    let mut texts = messages(body).unwrap();
    let is_rest = texts.last().is_some_and(|last| last.starts_with("the rest of a message of"));
    let rest = is_rest.then(|| Event::read(&texts.pop().unwrap()).unwrap_err().reason);
    (texts.len(), rest)
}

/// So many, and a rest.
fn assert_rest(body: &str, events: usize) {
    let (read, rest) = read(body);
    let rest = rest.unwrap();
    let said =
        format!("the rest of a message of {} bytes, with more than 10000 events or 64 MiB", body.len());
    assert!(read == events && rest.contains(&said), "{read}: {rest}");
}

/// A Security Hub event with so many findings, and so many other bytes beside them.
fn hub(findings: usize, pad: usize) -> String {
    let findings = vec!["{}"; findings].join(",");
    let pad = "x".repeat(pad);
    format!(
        r#"{{"id":"1","source":"aws.securityhub","detail-type":"x","pad":"{pad}","detail":{{"findings":[{findings}]}}}}"#
    )
}

fn sns(message: &str) -> String {
    let message = Json::string(message);
    format!(r#"{{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":{message}}}"#)
}

fn record(body: &str) -> String {
    format!(r#"{{"Records":[{{"body":{}}}]}}"#, Json::string(body))
}

#[test]
fn of_more_than_ten_thousand_events_the_first_are_read_in_every_wrapping_and_the_rest_is_told() {
    let sevens = |count: usize| vec!["7"; count].join(",");
    let findings = |count: usize| format!(r#"{{"Findings":[{}]}}"#, sevens(count));
    let records = |count: usize| format!(r#"{{"Records":[{}]}}"#, sevens(count));
    for body in [
        |count: usize| hub(count, 0),
        |count: usize| sns(&hub(count, 0)),
        |count: usize| sns(&sns(&hub(count, 0))),
        |count: usize| record(&hub(count, 0)),
        |count: usize| format!("[{},{}]", hub(count - 5000, 0), hub(5000, 0)),
    ] {
        assert_eq!(read(&body(10_000)), (10_000, None));
        assert_rest(&body(10_001), 10_000);
    }
    for body in [&findings as &dyn Fn(usize) -> String, &records, &|count| format!("[{}]", sevens(count))] {
        assert_rest(&body(10_001), 10_000);
        assert_rest(&sns(&body(10_001)), 10_000);
        assert_eq!(read(&body(10_000)), (10_000, None));
    }
}

#[test]
fn an_array_of_any_length_within_an_event_costs_the_event_nothing() {
    let body = |count: usize| {
        let many = vec!["7"; count].join(",");
        format!(r#"{{"id":"1","source":"our.own","detail-type":"x","detail":{{"many":[{many}],"b":1}}}}"#)
    };
    for count in [10_000, 10_001, 200_000] {
        let body = body(count);
        let event = Event::read(&body).unwrap();
        let detail = event.json.get("detail").unwrap();
        assert_eq!(detail.get("many").unwrap().elements().len(), count);
        assert_eq!((detail.get("b").unwrap().to_string(), event.faults), ("1".to_owned(), vec![]));
    }
}

#[test]
fn findings_that_would_each_carry_a_great_rest_are_made_only_as_far_as_there_is_room() {
    assert_rest(&hub(10_000, 400_000), 167);
    assert_rest(&sns(&hub(700, 100_000)), 670);
    assert_rest(&record(&hub(700, 100_000)), 670);
    assert_eq!(read(&hub(600, 100_000)), (600, None));
}

#[test]
fn events_that_fit_one_by_one_are_read_only_as_far_as_they_fit_together() {
    let half = hub(350, 100_000);
    assert_eq!(read(&half), (350, None));
    assert_rest(&format!("[{half},{half}]"), 670);
    assert_rest(&format!(r#"{{"Records":[{{"body":{half}}},{{"body":{half}}}]}}"#), 670);
}

#[test]
fn each_text_holds_the_rest_of_the_event_and_one_finding() {
    let body = r#"{"id":"a\"b","source":"aws.securityhub","x":1,"detail-type":"y","x":2.0,"detail":{"findings":[7],"p":[ 1 ],"findings":[{"n":1}, {"n":2}],"q":"é"}}"#;
    let text = |id: &str, finding: &str| {
        format!(
            r#"{{"source":"aws.securityhub","x":1,"detail-type":"y","x":2.0,"id":{id},"detail":{{"p":[ 1 ],"q":"é","findings":[{finding}]}}}}"#
        )
    };
    let expected = [text(r#""a\"b""#, r#"{"n":1}"#), text(r#""a\"b#2""#, r#"{"n":2}"#)];
    assert_eq!(messages(body).unwrap(), expected);
    let body = body.replace(r#""a\"b""#, "7");
    let first = messages(&body).unwrap().remove(0).into_owned();
    assert!(first.starts_with(r#"{"id":7,"source""#), "{first}");
}
