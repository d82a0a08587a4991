//! Pages of every kind as they leave, compared with `pages/`: what was decided as JSON, the text, the HTML.
//!
//! `WRITE_PAGES=1` writes them anew: look at the difference before you keep it. The channels' tests read the JSON, and
//! `router/docs/pages.md` shows what they make of it.

#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use watchfire_core::decision::{Decision, Effect};
use watchfire_core::event::unreadable;
use watchfire_core::ids::ChannelName;
use watchfire_core::mitigation::Mode;
use watchfire_core::policy::Policy;
use watchfire_core::replay::Replay;
use watchfire_core::verdict::EffectKind;

use crate::support::world::{NOW, World, example, policy, route};

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The page for people in what was decided.
fn page(decision: &Decision) -> Effect {
    decision.effects.first().unwrap_or_else(|| panic!("nobody is told: {decision:#?}")).clone()
}

/// The page about one event of the shipped examples, without a cluster.
fn page_about(name: &str) -> Effect {
    let policy = policy();
    page(&Replay::new(&policy).message_at(&example(name), now())[0])
}

/// A page is what it was, in every form.
fn holds(name: &str, effect: &Effect) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let file = |ending: &str| -> PathBuf { folder.join(format!("{name}.{ending}")) };
    let json = serde_json::to_string_pretty(effect).unwrap() + "\n";
    let forms =
        [("json", json), ("txt", effect.notice.text(effect.kind)), ("html", effect.notice.html(effect.kind))];
    for (ending, form) in forms {
        let path = file(ending);
        if std::env::var_os("WRITE_PAGES").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &form).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(form, kept, "{name}.{ending} is another: WRITE_PAGES=1 writes it anew");
    }
    let subject = effect.notice.subject(effect.kind);
    assert!(subject.chars().count() < 100, "{subject}");
    assert!(effect.notice.head_rows(effect.kind).len() <= 6);
}

#[test]
fn a_miner_that_is_contained_is_told_to_be_so_since_when_and_by_whom() {
    let mut world = World::new(Mode::Enforce);
    let paged = world.decide(&example("miner.json"), now());
    holds("miner-under-way", &page(&paged));
    let done =
        world.act(&paged, "quarantine", "nothing reaches it any more", now() + SignedDuration::from_secs(9));
    let told = page(&done);
    assert_eq!(told.kind, EffectKind::Update);
    holds("miner-contained", &told);
}

