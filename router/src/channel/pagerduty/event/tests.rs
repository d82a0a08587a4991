//! Whole events, compared with what they must be.

use serde_json::json;
use watchfire_core::action::ActionName;
use watchfire_core::ids::{ApprovalId, DedupKey, EventId, FindingKey};
use watchfire_core::notice::{ByWhom, Fact, Group, Measure, Templates};
use watchfire_core::text::is_unfit;

use super::super::{Place, Profile};
use super::*;
use watchfire_core::builders::{at, page};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn form(profile: Profile) -> Form {
    Form { profile, leave_out: Vec::new(), wording: Templates::default().into() }
}

/// What the event of that form says, but for the key.
fn event(effect: &Effect, profile: Profile) -> Value {
    read(&full(effect, KEY, &form(profile)))
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

#[test]
fn the_standard_event_says_what_the_page_says() {
    let expected = json!({
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "v1:5f3c9a:2",
        "client": "Watchfire",
        "links": [{"href": "https://runbooks.example.com/mining", "text": "Runbook"}],
        "payload": {
            "summary": "[P0] Bitcoin miner in pod shop/pay-1",
            "source": "prod-1",
            "severity": "critical",
            "timestamp": "2026-11-20T02:58:11Z",
            "component": "pay-1",
            "group": "prod-1",
            "class": "CryptoCurrency:Runtime/BitcoinTool.B",
            "custom_details": {
                "priority": "P0",
                "respond_within": "15 minutes",
                "runbook": "https://runbooks.example.com/mining",
                "why": "first report of this incident",
                "description": "A container asked for a name that mining pools use.",
                "severity": "8.0 HIGH",
                "cluster": "prod-1",
                "pod": "pay-1",
                "account": "123456789012",
                "region": "us-gov-west-1",
                "not_done": "quarantine: not built yet",
                "rule": "miner-in-a-pod",
                "family": "crypto-mining",
                "found_by": "guardduty",
                "incident": "v1:5f3c9a",
                "finding": "arn:aws-us-gov:guardduty:us-gov-west-1:123456789012:detector/d/finding/f",
                "event": "7bf73129-1428-4cd3-a780-95db273d1602",
            },
        },
    });
    assert_eq!(event(&page(), Profile::Standard), expected);
}

#[test]
fn the_minimal_event_names_nothing_of_ours() {
    let expected = json!({
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "v1:5f3c9a:2",
        "client": "Watchfire",
        "links": [{"href": "https://runbooks.example.com/mining", "text": "Runbook"}],
        "payload": {
            "summary": "[P0] Crypto mining (CryptoCurrency:Runtime/BitcoinTool.B), us-gov-west-1",
            "source": "us-gov-west-1",
            "severity": "critical",
            "timestamp": "2026-11-20T02:58:11Z",
            "component": "pod",
            "group": "crypto-mining",
            "class": "CryptoCurrency:Runtime/BitcoinTool.B",
            "custom_details": {
                "priority": "P0",
                "respond_within": "15 minutes",
                "runbook": "https://runbooks.example.com/mining",
                "why": "first report of this incident",
                "severity": "8.0 HIGH",
                "not_done": "quarantine",
                "region": "us-gov-west-1",
                "rule": "miner-in-a-pod",
                "family": "crypto-mining",
                "found_by": "guardduty",
                "incident": "v1:5f3c9a",
                "event": "7bf73129-1428-4cd3-a780-95db273d1602",
            },
        },
    });
    assert_eq!(event(&page(), Profile::Minimal), expected);
}

#[test]
fn whatever_the_event_text_says_the_minimal_event_does_not() {
    let mut effect = page();
    let fact = |name: &str, value: &str| Fact::new(Group::Where, name, value);
    let link = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    effect.notice = Notice {
        title: "hostile title".to_owned(),
        description: "hostile description".to_owned(),
        kind: "hostile kind on 10.1.2.3".to_owned(),
        severity: "hostile severity".to_owned(),
        facts: vec![fact("Account", "999999999999"), fact("Cluster", "hostile-cluster")],
        withheld: vec!["hostile-action: no".into()],
        links: vec![
            link("Console", "https://console.example.com/999999999999"),
            link("Cluster", "https://console.example.com/hostile-cluster"),
            link("Address", "https://10.1.2.3/"),
        ],
        finding: Some(FindingKey::new("hostile-finding")),
        event: EventId::new("hostile-event"),
        ..effect.notice
    };
    let body = String::from_utf8(full(&effect, KEY, &form(Profile::Minimal))).expect("UTF-8");
    for secret in ["hostile", "999999999999", "10.1.2.3"] {
        assert!(!body.contains(secret), "{secret} in {body}");
    }
}

#[test]
fn no_id_brings_what_no_screen_should_be_given() {
    let hostile = "a\u{202e}b\u{1b}[31m\r\u{ad}\u{61c}\u{fff9}\u{e0041}";
    let mut effect = page();
    effect.notice.finding = Some(FindingKey::new(hostile));
    effect.notice.event = EventId::new(hostile);
    let Value::Object(details) =
        read(&full(&effect, KEY, &form(Profile::Standard)))["payload"]["custom_details"].take()
    else {
        panic!("an object")
    };
    let spelt_out = "a\\u202eb\\u001b[31m\\u000d\\u00ad\\u061c\\ufff9\\udb40\\udc41";
    assert_eq!([&details["finding"], &details["event"]], [spelt_out, "a\u{fffd}b\u{fffd}[31m \u{fffd}"]);
    for (name, value) in details {
        assert!(!value.as_str().unwrap_or_default().contains(is_unfit), "{name}: {value}");
    }
}

#[test]
fn the_end_is_told_by_its_key_alone() {
    let over = Effect { kind: EffectKind::Resolve, ..page() };
    let expected = json!({"routing_key": KEY, "event_action": "resolve", "dedup_key": "v1:5f3c9a:2"});
    let forms = [Profile::Standard, Profile::Minimal].map(form);
    let bodies = forms.iter().map(|form| full(&over, KEY, form));
    for body in bodies.chain([bare(&over, KEY)]) {
        assert_eq!(read(&body), expected);
    }
}

#[test]
fn the_bare_event_has_what_is_required() {
    let mut effect = page();
    effect.notice.sample = true;
    effect.notice.priority = Priority::P2;
    let expected = json!({
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "v1:5f3c9a:2",
        "client": "Watchfire",
        "payload": {
            "summary": "[P2] [SAMPLE] CryptoCurrency:Runtime/BitcoinTool.B",
            "source": "watchfire",
            "severity": "warning",
        },
    });
    assert_eq!(read(&bare(&effect, KEY)), expected);
}

#[test]
fn an_event_over_the_limit_is_sent_bare() {
    let mut effect = page();
    effect.notice.withheld = vec!["x".repeat(600_000).into()];
    assert_eq!(full(&effect, KEY, &form(Profile::Standard)), bare(&effect, KEY));
}

#[test]
fn a_long_summary_and_key_are_cut_and_keys_stay_apart() {
    let mut effect = Effect { kind: EffectKind::Update, ..page() };
    effect.notice.why = "ä".repeat(3000);
    effect.dedup_key = DedupKey::new(format!("{}1", "k".repeat(300)));
    let one = read(&full(&effect, KEY, &form(Profile::Standard)));
    effect.dedup_key = DedupKey::new(format!("{}2", "k".repeat(300)));
    let two = read(&full(&effect, KEY, &form(Profile::Standard)));
    let length = |value: &Value| value.as_str().expect("text").chars().count();
    assert_eq!((length(&one["payload"]["summary"]), length(&one["dedup_key"])), (1024, 255));
    assert_ne!(one["dedup_key"], two["dedup_key"]);
}

#[test]
fn priorities_become_severities() {
    let severities = Priority::ALL.map(severity);
    assert_eq!(severities, ["critical", "error", "warning", "info"]);
}

/// A page that knows how it stands: of two plans one waits, of another the target is known by name.
fn standing() -> Effect {
    let mut effect = page();
    let measure = |action, state| Measure { action, target: "pod shop/pay-1".to_owned(), state };
    effect.notice.head = Head {
        what: "Crypto mining (bitcoin tool)".to_owned(),
        subject: "shop/pay-1".to_owned(),
        place: "prod-gov".to_owned(),
        alias: Some("prod-gov".to_owned()),
        measures: vec![
            measure(
                ActionName::Cordon,
                MeasureState::Done { since: at("2026-11-20T02:58:20Z"), by: Some("jane".to_owned()) },
            ),
            measure(ActionName::Drain, MeasureState::UnderWay),
            measure(
                ActionName::Quarantine,
                MeasureState::Waits {
                    approval: ApprovalId::new("a1b2c3"),
                    plan: "77aa".to_owned(),
                    until: at("2026-11-20T03:28:30Z"),
                    because: "pod shop/pay-1 is the last that is ready".to_owned(),
                },
            ),
        ],
        respond_by: Some(at("2026-11-20T03:13:30Z")),
        open: true,
        link: Some("https://watchfire.example.com/v1/story?of=wf1-5f3c9a".to_owned()),
        at: Some(at("2026-11-20T02:58:30Z")),
        ..Head::default()
    };
    effect.notice.facts.push(Fact::new(Group::Where, "Namespace", "shop"));
    effect.notice.withheld = vec!["quarantine: waits for pod shop/pay-1".into()];
    effect.notice.doing = vec!["drain: node ip-10-0-0-1".to_owned()];
    effect
}

#[test]
fn the_minimal_event_tells_what_is_needed_and_no_name() {
    let event = event(&standing(), Profile::Minimal);
    let expected = json!({
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": "v1:5f3c9a:2",
        "client": "Watchfire",
        "client_url": "https://watchfire.example.com/v1/story?of=wf1-5f3c9a",
        "links": [
            {"href": "https://watchfire.example.com/v1/story?of=wf1-5f3c9a", "text": "Incident"},
            {"href": "https://runbooks.example.com/mining", "text": "Runbook"},
        ],
        "payload": {
            "summary": "[P0] Crypto mining (CryptoCurrency:Runtime/BitcoinTool.B): shop, prod-gov",
            "source": "prod-gov",
            "severity": "critical",
            "timestamp": "2026-11-20T02:58:11Z",
            "component": "pod",
            "group": "shop",
            "class": "CryptoCurrency:Runtime/BitcoinTool.B",
            "custom_details": {
                "priority": "P0",
                "respond_within": "15 minutes",
                "containment": "cordoned since 02:58 UTC, by a human; drain is being done now; quarantine waits for \
                                approval until 03:28 UTC, in 30 min",
                "approve": "watchfire approve a1b2c3",
                "approval": "an approval waits until 03:28 UTC, in 30 min",
                "respond_by": "03:13 UTC, in 15 min",
                "acknowledge": "watchfire incidents ack v1:5f3c9a",
                "runbook": "https://runbooks.example.com/mining",
                "why": "first report of this incident",
                "severity": "8.0 HIGH",
                "being_done": "drain",
                "done": "cordoned since 02:58 UTC, by a human",
                "not_done": "quarantine",
                "cluster": "prod-gov",
                "namespace": "shop",
                "region": "us-gov-west-1",
                "rule": "miner-in-a-pod",
                "family": "crypto-mining",
                "found_by": "guardduty",
                "incident": "v1:5f3c9a",
                "link": "https://watchfire.example.com/v1/story?of=wf1-5f3c9a",
                "event": "7bf73129-1428-4cd3-a780-95db273d1602",
            },
        },
    });
    assert_eq!(event, expected);
}

#[test]
fn what_is_configured_away_is_not_told() {
    let away =
        Form { leave_out: vec![Place::Cluster, Place::Region, Place::Namespace], ..form(Profile::Minimal) };
    let event = read(&full(&standing(), KEY, &away));
    for name in ["prod-gov", "us-gov-west-1", "\"shop\""] {
        assert!(!event.to_string().contains(name), "{name} is in {event}");
    }
    assert_eq!([&event["payload"]["source"], &event["payload"]["group"]], ["watchfire", "crypto-mining"]);
}

#[test]
fn what_is_being_done_is_not_done() {
    let details = |effect: &Effect| {
        let details = event(effect, Profile::Standard)["payload"]["custom_details"].take();
        (details["being_done"].clone(), details["done"].clone())
    };
    let cordoned = "pod shop/pay-1 cordoned since 02:58 UTC, by jane";
    assert_eq!(details(&standing()), (json!("drain: node ip-10-0-0-1"), json!(cordoned)));
    let update = Effect { kind: EffectKind::Update, ..standing() };
    let under_way = "drain of pod shop/pay-1 is being done now";
    assert_eq!(details(&update), (json!(under_way), json!("drain: node ip-10-0-0-1")));
}

#[test]
fn an_update_says_in_its_summary_what_has_changed() {
    let mut update = Effect { kind: EffectKind::Update, ..standing() };
    update.notice.why = "what the cluster says about it is known now".to_owned();
    let summary = |effect: &Effect| event(effect, Profile::Minimal)["payload"]["summary"].clone();
    let what = "Crypto mining (CryptoCurrency:Runtime/BitcoinTool.B): shop, prod-gov";
    assert_eq!(
        summary(&update),
        format!("[P0] Update: {what} (what the cluster says about it is known now)")
    );
    update.notice.head.lead = "Contained".to_owned();
    assert_eq!(summary(&update), format!("[P0] Contained: {what}"));
}

#[test]
fn the_words_of_a_channel_are_made_of_what_may_leave() {
    let templates = "{title: '{{ what }} {{ facts.pod }}', body: '{{ facts.namespace }} {{ description }}.'}";
    let templates: Templates = serde_saphyr::from_str(templates).expect("templates");
    let form = Form { wording: templates.into(), ..form(Profile::Minimal) };
    let event = read(&full(&standing(), KEY, &form));
    let details = &event["payload"]["custom_details"];
    assert_eq!(details["body"], "shop .\n");
    assert!(
        details["templates"].as_str().is_some_and(|said| said.contains("`facts.pod` is not there")),
        "{event}"
    );
    assert!(!event.to_string().contains("pay-1"), "{event}");
}

#[test]
fn who_has_it_is_not_named_outside() {
    let mut taken = standing();
    taken.notice.head.taken = Some(ByWhom { by: "jane".to_owned(), at: at("2026-11-20T02:58:20Z") });
    let said = |profile| event(&taken, profile)["payload"]["custom_details"]["taken_by"].clone();
    assert_eq!(said(Profile::Standard), "jane, since 02:58 UTC");
    assert_eq!(said(Profile::Minimal), "a human, since 02:58 UTC");
}
