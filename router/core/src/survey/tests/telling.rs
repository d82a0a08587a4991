//! The events of what is told.

use jiff::SignedDuration;

use super::super::*;
use super::over_time::looping;
use super::{at, waiting};
use crate::context::PodContainer;
use crate::event::{Event, FindingSource, FindingState, Heard};

fn heard() -> Heard {
    Heard {
        at: Some(at(0)),
        account: Some("111122223333".into()),
        region: Some("us-gov-west-1".into()),
        cluster: Some("prod".into()),
    }
}

#[test]
fn its_event_is_read_as_an_alert_of_the_same_problem_is() {
    let Symptom { condition, about, seen, .. } = looping("1");
    let mut said = Said {
        condition,
        about,
        level: Level::Critical,
        state: State::Begins,
        since: at(-9),
        seen,
        at: at(0),
    };
    said.about.node = Some("n1".into());
    let text = said.event(&heard());
    let event = Event::read(&text).unwrap();
    let finding = event.finding.clone().unwrap();
    assert_eq!(
        (finding.source, finding.kind.as_str(), finding.title.as_str(), finding.state),
        (FindingSource::Cluster, "Cluster:KubePodCrashLooping", "Crash loop", FindingState::Open)
    );
    assert_eq!((finding.first_seen, finding.ends_at), (Some(at(-9)), Some(at(70))));
    let alert = format!(
        r#"[{{"labels": {{"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "pay-1", "severity": "warning"}},
             "startsAt": "{}"}}]"#,
        at(0)
    );
    let of_prometheus = crate::event::alerts(&alert, &heard()).remove(0);
    let of_prometheus = Event::read(&of_prometheus).unwrap();
    assert_eq!(
        crate::identity::incident_key(&event, "platform-alarm"),
        crate::identity::incident_key(&of_prometheus, "platform-alarm")
    );
    // What goes on and what is over is the same finding, whatever else it says by then.
    said.state = State::Over;
    said.seen = "Another.".into();
    said.level = Level::Warning;
    let text = said.event(&heard());
    let over = Event::read(&text).unwrap().finding.unwrap();
    assert_eq!((over.key, over.state, over.ends_at), (finding.key, FindingState::Resolved, None));
}

#[test]
fn every_condition_names_what_it_is_about_in_its_event() {
    for (thing, subject) in [
        (Thing::Node, "prod node/x"),
        (Thing::Nodes, "prod"),
        (Thing::Claim, "prod persistentvolumeclaims/shop/x"),
        (Thing::Job, "prod jobs/shop/x"),
        (Thing::CronJob, "prod cronjobs/shop/x"),
        (Thing::Autoscaler, "prod horizontalpodautoscalers/shop/x"),
        (Thing::ScaledObject, "prod scaledobjects/shop/x"),
        (Thing::Budget, "prod poddisruptionbudgets/shop/x"),
        (Thing::Quota, "prod resourcequotas/shop/x"),
        (Thing::ExternalSecret, "prod externalsecrets/shop/x"),
        (Thing::Certificate, "prod certificates/shop/x"),
    ] {
        let about = match thing {
            Thing::Node | Thing::Nodes => About::of_cluster(thing, "x", "u1"),
            _ => About::object(thing, "shop", "x", "u1"),
        };
        let (level, state) = (Level::Warning, State::Begins);
        let said = Said {
            condition: Condition::Pending,
            about,
            level,
            state,
            since: at(0),
            seen: String::new(),
            at: at(0),
        };
        let text = said.event(&heard());
        assert_eq!(Event::read(&text).unwrap().subject.line(), subject, "{text}");
    }
    let about = About::of_cluster(Thing::ApiServer, "apiserver", "apiserver");
    let (condition, level, state) = (Condition::ApiDown, Level::Critical, State::Begins);
    let said = Said { condition, about, level, state, since: at(0), seen: String::new(), at: at(0) };
    let text = said.event(&heard());
    assert_eq!(Event::read(&text).unwrap().subject.line(), "prod resource/control-plane/apiserver");
}

#[test]
fn hostile_words_of_a_cluster_make_no_other_event() {
    let hostile = "x\", \"status\": \"resolved\u{1b}[2J\n\u{202e}";
    let mut pod = waiting("ImagePullBackOff");
    pod.containers = vec![PodContainer { image: hostile.repeat(200), ..pod.containers[0].clone() }];
    let mut symptoms = Vec::new();
    super::pod(&pod, 0, &Settings::default(), at(0), &mut |symptom| symptoms.push(symptom));
    let Symptom { condition, about, seen, .. } = symptoms.remove(0);
    let said =
        Said { condition, about, level: Level::Warning, state: State::Begins, since: at(0), seen, at: at(0) };
    let text = said.event(&heard());
    let event = Event::read(&text).unwrap();
    let finding = event.finding.unwrap();
    assert!(event.faults.is_empty() && text.len() < 4_000, "{text}");
    assert_eq!(finding.state, FindingState::Open);
    assert!(!finding.description.contains('\u{1b}') && !finding.description.contains('\u{202e}'));
}

