//! Names stay in the account that they are of, ends hide nothing that they do not know of, and what is wrapped once more
//! is read.

use watchfire_core::decision::Decision;
use watchfire_core::event::{Event, messages};
use watchfire_core::json::Json;
use watchfire_core::replay::Replay;

use crate::fixtures::fixture;
use crate::support::policy;

const OURS: &str = "111122223333";
const THEIRS: &str = "999988887777";

fn decided(texts: &[String]) -> Vec<Decision> {
    let policy = policy();
    let mut replay = Replay::new(&policy);
    texts.iter().flat_map(|text| replay.message(text)).collect()
}

fn brief(decisions: &[Decision]) -> Vec<String> {
    decisions
        .iter()
        .map(|it| format!("{} {} {}", it.priority, it.verdict.as_str(), it.why.as_str()))
        .collect()
}

/// The same finding under another event's id.
fn again(text: &str, id: &str) -> String {
    let json = Json::parse(text).unwrap();
    let old = json.get("id").unwrap().to_string();
    text.replacen(&old, &Json::string(id).to_string(), 1)
}

fn archived(text: &str) -> String {
    let archived = text.replace("\"archived\": false", "\"archived\": true");
    assert_ne!(archived, text);
    archived
}

#[test]
fn a_report_of_another_account_mutes_and_closes_nothing_of_ours() {
    let ours = fixture("guardduty_miner");
    let of_them = |text: &str| {
        // Everything but the name of the finding, which is ours.
        let arn = Event::read(text).unwrap().finding.unwrap().key.to_string();
        text.replace(&arn, "the name").replace(OURS, THEIRS).replace("the name", &arn)
    };
    let theirs = of_them(&again(&ours, "theirs"));
    let end = archived(&of_them(&again(&ours, "their end")));
    let decisions = decided(&[theirs, ours.clone(), end, archived(&again(&ours, "our end"))]);
    let expected = ["P0 page new", "P0 page new", "P0 quiet closed", "P0 quiet closed"];
    assert_eq!(brief(&decisions), expected);
    assert_eq!(decisions[0].incident, decisions[2].incident);
    assert_eq!(decisions[1].incident, decisions[3].incident);
    assert_ne!(decisions[0].incident, decisions[1].incident);
}

#[test]
fn an_alarm_about_the_resources_of_another_account_is_of_that_account() {
    let alarm = fixture("alarm");
    let of = |text: &str| Event::read(text).unwrap().subject.account;
    assert_eq!(of(&alarm).as_deref(), Some(OURS));
    let watching = |accounts: &[&str]| {
        let metrics = accounts.iter().map(|account| format!(r#"{{"accountId": "{account}"}}"#));
        let metrics = metrics.collect::<Vec<_>>().join(", ");
        let text = alarm.replacen("\"metrics\": [", &format!("\"metrics\": [{metrics}, "), 1);
        assert_ne!(text, alarm);
        text
    };
    assert_eq!(of(&watching(&[THEIRS])).as_deref(), Some(THEIRS));
    assert_eq!(of(&watching(&[THEIRS, OURS])), None, "it is of nobody alone");
    let envelope = format!("\"account\": \"{OURS}\"");
    let relayed = alarm.replacen(&envelope, &format!("\"account\": \"{THEIRS}\""), 1);
    assert_ne!(relayed, alarm);
    assert_eq!(of(&relayed).as_deref(), Some(OURS), "by its own name");
}

#[test]
fn an_end_hides_no_open_report_that_says_more_however_old_it_claims_to_be() {
    let end = archived(&again(&fixture("guardduty_miner"), "the end"));
    let open = fixture("guardduty_miner").replacen(
        "\"updatedAt\": \"2026-03-04T05:06",
        "\"updatedAt\": \"2026-03-04T04:36",
        1,
    );
    assert_ne!(open, fixture("guardduty_miner"));
    assert_eq!(brief(&decided(&[end.clone(), open.clone()]))[1], "P0 quiet outdated", "it says the same");
    for (what, other) in [
        ("severity", open.replacen("\"severity\": 8", "\"severity\": 9", 1)),
        ("description", open.replacen("The container app talks", "The container app, again, talks", 1)),
    ] {
        assert_ne!(other, open, "{what}");
        assert_eq!(brief(&decided(&[end.clone(), other]))[1], "P0 page reopened", "{what}");
    }
}

#[test]
fn an_event_in_a_text_once_more_and_one_without_its_envelopes_words_are_read() {
    let open = fixture("guardduty_miner");
    let in_a_text = Json::string(open.as_str()).to_string();
    assert_eq!(messages(&in_a_text).unwrap(), [open.as_str()]);
    let whole = Event::read(&open).unwrap();
    for word in ["source", "detail-type"] {
        let without = open.replacen(&format!("\"{word}\""), "\"other\"", 1);
        assert_ne!(without, open);
        let event = Event::read(&without).unwrap();
        assert_eq!((&event.source, &event.detail_type), (&whole.source, &whole.detail_type), "{word}");
        assert_eq!(
            (&event.finding.map(|it| it.key), &event.subject),
            (&whole.finding.as_ref().map(|it| it.key.clone()), &whole.subject)
        );
    }
}