#[test]
fn what_is_over_and_still_contained_says_how_it_is_released() {
    let mut world = World::new(Mode::Enforce);
    let text = example("miner.json");
    let paged = world.decide(&text, now());
    world.act(&paged, "quarantine", "nothing reaches it any more", now() + SignedDuration::from_secs(9));
    let over =
        text.replace(r#""archived":false"#, r#""archived":true"#).replace("09:12:44.318", "09:59:01.000");
    assert_ne!(text, over);
    holds("resolved", &page(&world.decide(&over, now() + SignedDuration::from_hours(1))));
}

#[test]
fn a_miner_whose_quarantine_waits_says_until_when_and_by_which_command() {
    let mut world = World::new(Mode::Approve);
    holds("miner-waits", &page(&world.decide(&example("miner.json"), now())));
}

#[test]
fn a_miner_that_is_not_contained_says_why() {
    let mut world = World::new(Mode::Observe);
    holds("miner-withheld", &page(&world.decide(&example("miner.json"), now())));
}

#[test]
fn what_could_not_be_contained_is_a_page_of_its_own() {
    let mut world = World::new(Mode::Enforce);
    let paged = world.decide(&example("miner.json"), now());
    let failed = world.fail(
        &paged,
        "quarantine",
        "the API server does not answer",
        now() + SignedDuration::from_mins(10),
    );
    holds("not-contained", &page(&failed));
}

#[test]
fn nobody_in_time_is_told_as_late() {
    let mut world = World::new(Mode::Approve);
    world.policy.escalation = route_of_escalation();
    world.decide(&example("miner.json"), now());
    let late = world.tick(now() + SignedDuration::from_mins(15));
    holds("escalated", &page(&late[0]));
}

fn route_of_escalation()
-> std::collections::BTreeMap<watchfire_core::priority::Priority, Vec<watchfire_core::policy::EscalationStep>>
{
    let step = watchfire_core::policy::EscalationStep {
        to: vec![ChannelName::new("mail")],
        after: SignedDuration::ZERO,
    };
    [(watchfire_core::priority::Priority::P0, vec![step])].into()
}

#[test]
fn a_reverse_shell_names_the_process_its_parent_and_the_other_end() {
    let mut world = World::new(Mode::Approve);
    holds("reverse-shell", &page(&world.decide(&example("reverse-shell.json"), now())));
}

#[test]
fn an_attack_sequence_lists_its_signals_in_their_order() {
    let mut world = World::about(Mode::Approve, "ledger", "ledger-sync", "7c8d5b6f4-q8ntb");
    holds("attack-sequence", &page(&world.decide(&example("attack-sequence-eks.json"), now())));
}

#[test]
fn a_malicious_file_is_told_with_threat_path_and_hash() {
    let mut world = World::about(Mode::Approve, "ledger", "ledger-sync", "7c8d5b6f4-q8ntb");
    holds("malware", &page(&world.decide(&example("malicious-file.json"), now())));
}

#[test]
fn stolen_credentials_are_told_with_the_call_and_where_it_came_from() {
    holds("stolen-credentials", &page_about("stolen-credentials.json"));
}

#[test]
fn a_failed_control_an_alarm_and_an_event_that_no_reader_knows_can_be_read() {
    holds("control-failed", &page_about("control-failed.json"));
    holds("alarm", &page_about("alarm-node.json"));
    holds("prometheus", &page_about("prometheus-node.json"));
    let policy = policy();
    let told = |text: &str| page(&Replay::new(&policy).message_at(text, now())[0]);
    holds("unknown-event", &told(FALCO));
    holds("api-call", &told(TRAIL));
}

#[test]
fn what_cannot_be_read_is_shown_as_it_begins() {
    let policy = policy();
    let raw = r#"{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"logs"}}}]}"#;
    let mut replay = Replay::new(&policy);
    replay.message_at(&example("miner.json"), now());
    let event = unreadable(raw, "expected an event or a known finding", now());
    assert!(event.is_unreadable());
    holds("unreadable", &page(&replay.message_at(raw, now())[0]));
}

#[test]
fn a_storm_is_one_page() {
    let policy = Policy { ..policy() };
    let mut replay = Replay::new(&policy);
    for number in 0..30 {
        let at = now() + SignedDuration::from_secs(number);
        replay.message_at(&brute_force(number), at);
    }
    let told = replay.advance(now() + SignedDuration::from_mins(6));
    let storm = told.iter().find(|decision| !decision.effects.is_empty()).unwrap();
    holds("storm", &page(storm));
}

#[test]
fn a_digest_tells_what_could_wait() {
    let policy = Policy { digest: vec![route()], ..policy() };
    let mut replay = Replay::new(&policy);
    for (minute, name) in
        ["port-probe.json", "control-minor.json", "shell-created.json", "unknown-low.json"].iter().enumerate()
    {
        replay.message_at(&example(name), now() + SignedDuration::from_mins(minute as i64));
    }
    let told = replay.advance(now() + SignedDuration::from_hours(30));
    let digest = told.iter().find(|decision| !decision.effects.is_empty()).unwrap();
    holds("digest", &page(digest));
}

#[test]
fn a_sample_says_so_wherever_it_is_shown() {
    // No sample is paged; this is what a channel shows if one reaches it.
    let mut page = page_about("trail-disabled.json");
    page.notice.sample = true;
    holds("sample", &page);
}

fn brute_force(number: i64) -> String {
    let text = example("ssh-brute-force-from-inside.json");
    let id = format!("{number:032x}");
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let of = |path: &str| found.pointer(path).and_then(serde_json::Value::as_str).unwrap().to_owned();
    text.replace(&of("/detail/id"), &id)
        .replace(&of("/detail/resource/instanceDetails/instanceId"), &format!("i-0{number:016x}"))
        .replace(&of("/id"), &format!("storm-{number}"))
}

const FALCO: &str = r#"{"version":"0","id":"9d2d1b1e-6d0c-4a3e-a5a8-5a5f0d2c7b11","detail-type":"Falco Alert","source":"falco","account":"111122223333","time":"2026-11-18T09:14:31Z","region":"us-gov-west-1","resources":[],"detail":{"uuid":"b3f4","hostname":"falco-x7k2p","output":"09:14:31.002 Critical Executing binary not part of base image (proc=xmr parent=sh user=root container=checkout-api)","priority":"Critical","rule":"Drop and execute new binary in container","source":"syscall","tags":["container","mitre_persistence","process"],"output_fields":{"container.id":"d8e8b2ecf7d5","k8s.ns.name":"checkout","k8s.pod.name":"checkout-api-6d5f9c7b84-x2x9k","proc.cmdline":"xmr -o pool.example.net:4444","proc.exepath":"/tmp/.x/xmr","user.name":"root","evt.time":1794993271002000000}}}"#;

const TRAIL: &str = r#"{"version":"0","id":"0a1e7c54-31c9-4f0e-8a0e-2f5d5ad9a6c2","detail-type":"AWS API Call via CloudTrail","source":"aws.kms","account":"111122223333","time":"2026-11-18T09:14:31Z","region":"us-gov-west-1","resources":[],"detail":{"eventVersion":"1.11","eventTime":"2026-11-18T09:14:30Z","eventSource":"kms.amazonaws.com","eventName":"ScheduleKeyDeletion","awsRegion":"us-gov-west-1","sourceIPAddress":"203.0.113.140","userAgent":"aws-cli/2.31.4","errorCode":"AccessDenied","errorMessage":"User is not authorized to perform kms:ScheduleKeyDeletion","userIdentity":{"type":"AssumedRole","arn":"arn:aws-us-gov:sts::111122223333:assumed-role/payments-deployer/ci","accessKeyId":"ASIAC8A60271A7E5357B"},"requestParameters":{"keyId":"1234abcd-12ab-34cd-56ef-1234567890ab","pendingWindowInDays":7}}}"#;
