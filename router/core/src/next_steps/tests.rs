//! An incident in each state that it can be in, with the lines that a human reads about its future.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::builders;
use crate::ids::ChannelName;
use crate::policy::EscalationStep;
use crate::verdict::Why;

const RULES: &str = "
rules:
  - name: noisy
    family: noise
    match: {source: [noisy]}
    priority: P1
    repeat_after_minutes: 360
  - name: rest
    family: unclassified
    priority: P2
";

fn at(text: &str) -> Timestamp {
    builders::at(&format!("2026-11-27T{text}:00Z"))
}

fn policy() -> Policy {
    let mut policy = builders::policy(RULES);
    let step = |to: &[&str], minutes| EscalationStep {
        to: to.iter().map(|name| ChannelName::new(*name)).collect(),
        after: SignedDuration::from_mins(minutes),
    };
    policy.escalation.insert(Priority::P1, vec![step(&["boss"], 0), step(&["boss", "ciso"], 30)]);
    policy
}

/// Paged at 10:00, with a count of 74.
fn paged(priority: Priority) -> IncidentRecord {
    let policy = policy();
    let mut record = IncidentRecord::begun(None, priority, Some(Band::High), at("10:00"));
    record.said_count = 74;
    record.respond_by = Some(policy.respond_by(priority, at("10:00")));
    record.escalate_at = record.respond_by.filter(|_| policy.escalation.contains_key(&priority));
    record.quiet_at = Some(at("23:00"));
    record
}

fn held(mut record: IncidentRecord, until: Option<Timestamp>) -> IncidentRecord {
    let reason = "the reason".to_owned();
    record.held = Some(Suppressed {
        after_round: None,
        news: Why::New,
        priority: Priority::P1,
        count: 1,
        by: Why::Silenced,
        reason,
        since: at("10:00"),
        bundle: None,
        until,
    });
    record
}

fn waiting(kind: BundleKind, due_at: Option<Timestamp>) -> BundleRecord {
    let mut bundle = BundleRecord::new(kind, "title".to_owned(), at("10:00"));
    bundle.due_at = due_at;
    bundle.unsaid = 1;
    bundle
}

fn lines(record: &IncidentRecord, bundle: Option<&BundleRecord>, now: &str) -> Vec<String> {
    let policy = policy();
    let rule = RuleName::new("rest");
    NextSteps { record, policy: &policy, rule: Some(&rule), bundle, digest: InDigest::No, now: at(now) }
        .lines()
}

const QUIET: &str = "resolved by its quiet period at 2026-11-27 23:00 UTC if nothing more is heard";

#[test]
fn a_page_escalates_step_by_step_until_the_chain_ends() {
    let again = [
        "re-page if the count reaches 740 after 2026-11-27 11:00 UTC",
        "re-page at once if its priority rises or its severity rises or another resource joins",
        QUIET,
    ];
    let mut record = paged(Priority::P1);
    let said = |first: &str| -> Vec<String> { [first].into_iter().chain(again).map(str::to_owned).collect() };
    assert_eq!(
        lines(&record, None, "10:05"),
        said("escalates to boss at 2026-11-27 11:00 UTC unless acknowledged")
    );
    record.escalation = 1;
    record.escalate_at = Some(at("10:04"));
    assert_eq!(
        lines(&record, None, "10:05"),
        said("escalates to boss, ciso within a minute unless acknowledged")
    );
    record.escalation = 2;
    record.escalate_at = None;
    assert_eq!(
        lines(&record, None, "10:05"),
        said("to be acknowledged by 2026-11-27 11:00 UTC; its escalation chain is at the end")
    );
    record.acknowledged = Some(ByWhom { by: "ana".to_owned(), at: at("10:04") });
    assert_eq!(lines(&record, None, "10:05"), said("not escalated: ana has it since 2026-11-27 10:04 UTC"));
}

#[test]
fn a_p0_that_nobody_has_is_paged_again_and_its_clock_is_shown_when_nothing_escalates_it() {
    assert_eq!(
        lines(&paged(Priority::P0), None, "10:20"),
        [
            "overdue since 2026-11-27 10:15 UTC; nothing escalates it",
            "re-page with the next event unless acknowledged",
            "re-page if the count reaches 740",
            "re-page at once if its severity rises or another resource joins",
            QUIET,
        ]
    );
}

