//! Promises about what a model is told, what is taken of its answer, and what it may cost.

use std::collections::BTreeSet;

use jiff::civil::date;
use serde::Deserialize;

use super::*;
use crate::action::ActionName;
use crate::builders::{at, notice};
use crate::ids::{IncidentKey, Own, RuleName};
use crate::notice::minimal::Place;
use crate::notice::{Fact, Group, Measure, MeasureState, Notice};
use crate::priority::Priority;
use crate::zone::Zone;

/// A page with whatever an attacker may have written, and what a model made of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Injection {
    name: String,
    page: Hostile,
    answer: String,
    unreadable: bool,
    warnings: BTreeSet<Warning>,
    never_sent: Vec<String>,
    never_shown: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Hostile {
    kind: Option<String>,
    title: Option<String>,
    description: Option<String>,
    namespace: Option<String>,
    facts: Vec<(String, String)>,
}

impl Hostile {
    fn page(self) -> Notice {
        let Self { kind, title, description, namespace, facts } = self;
        let known = notice();
        let namespace = namespace.map(|name| ("namespace".to_owned(), name));
        let more = facts.into_iter().chain(namespace);
        let more = more.map(|(label, value)| Fact::new(Group::Where, &label, value));
        Notice {
            kind: kind.map_or(known.kind, |kind| crate::text::clean(&kind, 200)),
            title: title.unwrap_or(known.title),
            description: description.unwrap_or(known.description),
            facts: known.facts.into_iter().chain(more).collect(),
            ..known
        }
    }
}

fn prompt(page: &Notice) -> Prompt {
    Prompt::of(page, &[], Nonce(7))
}

fn text(page: &Notice, outcome: Outcome) -> Text {
    let own = Own::Triage { incident: &IncidentKey::new("wf1-a"), episode: 2 };
    Text {
        event: EventId::own(own),
        episode: 2,
        at: at("2026-11-20T02:58:31Z"),
        model: Model::new("anthropic.claude-sonnet-4-20250514-v1:0"),
        told: prompt(page).told,
        page_rests_on: prompt::rests_on(page),
        usage: Usage { input_tokens: 512, output_tokens: 96, cost: Some(Cost(2_976)), latency_ms: 812 },
        outcome,
    }
}

fn settings() -> Settings {
    Settings {
        model: Model::new("m"),
        priorities: BTreeSet::from([Priority::P0]),
        leave_out: Vec::new(),
        most_answer_tokens: 500,
        budget: Budget { tokens: Some(10_000), cost: Cost::of(0.05) },
        prices: Some(Prices { input: Cost(3_000), output: Cost(15_000) }),
        to: Vec::new(),
    }
}

#[test]
fn no_injection_has_a_text_shown_without_what_the_page_rests_on_before_it() {
    let cases: Vec<Injection> = serde_json::from_str(include_str!("injections.json")).expect("cases");
    assert_eq!(cases.len(), 20);
    let system = prompt(&notice()).system;
    for Injection { name, page, answer, unreadable, warnings, never_sent, never_shown } in cases {
        let page = page.page();
        let prompt = prompt(&page);
        assert_eq!(prompt.system, system, "{name}: what is asked does not depend on the page");
        let user = prompt.user();
        let lines: Vec<_> = user.lines().collect();
        let fences: Vec<_> = (0..lines.len()).filter(|at| lines[*at] == "0000000000000007").collect();
        assert_eq!(fences, [1, 3], "{name}: one line of data between two that nobody can guess: {user}");
        assert!(
            serde_json::from_str::<serde_json::Value>(lines[2]).is_ok_and(|data| data.is_object()),
            "{name}"
        );
        never_sent.iter().for_each(|secret| assert!(!user.contains(secret.as_str()), "{name}: {user}"));
        let outcome = match Answer::read(&answer, &prompt) {
            Ok(answer) => {
                assert_eq!((&answer.warnings, unreadable), (&warnings, false), "{name}");
                Outcome::Answered(answer)
            }
            Err(Unreadable) => {
                assert!(unreadable, "{name}");
                Outcome::Unreadable
            }
        };
        let text = text(&page, outcome);
        let shown = text.lines(&Zone::UTC);
        assert_eq!(shown[0], format!("{MACHINE} {UNDECIDED}"), "{name}");
        assert_eq!(
            shown[2], "The page rests on: P0 by the rule miner-in-a-pod (family crypto-mining)",
            "{name}"
        );
        assert!(shown[3].contains("severity 8.0 HIGH, from guardduty"), "{name}: {}", shown[3]);
        let says = |line: &String| line.starts_with("It ") || line.starts_with("Careful: ");
        let (rests_on, said) =
            shown[2..].split_at(shown[2..].iter().position(says).unwrap_or(shown.len() - 3));
        assert!(rests_on.iter().all(|line| line.starts_with("The page rests on: ")), "{name}: {shown:?}");
        let warned: Vec<_> = said.iter().filter_map(|line| line.strip_prefix("Careful: ")).collect();
        assert_eq!(warned, warnings.iter().map(|warning| warning.sentence()).collect::<Vec<_>>(), "{name}");
        let whole = shown.join("\n");
        never_shown.iter().for_each(|text| assert!(!whole.contains(text.as_str()), "{name}: {whole}"));
        assert!(
            shown.iter().all(|line| line.chars().count() <= 700 && !line.contains(crate::text::is_unfit)),
            "{name}"
        );
        assert!(shown.len() <= 20, "{name}");
    }
}

