//! A storm of P0 while their channel is dead: the fallback has each of them in time, whatever dead means.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use watchfire::store::Store;
use watchfire_core::ids::EffectId;
use watchfire_core::journal::Outcome;
use watchfire_tests::{Configuration, Fault, GuardDuty, PagerDuty, Watchfire, free_port, until};

use crate::support::{LATER, triggers};

/// How many P0 there are.
const STORM: usize = 1_000;
/// How long their channel has, in seconds.
const FALLBACK_AFTER: u32 = 3;
/// How late the fallback may be beyond that: this machine has other things to do.
const LATE: Duration = Duration::from_secs(20);

/// P0 goes to `oncall` at that address, and by the fallback to `backup`, whose own pace is PagerDuty's usual one.
fn configuration(oncall: &str, backup: &PagerDuty) -> Configuration {
    let channel = json!({"routing_key": {"env": "PD_KEY"}, "url": backup.url(), "payload": "standard"});
    Configuration::new(oncall)
        .set("channels.backup", json!({"pagerduty": channel}))
        .set("routes.P0", json!({"to": ["oncall"], "fallback": "backup"}))
        .set("fallback_after_seconds", json!(FALLBACK_AFTER))
}

/// Posts so many P0 at once, and waits until the fallback has them all; each in time by the journal. Returns the
/// worker, still running unless it was looked into.
async fn storm(oncall: &str, backup: &PagerDuty) -> Watchfire {
    let watchfire = Watchfire::start(&configuration(oncall, backup), None).await;
    let events = (0..STORM).map(|n| GuardDuty::miner(&format!("storm-{n:04}")).event(&format!("event-{n}")));
    for batch in events.collect::<Vec<_>>().chunks(100) {
        assert_eq!(watchfire.post(json!(batch)).await, 202);
    }
    let told = async || (backup.accepted() >= STORM).then_some(());
    until("every P0 at the fallback", 2 * LATER, told).await;
    watchfire
}

/// By how much the fallback was late, at most, and how many the journal says it told.
async fn latest(watchfire: &Watchfire) -> (Duration, usize) {
    let store = Store::open(&watchfire.path("data/watchfire.redb")).unwrap();
    let entries = store.recent(2 * STORM).await.unwrap();
    let told = entries.iter().filter_map(|entry| match entry.outcomes.get(&EffectId::new("page:backup")) {
        Some(Outcome::Done { at, receipt: _ }) => {
            Some(Duration::try_from(at.duration_since(entry.decision.at)).unwrap_or_default())
        }
        Some(Outcome::Failed { .. } | Outcome::NotNeeded { .. } | Outcome::Acted { .. }) | None => None,
    });
    let mut took: Vec<_> = told.collect();
    took.sort();
    let most = took.last().copied().unwrap_or_default();
    println!("{} by the fallback, p50 {:?}, most {most:?}", took.len(), took.get(took.len() / 2));
    (most, took.len())
}

fn pods(pages: &[Value]) -> BTreeSet<String> {
    pages.iter().map(|page| page["payload"]["custom_details"]["pod"].to_string()).collect()
}

