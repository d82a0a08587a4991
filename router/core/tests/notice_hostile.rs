//! Whatever stands in whichever part of whichever event, no form of a page shows what no screen should be given.

use std::borrow::Cow;

use watchfire_core::decision::Decision;
use watchfire_core::json::Json;
use watchfire_core::notice::{Fact, Notice};
use watchfire_core::replay::Replay;
use watchfire_core::text::is_unfit;
use watchfire_core::verdict::EffectKind;

use crate::fixtures::fixture;

/// Characters that control a screen, break a line, turn text or hide in it.
const HOSTILE: &str = "x\u{1b}[31m\r\n\u{85}\u{9b}2J\u{7f}\0\u{8}\u{ad}\u{34f}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\
    \u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{206f}\u{3164}\u{e000}\u{fdd0}\u{fe0f}\u{feff}\
    \u{fff9}\u{fffa}\u{fffb}\u{ffff}\u{e0001}\u{e0041}\u{e007f}\u{e0100}\u{10ffff}\n[P0] forged: all is well";

const KINDS: [EffectKind; 5] =
    [EffectKind::Page, EffectKind::Resolve, EffectKind::Update, EffectKind::Digest, EffectKind::Acknowledge];

/// Every text and every name in it with something behind it, but what says what kind of event it is.
fn spoilt<'a>(json: &Json<'a>, kept: &[&str]) -> Json<'a> {
    let behind = |text: &str| format!("{text}{HOSTILE}");
    match json {
        Json::String(text) if kept.contains(&text.as_ref()) => json.clone(),
        Json::String(text) => Json::string(behind(text)),
        Json::Array(elements) => Json::Array(elements.iter().map(|element| spoilt(element, kept)).collect()),
        Json::Object(members) => {
            let members = members.iter().flat_map(|(name, value)| {
                let member = (name.clone(), spoilt(value, kept));
                [member, (Cow::Owned(behind(name)), Json::string(HOSTILE))]
            });
            Json::Object(members.collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
    }
}

/// The events of this crate with hostile text everywhere, and messages that are none.
fn bodies() -> Vec<String> {
    let names = [
        "guardduty_miner",
        "guardduty_exec",
        "guardduty_sequence",
        "guardduty_bucket",
        "guardduty_docker",
        "fargate",
        "asff_miner",
        "asff_control",
        "asff_scanner",
        "asff_action",
        "ocsf_miner",
        "ocsf_container",
        "ocsf_inspector",
        "inspector",
        "inspector_scan",
        "ecr_scan",
        "alarm",
        "health",
    ];
    let mut bodies: Vec<_> = names
        .map(fixture)
        .iter()
        .map(|text| {
            let json = Json::parse(text).unwrap();
            let kept = ["source", "detail-type"]
                .map(|name| json.get(name).and_then(Json::as_str).unwrap_or_default());
            let product = json
                .get("detail")
                .and_then(|detail| detail.get("findings")?.elements()[0].get("ProductArn")?.as_str());
            spoilt(&json, &[kept[0], kept[1], product.unwrap_or(kept[0])]).to_string()
        })
        .collect();
    let text = Json::string(HOSTILE);
    bodies.push(HOSTILE.to_owned());
    bodies.push(format!(r#"{{{text}:{text},"a":{text}}}"#));
    bodies.push(format!(r#"{{"Type":"Notification","TopicArn":{text},"Message":{text}}}"#));
    bodies.push(format!(
        r#"{{"id":{text},"source":{text},"detail-type":{text},"account":{text},"detail":{{}}}}"#
    ));
    bodies.push(format!(r#"{{"source":"aws.guardduty","detail-type":{text},"detail":{text}}}"#));
    bodies
}

fn assert_fit(shown: &str, what: &str) {
    let unfit: Vec<char> = shown.chars().filter(|c| *c != '\n' && is_unfit(*c)).collect();
    assert!(unfit.is_empty(), "{what}: {unfit:?} in {shown}");
}

fn assert_notice_fit(notice: &Notice) {
    for kind in KINDS {
        let subject = notice.subject(kind);
        assert!(!subject.contains('\n'), "{subject}");
        assert_fit(&subject, "subject");
        let text = notice.text(kind);
        assert_fit(&text, "text");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for Fact { group: _, label, value } in &notice.facts {
            // Labels start with a capital letter.
            let (first, rest) = label.split_at(label.chars().next().map_or(0, char::len_utf8));
            let row = format!("{}{rest} {value}", first.to_uppercase());
            assert!(words.contains(&row), "{label} is not whole in {text}");
        }
        assert_fit(&notice.html(kind), "HTML");
    }
}

#[test]
fn no_form_of_a_page_shows_what_no_screen_should_be_given() {
    let policy = crate::support::policy();
    for body in bodies() {
        let decisions: Vec<Decision> = Replay::new(&policy).message(&body);
        assert!(!decisions.is_empty());
        for decision in decisions {
            let notices: Vec<_> = decision.effects.iter().map(|effect| &effect.notice).collect();
            notices.iter().for_each(|notice| assert_notice_fit(notice));
        }
    }
}

#[test]
fn what_a_sender_calls_its_event_is_kept_fit_to_be_shown() {
    let policy = crate::support::policy();
    let text = fixture("asff_miner");
    let event = Json::parse(&text).unwrap();
    let id = Json::string(format!("{}{HOSTILE}", event.get("id").and_then(Json::as_str).unwrap()));
    let body = text.replacen(&event.get("id").unwrap().to_string(), &id.to_string(), 1);
    let decision = Replay::new(&policy).message(&body).remove(0);
    let notice = &decision.effects[0].notice;
    assert!(
        notice.event.is_delivered() && !notice.event.as_str().contains(is_unfit),
        "{}",
        notice.event.as_str()
    );
    assert_notice_fit(notice);
}
