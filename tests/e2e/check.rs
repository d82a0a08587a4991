//! `check` promises what `run` does, and asks the world when it is told to.

use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_tests::cluster::Cluster;
use watchfire_tests::smtp::Smtp;
use watchfire_tests::{Configuration, Output, PagerDuty, watchfire, watchfire_at, watchfire_calling};

use crate::support::{directory, queue};

const ROUTES: &str = "routes: {P0: {to: [oncall]}, P1: {to: [oncall]}}\n";

fn run(directory: &TempDir, arguments: &[&str]) -> Output {
    watchfire(directory.path(), arguments, "")
}

#[test]
fn a_start_tells_what_a_check_tells_every_mistake_with_its_place() {
    let one = "channels: {oncall: {pagerduty: {routing_key: {env: NEVER_SET}}}}\n";
    let two = "http: {token: {file: empty}, operator_token: {file: empty}}\nchannels:\n  oncall:\n    email:\n      \
               {host: mail.example.com, tls: none, from: a@example.com, to: [b@example.com]}\n";
    let three = "channels: {oncall: {pagerduty: {routing_key: r0ut1ngk3yr0ut1ngk3yr0ut1ngk3y00}}}\n";
    for (channels, mistakes) in [(one, 1), (two, 4), (three, 1)] {
        let text = format!("{channels}{ROUTES}");
        let directory = directory(&[("watchfire.yaml", &text), ("empty", "\n")]);
        let checked = run(&directory, &["check"]);
        let started = run(&directory, &["run"]);
        assert_eq!((checked.code, &checked.stderr), (started.code, &started.stderr));
        assert_eq!((checked.code, checked.stderr.lines().count()), (2, mistakes), "{}", checked.stderr);
        assert!(checked.stderr.lines().all(|line| line.starts_with("watchfire.yaml:")), "{}", checked.stderr);
        assert!(!checked.stderr.contains("r0ut1ngk3y"), "{}", checked.stderr);
        let offline = run(&directory, &["check", "--offline"]);
        assert_eq!(offline.code, if channels == one { 0 } else { 2 }, "{}", offline.stderr);
    }
}

#[test]
fn what_cannot_be_written_is_told_by_check_and_run_alike_and_nothing_is_made_to_find_out() {
    let text = format!(
        "store: {{path: in-the-way/s.redb}}\nevidence: {{to: {{directory: {{path: in-the-way}}}}}}\n\
         channels: {{oncall: {{console: {{}}}}}}\n{ROUTES}"
    );
    let directory = directory(&[("watchfire.yaml", &text), ("in-the-way", "")]);
    let expected = "watchfire.yaml:1:15: store.path: expected a folder, found the file in-the-way\n\
                    watchfire.yaml:2:35: evidence.to.directory.path: expected a folder, found the file in-the-way\n";
    for command in [&["check"][..], &["check", "--offline"], &["run"]] {
        let said = run(&directory, command);
        assert_eq!((said.code, said.stderr.as_str()), (2, expected), "{command:?}");
    }
    let text = text.replace("in-the-way", "made/as/needed");
    std::fs::write(directory.path().join("watchfire.yaml"), text).unwrap();
    assert_eq!(run(&directory, &["check"]).code, 0);
    assert!(!directory.path().join("made").exists());
}

#[test]
fn what_is_named_in_a_configuration_lies_beside_it_wherever_it_is_checked_from() {
    let text = format!(
        "rules: {{directory: own}}\nchannels: {{oncall: {{pagerduty: {{routing_key: {{file: secrets/key}}}}}}}}\n{ROUTES}"
    );
    let rule = "rules: [{name: rest, family: unclassified, priority: P2}]\n";
    let files = [
        ("etc/watchfire.yaml", text.as_str()),
        ("etc/secrets/key", Configuration::ROUTING_KEY),
        ("etc/own/rules.yaml", rule),
    ];
    let directory = directory(&files);
    let said = run(&directory, &["check", "--config", "etc/watchfire.yaml"]);
    let fine = "etc/watchfire.yaml: no mistakes; 1 rules, 0 examples, 1 channels\nchannel oncall: payload `minimal` tells \
                priority, type, cluster, region, namespace, containment; it leaves out account, the names of pods, \
                workloads, nodes, images and people, addresses, commands, and all that the finder wrote\n\
                route default: a P0 is told by pagerduty alone (oncall); a fallback of another kind outlives its outage\n";
    assert_eq!((said.code, said.stdout.as_str()), (0, fine), "{}", said.stderr);
}

#[test]
fn a_screen_beside_a_pager_wakes_nobody_and_neither_does_a_screen_alone() {
    let pager = "{pagerduty: {routing_key: {file: key}}}";
    let screen = "{console: {}}";
    for (oncall, said) in [
        (
            pager,
            "route default: a P0 is told by pagerduty alone (oncall); a fallback of another kind outlives its outage",
        ),
        (
            screen,
            "route default: a P0 wakes nobody (oncall: console, wall: console); name a channel that calls people",
        ),
    ] {
        let routes =
            "routes: {P0: {to: [oncall, wall]}, P1: {to: [oncall]}, P2: {to: [oncall]}, P3: {to: []}}";
        let text = format!("channels: {{oncall: {oncall}, wall: {screen}}}\n{routes}\n");
        let directory = directory(&[("watchfire.yaml", &text), ("key", Configuration::ROUTING_KEY)]);
        let checked = run(&directory, &["check"]);
        assert_eq!((checked.code, checked.stdout.lines().last()), (0, Some(said)), "{}", checked.stderr);
    }
}

