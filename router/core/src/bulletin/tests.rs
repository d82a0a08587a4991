use super::*;
use crate::act::{ActionKind, Target};
use crate::action::ActionName;
use crate::builders;
use crate::containment::{Containment, TargetRecord};
use crate::context::{Node, ObjectRef};
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

/// What autoscaling did: two that were at their maximum and one that was before, two acts on one workload, three nodes.
fn scaled(week: &mut Week) {
    let maxed = |subject: &str, turns: &[&str], ended: Option<&str>| {
        let turns: Vec<_> = turns.iter().map(|turn| at(turn)).collect();
        let begun = IncidentRecord::begun(None, Priority::P2, None, *turns.last().expect("it began"));
        let (open, last_at) = (ended.is_none(), ended.map(at));
        IncidentRecord { turns: turns.into(), subject: subject.to_owned(), open, last_at, ..begun }
    };
    let api = ["2026-12-03T00:00:00Z"];
    week.maxed(&maxed("prod horizontalpodautoscalers/pay/api", &api, Some("2026-12-03T01:30:00Z")));
    let web = ["2026-11-20T00:00:00Z", "2026-12-04T00:00:00Z", "2026-12-06T00:00:00Z"];
    week.maxed(&maxed("prod horizontalpodautoscalers/shop/web", &web, None));
    week.maxed(&maxed("before", &["2026-11-20T00:00:00Z"], Some("2026-11-20T09:00:00Z")));
    let web = ObjectRef {
        kind: "Deployment".to_owned(),
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        uid: "u-1".to_owned(),
    };
    let target = Target::Workload(web);
    let mut record = TargetRecord::new(target, IncidentKey::new("wf1-1"));
    let act = |when: &str, state, by: Option<&str>, action| Containment {
        action: ActionKind::Rule(action),
        event: EventId::new("event-1"),
        effect: EffectId::new("act"),
        at: at(when),
        state,
        undo: Vec::new(),
        by: by.map(str::to_owned),
        ended_at: None,
        said: String::new(),
        only_if: None,
    };
    use crate::containment::ContainmentState as State;
    record.acts = vec![
        act("2026-11-01T00:00:00Z", State::Released, None, ActionName::ScaleToZero),
        act("2026-12-02T00:00:00Z", State::Released, None, ActionName::ScaleToZero),
        act("2026-12-03T00:00:00Z", State::Failed, None, ActionName::ScaleToZero),
        act("2026-12-04T00:00:00Z", State::Done, None, ActionName::Quarantine),
        act("2026-12-06T00:00:00Z", State::Done, Some("jane"), ActionName::ScaleToZero),
    ];
    week.target(&record);
    let node = |created: &str, pool: Option<&str>| Node {
        created_at: Some(at(created)),
        pool: pool.map(str::to_owned),
        ..Node::default()
    };
    week.nodes(&[
        node("2026-01-01T00:00:00Z", Some("spot")),
        node("2026-12-01T00:00:00Z", Some("spot")),
        node("2026-12-06T00:00:00Z", None),
    ]);
    assert_eq!(
        ["Prometheus:KubeHpaMaxedOut", "Cluster:KedaScaledObjectMaxedOut", "Cluster:KubePodCrashLooping"]
            .map(Week::is_of_scaling),
        [true, true, false]
    );
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
    scaled(&mut week);
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
            list(
                "Autoscalers that were at their maximum:",
                &[
                    "prod horizontalpodautoscalers/shop/web: 2 times, for 32.0 h now",
                    "prod horizontalpodautoscalers/pay/api: once, the last time for 1.5 h",
                ],
            ),
            list(
                "Scaled to zero by Watchfire:",
                &[
                    "deployment shop/web: at 2026-12-02T00:00:00Z; was let go again",
                    "deployment shop/web: at 2026-12-06T00:00:00Z by jane; is at zero still",
                ],
            ),
            list(
                "Nodes:",
                &["2 of the 3 nodes there are were made in these seven days: 1 of no pool, 1 of spot"],
            ),
            list("Silences that end within a week:", &["s-1: until 2026-12-08T00:00:00Z: upgrade (jane)"]),
            list("Rules that matched nothing in two weeks:", &["quiet"]),
        ],
    };
    assert_eq!(words, expected);
}