#[test]
fn a_model_is_told_what_minimal_tells_and_nothing_else() {
    let measure = Measure {
        action: ActionName::Quarantine,
        target: "pods/shop/pay-1".to_owned(),
        state: MeasureState::Failed { because: "10.1.2.3 said no".to_owned() },
    };
    let mut page = notice();
    page.head.alias = Some("prod".to_owned());
    page.head.subject = "shop/pay-1".to_owned();
    page.head.measures = vec![measure];
    page.facts.push(Fact::new(Group::Where, "namespace", "shop".to_owned()));
    page.facts.push(Fact::new(Group::Seen, "command", "xmrig -o pool.example.com:4444 -u wallet".to_owned()));
    page.doing = vec!["evidence: pods/shop/pay-1".to_owned()];
    let told = prompt(&page);
    let expected = "{\"cluster\":\"prod\",\"containment\":[\"quarantine: failed\"],\"family\":\"crypto-mining\",\
                    \"finder\":\"guardduty\",\"namespace\":\"shop\",\"paged_because\":\"first report of this incident\",\
                    \"priority\":\"P0\",\"region\":\"us-gov-west-1\",\"rule\":\"miner-in-a-pod\",\"severity\":\"8.0 HIGH\",\
                    \"type\":\"CryptoCurrency:Runtime/BitcoinTool.B\",\"watchfire_does\":[\"evidence\"],\
                    \"watchfire_does_not\":[\"quarantine\"],\"what\":\"Crypto mining (CryptoCurrency:Runtime/BitcoinTool.B)\"}";
    assert_eq!(told.data, expected);
    let names =
        ["cluster", "containment", "family", "finder", "namespace", "paged_because", "priority", "region"];
    assert_eq!(told.told[..8], names);
    let less = Prompt::of(&page, &Place::ALL, Nonce(7));
    assert!(["prod", "shop", "us-gov"].iter().all(|place| !less.user().contains(place)), "{}", less.user());
    assert!(less.most_tokens() < told.most_tokens());
}

#[test]
fn what_is_shown_says_first_what_it_is_and_what_the_page_rests_on() {
    let answer = Answer {
        summary: "A pod asked for the name of a mining pool.".to_owned(),
        next_steps: vec!["Look at who built the image.".to_owned()],
        warnings: BTreeSet::from([Warning::ClaimsAnEnd]),
    };
    let mut page = notice();
    page.sample = true;
    let expected = [
        "Written by a machine, unverified. It has decided nothing: who was paged, how urgently, and what was done about it \
         does not depend on it.",
        "anthropic.claude-sonnet-4-20250514-v1:0, 2026-11-20 02:58:31 UTC, was told of the page: family, finder, \
         paged_because, priority, region, rule, sample, severity, type, watchfire_does_not, what; and nothing else.",
        "The page rests on: P0 by the rule miner-in-a-pod (family crypto-mining)",
        "The page rests on: the type \u{201c}CryptoCurrency:Runtime/BitcoinTool.B\u{201d}, severity 8.0 HIGH, from guardduty",
        "The page rests on: paged because: first report of this incident",
        "The page rests on: it is marked as a sample",
        "Careful: It says that this is harmless, handled or can wait. It cannot know that: go by what the page rests on.",
        "It says: A pod asked for the name of a mining pool.",
        "It suggests: Look at who built the image.",
    ];
    assert_eq!(text(&page, Outcome::Answered(answer)).lines(&Zone::UTC), expected);
    let refused = text(&notice(), Outcome::NotAsked("the budget is spent".to_owned()));
    let lines = refused.lines(&Zone::UTC);
    assert_eq!(lines[1], "anthropic.claude-sonnet-4-20250514-v1:0 was not asked, 2026-11-20 02:58:31 UTC.");
    assert_eq!(lines.last().map(String::as_str), Some("There is no text: the budget is spent."));
}

