//! What a process, a workload or a broken relay puts into a message costs that part of it, and never the alert.

use watchfire_core::event::{Event, FindingState, messages};
use watchfire_core::json::{Amiss, Json};

use crate::fixtures::fixture;

/// One of each kind of event.
fn all() -> impl Iterator<Item = (&'static str, String)> {
    let names =
        ["guardduty_miner", "guardduty_exec", "asff_miner", "asff_control", "ocsf_miner", "inspector"];
    names.into_iter().chain(["ecr_scan", "alarm", "health"]).map(|name| (name, fixture(name)))
}

fn sns(message: &str) -> String {
    let message = Json::string(message);
    format!(r#"{{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":{message},"Timestamp":"x"}}"#)
}

fn record(body: &str) -> String {
    format!(r#"{{"Records":[{{"messageId":"m","body":{}}}]}}"#, Json::string(body))
}

/// Every text in a tree that is a value, each once.
fn texts<'v>(json: &'v Json<'_>, found: &mut Vec<&'v str>) {
    found.extend(json.as_str());
    json.elements().iter().for_each(|element| texts(element, found));
    json.members().iter().for_each(|(_, value)| texts(value, found));
}

/// What is left of an event beside its id and its faults.
fn told(text: &str) -> Result<String, ()> {
    let event = Event::read(text).map_err(|_| ())?;
    Ok(format!("{} {} {}", event.source, event.detail_type, event.json))
}

#[test]
fn whatever_stands_in_one_text_costs_that_text_and_nothing_beside_it() {
    let spoilt = [
        ("\\ud83d", "\u{fffd}"),
        ("\\ude00\\ud83d\\u12zz\\q", "\u{fffd}\u{fffd}\u{fffd}zz\u{fffd}q"),
        ("\u{1}\0\n\r\t\u{feff}\u{202e}", "\\u0001\\u0000\\n\\r\\t\u{feff}\u{202e}"),
    ];
    for (name, text) in all() {
        let json = Json::parse(&text).unwrap();
        let mut found = Vec::new();
        texts(&json, &mut found);
        for value in found
            .into_iter()
            .filter(|value| value.chars().all(|c| c.is_alphanumeric() || " -/:.".contains(c)))
        {
            let quoted = format!("\"{value}\"");
            for (raw, read) in spoilt {
                let with = |end: &str| text.replace(&quoted, &format!("\"{value} x{end}y\""));
                // An id is a name for the event; a time or a number that has something behind it is none.
                assert_eq!(told(&with(raw)), told(&with(read)), "{name}: {value}{raw:?}");
            }
        }
    }
}

#[test]
fn whatever_nests_too_deep_costs_that_and_nothing_beside_it() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let open = r#"{"k":"#.repeat(5_000) + "1" + &"}".repeat(5_000);
    for (name, text) in all() {
        let at = text.find("\"detail\": {").map(|at| at + "\"detail\": {".len()).unwrap();
        for deep in [&deep, &open] {
            let spoilt = format!("{}\"deep\": {deep}, {}", &text[..at], &text[at..]);
            let (event, whole) = (Event::read(&spoilt).unwrap(), Event::read(&text).unwrap());
            assert_eq!((&event.finding, &event.subject), (&whole.finding, &whole.subject), "{name}");
            let amiss: Vec<_> = event.faults.iter().map(|fault| fault.amiss).collect();
            assert_eq!(amiss, [Amiss::TooDeep], "{name}");
            assert_eq!(messages(&spoilt).unwrap(), [spoilt.as_str()]);
        }
    }
}

#[test]
fn what_is_cut_anywhere_is_told_as_far_as_it_goes_and_hides_nothing_that_comes_whole() {
    for (name, text) in all() {
        let text = text.trim_end();
        let whole = Event::read(text).unwrap();
        let finding = whole.finding.as_ref();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let Ok(event) = Event::read(&text[..end]) else { continue };
            assert!(event.faults.iter().any(|fault| fault.amiss == Amiss::CutOff), "{name}: {end}");
            assert_ne!(event.id, whole.id, "{name}: {end}");
            let (Some(read), Some(finding)) = (&event.finding, finding) else { continue };
            assert!(finding.state != FindingState::Open || read.state == FindingState::Open, "{name}: {end}");
            assert!(!read.sample || finding.sample, "{name}: {end}");
        }
    }
}

