use super::*;
use crate::builders;
use crate::health::{Quiet, Settings, Unseen, report};
use crate::incident::IncidentRecord;
use crate::notice::ByWhom;
use crate::policy::Bulletins;
use crate::verdict::Verdict;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn calendar() -> Calendar {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri"];
    Calendar::new("Europe/Berlin", &days, "09:00", "17:00", &["2026-11-30"]).expect("a calendar")
}

#[test]
fn one_is_due_on_business_days_from_their_opening_and_the_week_on_its_first() {
    let due = |text: &str| {
        let of = |bulletin: Bulletin| bulletin.due(&calendar(), at(text)).map(|day| day.to_string());
        (of(Bulletin::Daily), of(Bulletin::Weekly))
    };
    let day = |text: &str| Some(text.to_owned());
    // Monday is a holiday, so that the week begins on Tuesday, at nine in Berlin.
    assert_eq!(due("2026-11-30T09:00:00Z"), (None, None));
    assert_eq!(due("2026-12-01T07:59:59Z"), (None, None));
    assert_eq!(due("2026-12-01T08:00:00Z"), (day("2026-12-01"), day("2026-12-01")));
    assert_eq!(due("2026-12-01T22:59:59Z"), (day("2026-12-01"), day("2026-12-01")));
    assert_eq!(due("2026-12-01T23:30:00Z"), (None, None), "the next day, before it opens");
    assert_eq!(due("2026-12-02T12:00:00Z"), (day("2026-12-02"), None));
    assert_eq!(due("2026-12-05T12:00:00Z"), (None, None), "a Saturday");
}

#[test]
fn it_is_a_decision_of_its_day_with_an_effect_for_each_who_gets_it() {
    let mut policy = builders::policy("rules: [{name: rest, family: rest, priority: P2}]\n");
    let to = ["mail", "ops"].map(ChannelName::new);
    policy.bulletins = Bulletins { daily: to.to_vec(), weekly: Vec::new() };
    let unseen = || Unseen::NotAsked("not in this test".to_owned());
    let report = report(
        Some("payments"),
        &Err(unseen()),
        &Err(unseen()),
        &Settings::default(),
        at("2026-12-01T08:00:00Z"),
    );
    let day = jiff::civil::date(2026, 12, 1);
    let post = |words: &Words| {
        Bulletin::Daily
            .post(day, words, &policy, &State::whole(), at("2026-12-01T08:00:00Z"))
            .expect("all is read")
    };
    let decision = post(&daily(&report)).expect("it is due");
    assert_eq!(decision.event.as_str(), "bulletin:daily@2026-12-01");
    assert_eq!((decision.why, decision.verdict), (Why::Reported, Verdict::Page));
    let told: Vec<_> = decision
        .effects
        .iter()
        .map(|effect| {
            (effect.channel.as_str(), effect.kind, effect.dedup_key.to_string(), effect.notice.title.as_str())
        })
        .collect();
    let title = "Health of payments: unasked: 0 red, 0 yellow, 0 green";
    let key = "wf1-health-daily-2026-12-01".to_owned();
    let expected =
        [("mail", EffectKind::Digest, key.clone(), title), ("ops", EffectKind::Digest, key, title)];
    assert_eq!(told, expected);
    assert!(decision.changes.is_empty() && decision.acts.is_empty());
}

#[test]
fn a_week_says_what_became_more_who_pages_most_how_long_people_took_and_what_was_silent() {
    let now = at("2026-12-07T08:00:00Z");
    let mut week = Week::until(now);
    let [miner, login, quiet] = ["miner", "login", "quiet"].map(RuleName::new);
    for (when, rule, verdict, why) in [
        ("2026-12-01T00:00:00Z", &miner, Verdict::Page, Why::New),
        ("2026-12-02T00:00:00Z", &miner, Verdict::Page, Why::New),
        ("2026-12-02T00:00:00Z", &login, Verdict::Page, Why::New),
        ("2026-12-03T00:00:00Z", &login, Verdict::Quiet, Why::Repeat),
        ("2026-12-03T00:00:00Z", &login, Verdict::Quiet, Why::Silenced),
        ("2026-11-27T00:00:00Z", &login, Verdict::Page, Why::New),
    ] {
        week.count(at(when), rule, verdict, why);
    }
    let mut record = IncidentRecord::begun(None, Priority::P1, None, at("2026-12-01T00:00:00Z"));
    week.incident(&record);
    record.paged.insert(ChannelName::new("oncall"), Vec::new());
    record.acknowledged = Some(ByWhom { by: "jane".to_owned(), at: at("2026-12-01T00:24:00Z") });
    week.incident(&record);
    record.open = false;
    record.ended = Some(ByWhom { by: "jane".to_owned(), at: at("2026-12-01T03:00:00Z") });
    week.incident(&record);
    let ends_at = at("2026-12-08T00:00:00Z");
    let silence = Quiet { id: "s-1".to_owned(), ends_at, comment: "upgrade (jane)".to_owned(), holds: 0 };
    let later = Quiet { ends_at: at("2026-12-30T00:00:00Z"), ..silence.clone() };
    let words = week.words(&[silence, later], [&miner, &login, &quiet]);
    let list = |head: &str, lines: &[&str]| List::new(head, lines, 0);
    let expected = Words {
        title: "The week: 5 events, 3 paged, 40 % called nobody".to_owned(),
        description: "What was decided in seven days, beside the seven before.".to_owned(),
        lists: vec![
            list(
                "Seven days:",
                &[
                    "events: 5 (week before 1, up)",
                    "paged: 3 (week before 1, up)",
                    "kept back: 1 (week before 0, up)",
                    "repeats: 1 (week before 0, up)",
                    "noise: 40 % of events called nobody",
                ],
            ),
            list("Rules by pages:", &["miner: 2 paged", "login: 1 paged"]),
            list(
                "Median time from the first report, of incidents that were paged:",
                &["P1: acknowledged after 0.4 h (2), over after 3.0 h (1)"],
            ),
            list("Silences that end within a week:", &["s-1: until 2026-12-08T00:00:00Z: upgrade (jane)"]),
            list("Rules that matched nothing in two weeks:", &["quiet"]),
        ],
    };
    assert_eq!(words, expected);
}
