//! A body is taken apart only as far as the texts fit into memory; one that is too much is refused whole.
#![allow(clippy::unwrap_used)]

use watchfire_core::event::messages;
use watchfire_core::json::Json;

const MANY: &str = "expected at most 10000 events in one message";
const MUCH: &str = "expected at most 64 MiB of events in one message";

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
fn more_than_ten_thousand_events_are_refused_in_every_wrapping() {
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
        assert_eq!(messages(&body(10_000)).unwrap().len(), 10_000);
        let refused = messages(&body(10_001)).unwrap_err().reason;
        assert!(refused.starts_with(MANY), "{refused}");
    }
    for body in [&findings as &dyn Fn(usize) -> String, &records, &|count| format!("[{}]", sevens(count))] {
        for body in [body(10_001), sns(&body(10_001))] {
            let refused = messages(&body).unwrap_err().reason;
            assert!(refused.starts_with(MANY), "{refused}");
        }
        assert_eq!(messages(&body(10_000)).unwrap().len(), 10_000);
    }
}

#[test]
fn findings_that_would_each_carry_a_great_rest_are_refused_before_they_do() {
    for body in [hub(10_000, 400_000), sns(&hub(700, 100_000)), record(&hub(700, 100_000))] {
        let refused = messages(&body).unwrap_err().reason;
        assert!(refused.starts_with(MUCH), "{refused}");
    }
    assert_eq!(messages(&hub(600, 100_000)).unwrap().len(), 600);
}

#[test]
fn events_that_fit_one_by_one_are_refused_when_they_do_not_together() {
    let half = hub(350, 100_000);
    assert_eq!(messages(&half).unwrap().len(), 350);
    for body in
        [format!("[{half},{half}]"), format!(r#"{{"Records":[{{"body":{half}}},{{"body":{half}}}]}}"#)]
    {
        let refused = messages(&body).unwrap_err().reason;
        assert!(refused.starts_with(MUCH), "{refused}");
    }
}

#[test]
fn each_text_holds_the_rest_of_the_event_and_one_finding() {
    let body = r#"{"id":"a\"b","source":"aws.securityhub","x":1,"detail-type":"y","x":2.0,"detail":{"findings":[7],"p":[ 1 ],"findings":[{"n":1}, {"n":2}],"q":"é"}}"#;
    let text = |id: &str, finding: &str| {
        format!(
            r#"{{"source":"aws.securityhub","x":1,"detail-type":"y","x":2.0,"detail":{{"p":[ 1 ],"q":"é","findings":[{finding}]}},"id":{id}}}"#
        )
    };
    let expected = [text(r#""a\"b""#, r#"{"n":1}"#), text(r#""a\"b#2""#, r#"{"n":2}"#)];
    assert_eq!(messages(body).unwrap(), expected);
    let body = body.replace(r#""a\"b""#, "7");
    let first = messages(&body).unwrap().remove(0).into_owned();
    assert!(first.starts_with(r#"{"id":7,"source""#), "{first}");
}