/// What the rules are tried on: the very events.
fn examples() -> [(&'static str, Said); 8] {
    let said = |condition, about, level, state, seen: &str| Said {
        condition,
        about,
        level,
        state,
        since: at(-9),
        seen: seen.to_owned(),
        at: at(0),
    };
    let pod = |namespace: &str| {
        let mut about = About::object(
            Thing::Pod,
            namespace,
            "web-5d9f7c6b8-x2xkq",
            "0c1f8a52-9a6e-4a53-9a40-0d6f3f4f7a11",
        );
        (about.container, about.node) =
            (Some("app".into()), Some("ip-10-0-3-17.us-gov-west-1.compute.internal".into()));
        about
    };
    let node = || {
        About::of_cluster(
            Thing::Node,
            "ip-10-0-3-17.us-gov-west-1.compute.internal",
            "6a0e6f2e-7c55-4d5a-8d7e-3e1f0b0c9d11",
        )
    };
    let down = "Its kubelet says that it is not ready, or says nothing.";
    let looping = "Container app has ended 7 times, the last time with code 1 (Error).";
    let (begins, critical) = (State::Begins, Level::Critical);
    let server = About::of_cluster(Thing::ApiServer, "apiserver", "apiserver");
    let several = About::of_cluster(Thing::Nodes, "nodes", "nodes");
    let claim = About::object(Thing::Claim, "shop", "data-orders-0", "shop/data-orders-0");
    let quota = About::object(Thing::Quota, "shop", "compute", "b7a8d2f0-52f7-4c1b-9a37-5c1a2f6e8d01");
    [
        (
            "api-down",
            said(
                Condition::ApiDown,
                server,
                critical,
                begins,
                "Asked whether it is ready (/readyz): no answer within 10 s.",
            ),
        ),
        (
            "nodes",
            said(
                Condition::NodesNotReady,
                several,
                critical,
                begins,
                "2 of 12 nodes are not ready: ip-10-0-3-17, ip-10-0-4-20.",
            ),
        ),
        ("node", said(Condition::NodeNotReady, node(), critical, begins, down)),
        ("node-over", said(Condition::NodeNotReady, node(), critical, State::Over, down)),
        ("volume", said(Condition::VolumeFull, claim, critical, begins, "93 % of it are used.")),
        ("crash-loop-prod", said(Condition::CrashLoop, pod("shop-prod"), critical, begins, looping)),
        ("crash-loop", said(Condition::CrashLoop, pod("shop"), Level::Warning, begins, looping)),
        (
            "quota",
            said(Condition::QuotaAlmostFull, quota, Level::Info, begins, "91 % of requests.cpu are used."),
        ),
    ]
}

/// Whether files are to be written anew that show what is told.
#[allow(clippy::disallowed_methods, reason = "whoever changes what is told writes them anew")]
fn are_written() -> bool {
    std::env::var_os("WRITE_EXAMPLES").is_some()
}

#[test]
fn the_rules_are_tried_on_what_is_told() {
    let heard = Heard { cluster: Some("payments-prod".into()), ..heard() };
    for (name, said) in examples() {
        let file = format!("{}/../../rules/examples/cluster-{name}.json", env!("CARGO_MANIFEST_DIR"));
        let told: serde_json::Value = serde_json::from_str(&said.event(&heard)).unwrap();
        let text = format!("{told:#}\n");
        if are_written() {
            std::fs::write(&file, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "{file}: WRITE_EXAMPLES=1 writes it");
    }
}

/// The table of docs/watch.md.
#[test]
fn the_document_lists_every_condition_as_it_is() {
    let file = format!("{}/../docs/watch.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap();
    let (begins, ends) = ("<!-- conditions -->\n", "<!-- conditions end -->");
    let (before, rest) = text.split_once(begins).unwrap();
    let (_, after) = rest.split_once(ends).unwrap();
    let minutes = |span: SignedDuration| match span.as_secs() {
        0 => "at once".to_owned(),
        seconds => format!("{} min", seconds / 60),
    };
    let priority = |condition: Condition| {
        let of = |place| match (condition, condition.level(place)) {
            (Condition::ApiDown | Condition::NodesNotReady, _) => "P0",
            (_, Level::Critical) => "P1",
            (_, Level::Warning) => "P2",
            (_, Level::Info) => "P3",
        };
        match (of(Place::Production), of(Place::Elsewhere)) {
            (one, other) if one == other => one.to_owned(),
            (production, elsewhere) => format!("{production} in production, else {elsewhere}"),
        }
    };
    let row = |condition: Condition| {
        let (hold, gone) = (minutes(condition.hold()), minutes(condition.gone()));
        let (name, title) = (condition.as_str(), condition.title());
        format!("| `{name}` | {title} | {} | {hold} | {gone} |\n", priority(condition))
    };
    let head = "| name | | priority | told after | over after |\n|---|---|---|---|---|\n";
    let table: String = Condition::ALL.into_iter().map(row).collect();
    let whole = format!("{before}{begins}{head}{table}{ends}{after}");
    if are_written() {
        std::fs::write(&file, &whole).unwrap();
    }
    assert!(text == whole || are_written(), "{file}: WRITE_EXAMPLES=1 writes it");
}
