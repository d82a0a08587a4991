//! Templates and previews: what ships, what is refused before the first page, and a page whose template fails.

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_tests::{Configuration, GuardDuty, Output, PagerDuty, Watchfire, watchfire};

use crate::support::{directory, paged};

const ADDRESS: &str = "http://127.0.0.1:9/v2/enqueue";

fn miner() -> String {
    GuardDuty::miner("wallet-7").event("event-1").to_string()
}

fn folder(configuration: &Configuration) -> TempDir {
    directory(&[("watchfire.yaml", &configuration.text()), ("miner.json", &miner())])
}

fn with(templates: Value) -> Configuration {
    Configuration::new(ADDRESS).set("channels.screen", json!({"console": {"templates": templates}}))
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    watchfire(folder.path(), arguments, "")
}

#[test]
fn the_templates_that_ship_are_shown_and_those_of_a_channel() {
    let folder = folder(&with(json!({"title": "{{ priority }} {{ what }}"})));
    let shipped = run(&folder, &["templates", "show", "--part", "title"]);
    assert_eq!((shipped.code, shipped.stdout.as_str()), (0, "{{ title }}\n"), "{}", shipped.stderr);
    let all = run(&folder, &["templates", "show", "--channel", "screen"]);
    assert!(
        all.stdout
            .starts_with("── title, of the channel\n{{ priority }} {{ what }}\n\n── head, as it ships\n"),
        "{}",
        all.stdout
    );
    let values = run(&folder, &["templates", "values", "miner.json"]);
    let values: Value = serde_json::from_str(&values.stdout).unwrap();
    assert_eq!((&values["priority"], &values["facts"]["pod"]), (&json!("P0"), &json!("wallet-7")));
}

#[test]
fn a_preview_shows_what_would_be_sent_and_no_secret() {
    let configuration = with(json!({"body": "Nur dies: {{ facts.pod | default('-') }}"}));
    let folder = folder(&configuration);
    let preview = run(&folder, &["preview", "miner.json", "--channel", "oncall", "--part", "body"]);
    let event: Value = serde_json::from_str(&preview.stdout).unwrap();
    assert_eq!(event["routing_key"], "*".repeat(32));
    assert_eq!(event["event_action"], "trigger");
    let shown = run(&folder, &["preview", "miner.json"]);
    let bytes = format!("   {} bytes, of 512000\n", preview.stdout.trim_end().len());
    assert!(shown.stdout.contains(&bytes), "no `{bytes}` in {}", shown.stdout);
    let screen = run(&folder, &["preview", "miner.json", "--channel", "screen"]);
    assert!(screen.stdout.contains("│ Nur dies: wallet-7\n└──"), "{}", screen.stdout);
    for arguments in
        [&["preview", "miner.json", "--channel", "x"][..], &["preview", "miner.json", "--part", "x"]]
    {
        let refused = run(&folder, arguments);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(refused.stderr.contains("expected "), "{}", refused.stderr);
    }
}

#[test]
fn a_template_that_would_fail_is_refused_with_its_place() {
    for (templates, expected) in [
        (
            json!({"body": "a\n  {{ titel }}"}),
            "channels.screen.console.templates.body: line 2, column 6: no page has `titel`: did you mean `title`?",
        ),
        (
            json!({"head": "{{ title | shout }}"}),
            "channels.screen.console.templates.head: line 1, column 12: there is no `| shout`",
        ),
        (
            json!({"title": "{% include 'x' %}"}),
            "channels.screen.console.templates.title: line 1, column 4: ",
        ),
        (json!({"foot": "x"}), "foot"),
        (
            json!({"body": "{{ facts.pod }}"}),
            "channels.screen.console.templates.body: expected a template that fits every page, found one that fails, of ",
        ),
    ] {
        let folder = folder(&with(templates.clone()));
        for command in [&["check"][..], &["run"]] {
            let refused = run(&folder, command);
            assert_eq!(refused.code, 2, "{templates}: {}", refused.stdout);
            assert!(refused.stderr.contains(expected), "{templates}: no `{expected}` in {}", refused.stderr);
            assert!(refused.stderr.starts_with("watchfire.yaml:"), "{templates}: {}", refused.stderr);
        }
    }
}

#[test]
fn check_says_what_a_channel_leaves_out() {
    let minimal = Configuration::new(ADDRESS)
        .set("channels.oncall.pagerduty.payload", json!("minimal"))
        .set("channels.oncall.pagerduty.leave_out", json!(["namespace"]));
    let checked = run(&folder(&minimal), &["check"]);
    let expected = "channel oncall: payload `minimal` tells priority, type, cluster, region, containment; it leaves out \
                    account, namespace, the names of pods,";
    assert!(checked.stdout.contains(expected), "{}{}", checked.stdout, checked.stderr);
    let both = minimal.set("channels.oncall.pagerduty.payload", json!("standard"));
    let refused = run(&folder(&both), &["check"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("channels.oncall.pagerduty.leave_out: expected none"),
        "{}",
        refused.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_template_fails_goes_out_as_ships_and_says_so() {
    let pagerduty = PagerDuty::start().await;
    let title =
        "{% if facts.pod is defined and facts.pod == 'wallet-7' %}{{ facts.nothing }}{% endif %}{{ what }}";
    let configuration = Configuration::new(&pagerduty.url())
        .set("channels.oncall.pagerduty.templates", json!({"title": title}));
    let watchfire = Watchfire::start(&configuration, None).await;
    assert_eq!(watchfire.post(miner()).await, 202);
    let page = &paged(&pagerduty, 1).await[0];
    let summary = page["payload"]["summary"].as_str().unwrap();
    assert!(summary.starts_with("[P0] "), "{summary}");
    let said = page["payload"]["custom_details"]["templates"].as_str().unwrap();
    let fault = "the template `title` could not be used, the one that ships was: line 1, column ";
    assert!(said.starts_with(fault) && said.ends_with("`facts.nothing` is not there"), "{said}");
    let metrics = watchfire.metrics_page().await;
    let counted = "watchfire_template_failures_total{channel=\"oncall\",part=\"title\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(watchfire.logs().text().contains("a template could not be used"), "{}", watchfire.printed());
}
