//! Promises about what is sent to a model, what is read of its answer, and what a refusal is.
#![allow(clippy::unwrap_used)]

use serde_json::json;
use watchfire_core::builders::notice;
use watchfire_core::triage::Nonce;

use super::*;

fn prompt() -> Prompt {
    Prompt::of(&notice(), &[], Nonce(7))
}

#[test]
fn a_page_is_marked_for_the_guardrail_where_there_is_one() {
    let prompt = prompt();
    let guardrail = GuardrailConfig { id: "a1b2".to_owned(), version: "1".to_owned() };
    let said = |data| {
        json!({
            "system": [{"text": prompt.system}],
            "messages": [{"role": "user", "content": [{"text": prompt.before}, data, {"text": prompt.after}]}],
            "inferenceConfig": {"maxTokens": 500},
        })
    };
    let guarded = json!({"guardContent": {"text": {"text": prompt.data, "qualifiers": ["guard_content"]}}});
    let mut expected = said(guarded);
    expected["guardrailConfig"] = json!({"guardrailIdentifier": "a1b2", "guardrailVersion": "1"});
    assert_eq!(bedrock::body(&prompt, 500, Some(&guardrail)), expected);
    assert_eq!(bedrock::body(&prompt, 500, None), said(json!({"text": prompt.data})));
    assert!(prompt.user().contains(&prompt.data), "another side is told the same");
}

#[test]
fn whoever_has_chat_completions_is_understood() {
    let tokens = Some(Tokens { input: 7, output: 9 });
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 9});
    let answer = |message, finish: &str| {
        let choice = json!({"index": 0, "message": message, "finish_reason": finish});
        json!({"object": "chat.completion", "choices": [choice], "usage": usage}).to_string()
    };
    let text = json!({"role": "assistant", "content": "{}"});
    for (finish, stop) in [
        ("stop", Stop::AtItsEnd),
        ("length", Stop::Cut),
        ("content_filter", Stop::Refused),
        ("tool_calls", Stop::Cut),
    ] {
        let said = openai::said(answer(text.clone(), finish).as_bytes());
        assert_eq!(said, Ok(Said { text: "{}".to_owned(), stop, tokens }), "{finish}");
    }
    let refused = json!({"role": "assistant", "content": null, "refusal": "I cannot."});
    let said = openai::said(answer(refused, "stop").as_bytes());
    assert_eq!(said, Ok(Said { text: String::new(), stop: Stop::Refused, tokens }));
    let bare = json!({"choices": [{"message": {"content": "{}"}}]}).to_string();
    assert_eq!(
        openai::said(bare.as_bytes()).map(|said| (said.stop, said.tokens)),
        Ok((Stop::AtItsEnd, None))
    );
    for none in ["", "<html>", "{}", r#"{"choices": []}"#, r#"{"error": {"message": "no"}}"#] {
        assert_eq!(openai::said(none.as_bytes()).map_err(|no| no.why), Err(WhyNot::Unavailable), "{none}");
    }
}

#[test]
fn a_status_says_whether_it_may_have_cost_something() {
    for (status, why, may_have_cost) in [
        (400, WhyNot::Invalid, false),
        (401, WhyNot::Denied, false),
        (403, WhyNot::Denied, false),
        (404, WhyNot::Invalid, false),
        (408, WhyNot::TimedOut, true),
        (424, WhyNot::Unavailable, true),
        (429, WhyNot::Throttled, false),
        (500, WhyNot::Unavailable, true),
        (503, WhyNot::Unavailable, true),
        (504, WhyNot::TimedOut, true),
        (301, WhyNot::Unavailable, true),
    ] {
        assert_eq!(
            (WhyNot::of(status), WhyNot::of(status).may_have_cost()),
            (why, may_have_cost),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_side_that_nobody_answers_at_is_not_there_and_no_secret_is_told() {
    let clients = Clients::new(None).unwrap();
    let config: TriageConfig = serde_json::from_value(json!({
        "openai": {"url": "http://127.0.0.1:9/v1", "model": "m"}, "timeout_seconds": 1,
        "budget": {"tokens_per_day": 1},
    }))
    .unwrap();
    let asker = Asker::open(&config, &clients).await.unwrap();
    let Err(NotSaid { why, reason }) = asker.try_once(&prompt(), 100).await else {
        panic!("nobody is there")
    };
    assert_eq!(why, WhyNot::Unavailable);
    assert!(reason.starts_with("no answer: ") && !reason.contains("127.0.0.1:9/v1"), "{reason}");
}