#[test]
fn a_port_that_is_taken_is_told_with_its_place_and_nothing_was_ready_before() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = format!(
        "store: {{path: s.redb}}\nhttp:\n  listen: {address}\nchannels: {{oncall: {{console: {{}}}}}}\n{ROUTES}"
    );
    let directory = directory(&[("watchfire.yaml", &text)]);
    let said = run(&directory, &["run"]);
    let expected = format!(
        "watchfire.yaml:3:11: http.listen: {address} cannot be listened on: Address already in use (os error 98)\n"
    );
    assert_eq!(said.code, 2);
    assert!(said.stderr.ends_with(&expected), "{}", said.stderr);
    assert!(!said.stderr.contains("\"ready\""), "{}", said.stderr);
}

/// Without the times.
fn timeless(said: &str) -> String {
    let lines = said.lines().map(|line| match line.rsplit_once(" (") {
        Some((before, time)) if time.ends_with(" ms)") => before,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_check_asks_everybody_pages_nobody_and_says_who_does_not_answer() {
    let ((aws, queue), pagerduty, mail) = (queue("live").await, PagerDuty::start().await, Smtp::encrypted());
    let (cluster, folder) = (Cluster::fresh().await, tempfile::tempdir().unwrap());
    let kubeconfig = cluster.proxy().kubeconfig(folder.path());
    let topic = json!({"sns": {"topic_arn": aws.topic(&queue).await}});
    let gone = json!({"sns": {"topic_arn": "arn:aws:sns:us-gov-west-1:000000000000:gone"}});
    let configuration = Configuration::new(&pagerduty.url())
        .queue(&queue.url)
        .mail_as_fallback(&mail)
        .set("channels.topic", topic)
        .set("channels.gone", gone)
        .set("channels.screen", json!({"console": {}}))
        .set("cluster", json!({"name": "prod", "access": {"kubeconfig": {"path": kubeconfig}}}));
    std::fs::write(folder.path().join("watchfire.yaml"), configuration.text()).unwrap();
    let checked = |more: &'static [&'static str]| {
        let arguments = [&["check", "--live"], more].concat();
        tokio::task::block_in_place(|| watchfire_at(folder.path(), &arguments, &aws))
    };
    let said = checked(&[]);
    let lines = timeless(&said.stdout);
    let lines: Vec<&str> = lines.lines().skip(1).collect();
    let name = queue.url.rsplit('/').next().unwrap_or_default();
    assert_eq!(lines.len(), 7, "{lines:#?}{}", said.stderr);
    assert_eq!(lines[0], format!("ok    queue: the queue {name} can be read"));
    assert!(
        lines[1].starts_with("FAIL  watchfire.yaml:") && lines[1].contains(": channels.gone: SNS"),
        "{lines:#?}"
    );
    assert_eq!(
        lines[2..6],
        [
            "ok    channels.mail: the mail server takes mail from us",
            "ok    channels.oncall: PagerDuty takes events by this key",
            "-     channels.screen: nobody to ask",
            "ok    channels.topic: the topic is there, with 1 confirmed subscriptions",
        ]
    );
    assert!(lines[6].starts_with("ok    cluster: Kubernetes v"), "{lines:#?}");
    assert_eq!((said.code, pagerduty.accepted(), pagerduty.alerts().len()), (1, 1, 0));
    assert_eq!(mail.mails().len(), 0);
    let told: Value = serde_json::from_str(&checked(&["--output", "json"]).stdout).unwrap();
    let results: Vec<_> = told["live"].as_array().unwrap().iter().map(|one| one["result"].clone()).collect();
    assert_eq!(results, ["ok", "failed", "ok", "ok", "not_asked", "ok", "ok"]);
    // From inside the pod it is asked with the role of the worker.
    let (in_the_pod, by) = (["check", "--live"], [("AWS_ACCESS_KEY_ID", "worker")]);
    let in_the_pod =
        tokio::task::block_in_place(|| watchfire_calling(folder.path(), aws.endpoint(), &by, &in_the_pod));
    assert_eq!(timeless(&in_the_pod.stdout), timeless(&said.stdout));

    let doctor = ["doctor", "--config", "watchfire.yaml"];
    let by = [("AWS_ACCESS_KEY_ID", "doctor")];
    let doctor =
        tokio::task::block_in_place(|| watchfire_calling(folder.path(), aws.endpoint(), &by, &doctor));
    assert!(
        doctor.stdout.contains("\nok    the API server knows us as "),
        "it asks the cluster of the \
             configuration: {}{}",
        doctor.stdout,
        doctor.stderr
    );
}
