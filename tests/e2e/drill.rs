//! `watchfire send-test`: a drill by a channel, by a route, through the worker, and what it leaves behind.

use serde_json::{Value, json};
use watchfire_tests::smtp::Smtp;
use watchfire_tests::{Configuration, Fault, Output, PagerDuty, Watchfire, watchfire};

use crate::support::{accepted, directory, queue, triggers};

/// Without a worker, in a folder with that configuration.
fn send_test(configuration: &Configuration, arguments: &[&str]) -> Output {
    let folder = directory(&[("watchfire.yaml", &configuration.text())]);
    watchfire(folder.path(), &[&["send-test", "--by", "jane"], arguments].concat(), "")
}

/// What `watchfire` prints beside a worker, whose operators and senders have tokens of their own.
fn with_tokens(configuration: Configuration) -> Configuration {
    configuration
        .set("http.token", json!({"env": "PD_KEY"}))
        .set("http.operator_token", json!({"env": "INGEST_TOKEN"}))
}

/// Digits of times and ids differ from run to run.
fn masked(text: &str) -> String {
    let hide = |word: &str| -> String {
        let bare = word.trim().trim_start_matches("drill-");
        let is_id = bare.len() == 16 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_number = bare.parse::<u64>().is_ok();
        if is_id || is_number { word.replace(bare, "#") } else { word.to_owned() }
    };
    text.split_inclusive([' ', '\n']).map(hide).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_takes_a_drill_and_its_end() {
    let pagerduty = PagerDuty::start().await;
    let output = send_test(&Configuration::new(&pagerduty.url()), &["--channel", "oncall"]);
    let expected = "\
drill # as P0, by that channel, sent from here
  oncall  took it in # ms: accepted, dedup key drill-#
          ended in # ms: accepted, dedup key drill-#
all is well
";
    assert_eq!((output.code, masked(&output.stdout).as_str()), (0, expected), "{}", output.stderr);
    let (page, end) = (&triggers(&pagerduty)[0], &accepted(&pagerduty, "resolve")[0]);
    assert_eq!(page["payload"]["summary"], "DRILL [P0] A test page: nothing has happened");
    assert_eq!(page["payload"]["severity"], "critical");
    assert_eq!(page["dedup_key"], end["dedup_key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_tried_with_its_fallback_and_who_does_not_take_it_is_named() {
    let (pagerduty, mail) = (PagerDuty::start().await, Smtp::encrypted());
    let configuration = Configuration::new(&pagerduty.url()).mail_as_fallback(&mail);
    let output = send_test(&configuration, &["--priority", "P1"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("  mail    the fallback, took it in "), "{}", output.stdout);
    let subjects: Vec<String> = mail.mails().iter().map(|mail| mail.headers["Subject"].clone()).collect();
    let title = "A test page: nothing has happened";
    assert_eq!(subjects, [format!("DRILL [P1] {title}"), format!("DRILL [P1] Resolved: {title}")]);

    pagerduty.always(Some(Fault::Status(500, None)));
    let output = send_test(&configuration, &["--priority", "P1", "--within", "1"]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(output.stdout.contains("  oncall  did not take it in time: "), "{}", output.stdout);
    assert!(output.stdout.ends_with("1 of 2 did not do as they should\n"), "{}", output.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_says_so_and_sends_nothing() {
    let pagerduty = PagerDuty::start().await;
    let configuration = Configuration::new(&pagerduty.url());
    for (arguments, expected) in [
        (&[][..], "the following required arguments were not provided"),
        (
            &["--channel", "oncal"],
            "--channel: expected a channel of the configuration (oncall), found `oncal`",
        ),
        (&["--priority", "P3"], "no channel is told of P3: it goes to the digest"),
        (&["--channel", "oncall", "--end-to-end"], "cannot be used with"),
        (&["--end-to-end"], "expected the operator's token: in WATCHFIRE_TOKEN, by --token-file"),
        (&["--end-to-end", "--queue", "q"], "--queue: expected a queue of the configuration (), found `q`"),
        (&["--channel", "oncall", "--config", "no.yaml"], "no.yaml: cannot be read"),
    ] {
        let output = send_test(&configuration, arguments);
        assert_eq!(output.code, 2, "{arguments:?}: {}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains(expected), "{arguments:?}: {}", output.stderr);
    }
    assert_eq!(pagerduty.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_address_on_a_drill_is_decided_told_and_ended_and_opens_nothing() {
    let (pagerduty, mail) = (PagerDuty::start().await, Smtp::encrypted());
    let configuration = with_tokens(Configuration::new(&pagerduty.url()).mail_as_fallback(&mail));
    let watchfire = Watchfire::start(&configuration, None).await;
    let output = watchfire.command(&["send-test", "--end-to-end"]);
    let expected = format!(
        "\
drill # as P0, into {}/v1/events
  oncall  took it in # ms: accepted, dedup key drill-#
          ended in # ms: accepted, dedup key drill-#
  mail    the fallback, was not needed
all is well
",
        watchfire.ingest
    );
    assert_eq!((output.code, masked(&output.stdout)), (0, expected), "{}", output.stderr);
    assert_eq!((triggers(&pagerduty).len(), accepted(&pagerduty, "resolve").len()), (1, 1));
    let list = watchfire.command(&["incidents", "list", "--output", "json"]);
    let listed: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(listed["incidents"], json!([]));

    let silence = ["silence", "add", "family=drill", "-d", "1h", "-c", "quiet", "--yes-cover-p0"];
    assert_eq!(watchfire.command(&silence).code, 0);
    let held = watchfire.command(&["send-test", "--end-to-end", "--priority", "P1"]);
    assert_eq!(held.code, 1, "{}", held.stdout);
    let why = "nobody was told: a page would be held, and a drill is not kept: silence s-";
    assert!(held.stdout.contains(why), "{}", held.stdout);
    assert_eq!(triggers(&pagerduty).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_queue_on_a_drill_takes_the_way_of_an_alert() {
    let (pagerduty, (aws, queue)) = (PagerDuty::start().await, queue("drill").await);
    let configuration = with_tokens(Configuration::new(&pagerduty.url()).queue(&queue.url));
    let watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    let output = watchfire.command(&["send-test", "--end-to-end"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("  oncall  took it in "), "{}", output.stdout);
    assert_eq!((triggers(&pagerduty).len(), accepted(&pagerduty, "resolve").len()), (1, 1));
    queue.drained(crate::support::SOON).await;
}
