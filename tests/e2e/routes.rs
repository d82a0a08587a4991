//! A worker with a tree of routes and a rule that asks for several: who is told, and that a kill in between loses no count.

use serde_json::{Value, json};
use watchfire_tests::{Configuration, GuardDuty, PagerDuty, Watchfire, watchfire};

use crate::support::{directory, keys, paged, triggers};

const RULES: &str = "\
rules:
  - name: miner
    family: crypto-mining
    match: {detail: {type: [{prefix: \"CryptoCurrency:\"}]}}
    priority: P0
  - name: probes
    family: probe
    match: {detail: {type: [{prefix: \"Recon:\"}]}}
    priority: P2
    after: {count: 5, within: 1h, per: [subject.account, subject.namespace]}
  - name: rest
    family: unclassified
    priority: P2
";

fn probe(number: usize) -> Value {
    GuardDuty::of("Recon:Runtime/PortProbe", 5.0, &format!("probed-{number}")).event(&format!("probe-{number}"))
}

/// `oncall` at one PagerDuty, `payments` at another.
fn configuration(oncall: &PagerDuty, payments: &PagerDuty) -> Configuration {
    let channel = json!({
        "routing_key": {"env": "PD_KEY"}, "url": payments.url(), "payload": "standard", "events_per_minute": 1_000_000,
    });
    let tree = json!([
        {"name": "payments", "matchers": ["namespace=checkout"], "to": ["payments"], "routes": [
            {"name": "probes", "matchers": ["rule=probes"], "to": ["oncall"]},
        ]},
    ]);
    Configuration::new(&oncall.url())
        .set("channels.payments", json!({"pagerduty": channel}))
        .set("routes.routes", tree)
        .set("rules", json!({"directory": "rules"}))
}

async fn started(configuration: &Configuration) -> Watchfire {
    let mut watchfire = Watchfire::start(&Configuration::new("http://127.0.0.1:9"), None).await;
    watchfire.kill9();
    std::fs::create_dir(watchfire.path("rules")).unwrap();
    std::fs::write(watchfire.path("rules/rules.yaml"), RULES).unwrap();
    watchfire.configure(configuration);
    watchfire.restart().await;
    watchfire
}

#[tokio::test]
async fn a_page_goes_by_its_route_and_a_p0_by_the_default_as_well_and_both_say_so() {
    let (oncall, payments) = (PagerDuty::start().await, PagerDuty::start().await);
    let watchfire = started(&configuration(&oncall, &payments)).await;
    let other = GuardDuty::of("Policy:Kubernetes/ExposedDashboard", 5.0, "dashboard-1").event("lesser");
    watchfire.post(json!([GuardDuty::miner("mined-1").event("worst"), other])).await;
    paged(&payments, 2).await;
    paged(&oncall, 1).await;
    assert_eq!((keys(&payments, "mined-1").len(), keys(&oncall, "mined-1").len()), (1, 1));
    assert_eq!((keys(&payments, "dashboard-1").len(), keys(&oncall, "dashboard-1").len()), (1, 0));
    let text = triggers(&oncall)[0].to_string();
    assert!(text.contains("by routes payments and default"), "{text}");
    let why = watchfire.command(&["why", "worst"]).stdout;
    assert!(why.contains("paged: first report of this incident, by routes payments and default"), "{why}");
    let list = watchfire.command(&["incidents", "list", "--output", "wide"]).stdout;
    assert!(list.contains("payments, default"), "{list}");
}

#[tokio::test]
async fn a_count_outlives_a_kill_and_one_page_names_what_led_to_it() {
    let (oncall, payments) = (PagerDuty::start().await, PagerDuty::start().await);
    let mut watchfire = started(&configuration(&oncall, &payments)).await;
    for number in 0..3 {
        watchfire.post(probe(number)).await;
        watchfire.decided(&format!("probe-{number}")).await;
    }
    watchfire.kill9();
    watchfire.restart().await;
    watchfire.post(probe(3)).await;
    watchfire.decided("probe-3").await;
    let why = watchfire.command(&["why", "probe-3"]).stdout;
    let asked = "4 of 5 within 1 h with the same subject.account and subject.namespace";
    assert!(why.replace("\n    ", " ").contains(asked), "{why}");
    let list = watchfire.command(&["incidents", "list"]).stdout;
    assert_eq!(list.matches("held").count(), 4, "{list}");
    assert_eq!(triggers(&oncall), Vec::<Value>::new());
    watchfire.kill9();
    watchfire.restart().await;
    watchfire.post(probe(4)).await;
    let page = paged(&oncall, 1).await.remove(0).to_string();
    for number in 0..5 {
        assert!(page.contains(&format!("probed-{number}")), "{number}: {page}");
    }
    // What the page has named is not told by itself.
    let again = GuardDuty::of("Recon:Runtime/PortProbe", 5.0, "probed-0").id("another").event("probe-again");
    watchfire.post(again).await;
    watchfire.decided("probe-again").await;
    assert_eq!((triggers(&oncall).len(), triggers(&payments).len()), (1, 0));
}

const TREE: &str = "\
store: {path: s.redb}
channels: {screen: {console: {}}, pay: {console: {}}, chat: {console: {}}}
routes:
  P0: {to: [screen], fallback: chat}
  P1: {to: [screen]}
  P2: {to: [chat]}
  routes:
    - name: payments
      matchers: [namespace=pay-*, namespace=cards]
      to: [pay]
      routes:
        - {name: low, matchers: [priority=P3], to: []}
        - {name: nights, to: [screen], mute_time_intervals: [business], repeat_after_minutes: 30}
    - {name: lab, matchers: [namespace=lab], to: [chat], sole: true, reason: nothing of value runs there}
";

#[test]
fn the_tree_and_the_way_of_what_has_these_labels_are_shown_as_text_and_as_json() {
    let directory = directory(&[("watchfire.yaml", TREE)]);
    let run = |arguments: &[&str]| {
        let all: Vec<_> = ["routes"].into_iter().chain(arguments.iter().copied()).chain(["--config", "watchfire.yaml"]).collect();
        let said = watchfire(directory.path(), &all, "");
        assert_eq!(said.code, 0, "{}", said.stderr);
        said.stdout
    };
    let tree = "\
default
│ P0 -> screen, or chat
│ P1 -> screen
│ P2 -> chat
│ P3 -> the digest
├─ payments
│  │ namespace=pay-* namespace=cards
│  │ -> pay
│  ├─ low
│  │    priority=P3
│  │    -> the digest
│  └─ nights
│       everything
│       not in business
│       -> screen
│       quiet for 30 min after it was said
└─ lab
     namespace=lab
     -> chat
     sole: P0 goes here alone: nothing of value runs there
";
    assert_eq!(run(&["show"]), tree);
    let at = ["--at", "2026-11-25T12:00:00Z"];
    let p0 = run(&[&["test", "priority=p0", "namespace=cards"][..], &at].concat());
    let expected = "\
priority=p0 namespace=cards
  payments: namespace=pay-* namespace=cards
  default: every P0, unless a route is the sole one
  -> pay, screen
     chat, where screen does not take it
";
    assert_eq!(p0, expected);
    let night = ["test", "priority=P1", "namespace=pay-a", "--at", "2026-11-25T20:00:00Z", "--output", "json"];
    let night: Value = serde_json::from_str(&run(&night)).unwrap();
    let expected = json!({
        "of": "priority=P1 namespace=pay-a", "routes": ["payments/nights"], "to": ["screen"], "fallbacks": [],
    });
    assert_eq!(night, expected);
    let shown: Value = serde_json::from_str(&run(&["show", "--output", "json"])).unwrap();
    assert_eq!(shown["routes"][0]["routes"][1]["name"], "payments/nights");
    let wrong = watchfire(directory.path(), &["routes", "test", "namespace=a", "--config", "watchfire.yaml"], "");
    let expected = "expected priority=P0, P1, P2 or P3 among the labels, found none\n";
    assert_eq!((wrong.code, wrong.stderr.as_str()), (2, expected));
}
