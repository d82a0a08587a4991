//! What is put, and what is refused before anything is.

use watchfire_core::builders::page;
use watchfire_core::notice::List;

use super::*;
use crate::aws::call::Refusal;
use crate::channel::ChannelConfig;

fn config(yaml: &str) -> Result<Config, String> {
    match serde_saphyr::from_str(yaml).map_err(|error| error.to_string())? {
        ChannelConfig::EventBridge(config) => Ok(config),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_example_is_the_defaults_spelled_out() {
    let example = "eventbridge:
  bus: watchfire-pages
  payload: standard
  leave_out: []
  messages_per_minute: 600
  templates: {}
";
    assert_eq!(config(example), config("eventbridge: {bus: watchfire-pages}"));
}

#[test]
fn a_bus_is_a_name_or_an_arn_in_one_region() {
    let arn = "arn:aws-us-gov:events:us-gov-west-1:123456789012:event-bus/pages";
    assert_eq!(
        config(&format!("eventbridge: {{bus: '{arn}'}}")).map(|it| it.bus.region()),
        Ok(Some("us-gov-west-1".to_owned()))
    );
    for wrong in
        ["", "a b", "arn:aws:sqs:us-east-1:123456789012:q", "arn:aws:events:us-east-1:123456789012:rule/r"]
    {
        let error = config(&format!("eventbridge: {{bus: '{wrong}'}}")).expect_err(wrong);
        assert!(error.contains("expected "), "{error}");
    }
    let two = config(&format!("eventbridge: {{bus: '{arn}', region: us-east-1}}")).expect("well-formed");
    let mut mistakes = Vec::new();
    two.check(&mut |member, mistake| mistakes.push(format!("{member}: {mistake}")));
    assert_eq!(
        mistakes,
        [".region: expected `us-gov-west-1`, as the ARN of the bus says, found `us-east-1`"]
    );
}

#[test]
fn an_entry_has_our_source_and_the_page_and_is_never_too_large() {
    let config = config("eventbridge: {bus: pages}").expect("a configuration");
    let mut effect = page();
    let put = entry(&Dispatch::alone(&effect), &config.form(), &config.bus);
    let told =
        |put: &Value| serde_json::from_str::<Value>(put["Detail"].as_str().expect("text")).expect("JSON");
    let (whole, detail) = (page::whole(&Dispatch::alone(&effect), &config.form()), told(&put));
    assert_eq!(detail, whole);
    let expected = json!({
        "Source": "watchfire.pages", "DetailType": "page", "Detail": put["Detail"], "EventBusName": "pages",
        "Time": 1_795_143_491,
    });
    assert_eq!(put, expected);
    effect.notice.lists = vec![List { head: "All".to_owned(), lines: vec!["x".repeat(1_000); 262], more: 0 }];
    let put = entry(&Dispatch::alone(&effect), &config.form(), &config.bus);
    assert!(size(&put) < MOST_BYTES && told(&put)["cut"] == true, "{}", size(&put));
}

#[test]
fn every_answer_has_its_fate() {
    let later = |reason: &str| Err(NotTaken::ForNow { reason: reason.to_owned(), retry_after: None });
    let busy = |reason: &str| Err(NotTaken::Busy { reason: reason.to_owned(), retry_after: None });
    let refused = |reason: &str| Ok(Put::Refused(reason.to_owned()));
    let entry = |entry: &str| format!(r#"{{"FailedEntryCount":0,"Entries":[{entry}]}}"#);
    let failed = |code: &str| entry(&format!(r#"{{"ErrorCode":"{code}","ErrorMessage":"m"}}"#));
    let table = [
        (entry(r#"{"EventId":"e"}"#), Ok(Put::Taken("e".to_owned()))),
        (failed("ThrottlingException"), busy("EventBridge: ThrottlingException: m")),
        (failed("InternalFailure"), later("EventBridge: InternalFailure: m")),
        (failed("InternalException"), later("EventBridge: InternalException: m")),
        (failed("AccessDeniedException"), later("EventBridge: AccessDeniedException: m")),
        (failed("NotAuthorizedForSourceException"), later("EventBridge: NotAuthorizedForSourceException: m")),
        (failed("InvalidArgument"), refused("EventBridge: InvalidArgument: m")),
        (failed("MalformedDetail"), refused("EventBridge: MalformedDetail: m")),
        (entry("{}"), later("EventBridge: : ")),
        (entry(""), later("EventBridge: it did not say what became of the event")),
        ("<html>".to_owned(), later("EventBridge: 200 with a body that is not its own")),
    ];
    for (body, fate) in table {
        assert_eq!(judge(Ok(call::Answer::of(&body))), fate, "{body}");
    }
    let table = [
        (400, "ValidationException", refused("EventBridge: 400 ValidationException")),
        (413, "", refused("EventBridge: 413")),
        (400, "ThrottlingException", busy("EventBridge: 400 ThrottlingException")),
        (400, "AccessDeniedException", later("EventBridge: 400 AccessDeniedException")),
        (400, "ExpiredTokenException", later("EventBridge: 400 ExpiredTokenException")),
        (400, "ResourceNotFoundException", later("EventBridge: 400 ResourceNotFoundException")),
        (403, "", later("EventBridge: 403")),
        (500, "InternalException", later("EventBridge: 500 InternalException")),
    ];
    for (status, code, fate) in table {
        let refusal = Refusal { status, code: code.to_owned(), ..Refusal::default() };
        assert_eq!(judge(Err(CallError::Refused(refusal))), fate, "{status} {code}");
    }
}
