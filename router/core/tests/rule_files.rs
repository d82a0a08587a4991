//! Promises about reading rule files: every mistake at once, each with its line and path.

use watchfire_core::builders::rules;
use watchfire_core::rules::{RuleFile, RuleSet};
use watchfire_core::yaml::Diagnostic;

const REST: &str = "  - name: rest\n    family: unclassified\n    priority: P2\n";

/// Each without the excerpt, which `rule_mistakes` compares.
fn mistakes(text: &str) -> Vec<String> {
    let file = RuleFile { name: "r.yaml".to_owned(), text: text.to_owned() };
    let mistakes = RuleSet::load(&[file]).map(|_| ()).unwrap_err();
    mistakes.into_iter().map(|mistake| Diagnostic { excerpt: None, ..mistake }.to_string()).collect()
}

#[test]
fn a_mistake_in_one_rule_hides_none_in_another() {
    let text = format!(
        "\
rules:
  - name: first
    family: crypto-mining
    priority: P9
    actions: [quarantine, explode, evidence, vanish]
    match: {{detail: {{severity: [{{numeric: [\">\", \"seven\"]}}]}}}}
  - name: Second
    family: 7
    priority: P1
    matches: {{}}
    when: 5
    runbook: http://wiki
  - priority: P0
    examples:
      - {{event: a.json, expect: {{priority: P7, verdict: page}}}}
      - {{event: [], expect: perhaps}}
  - name: first
    family: crypto-mining
    priority: P1
  - nothing
{REST}"
    );
    let actions = "expected one of `evidence`, `quarantine`, `scale-to-zero`, `delete-pod`, `cordon`, `drain`, \
                   `image-scan`, `revoke-credentials`, `annotate`";
    let expected = [
        "r.yaml:4:15: rules[0].priority: expected one of `P0`, `P1`, `P2`, `P3`, found `P9`",
        &format!("r.yaml:5:27: rules[0].actions[1]: {actions}, found `explode`"),
        &format!("r.yaml:5:46: rules[0].actions[3]: {actions}, found `vanish`"),
        "r.yaml:6:49: rules[0].match.detail.severity[0].numeric[1]: expected a number that a double holds exactly \
         as written, found \"seven\"",
        "r.yaml:7:11: rules[1].name: expected lower-case words joined by hyphens, at most 64 characters, found \
         `Second`",
        "r.yaml:8:13: rules[1].family: expected a text, found 7",
        "r.yaml:10:5: rules[1].matches: unknown member `matches`: did you mean `match`?",
        "r.yaml:11:11: rules[1].when: expected a text, found 5",
        "r.yaml:12:14: rules[1].runbook: expected an https:// address, found `http://wiki`",
        "r.yaml:13:5: rules[2].name: expected one, found none",
        "r.yaml:13:5: rules[2].family: expected one, found none",
        "r.yaml:15:44: rules[2].examples[0].expect.priority: expected one of `P0`, `P1`, `P2`, `P3`, found `P7`",
        "r.yaml:16:17: rules[2].examples[1].event: expected a text, found a list",
        "r.yaml:16:29: rules[2].examples[1].expect: expected `no-match`, or a mapping of priority, verdict, why, \
         effects, withheld, found \"perhaps\"",
        "r.yaml:20:5: rules[4]: expected a mapping of name, family, match, when, priority and more, found \
         \"nothing\"",
        "r.yaml:17:11: rules[3].name: `first` is already the name of r.yaml:2",
        "r.yaml:17:11: first: matches every event, so that no rule after it is ever reached; only the last rule \
         may",
    ];
    assert_eq!(mistakes(&text), expected);
}

#[test]
fn a_pattern_over_many_lines_is_wrong_on_the_line_that_is() {
    let text = format!(
        "\
rules:
  - name: first
    family: crypto-mining
    priority: P1
    match:
      source: [aws.guardduty]
      detail:
        type: plain
{REST}"
    );
    let expected = [
        "r.yaml:8:15: rules[0].match.detail.type: expected a list of values, or an object with at least one field, found \"plain\"",
    ];
    assert_eq!(mistakes(&text), expected);
}

#[test]
fn a_rule_whose_match_was_left_empty_does_not_catch_everything() {
    let text = "rules:\n  - name: rest\n    family: unclassified\n    priority: P2\n    match:\n";
    let expected = ["r.yaml:5:10: rules[0].match: expected an object with at least one field, found null"];
    assert_eq!(mistakes(text), expected);
}

#[test]
fn a_file_without_a_list_of_rules_is_refused_where_it_stands() {
    let list = "r.yaml:1:8: rules: expected a list of rules";
    assert_eq!(mistakes("rules: 5\nrule: []\n"), [list, "r.yaml:2:1: rule: expected `rules`, found `rule`"]);
    assert_eq!(mistakes("{}"), ["r.yaml: rules: expected a list of rules, found none"]);
    assert_eq!(mistakes("\n- rule\n"), ["r.yaml:2:1: expected a mapping with `rules`"]);
}

#[test]
fn only_a_text_that_is_not_yaml_has_a_single_mistake() {
    let twice = mistakes("rules:\n  - name: first\n    name: second\n    priority: P9\n");
    assert_eq!(twice, ["r.yaml:3:5: expected each name once, found `name` again"]);
    let open = mistakes("rules:\n  - [\n  - priority: P9\n");
    assert_eq!(open.len(), 1);
    assert!(open[0].starts_with("r.yaml:"), "{open:?}");
}

#[test]
fn words_that_older_yaml_took_for_true_or_false_are_words() {
    let text = "rules:\n  - name: off\n    family: y\n    priority: P2\n";
    let rules = rules(text);
    let rule = &rules.rules()[0];
    assert_eq!((rule.name.as_str(), rule.family.as_str()), ("off", "y"));
}
