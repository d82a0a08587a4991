//! From the queue to a page: EventBridge, SNS and SQS on one side, PagerDuty on the other.

use std::time::Duration;

use serde_json::{Value, json};
use watchfire::rules_files;
use watchfire_core::context::Context;
use watchfire_core::event::{Event, FindingSource};
use watchfire_core::json::Json;
use watchfire_core::pattern::Pattern;
use watchfire_core::priority::Priority;
use watchfire_core::rules::RuleSet;
use watchfire_tests::{Configuration, Depth, Fault, GuardDuty, PagerDuty, Watchfire, until};

use crate::support::{LATER, SOON, accepted, key, keys, paged, queue, queue_giving_up_after, triggers};

/// The part of a `decided` line that these tests are about.
fn brief(line: &Value) -> [&str; 3] {
    ["priority", "verdict", "why"].map(|field| line[field].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_finding_is_paged_once_and_resolved_when_it_is_archived() {
    let (aws, queue) = queue("story").await;
    let pagerduty = PagerDuty::start().await;
    let configuration = Configuration::new(&pagerduty.url()).queue(&queue.url);
    let watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    let finding = GuardDuty::miner("story-1");
    aws.rule(&json!({"source": ["aws.guardduty"], "detail": {"id": [finding.detail()["id"]]}}), &queue).await;

    let first = aws.put_event(&finding.event("")).await;
    assert_eq!(brief(&watchfire.decided(&first).await), ["P0", "page", "new"]);
    let page = paged(&pagerduty, 1).await.remove(0);
    assert_eq!(
        (&page["payload"]["severity"], &page["payload"]["custom_details"]["priority"]),
        (&json!("critical"), &json!("P0"))
    );
    assert!(page["payload"]["summary"].as_str().unwrap().contains("story-1"), "{page}");

    let second = aws.put_event(&finding.again().event("")).await;
    assert_eq!(brief(&watchfire.decided(&second).await), ["P0", "quiet", "repeat"]);
    let third = aws.put_event(&finding.again().put_aside().event("")).await;
    assert_eq!(brief(&watchfire.decided(&third).await), ["P0", "quiet", "closed"]);

    let resolved = async || accepted(&pagerduty, "resolve").pop();
    let resolve = until("the resolve", SOON, resolved).await;
    assert_eq!((key(&resolve), triggers(&pagerduty).len()), (key(&page), 1));
    queue.drained(SOON).await;
}

#[tokio::test]
async fn an_event_inside_a_notification_is_paged_like_any_other() {
    let (aws, queue) = queue("notification").await;
    let pagerduty = PagerDuty::start().await;
    let configuration = Configuration::new(&pagerduty.url()).queue(&queue.url);
    let watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    let topic = aws.topic(&queue).await;
    aws.publish(&topic, &GuardDuty::miner("notified-1").event("event-1").to_string()).await;
    assert_eq!(brief(&watchfire.decided("event-1").await), ["P0", "page", "new"]);
    paged(&pagerduty, 1).await;
    queue.drained(SOON).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_paged_once_for_each_shape_at_first_and_leaves_the_queue() {
    let (aws, queue) = queue("unreadable").await;
    let pagerduty = PagerDuty::start().await;
    let configuration = Configuration::new(&pagerduty.url()).queue(&queue.url);
    let watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    queue.send("{\"source\": \"aws.guard").await;
    let page = paged(&pagerduty, 1).await.remove(0);
    assert_eq!(page["payload"]["custom_details"]["priority"], "P2");
    queue.send("not even that").await;
    paged(&pagerduty, 2).await;
    queue.send("nor this").await;
    let all = async || Some(watchfire.logs().decided()).filter(|lines| lines.len() == 3);
    let lines = until("three decisions", SOON, all).await;
    let [page, held] = [["P2", "page", "unreadable"], ["P2", "quiet", "limited"]];
    assert_eq!(lines.iter().map(brief).collect::<Vec<_>>(), [page, page, held]);
    queue.drained(SOON).await;
    assert_eq!((triggers(&pagerduty).len(), queue.dead().await), (2, Depth::default()));
}

#[tokio::test]
async fn every_page_arrives_however_pagerduty_fails_first() {
    let (aws, queue) = queue("faults").await;
    let pagerduty = PagerDuty::start().await;
    pagerduty.script(vec![
        Fault::Status(429, Some(1)),
        Fault::Status(500, None),
        Fault::Slow(Duration::from_secs(1)),
        Fault::Dropped,
        Fault::Status(503, None),
    ]);
    let configuration = Configuration::new(&pagerduty.url()).queue(&queue.url);
    let _watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    let pods: Vec<_> = (0..5).map(|index| format!("faults-{index}")).collect();
    let events = pods.iter().map(|pod| GuardDuty::miner(pod).event(&format!("event-{pod}")).to_string());
    queue.send_all(&events.collect::<Vec<_>>()).await;
    for pod in &pods {
        let keys = async || Some(keys(&pagerduty, pod)).filter(|keys| !keys.is_empty());
        assert_eq!(until(pod, LATER, keys).await.len(), 1, "{pod}");
    }
    queue.drained(LATER).await;
}

#[tokio::test]
async fn the_fallback_is_told_when_pagerduty_refuses_and_pagerduty_when_it_is_back() {
    let (aws, queue) = queue("fallback").await;
    let (_, subscriber) = self::queue("subscriber").await;
    let topic = aws.topic(&subscriber).await;
    let pagerduty = PagerDuty::start().await;
    pagerduty.always(Some(Fault::Status(500, None)));
    let configuration = Configuration::new(&pagerduty.url())
        .queue(&queue.url)
        .set("channels.topic", json!({"sns": {"topic_arn": topic}}))
        .set("routes.P0", json!({"to": ["oncall"], "fallback": "topic"}))
        .set("fallback_after_seconds", json!(2));
    let watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    queue.send(&GuardDuty::miner("fallback-1").event("event-1").to_string()).await;

    let told = until("a notification", SOON, async || subscriber.take().await).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    let subject = told["Subject"].as_str().unwrap();
    assert!(subject.contains("P0") && subject.len() <= 99, "{told}");
    assert!(told["Message"].as_str().unwrap().contains("fallback-1"), "{told}");
    assert_eq!(triggers(&pagerduty).len(), 0);

    pagerduty.always(None);
    paged(&pagerduty, 1).await;
    queue.drained(LATER).await;
    assert_eq!(subscriber.depth().await, Depth::default(), "the fallback is told once");
    let metrics = watchfire.metrics().await;
    assert_eq!(metrics.sum("watchfire_fallbacks_total", &["channel=\"topic\""]), 1.0);
}

#[tokio::test]
async fn someone_is_told_before_the_queue_gives_a_message_up() {
    let (aws, queue) = queue_giving_up_after("giving-up", 3).await;
    queue.send(&GuardDuty::miner("giving-up-1").event("event-1").to_string()).await;
    queue.receive_and_give_back(1).await;
    let pagerduty = PagerDuty::start().await;
    // Two attempts are what fits into two seconds; the warning is the third request.
    pagerduty.script(vec![Fault::Status(500, None), Fault::Status(500, None)]);
    let configuration = Configuration::new(&pagerduty.url())
        .queue(&queue.url)
        .set("queue.max_receives", json!(3))
        .set("fallback_after_seconds", json!(2));
    let _watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    let pages = paged(&pagerduty, 2).await;
    let rules: Vec<_> = pages.iter().map(|page| page["payload"]["custom_details"]["rule"].clone()).collect();
    assert_eq!(rules[0], "about-to-be-dead-lettered", "{pages:?}");
    assert_eq!(keys(&pagerduty, "giving-up-1").len(), 1);
    queue.drained(LATER).await;
    assert_eq!(queue.dead().await, Depth::default());
}

#[tokio::test]
async fn a_message_is_not_the_queues_again_while_it_is_worked_on() {
    let (aws, queue) = queue("slow").await;
    let pagerduty = PagerDuty::start().await;
    // Longer than the visibility of 10 s: the first attempt is given up, the second is answered.
    pagerduty.script(vec![Fault::Slow(Duration::from_secs(12))]);
    let configuration = Configuration::new(&pagerduty.url()).queue(&queue.url);
    let watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    queue.send(&GuardDuty::miner("slow-1").event("event-1").to_string()).await;
    paged(&pagerduty, 1).await;
    queue.drained(SOON).await;
    let metrics = watchfire.metrics().await;
    assert_eq!(metrics.sum("watchfire_messages_received_total", &["source=\"sqs\""]), 1.0);
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_it_has_and_leaves_the_rest_to_the_queue() {
    let (aws, queue) = queue("stop").await;
    let pagerduty = PagerDuty::start().await;
    pagerduty.always(Some(Fault::Slow(Duration::from_secs(3))));
    let configuration =
        Configuration::new(&pagerduty.url()).queue(&queue.url).set("queue.in_flight", json!(4));
    let events =
        (0..12).map(|n| GuardDuty::miner(&format!("stop-{n}")).event(&format!("event-{n}")).to_string());
    queue.send_all(&events.collect::<Vec<_>>()).await;
    let mut watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    until("four at PagerDuty", SOON, async || (pagerduty.calls() == 4).then_some(())).await;
    let ended = watchfire.terminate().await;
    assert!(ended.status.success() && ended.after < Duration::from_secs(25), "{ended:?}");
    assert_eq!(triggers(&pagerduty).len(), 4);
    let untouched = Depth { visible: 8, ..Depth::default() };
    until("the rest on the queue", SOON, async || (queue.depth().await == untouched).then_some(())).await;

    pagerduty.always(None);
    watchfire.restart().await;
    queue.drained(SOON).await;
    assert_eq!(triggers(&pagerduty).len(), 12);
}

#[tokio::test]
async fn told_to_stop_it_gives_back_what_it_cannot_finish() {
    let (aws, queue) = queue("give-back").await;
    let pagerduty = PagerDuty::start().await;
    pagerduty.always(Some(Fault::Slow(Duration::from_secs(600))));
    let configuration = Configuration::new(&pagerduty.url()).queue(&queue.url);
    queue.send(&GuardDuty::miner("give-back-1").event("event-1").to_string()).await;
    let mut watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    until("one at PagerDuty", SOON, async || (pagerduty.calls() == 1).then_some(())).await;
    let ended = watchfire.terminate().await;
    assert!(ended.status.success() && ended.after < Duration::from_secs(26), "{ended:?}");
    assert_eq!(queue.depth().await, Depth { visible: 1, ..Depth::default() });
}

/// As Terraform makes it.
fn urgent_rule() -> Value {
    let file = "infra/terraform/modules/events/patterns/urgent.json";
    let pattern = std::fs::read_to_string(watchfire_tests::repository().join(file)).unwrap();
    serde_json::from_str(&pattern).unwrap()
}

#[test]
fn the_rule_of_the_urgent_queue_takes_every_p0_of_the_shipped_rules() {
    let pattern = Pattern::parse(&urgent_rule().to_string()).unwrap();
    let rules = RuleSet::load(&rules_files::read(None).unwrap()).unwrap();
    let (mut urgent, mut missed) = (0, Vec::new());
    for file in std::fs::read_dir(watchfire_tests::repository().join("rules/examples")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let (Ok(event), Ok(json)) = (Event::read(&text), Json::parse(&text)) else { continue };
        // Alerts come by HTTP and by SNS, and what a worker sees in its cluster is put on the urgent queue by it: neither
        // comes over EventBridge, and there is no rule to take them.
        let is_alert = event.finding.as_ref().is_some_and(|finding| {
            matches!(finding.source, FindingSource::Prometheus | FindingSource::Cluster)
        });
        if !is_alert && rules.classify(&event, &Context::default()).rule.priority == Priority::P0 {
            urgent += 1;
            missed.extend((!pattern.matches(&json)).then_some(path));
        }
    }
    assert!(urgent > 10, "{urgent}");
    assert!(missed.is_empty(), "{missed:#?}");
    let low = GuardDuty::low("quiet-1").event("low").to_string();
    assert!(!pattern.matches(&Json::parse(&low).unwrap()), "a backlog of what is not urgent stays out");
}

#[tokio::test]
async fn a_backlog_in_one_queue_does_not_delay_a_p0_in_another() {
    const BACKLOG: usize = 600;
    let (aws, urgent) = queue("urgent").await;
    let (_, bulk) = queue("bulk").await;
    let pagerduty = PagerDuty::start().await;
    let low =
        (0..BACKLOG).map(|n| GuardDuty::low(&format!("bulk-{n}")).event(&format!("low-{n}")).to_string());
    bulk.send_all(&low.collect::<Vec<_>>()).await;
    aws.rule(&urgent_rule(), &urgent).await;
    let configuration = Configuration::new(&pagerduty.url()).queues(&[(&urgent.url, 4), (&bulk.url, 1)]);
    let mut watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    let p0 = aws.put_event(&GuardDuty::miner("urgent-1").event("")).await;
    let quiet = aws.put_event(&GuardDuty::low("not-urgent-1").event("")).await;
    assert_eq!(brief(&watchfire.decided(&p0).await), ["P0", "page", "new"]);
    paged(&pagerduty, 1).await;
    assert!(bulk.depth().await.visible > 0, "the backlog was still there");
    let metrics = watchfire.metrics().await;
    let (_, name) = urgent.url.rsplit_once('/').unwrap();
    let labels = ["source=\"sqs\"", &format!("queue=\"{name}\"")];
    // Whatever is urgent on the bus that all tests share comes here, too.
    assert!(metrics.sum("watchfire_messages_received_total", &labels) >= 1.0);
    assert!(watchfire.logs().decided().iter().all(|line| line["event"] != quiet), "the rule keeps it out");
    // While somebody reads it: another test may send something urgent at any time.
    urgent.drained(SOON).await;
    // Told to stop, it stops reading both.
    let ended = watchfire.terminate().await;
    assert!(ended.status.success() && ended.after < Duration::from_secs(25), "{ended:?}");
}

#[tokio::test]
async fn each_queue_warns_of_its_own_dead_letters() {
    let (aws, patient) = queue("patient").await;
    let (_, strict) = queue_giving_up_after("strict", 2).await;
    let pagerduty = PagerDuty::start().await;
    pagerduty.script(vec![Fault::Status(500, None), Fault::Status(500, None)]);
    let configuration = Configuration::new(&pagerduty.url())
        .queues(&[(&patient.url, 4), (&strict.url, 4)])
        .set("fallback_after_seconds", json!(2));
    let _watchfire = Watchfire::start(&configuration, Some(&aws)).await;
    strict.send(&GuardDuty::miner("strict-1").event("event-1").to_string()).await;
    let pages = paged(&pagerduty, 2).await;
    let rules: Vec<_> = pages.iter().map(|page| page["payload"]["custom_details"]["rule"].clone()).collect();
    assert!(rules.contains(&json!("about-to-be-dead-lettered")), "{rules:?}");
    strict.drained(LATER).await;
    assert_eq!(strict.dead().await, Depth::default());
}
