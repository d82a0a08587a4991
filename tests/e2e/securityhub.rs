//! Writing back to Security Hub: what is said, how many calls it takes, and what is not said.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;
use watchfire::channel::Channel;
use watchfire::clients::Clients;
use watchfire::failure::{Done, Failure};
use watchfire_core::decision::Effect;
use watchfire_core::event::HubId;
use watchfire_core::ids::{ChannelName, IncidentKey};
use watchfire_core::priority::Priority;
use watchfire_core::verdict::EffectKind;
use watchfire_tests::{HubFault, HubFinding, SecurityHub};

use crate::channel::page;

const SECRET: &str = "s3cr3t-k3y-of-the-tests";
const TOKEN: &str = "t0k3n-of-the-tests";
const SECOND: Duration = Duration::from_secs(1);

/// As with `AWS_ENDPOINT_URL`.
async fn channel(hub: &SecurityHub) -> Channel {
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, Some(TOKEN.to_owned()), None, "tests");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-gov-west-1"))
        .endpoint_url(hub.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    configured(json!({"security-hub": {}}), aws).await
}

async fn configured(config: serde_json::Value, aws: SdkConfig) -> Channel {
    let clients = Clients::with_aws(aws).unwrap();
    let config = serde_json::from_value(config).unwrap();
    Channel::new(&ChannelName::new("hub"), config, &clients).await.unwrap()
}

/// A page about the finding with that id, in the incident of that name.
fn about(id: &str, incident: &str) -> Effect {
    let mut effect = page("k");
    let product_arn = "arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/guardduty".to_owned();
    effect.notice.hub = Some(HubId { id: id.to_owned(), product_arn });
    effect.notice.incident = IncidentKey::new(incident);
    effect
}

fn findings(count: usize) -> Vec<Effect> {
    (0..count).map(|index| about(&format!("f-{index:03}"), &format!("i-{index}"))).collect()
}

async fn write(channel: &Channel, effect: &Effect, seconds: u64) -> Result<Done, Failure> {
    channel.perform(effect, Instant::now() + Duration::from_secs(seconds)).await
}

async fn write_all(channel: &Channel, effects: &[Effect], seconds: u64) -> Vec<Result<Done, Failure>> {
    join_all(effects.iter().map(|effect| write(channel, effect, seconds))).await
}

fn notified() -> Result<Done, Failure> {
    Ok(Done { receipt: "NOTIFIED, with a note".to_owned() })
}

#[tokio::test]
async fn a_page_makes_its_finding_notified_with_a_note_that_names_the_incident() {
    let hub = SecurityHub::start().await;
    let channel = channel(&hub).await;
    assert_eq!(write(&channel, &about("f-1", "wf1-5f3c9a"), 5).await, notified());
    let expected = HubFinding {
        status: "NOTIFIED".to_owned(),
        note: "watchfire: P0 paged, incident wf1-5f3c9a, rule miner-in-a-pod".to_owned(),
        noted_by: "watchfire".to_owned(),
    };
    assert_eq!(hub.finding("f-1"), Some(expected.clone()));
    let over = Effect { kind: EffectKind::Resolve, ..about("f-1", "wf1-5f3c9a") };
    assert_eq!(write(&channel, &over, 5).await, Ok(Done { receipt: "noted".to_owned() }));
    let note = "watchfire: P0 page resolved, incident wf1-5f3c9a, rule miner-in-a-pod".to_owned();
    assert_eq!(hub.finding("f-1"), Some(HubFinding { note, ..expected }));
}

#[tokio::test]
async fn the_call_is_signed_for_the_region_with_the_session_and_carries_nothing_of_the_event() {
    let hub = SecurityHub::start().await;
    assert_eq!(write(&channel(&hub).await, &about("f-1", "i-1"), 5).await, notified());
    let [call] = &hub.calls()[..] else { panic!("one call") };
    let authorization = call.headers["authorization"].to_str().unwrap();
    assert!(authorization.contains("/us-gov-west-1/securityhub/aws4_request"), "{authorization}");
    assert_eq!(call.headers["x-amz-security-token"], TOKEN);
    let body = call.body.to_string();
    let notice = page("k").notice;
    for text in [&notice.title, &notice.kind, &notice.facts[0].value, SECRET] {
        assert!(!body.contains(text), "{text} in {body}");
    }
}

#[tokio::test]
async fn a_configured_region_and_endpoint_go_before_those_of_the_environment() {
    let hub = SecurityHub::start().await;
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "tests");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-gov-west-1"))
        .endpoint_url("http://127.0.0.1:9")
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let config = json!({"security-hub": {"region": "us-gov-east-1", "endpoint": hub.endpoint()}});
    assert_eq!(write(&configured(config, aws).await, &about("f-1", "i-1"), 5).await, notified());
    let authorization = hub.calls()[0].headers["authorization"].to_str().unwrap().to_owned();
    assert!(authorization.contains("/us-gov-east-1/securityhub/aws4_request"), "{authorization}");
}

#[tokio::test]
async fn what_is_paged_together_is_written_a_hundred_findings_a_call() {
    let hub = SecurityHub::start().await;
    let channel = channel(&hub).await;
    let effects = findings(250);
    let told = write_all(&channel, &effects, 10).await;
    assert!(told.iter().all(|told| *told == notified()), "{told:?}");
    let batches = hub.batches();
    assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    let mut written = batches.concat();
    written.sort();
    let expected: Vec<_> = (0..250).map(|index| format!("f-{index:03}")).collect();
    assert_eq!(written, expected);
    let note = "watchfire: P0 paged, rule miner-in-a-pod; `watchfire why FINDING` names the incident";
    assert_eq!(hub.finding("f-249").unwrap().note, note);
}