#[tokio::test]
async fn every_p0_of_a_thousand_is_told_by_the_fallback_while_its_channel_answers_500() {
    let (oncall, backup) = (PagerDuty::start().await, PagerDuty::start().await);
    oncall.always(Some(Fault::Status(500, None)));
    let mut watchfire = storm(&oncall.url(), &backup).await;
    let pages = triggers(&backup);
    assert_eq!((pages.len(), pods(&pages).len()), (STORM, STORM), "each once");
    let why = pages[STORM / 2]["payload"]["custom_details"]["why"].to_string();
    assert!(why.contains("by the fallback, because oncall takes nothing"), "{why}");
    assert!(oncall.calls() < STORM / 2, "a dead channel is left alone: {} calls", oncall.calls());
    let metrics = watchfire.metrics().await;
    assert_eq!(metrics.sum("watchfire_channel_up", &["channel=\"oncall\""]), 0.0);
    assert_eq!(metrics.sum("watchfire_channel_up", &["channel=\"backup\""]), 1.0);

    oncall.always(None);
    let is_up = async || {
        let up = watchfire.metrics().await.sum("watchfire_channel_up", &["channel=\"oncall\""]);
        (up == 1.0 && oncall.accepted() > 1).then_some(())
    };
    until("the channel to be found alive", 2 * LATER, is_up).await;
    let text = watchfire.logs().text();
    let said = |message: &str| text.lines().filter(|line| line.contains(message)).count();
    assert_eq!((said("a channel is down"), said("a channel is up again")), (1, 1), "said once per change");
    assert!(watchfire.terminate().await.status.success());
    let (late, told) = latest(&watchfire).await;
    assert_eq!(told, STORM);
    assert!(late < Duration::from_secs(FALLBACK_AFTER.into()) + LATE, "{late:?}");
    let owed: BTreeSet<_> = triggers(&oncall).iter().map(crate::support::key).collect();
    let known: BTreeSet<_> = pages.iter().map(crate::support::key).collect();
    assert!(owed.is_subset(&known), "what is owed comes under the key that the fallback had");
}

#[tokio::test]
async fn every_p0_of_a_thousand_is_told_by_the_fallback_while_its_channel_hangs() {
    let (oncall, backup) = (PagerDuty::start_light().await, PagerDuty::start().await);
    oncall.always(Some(Fault::Slow(Duration::from_secs(600))));
    let mut watchfire = storm(&oncall.url(), &backup).await;
    assert!(watchfire.terminate().await.status.success());
    let (late, told) = latest(&watchfire).await;
    assert_eq!((told, pods(&triggers(&backup)).len()), (STORM, STORM));
    assert!(late < Duration::from_secs(FALLBACK_AFTER.into()) + LATE, "{late:?}");
}

#[tokio::test]
async fn every_p0_of_a_thousand_is_told_by_the_fallback_while_nobody_listens() {
    let backup = PagerDuty::start().await;
    let mut watchfire = storm(&format!("http://127.0.0.1:{}/v2/enqueue", free_port()), &backup).await;
    assert!(watchfire.terminate().await.status.success());
    let (late, told) = latest(&watchfire).await;
    assert_eq!((told, pods(&triggers(&backup)).len()), (STORM, STORM));
    assert!(late < Duration::from_secs(FALLBACK_AFTER.into()) + LATE, "{late:?}");
}

/// Alive, and far too slow for a storm: what it has not taken in time is the fallback's.
#[tokio::test]
async fn every_p0_of_a_thousand_is_told_in_time_by_either_while_its_channel_is_slow() {
    let (oncall, backup) = (PagerDuty::start_light().await, PagerDuty::start().await);
    // Longer than it has, however fast this machine is: it is the fallback that tells in time.
    oncall.always(Some(Fault::Slow(Duration::from_secs(u64::from(FALLBACK_AFTER) + 1))));
    let mut watchfire = Watchfire::start(&configuration(&oncall.url(), &backup), None).await;
    let events = (0..STORM).map(|n| GuardDuty::miner(&format!("slow-{n:04}")).event(&format!("event-{n}")));
    for batch in events.collect::<Vec<_>>().chunks(100) {
        assert_eq!(watchfire.post(json!(batch)).await, 202);
    }
    let heard = async || {
        let mut keys: BTreeSet<_> = oncall.arrivals().into_iter().map(|(key, _)| key).collect();
        keys.extend(backup.arrivals().into_iter().map(|(key, _)| key));
        (keys.len() == STORM).then_some(())
    };
    until("every P0 at one of the two", 2 * LATER, heard).await;
    assert!(watchfire.terminate().await.status.success());
    let (late, told) = latest(&watchfire).await;
    assert!(told > STORM / 2, "{told}");
    assert!(late < Duration::from_secs(FALLBACK_AFTER.into()) + LATE, "{late:?}");
}
