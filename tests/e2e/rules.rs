//! `watchfire rules`, `check` and `run` on rules that are wrong, and the scenarios beside a rules folder.

use std::path::Path;

use watchfire_tests::{GuardDuty, Output, watchfire};

use crate::support::directory;

const REST: &str = "  - {name: rest, family: unclassified, priority: P2}\n";

/// A rule for miners, with a priority that is not that of the shipped one.
const MINERS: &str = "  - {name: miners, family: mining, match: {finding: {type: [{prefix: \"CryptoCurrency:\"}]}}, priority: P2}\n";

fn run(directory: &Path, arguments: &[&str]) -> Output {
    watchfire(directory, arguments, "")
}

/// A scenario in which a miner is reported once.
fn scenario(rules: &str, expect: &str) -> String {
    format!(
        "promise: a miner is told of\n{rules}start: 2026-11-25T09:00:00Z\nsteps:\n  - at: +0m\n    guardduty: {{id: f1, \
         type: \"CryptoCurrency:Runtime/BitcoinTool.B\", pod: shop/web-1, severity: 8}}\n    expect: {expect}\n"
    )
}

#[test]
fn rules_check_config_check_and_run_refuse_the_same_rules_in_the_same_words() {
    let rules = format!(
        "rules:\n  - name: loud\n    family: mining\n    when: finding.sevrity > 7\n    priority: P1\n{REST}"
    );
    let configuration = "rules: {directory: rules}\nchannels: {screen: {console: {}}}\n\
                         routes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
    let directory = directory(&[("rules/10-ours.yaml", &rules), ("watchfire.yaml", configuration)]);
    let said = "rules/10-ours.yaml:4:19: rules[0].when: unknown member `sevrity` of `finding`: did you mean \
                `severity`?\n    when: finding.sevrity > 7\n                  ^\n";
    for arguments in [
        &["rules", "check", "--rules", "rules"][..],
        &["rules", "test", "--rules", "rules"],
        &["check", "--config", "watchfire.yaml"],
        &["run", "--config", "watchfire.yaml"],
    ] {
        let Output { code, stdout, stderr } = run(directory.path(), arguments);
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (2, "", said), "{arguments:?}");
    }
}

#[test]
fn scenarios_beside_a_folder_run_on_its_rules_and_builtin_asks_for_the_shipped_ones() {
    let rules = format!("rules:\n{MINERS}{REST}");
    let folder = scenario("", "[\"P2 page new #1 -> page:team\"]");
    let shipped = scenario(
        "rules: builtin\n",
        "[\"P0 page new #1 -> page:oncall [evidence: there is no place for evidence in the configuration] [quarantine: no cluster is configured] [image-scan: scanning images is not configured]\"]",
    );
    let own = scenario(
        "rules:\n  - {name: all, family: all, priority: P1}\n",
        "[\"P1 page new #1 -> page:oncall\"]",
    );
    let files = [
        ("rules/10-ours.yaml", rules.as_str()),
        ("rules/scenarios/builtin.yaml", shipped.as_str()),
        ("rules/scenarios/folder.yaml", folder.as_str()),
        ("rules/scenarios/own.yaml", own.as_str()),
    ];
    let whole = directory(&files);
    let output = run(whole.path(), &["rules", "test", "--rules", "rules"]);
    assert!(output.stdout.contains("3 scenarios passed, 0 failed"), "{}{}", output.stdout, output.stderr);
    let louder = rules.replace("priority: P2}\n  - {name: rest", "priority: P0}\n  - {name: rest");
    let changed = directory(&[("rules/10-ours.yaml", louder.as_str()), files[1], files[2], files[3]]);
    let output = run(changed.path(), &["rules", "test", "--rules", "rules"]);
    assert_eq!(output.code, 1, "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("2 scenarios passed, 1 failed"), "{}", output.stdout);
    assert!(output.stdout.contains("rules/scenarios/folder.yaml:4: step 1"), "{}", output.stdout);
}

#[test]
fn mistakes_in_the_rules_of_a_scenario_stand_where_they_are() {
    let text = scenario(
        "rules:\n  - {name: all, family: all, match: {findng: {type: [x]}}, priority: P1}\n  - {name: rest, family: rest, priority: P2}\n",
        "[]",
    );
    let other = scenario("rules: shipped\n", "[]");
    let rules = format!("rules:\n{MINERS}{REST}");
    let files = [
        ("rules/10-ours.yaml", rules.as_str()),
        ("rules/scenarios/a.yaml", text.as_str()),
        ("rules/scenarios/b.yaml", other.as_str()),
    ];
    let directory = directory(&files);
    let output = run(directory.path(), &["rules", "test", "--rules", "rules"]);
    let expected = [
        "rules/scenarios/a.yaml:3:38: rules[0].match.findng: unknown member `findng` of the event: did you mean `finding`?",
        "rules/scenarios/b.yaml:2:8: rules: expected a list of rules, `builtin` or `plain`: without it, the rules of its folder are taken",
    ];
    for said in expected {
        assert!(output.stdout.contains(said), "no `{said}` in:\n{}", output.stdout);
    }
    assert_eq!(output.code, 1);
}

#[test]
fn a_condition_that_is_neither_true_nor_false_for_an_example_is_told_by_the_test() {
    let rules = format!(
        "rules:\n  - name: odd\n    family: odd\n    when: event.detail.type\n    priority: P1\n  - name: miners\n    family: mining\n    match: {{source: [aws.guardduty]}}\n    priority: P0\n    examples: [{{event: miner.json, expect: {{priority: P0}}}}]\n{REST}"
    );
    let miner = GuardDuty::miner("wallet-7").event("event-1").to_string();
    let directory = directory(&[("rules/10-ours.yaml", &rules), ("rules/miner.json", &miner)]);
    assert_eq!(run(directory.path(), &["rules", "check", "--rules", "rules"]).code, 0);
    let output = run(directory.path(), &["rules", "test", "--rules", "rules"]);
    let said = "rules/10-ours.yaml:2: odd: miner.json: when: `event.detail.type` is neither true nor false but string";
    assert!(output.stdout.contains(said), "{}", output.stdout);
    assert_eq!(output.code, 1);
}
