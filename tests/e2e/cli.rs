//! The command line: exit codes, what a program reads on standard output, what a human reads beside it.

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_tests::{Configuration, GuardDuty, Output, watchfire};

use crate::support::directory;

const RULES: &str = "\
rules:
  - name: miner
    family: crypto-mining
    match: {source: [aws.guardduty], detail: {type: [{prefix: \"CryptoCurrency:\"}]}}
    priority: P0
    actions: [quarantine]
    examples:
      - {event: miner.json, expect: {priority: P0, verdict: page}}
  - name: rest
    family: unclassified
    priority: P2
";

fn miner() -> String {
    GuardDuty::miner("wallet-7").event("event-1").to_string()
}

fn good() -> TempDir {
    directory(&[("rules/10-first.yaml", RULES), ("rules/miner.json", &miner()), ("miner.json", &miner())])
}

fn run(directory: &TempDir, arguments: &[&str]) -> Output {
    watchfire(directory.path(), arguments, "")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

#[test]
fn version_and_help_are_on_standard_output() {
    let anywhere = good();
    let version = run(&anywhere, &["--version"]);
    assert_eq!((version.code, version.stdout.as_str()), (0, "watchfire 0.1.0\n"));
    let help = run(&anywhere, &["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    let commands = ["run", "demo", "check", "rules", "explain", "replay", "pattern", "completions"];
    for word in commands.into_iter().chain(["To begin with:"]) {
        assert!(help.stdout.contains(word), "no `{word}` in:\n{}", help.stdout);
    }
}

#[test]
fn a_wrong_word_is_a_usage_error() {
    let anywhere = good();
    for arguments in [&["frobnicate"][..], &["run", "--frobnicate"], &["rules"], &["explain"]] {
        let Output { code, stdout, stderr } = run(&anywhere, arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains("Usage: watchfire"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn completions_are_there_for_every_shell() {
    let anywhere = good();
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&anywhere, &["completions", shell]);
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(output.stdout.contains("WATCHFIRE_COMPLETE"), "{shell}");
    }
}

#[test]
fn a_good_configuration_is_fine() {
    let directory = good();
    let configuration = Configuration::new("http://127.0.0.1:9/v2/enqueue");
    let configuration = configuration.set("rules.directory", json!("rules")).text();
    std::fs::write(directory.path().join("watchfire.yaml"), configuration).unwrap();
    let output = run(&directory, &["check", "--config", "watchfire.yaml"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
}

#[test]
fn check_says_every_mistake_at_once_with_file_line_and_path() {
    let configuration = "\
rules: {directory: rules}
channels:
  oncall:
    pagerduty: {routing_key: {env: PD_KEY}}
routes:
  P0: {to: [oncal]}
  P1: {to: [oncall], fallback: nobody}
  P2: {to: [oncall]}
  P3: {to: []}
";
    let rules = "\
rules:
  - name: broken
    family: crypto-mining
    match: {detail: {severity: [{numeric: [\">\", \"seven\"]}]}}
    priority: P0
  - name: broken
    family: crypto-mining
    when: \"finding.severity >\"
    priority: P1
";
    let directory = directory(&[("watchfire.yaml", configuration), ("rules/10-broken.yaml", rules)]);
    let output = run(&directory, &["check", "--config", "watchfire.yaml"]);
    assert_eq!(output.code, 2, "{}{}", output.stdout, output.stderr);
    let said = output.stdout + &output.stderr;
    let expected = [
        "watchfire.yaml",
        "oncal",
        "nobody",
        "10-broken.yaml:4",
        "detail.severity",
        "10-broken.yaml:6",
        "10-broken.yaml:8",
    ];
    for part in expected {
        assert!(said.contains(part), "no `{part}` in:\n{said}");
    }
}

#[test]
fn an_unknown_key_is_refused_where_it_stands() {
    let text = "channels: {screen: {console: {}}}\nfallback_after_second: 60\n";
    let directory = directory(&[("watchfire.yaml", text)]);
    let output = run(&directory, &["check", "--config", "watchfire.yaml"]);
    let said = output.stdout + &output.stderr;
    assert_eq!(output.code, 2, "{said}");
    assert!(said.contains("watchfire.yaml:2") && said.contains("fallback_after_second"), "{said}");
}

#[test]
fn an_unknown_key_hides_no_mistake_in_the_rules_it_names() {
    let configuration = "slack: {}\nrules: {directory: rules}\nchannels: {screen: {console: {}}}\n\
                         routes: {P0: {to: [screen]}, P1: {to: [screen]}}\n";
    let rules = RULES.replace("priority: P2", "priority: P5");
    let directory = directory(&[("watchfire.yaml", configuration), ("rules/10-first.yaml", &rules)]);
    let output = run(&directory, &["check", "--config", "watchfire.yaml", "--output", "json"]);
    let mistakes = lines(&output.stdout)[0]["mistakes"].clone();
    let place = |mistake: &Value| (mistake["file"].clone(), mistake["line"].clone(), mistake["path"].clone());
    let places: Vec<_> = mistakes.as_array().unwrap().iter().map(place).collect();
    let expected = [
        (json!("watchfire.yaml"), json!(1), json!("slack")),
        (json!("rules/10-first.yaml"), json!(11), json!("rules[1].priority")),
    ];
    assert_eq!((output.code, places), (2, expected.to_vec()), "{mistakes}");
}

#[test]
fn a_program_reads_the_mistakes_of_rules_on_standard_output() {
    let rules = RULES.replace("priority: P2", "priority: P5");
    let directory = directory(&[("rules/10-first.yaml", &rules)]);
    let mistake = json!({
        "file": "rules/10-first.yaml",
        "line": 11,
        "column": 15,
        "path": "rules[1].priority",
        "message": "expected one of `P0`, `P1`, `P2`, `P3`, found `P5`",
        "expected": "one of `P0`, `P1`, `P2`, `P3`",
        "found": "`P5`",
        "hint": null,
    });
    for command in ["check", "test", "list"] {
        let Output { code, stdout, stderr } =
            run(&directory, &["rules", command, "--rules", "rules", "--output", "json"]);
        let told = (code, lines(&stdout), stderr.as_str());
        assert_eq!(told, (2, vec![json!({"mistakes": [mistake]})], ""), "rules {command}");
        let absent = run(&directory, &["rules", command, "--rules", "absent", "--output", "json"]);
        let told = lines(&absent.stdout)[0]["mistakes"][0]["file"].clone();
        assert_eq!((absent.code, told), (2, json!("absent")), "rules {command}");
    }
}

#[test]
fn a_worker_with_a_bad_configuration_does_not_start() {
    let directory = directory(&[("watchfire.yaml", "routes: {P0: {to: [nobody]}}\n")]);
    assert_eq!(run(&directory, &["run", "--config", "watchfire.yaml"]).code, 2);
    assert_eq!(run(&directory, &["run", "--config", "absent.yaml"]).code, 2);
}

#[test]
fn rules_can_be_checked_tested_and_listed() {
    let directory = good();
    for command in ["check", "test"] {
        let output = run(&directory, &["rules", command, "--rules", "rules"]);
        assert_eq!(output.code, 0, "rules {command}: {}{}", output.stdout, output.stderr);
    }
    let list = run(&directory, &["rules", "list", "--rules", "rules", "--output", "json"]);
    assert_eq!(list.code, 0, "{}", list.stderr);
    let names: Vec<_> = lines(&list.stdout).into_iter().map(|rule| rule["name"].clone()).collect();
    assert_eq!(names, ["miner", "rest"]);
}

#[test]
fn a_rule_whose_example_fails_is_a_failure_not_a_usage_error() {
    let wrong = RULES.replace("{priority: P0, verdict: page}", "{priority: P1}");
    let directory = directory(&[("rules/10-first.yaml", &wrong), ("rules/miner.json", &miner())]);
    let output = run(&directory, &["rules", "test", "--rules", "rules"]);
    let said = output.stdout + &output.stderr;
    assert_eq!(output.code, 1, "{said}");
    assert!(said.contains("miner.json") && said.contains("P1") && said.contains("P0"), "{said}");
}

#[test]
fn the_shipped_rules_pass_their_own_examples() {
    let output = run(&good(), &["rules", "test"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
}

#[test]
fn explain_names_every_rule_up_to_the_one_that_matched() {
    let directory = good();
    let other = GuardDuty::of("Backdoor:Runtime/C&CActivity.B", 8.0, "wallet-7").event("event-2").to_string();
    std::fs::write(directory.path().join("other.json"), other).unwrap();
    let output = run(&directory, &["explain", "other.json", "--rules", "rules"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    for part in ["miner", "detail.type", "rest", "P2"] {
        assert!(output.stdout.contains(part), "no `{part}` in:\n{}", output.stdout);
    }
}

#[test]
fn replay_writes_one_decision_a_line_and_performs_nothing() {
    let directory = good();
    let finding = GuardDuty::miner("wallet-7");
    let input = [finding.event("event-1"), finding.again().event("event-2"), json!({"not": "an event"})];
    let input: String = input.iter().map(|event| format!("{event}\n")).collect();
    let output = watchfire(directory.path(), &["replay", "--rules", "rules", "-"], &input);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let decisions = lines(&output.stdout);
    let keys: Vec<_> = decisions[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "event_id",
        "source",
        "type",
        "finding_key",
        "subject",
        "priority",
        "rule",
        "verdict",
        "why",
        "effects",
        "withheld",
    ];
    assert!(expected.iter().all(|key| keys.contains(key)), "{keys:?}");
    let brief = |decision: &Value| {
        ["event_id", "finding_key", "priority", "rule", "verdict", "why"].map(|key| decision[key].clone())
    };
    let arn = finding.arn();
    assert_eq!(
        brief(&decisions[0]),
        [json!("event-1"), json!(arn), json!("P0"), json!("miner"), json!("page"), json!("new")]
    );
    assert_eq!(
        brief(&decisions[1]),
        [json!("event-2"), json!(arn), json!("P0"), json!("miner"), json!("quiet"), json!("repeat")]
    );
    assert_eq!(decisions.len(), 3);
    assert!(!output.stderr.is_empty(), "a summary is on standard error");
}

#[test]
fn pattern_answers_line_by_line() {
    let input = "\
{\"pattern\":{\"a\":[{\"prefix\":\"x\"}]},\"event\":{\"a\":\"xy\"}}
{\"pattern\":\"{\\\"a\\\":[1]}\",\"event\":{\"a\":2}}
{\"pattern\":{\"a\":\"x\"},\"event\":{\"a\":\"x\"}}
";
    let anywhere = good();
    let output = watchfire(anywhere.path(), &["pattern"], input);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let answers = lines(&output.stdout);
    assert_eq!(answers[..2], [json!({"match": true}), json!({"match": false})]);
    assert!(answers[2]["invalid"].as_str().is_some_and(|reason| !reason.is_empty()), "{}", answers[2]);
    assert_eq!(answers.len(), 3);
}

#[test]
fn a_line_that_is_not_text_spoils_no_other() {
    use std::process::{Command, Stdio};
    let directory = good();
    let path = directory.path().join("input");
    let answers = |line: &str, arguments: &[&str]| {
        let mut bytes = format!("{line}\n").repeat(3).into_bytes();
        let second = line.len() + 1;
        bytes[second + line.find("xy").unwrap()] = 0xff;
        std::fs::write(&path, bytes).unwrap();
        let input = Stdio::from(std::fs::File::open(&path).unwrap());
        let mut command = Command::new(watchfire_tests::binary("watchfire"));
        let ended = command.args(arguments).current_dir(directory.path()).stdin(input).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        lines(&String::from_utf8(ended.stdout).unwrap())
    };

    let matched = answers(r#"{"pattern":{"a":["xy"]},"event":{"a":"xy"}}"#, &["pattern"]);
    let invalid = json!({"invalid": "the line is not text: invalid utf-8 sequence of 1 bytes from index 18"});
    assert_eq!(matched, [json!({"match": true}), invalid, json!({"match": true})]);

    let event = GuardDuty::miner("wallet-xy").event("event-1").to_string();
    let decisions = answers(&event, &["replay", "--rules", "rules"]);
    let told: Vec<_> =
        decisions.iter().map(|decision| (decision["verdict"].clone(), decision["type"].clone())).collect();
    let miner = json!("CryptoCurrency:Runtime/BitcoinTool.B");
    // The one with the byte is read as far as it goes, which is all that tells what it is.
    let quiet = (json!("quiet"), miner.clone());
    assert_eq!(told, [(json!("page"), miner), quiet.clone(), quiet]);
}

#[test]
fn the_demo_shows_every_decision_and_ends() {
    let anywhere = good();
    let output = run(&anywhere, &["demo"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    for part in ["P0", "P1", "P2", "P3", "page", "quiet", "repeat", "sample", "unreadable"] {
        assert!(output.stdout.contains(part), "no `{part}` in:\n{}", output.stdout);
    }
    let left: Vec<_> =
        std::fs::read_dir(anywhere.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the demo leaves nothing behind: {left:?}");
}

#[test]
fn a_reader_who_has_read_enough_ends_a_command_quietly() {
    use std::process::{Command, Stdio};
    for arguments in [&["rules", "list"][..], &["demo"]] {
        let mut command = Command::new(watchfire_tests::binary("watchfire"));
        let mut child =
            command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let told = (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned());
        assert_eq!(told, (Some(0), String::new()), "watchfire {arguments:?}");
    }
}
