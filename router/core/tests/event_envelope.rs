//! Bodies taken apart, envelopes, what is unreadable, and what rules get to see.

use std::borrow::Cow;
use std::collections::BTreeSet;

use watchfire_core::event::{Event, messages};
use watchfire_core::hash::sha256;
use watchfire_core::ids::EventId;
use watchfire_core::json::Json;

use crate::fixtures::fixture;

fn sns(message: &str) -> String {
    let message = Json::string(message);
    format!(r#"{{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":{message},"Timestamp":"x"}}"#)
}

fn reason(text: &str) -> String {
    Event::read(text).unwrap_err().reason
}

#[test]
fn an_event_is_handed_out_as_it_is() {
    let body = fixture("guardduty_miner");
    let texts = messages(&body).unwrap();
    assert_eq!(texts.len(), 1);
    assert!(matches!(texts[0], Cow::Borrowed(text) if text == body));
}

#[test]
fn an_event_in_one_or_two_sns_notifications_is_unwrapped_and_in_three_it_is_refused() {
    let body = fixture("guardduty_miner");
    assert_eq!(messages(&sns(&body)).unwrap(), [body.as_str()]);
    assert_eq!(messages(&sns(&sns(&body))).unwrap(), [body.as_str()]);
    let refused = messages(&sns(&sns(&sns(&body)))).unwrap_err();
    assert!(refused.reason.starts_with("expected at most 2 SNS notifications"), "{refused}");
}

#[test]
fn an_sns_message_that_is_no_event_is_unreadable() {
    for message in ["hello", "7", "\"CryptoCurrency:Runtime/BitcoinTool.B on i-1\""] {
        let reason = messages(&sns(message)).unwrap_err().reason;
        assert_eq!(reason, format!("in SNS: expected a JSON object or array; it begins: {message}"));
    }
    let subscription = r#"{"Type":"SubscriptionConfirmation","Message":"You have chosen","Token":"t"}"#;
    let reason = messages(subscription).unwrap_err().reason;
    assert!(reason.starts_with("expected an SNS notification, not its subscription's"), "{reason}");
}

#[test]
fn an_array_gives_one_text_each_and_a_bad_one_does_not_take_the_others_with_it() {
    let (miner, exec) = (fixture("guardduty_miner"), fixture("guardduty_exec"));
    let deep = sns(&sns(&sns(&exec)));
    let body = format!("[{miner},\n {}, 7, [], {deep} ,{{}}]", sns(&exec));
    let texts = messages(&body).unwrap();
    assert_eq!(texts, [miner.trim(), &exec, "7", "[]", &deep, "{}"]);
}

#[test]
fn what_the_command_line_prints_gives_one_text_each() {
    for name in ["Findings", "findings"] {
        let body = format!(r#"{{"{name}":[{{"a":1}},{{"a":2}}],"NextToken":null}}"#);
        assert_eq!(messages(&body).unwrap(), [r#"{"a":1}"#, r#"{"a":2}"#]);
    }
}

#[test]
fn lambdas_records_give_one_text_each() {
    let body = r#"{"Records":[{"messageId":"1","body":"{\"a\":1}"},{"Sns":{"TopicArn":"t","Message":"{\"a\":2}"}},{"x":3}]}"#;
    assert_eq!(messages(body).unwrap(), [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"x":3}"#]);
}

#[test]
fn a_security_hub_event_with_several_findings_gives_one_event_each_with_stable_ids() {
    let body = fixture("asff_control");
    let finding = body[body.find("[{\n    \"Schema").unwrap() + 1..body.rfind("]}\n").unwrap()].to_owned();
    let other = finding.replace("finding/c0", "finding/c1");
    let several = body.replace(&finding, &format!("{finding}, {other}, {finding}"));
    let read = |texts: &[Cow<'_, str>]| -> Vec<(String, String)> {
        let events = texts.iter().map(|text| Event::read(text).unwrap());
        let named = |event: Event<'_>| (event.id.to_string(), event.finding.unwrap().key.to_string());
        events.map(named).collect()
    };
    let id = "0b1e4a52-6d7e-4f3a-9a58-2f6f3b1c0101";
    let key = "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:security-control/EKS.1/finding/c";
    let expected = [
        (id.to_owned(), format!("{key}0")),
        (format!("{id}#2"), format!("{key}1")),
        (format!("{id}#3"), format!("{key}0")),
    ];
    assert_eq!(read(&messages(&several).unwrap()), expected);
    assert_eq!(read(&messages(&sns(&several)).unwrap()), expected);
}

#[test]
fn a_body_with_nothing_in_it_is_unreadable() {
    for (body, expected) in [
        ("", "expected a JSON object or array; it is empty"),
        (" \n", "expected a JSON object or array; it is empty"),
        ("hello", "expected a JSON object or array; it begins: hello"),
        ("7", "expected a JSON object or array; it begins: 7"),
        ("[", "expected at least one event; it begins: ["),
        (r#"{"Findings":["#, r#"expected at least one event; it begins: {"Findings":["#),
    ] {
        assert_eq!(messages(body).unwrap_err().reason, expected);
    }
}

#[test]
fn an_empty_list_takes_nothing_with_it_that_stands_beside_it() {
    for body in [
        r#"{"findings":[],"type":"CryptoCurrency:Runtime/BitcoinTool.B","severity":8}"#,
        r#"{"Findings":[],"x":1}"#,
        r#"{"Findings":[{"Id":"a"}],"type":"CryptoCurrency:Runtime/BitcoinTool.B"}"#,
        r#"{"Records":[],"x":1}"#,
    ] {
        assert_eq!(messages(body).unwrap(), [body]);
    }
}

#[test]
fn an_empty_list_is_nothing() {
    for body in ["[]", r#"{"Findings":[]}"#, r#"{"Findings": [], "NextToken": null}"#, r#"{"Records":[]}"#] {
        assert_eq!(messages(body), Ok(Vec::new()), "{body}");
    }
}

#[test]
fn what_is_neither_event_nor_known_finding_is_unreadable() {
    let known = "expected an event with source and detail-type, or a finding of a known shape";
    for text in [
        "{}",
        // What an input transformer makes of a finding.
        r#"{"severity":8,"type":"Recon:EC2/Portscan"}"#,
        r#"{"source":"aws.guardduty"}"#,
        r#"{"source":"","detail-type":"x"}"#,
        r#"{"source":7,"detail-type":"x"}"#,
        r#"{"actionName":"Isolate","findings":[{"Id":"1"}]}"#,
    ] {
        assert_eq!(reason(text), format!("{known}; it begins: {text}"));
        assert_eq!(messages(text).unwrap(), [text]);
    }
    assert_eq!(reason("[]"), "expected an event, a JSON object; it begins: []");
}

#[test]
fn an_event_that_should_report_a_finding_and_does_not_is_unreadable() {
    let event = |source: &str, kind: &str, rest: &str| {
        reason(&format!(r#"{{"id":"1","source":"{source}","detail-type":"{kind}"{rest}}}"#))
    };
    let guardduty = |rest| event("aws.guardduty", "GuardDuty Finding", rest);
    let hub = |rest| event("aws.securityhub", "Security Hub Findings - Imported", rest);
    for (reason, expected) in [
        (guardduty(""), "GuardDuty Finding: expected an object as detail"),
        (guardduty(r#","detail":"{}""#), "GuardDuty Finding: expected a finding with arn, id or type"),
        (guardduty(r#","detail":"[]""#), "GuardDuty Finding: expected an object as detail"),
        (guardduty(r#","detail":null"#), "GuardDuty Finding: expected an object as detail"),
        (
            guardduty(r#","detail":{"severity":8}"#),
            "GuardDuty Finding: expected a finding with arn, id or type",
        ),
        (hub(r#","detail":{}"#), "Security Hub Findings - Imported: expected a finding in detail.findings"),
        (hub(r#","detail":{"findings":[]}"#), "Security Hub Findings - Imported: expected a finding in"),
        (hub(r#","detail":{"findings":[7]}"#), "Security Hub Findings - Imported: expected a finding in"),
        (event("aws.ecr", "ECR Image Scan", ""), "ECR Image Scan: expected an object as detail"),
    ] {
        assert!(reason.starts_with(expected), "{reason}");
    }
}

#[test]
fn any_other_event_with_source_and_detail_type_has_no_finding() {
    for text in [
        r#"{"source":"aws.guardduty","detail-type":"GuardDuty Something New"}"#,
        r#"{"source":"our.own","detail-type":"GuardDuty Finding","detail":{"arn":"a"}}"#,
        r#"{"source":"aws.ec2","detail-type":"none","detail":null}"#,
    ] {
        assert_eq!(Event::read(text).unwrap().finding, None, "{text}");
    }
}

#[test]
fn a_reason_echoes_at_most_six_hundred_clean_characters() {
    let text = format!("x\u{1b}[31m\u{202e}{}", "x".repeat(1500));
    let begins = format!("it begins: x\u{fffd}[31m\u{fffd}{}…", "x".repeat(592));
    let expected = format!("expected an event, a JSON object (not JSON at byte 0: value expected); {begins}");
    assert_eq!(reason(&text), expected);
    let expected = format!("expected a JSON object or array; {begins}");
    assert_eq!(messages(&text).unwrap_err().reason, expected);
}

#[test]
fn an_event_without_an_id_is_named_by_its_text() {
    let text = r#"{"source":"a","detail-type":"b"}"#;
    let expected = format!("sha256:{}", &sha256(text)[..32]);
    assert_eq!(Event::read(text).unwrap().id.shown(), expected);
}

#[test]
fn two_events_of_one_id_are_two_wherever_they_differ_and_a_redelivery_is_none() {
    let event = |source: &str, kind: &str, account: &str, detail: &str| {
        format!(
            r#"{{"id":"a","source":"{source}","detail-type":"{kind}","account":"{account}","detail":{detail}}}"#
        )
    };
    let one = event("shop", "Deploy", "111122223333", "{}");
    let texts = [
        one.clone(),
        event("bank", "Deploy", "111122223333", "{}"),
        event("shop", "Undeploy", "111122223333", "{}"),
        event("shop", "Deploy", "444455556666", "{}"),
        event("shop", "Deploy", "111122223333", r#"{"version":2}"#),
    ];
    let ids: Vec<EventId> = texts.iter().map(|text| Event::read(text).unwrap().id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), texts.len(), "{ids:?}");
    assert!(ids.iter().all(|id| id.shown() == "a"), "{ids:?}");
    assert_eq!(Event::read(&one).unwrap().id, ids[0]);
}

#[test]
fn a_hash_is_that_of_the_bytes() {
    assert_eq!(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[test]
fn a_bare_finding_is_put_into_the_envelope_it_would_have_had() {
    for name in ["guardduty_miner", "asff_control", "ocsf_miner", "inspector"] {
        let text = fixture(name);
        let enveloped = Event::read(&text).unwrap();
        let detail = enveloped.json.get("detail").unwrap();
        let bare = detail.get("findings").map_or(detail, |findings| &findings.elements()[0]).to_string();
        let event = Event::read(&bare).unwrap();
        assert_eq!(event.id.shown(), format!("sha256:{}", &sha256(&bare)[..32]));
        assert_eq!((&event.finding, &event.subject), (&enveloped.finding, &enveloped.subject), "{name}");
        assert_eq!((&event.source, &event.detail_type), (&enveloped.source, &enveloped.detail_type));
        assert_eq!(event.json.get("detail"), Some(detail));
        let members: Vec<_> = event.json.members().iter().map(|(name, _)| name.as_ref()).collect();
        let expected = [
            "version",
            "id",
            "detail-type",
            "source",
            "account",
            "time",
            "region",
            "resources",
            "detail",
            "finding",
            "subject",
        ];
        assert_eq!(members, expected);
        assert!(event.time.is_some());
    }
}

#[test]
fn a_bare_finding_of_security_hub_names_itself_in_resources() {
    let text = fixture("asff_control");
    let detail = Event::read(&text).unwrap().json.get("detail").unwrap().clone();
    let bare = detail.get("findings").unwrap().elements()[0].to_string();
    let event = Event::read(&bare).unwrap();
    let enveloped = Event::read(&text).unwrap();
    assert_eq!(event.json.get("resources"), enveloped.json.get("resources"));
}

#[test]
fn rules_see_our_finding_and_subject_whoever_reports() {
    let text = fixture("guardduty_miner");
    let event = Event::read(&text).unwrap();
    let expected = concat!(
        r#"{"key":"arn:aws-us-gov:guardduty:us-gov-west-1:111122223333:detector/d0d0d0d0/finding/5ac0ffee5ac0ffee5ac0ffee5ac0ffee","#,
        r#""source":"guardduty","type":"CryptoCurrency:Runtime/BitcoinTool.B","#,
        r#""title":"A process in a container talks to a mining pool.","#,
        r#""description":"The container app talks to a host known for mining.","#,
        r#""severity":8,"band":"HIGH","state":"open","sample":false,"count":3}"#,
    );
    assert_eq!(event.json.get("finding").unwrap().to_string(), expected);
    let expected = concat!(
        r#"{"account":"111122223333","region":"us-gov-west-1","cluster":"payments","#,
        r#""cluster_arn":"arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments","namespace":"shop","#,
        r#""workload":{"kind":"pods","name":"checkout-6d9f-abcde","uid":"7e57ab1e-0000-4000-8000-000000000001"},"#,
        r#""pod":"checkout-6d9f-abcde","#,
        r#""container":{"name":"app","id":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},"#,
        r#""image":"registry.example.com/shop/checkout:1.4@sha256:aaaa000000000000000000000000000000000000000000000000000000000001","#,
        r#""instance":"i-0abc0000000000001","service_account":"shop/checkout","ip":"10.0.4.77"}"#,
    );
    assert_eq!(event.json.get("subject").unwrap().to_string(), expected);
    for name in ["asff_miner", "ocsf_miner"] {
        let text = fixture(name);
        let event = Event::read(&text).unwrap();
        let kind = event.json.get("finding").unwrap().get("type").and_then(Json::as_str);
        assert_eq!(kind, Some("CryptoCurrency:Runtime/BitcoinTool.B"), "{name}");
    }
}

#[test]
fn what_a_sender_wrote_as_finding_or_subject_is_gone() {
    let text = r#"{"finding":{"type":"CryptoCurrency:Runtime/X"},"id":"1","source":"our.own","detail-type":"x",
        "subject":{"pod":"p"},"finding":7,"account":"111122223333","detail":{"finding":1}}"#;
    let json = Event::read(text).unwrap().json.to_string();
    let expected = concat!(
        r#"{"id":"1","source":"our.own","detail-type":"x","account":"111122223333","detail":{"finding":1},"#,
        r#""subject":{"account":"111122223333"}}"#,
    );
    assert_eq!(json, expected);
}

#[test]
fn the_envelope_as_delivered_keeps_its_numbers_and_repeats() {
    let text = r#"{"source":"a","detail-type":"b","detail":{"n":1.0,"n":3e2,"m":-0}}"#;
    let json = Event::read(text).unwrap().json;
    assert_eq!(json.get("detail").unwrap().to_string(), r#"{"n":1.0,"n":3e2,"m":-0}"#);
}