#[test]
fn an_answer_is_read_however_it_is_wrapped_and_nothing_else_is() {
    let prompt = prompt(&notice());
    let read =
        |text: &str| Answer::read(text, &prompt).map(|answer| (answer.summary, answer.next_steps.len()));
    let plain = Ok(("It mines.".to_owned(), 1));
    assert_eq!(read(r#"{"summary": "It mines.", "next_steps": ["Look."]}"#), plain);
    assert_eq!(
        read("Here it is:\n```json\n{\"summary\": \"It\\nmines.\", \"next_steps\": [\"Look.\", \" \"]}\n```"),
        plain
    );
    assert_eq!(read(r#"{"summary": "It mines."}"#), Ok(("It mines.".to_owned(), 0)));
    for wrong in [
        "",
        "{}",
        "null",
        "[]",
        "{\"summary\": 1}",
        "{\"summary\": \"\"}",
        "{\"summary\": \"a\", \"next_steps\": \"b\"}",
        "{\"summary\": \"a\", \"summary\": \"b\"}",
        "{\"summary\": \"It mi",
    ] {
        assert_eq!(read(wrong), Err(Unreadable), "{wrong}");
    }
    let deep = format!("{{\"summary\": {}", "[".repeat(100_000));
    assert_eq!(read(&deep), Err(Unreadable));
}

#[test]
fn types_of_findings_and_numbers_are_no_addresses_and_words_no_commands() {
    let prompt = prompt(&notice());
    let summary = "CryptoCurrency:Runtime/BitcoinTool.B!DNS (severity 8.0, version 1.31.2) means e.g. a lookup of a pool; \
                   the kube-system namespace and the awscli image of python are not named. Is the shell expected?";
    let said = serde_json::json!({ "summary": summary }).to_string();
    let answer = Answer::read(&said, &prompt).expect("it is of the form");
    assert_eq!((answer.summary.as_str(), answer.warnings), (summary, BTreeSet::new()));
}

#[test]
fn a_question_is_asked_only_where_there_is_room_for_its_longest_answer() {
    let settings = settings();
    let day = date(2026, 11, 20);
    let spent = |tokens, cost| SpentRecord { day: Some(day), asked: 3, tokens, cost: Cost(cost) };
    let room = |tokens, cost| spent(tokens, cost).has_room(1_000, &settings);
    assert_eq!(room(0, 0), Ok(()));
    assert_eq!(room(8_500, 0), Ok(()));
    assert_eq!(room(8_501, 0), Err(Refusal::Tokens { used: 8_501, of: 10_000 }));
    // 1,000 tokens in and 500 out cost 0.0105.
    assert_eq!(room(0, 39_500), Ok(()));
    let refused = room(0, 39_501).expect_err("there is no room");
    let expected = "the day's budget has no room for one more question: 0.039501 of 0.050000 is spent";
    assert_eq!(refused.to_string(), expected);
    let next = spent(10_000, 50_000).on(date(2026, 11, 21));
    assert_eq!((next.has_room(1_000, &settings), next.asked), (Ok(()), 0));
    let endless =
        Settings { budget: Budget { tokens: None, cost: Cost::of(0.05) }, prices: None, ..settings };
    assert_eq!(spent(u64::MAX, 50_000).has_room(1, &endless), Ok(()), "nobody can count without prices");
}

#[test]
fn what_was_used_is_summed_and_rounded_up() {
    let prices = Prices { input: Cost(3), output: Cost(15_000) };
    let usage = Usage::of(1, 1, 9, Some(prices));
    assert_eq!(usage, Usage { input_tokens: 1, output_tokens: 1, cost: Some(Cost(16)), latency_ms: 9 });
    let day = SpentRecord::default().on(date(2026, 11, 20));
    let after = day.with(&usage).with(&Usage::of(u64::MAX, u64::MAX, 0, Some(prices)));
    assert_eq!((after.asked, after.tokens, after.cost), (2, u64::MAX, Cost(u64::MAX)));
    assert_eq!(after.left(&settings().budget), Left { tokens: Some(0), cost: Some(Cost(0)) });
    for wrong in [-0.1, f64::NAN, f64::INFINITY, 1_000_001.0] {
        assert_eq!(Cost::of(wrong), None);
    }
}

#[test]
fn as_many_and_as_large_as_they_may_get_they_fit_into_a_row() {
    let wide = |length| "\u{1f525}".repeat(length);
    let answer = Answer { summary: wide(600), next_steps: vec![wide(240); 5], warnings: BTreeSet::new() };
    let mut page = notice();
    (page.rule, page.family, page.why) = (RuleName::new(wide(500)), wide(500), wide(500));
    let mut record = TriageRecord::default();
    for episode in 0..20 {
        record.add(Text {
            episode,
            model: Model::new(&wide(500)),
            ..text(&page, Outcome::Answered(answer.clone()))
        });
    }
    let episodes: Vec<_> = record.texts.iter().map(|text| text.episode).collect();
    assert_eq!(episodes, (12..20).collect::<Vec<_>>());
    assert!(record.has(19) && !record.has(11));
    let bytes = serde_json::to_vec(&record).expect("JSON").len();
    // A row of a table takes 390 KiB.
    assert!(bytes < 390 * 1024, "{bytes}");
    record.as_of(at("2026-11-19T00:00:00Z"));
    assert!(record.texts.iter().all(|text| text.at == at("2026-11-19T00:00:00Z")));
}