#[tokio::test]
async fn no_second_sees_more_than_five_calls() {
    let hub = SecurityHub::start().await;
    let channel = channel(&hub).await;
    // Each says something else, so each needs a call of its own.
    let priorities = [Priority::P0, Priority::P1, Priority::P2, Priority::P3];
    let kinds = [EffectKind::Page, EffectKind::Resolve, EffectKind::Update];
    let effects: Vec<_> = (0..12)
        .map(|index| {
            let mut effect = Effect { kind: kinds[index / 4], ..about(&format!("f-{index}"), "i-1") };
            effect.notice.priority = priorities[index % 4];
            effect
        })
        .collect();
    let told = write_all(&channel, &effects, 10).await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert_eq!(hub.calls().len(), 12);
    assert!(hub.busiest(SECOND) <= 5, "{} calls in a second", hub.busiest(SECOND));
}

#[tokio::test]
async fn a_finding_left_unprocessed_is_tried_again_or_settled_and_keeps_no_other_waiting() {
    let hub = SecurityHub::start().await;
    let channel = channel(&hub).await;
    hub.leave_unprocessed("f-000", &["ConcurrentUpdateError", "InternalFailure"]);
    hub.leave_unprocessed("f-001", &["FindingNotFound"]);
    hub.leave_unprocessed("f-002", &["InvalidInput"]);
    let told = write_all(&channel, &findings(4), 30).await;
    let never = |code: &str| Err(Failure::Permanent { reason: format!("Security Hub: {code}: as scripted") });
    assert_eq!(told, [notified(), never("FindingNotFound"), never("InvalidInput"), notified()]);
    assert_eq!(hub.batches(), [vec!["f-000", "f-001", "f-002", "f-003"], vec!["f-000"], vec!["f-000"]]);
}

#[tokio::test]
async fn a_finding_that_spoils_its_call_is_found_and_the_others_are_written() {
    let hub = SecurityHub::start().await;
    let channel = channel(&hub).await;
    hub.refuse_calls_with("f-005");
    let told = write_all(&channel, &findings(16), 10).await;
    let reason = "Security Hub: 400 InvalidInputException: Invalid parameter 'FindingIdentifiers'".to_owned();
    for (index, told) in told.iter().enumerate() {
        let expected =
            if index == 5 { Err(Failure::Permanent { reason: reason.clone() }) } else { notified() };
        assert_eq!(*told, expected, "f-{index:03}");
    }
    assert!(hub.busiest(SECOND) <= 5);
}

#[tokio::test]
async fn a_service_that_is_busy_or_not_there_is_a_reason_to_come_back_and_says_when() {
    let hub = SecurityHub::start().await;
    let channel = channel(&hub).await;
    hub.script([
        HubFault::Status(429, "LimitExceededException", Some(60)),
        HubFault::Status(500, "InternalException", None),
        HubFault::Nonsense,
    ]);
    for (begins, at_least) in [
        ("Security Hub: 429 LimitExceededException", 60),
        ("Security Hub: 500 InternalException", 0),
        ("Security Hub: 200 with a body that is not its own", 0),
    ] {
        match write(&channel, &about("f-1", "i-1"), 0).await {
            Err(Failure::Transient { reason, retry_after: Some(wait) }) => {
                assert!(reason.starts_with(begins), "{reason}");
                assert!(wait >= Duration::from_secs(at_least), "{wait:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    drop(hub);
    match write(&channel, &about("f-1", "i-1"), 0).await {
        Err(Failure::Transient { reason, .. }) => {
            assert!(reason.starts_with("Security Hub: no answer"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_missing_permission_or_a_hub_that_is_off_is_final_and_says_what_it_takes() {
    let hub = SecurityHub::start().await;
    let channel = channel(&hub).await;
    hub.script([
        HubFault::Status(403, "AccessDeniedException", None),
        HubFault::Status(401, "InvalidAccessException", None),
    ]);
    for expected in [
        "Security Hub: 403 AccessDeniedException: as scripted (it takes the permission \
         securityhub:BatchUpdateFindings)",
        "Security Hub: 401 InvalidAccessException: as scripted (is Security Hub enabled there?)",
    ] {
        let told = write(&channel, &about("f-1", "i-1"), 30).await;
        assert_eq!(told, Err(Failure::Permanent { reason: expected.to_owned() }));
    }
}

#[tokio::test]
async fn no_error_shows_a_secret_even_where_aws_quotes_it() {
    let hub = SecurityHub::start().await;
    hub.script([HubFault::Mismatch]);
    let channel = channel(&hub).await;
    match write(&channel, &about("f-1", "i-1"), 0).await {
        Err(Failure::Transient { reason, .. }) => {
            assert!(reason.contains("403 InvalidSignatureException") && reason.contains("***"), "{reason}");
            assert!(!reason.contains(TOKEN) && !reason.contains(SECRET), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    let printed = format!("{channel:?}");
    assert!(!printed.contains(TOKEN) && !printed.contains(SECRET), "{printed}");
}

#[tokio::test]
async fn an_effect_about_no_finding_of_security_hub_is_done_without_a_call() {
    let hub = SecurityHub::start().await;
    let told = write(&channel(&hub).await, &page("k"), 0).await;
    assert_eq!(told, Ok(Done { receipt: "no Security Hub finding".to_owned() }));
    assert_eq!(hub.calls().len(), 0);
}