#[test]
fn of_a_miner_that_is_cut_behind_its_type_the_type_is_told_in_every_wrapping() {
    let text = fixture("guardduty_miner");
    let kind = "CryptoCurrency:Runtime/BitcoinTool.B\"";
    let behind = text.find(kind).unwrap() + kind.len();
    for end in (behind..text.len() - 3).filter(|end| text.is_char_boundary(*end)) {
        let cut = &text[..end];
        // A relay may cut what it wraps, or the wrapping.
        let wrapped = sns(&text);
        let wrapped = &wrapped[..wrapped.len() - (text.len() - end) - 20];
        for body in [cut, &sns(cut), &record(cut), wrapped] {
            let texts = messages(body).unwrap();
            let event = Event::read(&texts[0]).unwrap();
            assert_eq!(texts.len(), 1);
            let finding = event.finding.unwrap();
            let key = whole_key(&text);
            assert!(finding.kind == kind.trim_end_matches('"') && finding.key.as_str() == key, "{body}");
        }
    }
}

fn whole_key(text: &str) -> String {
    Event::read(text).unwrap().finding.unwrap().key.to_string()
}

#[test]
fn a_finding_that_is_cut_off_costs_none_of_those_before_it() {
    let text = fixture("asff_miner");
    let findings = text.find("\"findings\": [").unwrap() + "\"findings\": [".len();
    let end = text.rfind(']').unwrap();
    let one = text[findings..end].trim();
    let body = format!("{}{one}, {}", &text[..findings], &one[..one.len() / 2]);
    let texts = messages(&body).unwrap();
    let events: Vec<_> = texts.iter().map(|text| Event::read(text).unwrap()).collect();
    let whole = Event::read(&text).unwrap();
    assert_eq!((events.len(), &events[0].finding, events[0].faults.as_slice()), (2, &whole.finding, &[][..]));
    assert_eq!(events[1].faults.iter().map(|fault| fault.amiss).collect::<Vec<_>>(), [Amiss::CutOff]);
}

#[test]
fn each_of_several_values_in_one_body_is_handed_out_and_so_is_what_is_none() {
    let (miner, exec) = (fixture("guardduty_miner"), fixture("guardduty_exec"));
    let (miner, exec) = (miner.trim(), exec.trim());
    for between in ["\n", "", ", ", "}\n", "\u{feff}", "\0"] {
        let body = format!("{miner}{between}{exec}");
        assert_eq!(messages(&body).unwrap(), [miner, exec], "{between:?}");
        assert_eq!(messages(&sns(&body)).unwrap(), [miner, exec], "{between:?}");
        assert_eq!(messages(&record(&body)).unwrap(), [miner, exec], "{between:?}");
    }
    let body = format!("{miner} and more {exec}");
    let rest = format!("and more {exec}");
    assert_eq!(messages(&body).unwrap(), [miner, rest.as_str()]);
    let body = format!("{miner} {}", sns("hello"));
    assert_eq!(messages(&body).unwrap(), [miner, sns("hello").as_str()]);
}

#[test]
fn a_byte_order_mark_or_white_space_around_an_event_changes_nothing() {
    let text = fixture("guardduty_miner");
    let whole = Event::read(&text).unwrap();
    for (before, after) in
        [("\u{feff}", ""), ("\u{feff}\u{feff} ", ""), ("\0 ", ""), ("", "\0\0"), ("\u{a0}", "\u{2028}")]
    {
        let body = format!("{before}{}{after}", text.trim());
        let texts = messages(&body).unwrap();
        let event = Event::read(&texts[0]).unwrap();
        assert_eq!((texts.len(), &event.finding, &event.subject), (1, &whole.finding, &whole.subject));
    }
}

#[test]
fn a_detail_that_came_as_a_text_is_read() {
    let text = fixture("guardduty_miner");
    let whole = Event::read(&text).unwrap();
    let Json::Object(mut members) = Json::parse(&text).unwrap() else { panic!("an object") };
    for (_, value) in members.iter_mut().filter(|(name, _)| name == "detail") {
        *value = Json::string(value.to_string());
    }
    let text = Json::Object(members).to_string();
    let event = Event::read(&text).unwrap();
    assert_eq!((event.finding, event.subject), (whole.finding, whole.subject));
}