#[test]
fn what_holds_an_incident_says_when_it_lets_it_go() {
    let silence = BundleKind::Silence { id: SilenceId::new("s-1") };
    let cover = BundleKind::Cover { incident: IncidentKey::new("wf1-node") };
    let group = BundleKind::Group { name: "rollout".to_owned() };
    let roll_up = BundleKind::RollUp { limit: "channel oncall".to_owned() };
    let noon = Some(at("12:00"));
    let table = [
        (
            silence.clone(),
            noon,
            "said with all that was silenced at 2026-11-27 12:00 UTC, when the silence ends",
        ),
        (
            silence,
            Some(at("10:01")),
            "said with all that was silenced within a minute, when the silence ends",
        ),
        (cover, None, "paged when wf1-node is over, if it is open then"),
        (group, noon, "paged with its group rollout at 2026-11-27 12:00 UTC"),
        (BundleKind::Storm, noon, "paged with its storm at 2026-11-27 12:00 UTC"),
        (roll_up, noon, "paged in a roll-up at 2026-11-27 12:00 UTC"),
    ];
    for (kind, due_at, expected) in table {
        let bundle = waiting(kind.clone(), due_at);
        let record = held(paged(Priority::P2), None);
        assert_eq!(lines(&record, Some(&bundle), "10:05"), [expected, QUIET], "{kind:?}");
    }
    let flapping = held(paged(Priority::P2), noon);
    assert_eq!(lines(&flapping, None, "10:05"), ["paged if it is still open at 2026-11-27 12:00 UTC", QUIET]);
    let alone = held(paged(Priority::P2), None);
    assert_eq!(lines(&alone, None, "10:05"), ["held: the reason", QUIET]);
}

#[test]
fn a_group_that_was_said_is_said_again() {
    let mut group = waiting(BundleKind::Group { name: "rollout".to_owned() }, Some(at("14:00")));
    group.unsaid = 0;
    let mut record = paged(Priority::P2);
    record.said_count = 0;
    record.quiet_at = None;
    assert_eq!(
        lines(&record, Some(&group), "10:05"),
        [
            "to be acknowledged by 2026-11-27 14:00 UTC; nothing escalates it",
            "re-page at once if its priority rises or its severity rises or another resource joins",
            "its group rollout is said again at 2026-11-27 14:00 UTC if it is open",
        ]
    );
}

#[test]
fn what_is_in_the_digest_says_when_that_comes_and_is_not_paged_again() {
    let policy = policy();
    let mut record = paged(Priority::P3);
    record.respond_by = None;
    let next_steps = |digest, now| {
        NextSteps { record: &record, policy: &policy, rule: None, bundle: None, digest, now: at(now) }.lines()
    };
    let noon = InDigest::Due(at("12:00"));
    assert_eq!(next_steps(noon, "10:05"), ["digest Fri 2026-11-27 12:00 UTC", QUIET]);
    assert_eq!(next_steps(noon, "12:00"), ["digest within a minute", QUIET]);
    let kept = "kept for the digest, which nobody is configured to get";
    assert_eq!(next_steps(InDigest::Kept, "10:05"), [kept, QUIET]);
}

#[test]
fn what_is_over_says_from_when_on_it_is_news_again() {
    let policy = policy();
    let noisy = RuleName::new("noisy");
    let mut record = paged(Priority::P1);
    record.end(Some(ByWhom { by: "ana".to_owned(), at: at("10:00") }));
    let lines = |now: &str| {
        let rule = Some(&noisy);
        NextSteps { record: &record, policy: &policy, rule, bundle: None, digest: InDigest::No, now: at(now) }
            .lines()
    };
    assert_eq!(
        lines("10:05"),
        ["over; what its findings go on to say is no news before 2026-11-27 16:00 UTC, anything else is"]
    );
    assert_eq!(lines("16:00"), ["over; the next report opens it again"]);
}
