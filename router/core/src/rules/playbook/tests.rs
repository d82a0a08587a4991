use super::*;
use crate::action::ActionName;
use crate::rules::{RuleFile, RuleSet};

const MINING: &str = "\
---
title: Crypto mining
families: [crypto-mining]
---
It costs money,
and more.

1. [evidence] Keep what
   the pod knows.
2. [quarantine, delete-pod] Cut it off.

3. Find the way in.
";

fn rules() -> RuleSet {
    let catch_all = "- {name: rest, family: unclassified, priority: P2}";
    let text = format!(
        "rules:\n- {{name: miner, family: crypto-mining, priority: P0, match: {{source: [a]}}}}\n\
         - {{name: node, family: platform-alarm, priority: P1, match: {{source: [b]}}}}\n{catch_all}\n"
    );
    RuleSet::load(&[RuleFile { name: "r.yaml".to_owned(), text }]).expect("they are right")
}

fn file(name: &str, text: &str) -> RuleFile {
    RuleFile { name: format!("playbooks/{name}.md"), text: text.to_owned() }
}

fn load(own: &[RuleFile], shipped: &[RuleFile]) -> Result<Playbooks, Vec<String>> {
    let said = |mistakes: Vec<crate::yaml::Diagnostic>| {
        mistakes.iter().map(|it| it.to_string().lines().next().unwrap_or_default().to_owned()).collect()
    };
    Playbooks::load(own, shipped, &rules()).map_err(said)
}

#[test]
fn a_file_is_a_title_what_it_is_for_a_paragraph_and_steps_of_which_actions_do_some() {
    let playbooks = load(&[file("mining", MINING)], &[]).expect("it is right");
    let step = |text: &str, by: &[ActionName]| PlaybookStep { text: text.to_owned(), by: by.to_vec() };
    let expected = Playbook {
        name: PlaybookName::new("mining"),
        title: "Crypto mining".to_owned(),
        about: "It costs money, and more.".to_owned(),
        steps: vec![
            step("Keep what the pod knows.", &[ActionName::Evidence]),
            step("Cut it off.", &[ActionName::Quarantine, ActionName::DeletePod]),
            step("Find the way in.", &[]),
        ],
        rules: Vec::new(),
        alerts: Vec::new(),
        families: vec!["crypto-mining".to_owned()],
        file: "playbooks/mining.md".to_owned(),
    };
    assert_eq!(playbooks.all().collect::<Vec<_>>(), [&expected]);
}

#[test]
fn a_rule_goes_before_an_alert_that_before_a_family_and_ones_own_before_what_ships() {
    let of = |name: &str, head: &str| file(name, &format!("---\ntitle: T\n{head}\n---\n1. Look.\n"));
    let shipped = [
        of("alarm", "families: [platform-alarm]"),
        of("node", "alerts: [KubeNodeNotReady]"),
        of("by-rule", "rules: [node]"),
        of("mining", "families: [crypto-mining]"),
    ];
    let playbooks = load(&[of("ours", "families: [crypto-mining]")], &shipped).expect("they are right");
    let name = |rule: &str, family: &str, kind: &str| {
        playbooks.of(rule, family, kind).map_or("none", |playbook| playbook.name.as_str()).to_owned()
    };
    assert_eq!(name("x", "platform-alarm", "Prometheus:KubeNodeNotReady"), "node");
    assert_eq!(name("x", "platform-alarm", "Cluster:KubeNodeNotReady"), "node");
    assert_eq!(name("x", "platform-alarm", "KubeNodeNotReady"), "alarm", "nobody's alert is called so");
    assert_eq!(name("node", "platform-alarm", "Cluster:KubeNodeNotReady"), "by-rule");
    assert_eq!(name("x", "crypto-mining", "k"), "ours");
    assert_eq!(name("x", "other", "k"), "none");
    // Of the same name it is instead of the shipped one, and not beside it.
    let instead = load(&[of("mining", "families: [platform-alarm]")], &shipped).expect("they are right");
    assert_eq!(instead.of("x", "crypto-mining", "k"), None);
}

#[test]
fn every_mistake_in_a_playbook_is_told_with_its_file_and_line() {
    let of = |text: &str| load(&[file("mining", text)], &[]).err().unwrap_or_default();
    let table: [(&str, &[&str]); 10] = [
        (
            "1. Look.\n",
            &[
                "playbooks/mining.md:1:1: expected a head with `title`: a playbook begins with its head, between two lines of `---`",
            ],
        ),
        (
            "---\nfamilies: [crypto-mining]\n---\n1. Look.\n",
            &["playbooks/mining.md:1:1: expected `title`, found none"],
        ),
        (
            "---\ntitle: T\nfamily: crypto-mining\n---\n1. Look.\n",
            &[
                "playbooks/mining.md:3:1: family: unknown member `family`: expected one of `title`, `families`, `alerts`, `rules`",
            ],
        ),
        (
            "---\ntitle: T\n---\n1. Look.\n",
            &[
                "playbooks/mining.md:1:1: expected at least one of `families`, `alerts`, `rules`, found none: it would be shown for nothing",
            ],
        ),
        (
            "---\ntitle: T\nrules: [mine]\n---\n1. Look.\n",
            &["playbooks/mining.md:3:9: rules[0]: expected a rule, found `mine`: did you mean `miner`?"],
        ),
        (
            "---\ntitle: T\nrules: [miner]\n---\n1. Look.\n3. Think.\n",
            &["playbooks/mining.md:6:1: expected `2.`, found `3.`"],
        ),
        (
            "---\ntitle: T\nrules: [miner]\n---\n1. Look.\nThink.\n",
            &[
                "playbooks/mining.md:6:1: expected a step, or more of one, found `Think.`: steps are one numbered list, and what goes on is indented",
            ],
        ),
        (
            "---\ntitle: T\nrules: [miner]\n---\n1. [quarantin] Cut it off.\n",
            &["playbooks/mining.md:5:1: expected an action, found `quarantin`: did you mean `quarantine`?"],
        ),
        (
            "---\ntitle: T\nrules: [miner]\n---\nNothing.\n",
            &["playbooks/mining.md:5:1: expected 1 to 12 steps, as `1. …`, found 0"],
        ),
        (
            "---\ntitle: T\nrules: [miner]\n---\n1. A\u{202e}b.\n",
            &["playbooks/mining.md:5:1: it has characters that nobody can see"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(of(text), expected, "{text}");
    }
    let long = format!("---\ntitle: T\nrules: [miner]\n---\n1. {}\n", "x".repeat(301));
    assert_eq!(of(&long), ["playbooks/mining.md:5:1: expected at most 300 characters, found 301"]);
    let two = load(&[file("mining", MINING), file("second", MINING)], &[]).expect_err("both are for it");
    assert_eq!(
        two,
        [
            "playbooks/second.md:3:12: families[0]: `crypto-mining` has a playbook already, in playbooks/mining.md"
        ]
    );
    let odd = load(&[file("Mining", MINING)], &[]).expect_err("its name is typed");
    assert_eq!(
        odd,
        [
            "playbooks/Mining.md: expected a file named in lower-case words joined by hyphens, found `Mining.md`"
        ]
    );
}
