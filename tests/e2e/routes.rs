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
    GuardDuty::of("Recon:Runtime/PortProbe", 5.0, &format!("probed-{number}"))
        .event(&format!("probe-{number}"))
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
        .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
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
    assert_eq!(list.matches("  held  ").count(), 4, "{list}");
    let wide = watchfire.command(&["incidents", "list", "--output", "wide"]).stdout;
    assert!(wide.contains(asked), "{wide}");
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

/// Its configuration stands in its first block of YAML.
const DOCUMENT: &str = include_str!("../../router/docs/routes.md");

fn blocks<'d>(of: &str) -> impl Iterator<Item = &'d str> {
    let fence = format!("```{of}\n");
    let parts: Vec<_> = DOCUMENT.split(fence.as_str()).skip(1).collect();
    parts.into_iter().map(|part| part.split("```").next().unwrap())
}

#[test]
fn what_the_document_shows_of_its_configuration_is_printed() {
    let yaml = blocks("yaml").next().unwrap();
    let directory = directory(&[("watchfire.yaml", yaml)]);
    let run = |line: &str| {
        let words = line.split(' ').skip(1).chain(["--config", "watchfire.yaml"]);
        watchfire(directory.path(), &words.collect::<Vec<_>>(), "")
    };
    let mut shown = 0;
    for block in blocks("text").filter(|block| block.starts_with("$ ")) {
        for part in format!("\n{block}").split("\n$ ").skip(1) {
            let (line, expected) = part.split_once('\n').unwrap();
            let said = run(line);
            assert_eq!((said.stdout.trim(), said.code), (expected.trim(), 0), "{line}: {}", said.stderr);
            assert!(
                said.stdout.lines().all(|line| line.chars().count() <= 80 || line.starts_with('{')),
                "{line}"
            );
            shown += 1;
        }
    }
    assert_eq!(shown, 4);
    let alone = blocks("text").last().unwrap().trim();
    let check = run("watchfire check --offline");
    assert!(check.stdout.contains(alone), "{}{}", check.stdout, check.stderr);
}

#[test]
fn the_tree_is_shown_as_json_and_what_has_no_priority_is_refused() {
    let directory = directory(&[("watchfire.yaml", blocks("yaml").next().unwrap())]);
    let run = |arguments: &[&str]| {
        watchfire(directory.path(), &[arguments, &["--config", "watchfire.yaml"]].concat(), "")
    };
    let shown: Value = serde_json::from_str(&run(&["routes", "show", "--output", "json"]).stdout).unwrap();
    let names = [&shown["routes"][0]["name"], &shown["routes"][0]["routes"][1]["name"]];
    assert_eq!(names, ["payments", "payments/weekend"]);
    let wrong = run(&["routes", "test", "namespace=a", "pod=~b"]);
    let expected = "there are no regular expressions, use * instead: pod=b\n\
                    expected priority=P0, P1, P2 or P3 among the labels, found none\n";
    assert_eq!((wrong.code, wrong.stderr.as_str()), (2, expected));
}
