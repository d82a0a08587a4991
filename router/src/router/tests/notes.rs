//! What is written down elsewhere: after the pages, and never in their way.

use std::sync::atomic::AtomicUsize;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::routing::patch;
use watchfire_core::decision::{Effect, When};
use watchfire_core::event::HubId;
use watchfire_core::ids::{EffectId, EventId};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::state::State as Known;

use super::*;

/// Answers with that status; where it is 200, all is written.
#[derive(Default)]
struct Hub {
    status: AtomicU16,
    calls: AtomicUsize,
}

async fn write(State(hub): State<Arc<Hub>>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    hub.calls.fetch_add(1, Ordering::SeqCst);
    let status = StatusCode::from_u16(hub.status.load(Ordering::SeqCst)).expect("a status");
    (status, Json(json!({"ProcessedFindings": body["FindingIdentifiers"], "UnprocessedFindings": []})))
}

/// The world with a Security Hub that answers so.
async fn world_with_hub(status: u16) -> (World, Arc<Hub>) {
    let hub = Arc::new(Hub { status: AtomicU16::new(status), ..Hub::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
    let routes = axum::Router::new().route("/findings/batchupdate", patch(write)).with_state(hub.clone());
    tokio::spawn(axum::serve(listener, routes).into_future());
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-gov-west-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "id", "key", None, None, "test",
        )))
        .build();
    let config: ChannelConfig = serde_json::from_value(json!({"security-hub": {}})).expect("a configuration");
    let name = ChannelName::new("hub");
    let clients = Clients::with_aws(aws).expect("TLS is there");
    let channel = Channel::new(&name, config, &clients).await.expect("a channel");
    let mut world = world().await;
    let router = Arc::get_mut(&mut world.router).expect("nobody else has it");
    router.adjust(|set| {
        set.channels.insert(name, Arc::new(channel));
    });
    (world, hub)
}

/// A page that was decided and is recorded, with a note for when it is done.
async fn decided(router: &Router) -> Entry {
    router.handle(&urgent()).await.expect("it is paged");
    let entry = router.journal(1).await.expect("the store answers").remove(0);
    let event = EventId::new("with-a-note");
    let mut decision = entry.decision.clone();
    decision.event = event.clone();
    let page = decision.effects[0].clone();
    let mut notice = page.notice.clone();
    notice.hub = Some(HubId { id: "f".to_owned(), product_arn: "p".to_owned() });
    let when = When::IfDone(vec![(event, page.id.clone())]);
    let (id, channel) = (note(), ChannelName::new("hub"));
    decision.effects.push(Effect { id, channel, when, notice, ..page });
    let entry = Entry { decision, outcomes: BTreeMap::new(), ..entry };
    router.store.commit(&Known::default(), &entry).await.expect("the store takes it");
    entry
}

fn note() -> EffectId {
    EffectId::new("write-back:hub")
}

/// What has become of the note.
async fn noted(router: &Router) -> Option<Outcome> {
    let entry = router.store.find(&EventId::new("with-a-note")).await.expect("the store answers");
    entry.expect("it is recorded").outcomes.get(&note()).cloned()
}

#[tokio::test]
async fn a_note_follows_the_page_that_it_is_about_in_the_same_round() {
    let (world, hub) = world_with_hub(200).await;
    let entry = decided(&world.router).await;
    assert_eq!(world.router.perform(&entry).await, Ok(()));
    let receipt = "NOTIFIED, with a note".to_owned();
    let done = Outcome::Done { at: world.clock.now(), receipt };
    assert_eq!((noted(&world.router).await, hub.calls.load(Ordering::SeqCst)), (Some(done), 1));
}

#[tokio::test]
async fn a_note_that_cannot_be_written_keeps_no_message_and_a_tick_tries_again() {
    let (world, hub) = world_with_hub(503).await;
    let entry = decided(&world.router).await;
    assert_eq!(world.router.perform(&entry).await, Ok(()), "the message is done with");
    assert_eq!(noted(&world.router).await, None);
    hub.status.store(200, Ordering::SeqCst);
    world.clock.advance(SignedDuration::from_mins(1));
    let keep = SignedDuration::from_hours(48);
    let ticked = world.router.tick(world.clock.now(), keep).await.expect("the store answers");
    assert_eq!(ticked, Ticked { resumed: 1, woken: 0, pruned: 0 });
    assert!(matches!(noted(&world.router).await, Some(Outcome::Done { .. })));
    assert_eq!(world.receiver.keys().len(), 2, "and no page is repeated");
}

#[tokio::test]
async fn a_note_that_is_a_day_old_is_given_up() {
    let (world, _hub) = world_with_hub(503).await;
    let entry = decided(&world.router).await;
    world.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(world.router.perform(&entry).await, Ok(()));
    match noted(&world.router).await {
        Some(Outcome::Failed { at: _, reason }) => {
            assert_eq!(reason, "given up after 24 h: Security Hub: 503");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_page_that_was_refused_is_no_less_refused_for_a_note_that_was_written() {
    let (world, _hub) = world_with_hub(200).await;
    let mut entry = decided(&world.router).await;
    // By an earlier round, and without asking whether the page was done.
    let done = Outcome::Done { at: world.clock.now(), receipt: "NOTIFIED, with a note".to_owned() };
    entry.outcomes.insert(note(), done);
    world.receiver.script.lock().expect("no test panics while it holds this").extend([400, 400]);
    assert_eq!(world.router.perform(&entry).await, Ok(()));
    let journal = world.router.journal(10).await.expect("the store answers");
    let warned = journal.iter().any(|entry| entry.decision.rule.as_str() == "page-not-delivered");
    assert!(warned, "{journal:#?}");
}
