//! Canaries: decided like any event, told to the one channel that waits for them, and leaving nothing behind.

use jiff::{SignedDuration, Timestamp};
use watchfire_core::canary::Canary;
use watchfire_core::decision::{Decision, When};
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::Policy;
use watchfire_core::replay::Replay;
use watchfire_core::verdict::{EffectKind, Verdict, Why};

use crate::support::policy;

fn decided(policy: &Policy) -> (Canary, Decision) {
    let now: Timestamp = "2026-11-29T03:02:00Z".parse().unwrap();
    let canary = Canary::due(now, SignedDuration::from_mins(5));
    let decision = Replay::new(policy).message_at(&canary.event(), now).remove(0);
    (canary, decision)
}

#[test]
fn a_canary_is_told_to_its_channel_and_to_nobody_else() {
    let policy = Policy { canary: Some(ChannelName::new("canary")), ..policy() };
    let (canary, decision) = decided(&policy);
    assert_eq!((decision.verdict, decision.why), (Verdict::Quiet, Why::Canary));
    let effects: Vec<_> = decision.effects.iter().collect();
    let [effect] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(
        (effect.id.as_str(), effect.kind, &effect.when, effect.channel.as_str()),
        ("arrived:canary", EffectKind::Update, &When::Now, "canary")
    );
    assert_eq!((effect.notice.at, effect.dedup_key.as_str()), (Some(canary.at), canary.id().as_str()));
}

#[test]
fn a_canary_leaves_nothing_behind_and_counts_in_nothing() {
    let policy = Policy { canary: Some(ChannelName::new("canary")), ..policy() };
    let (_, decision) = decided(&policy);
    assert!(decision.changes.is_empty() && decision.merges.is_empty() && decision.acts.is_empty());
    assert_eq!((decision.incident, decision.face, decision.withheld), (None, None, Vec::new()));
}

#[test]
fn where_none_is_waited_for_a_canary_is_recorded_and_told_to_nobody() {
    let (_, decision) = decided(&policy());
    assert_eq!((decision.why, decision.effects), (Why::Canary, Vec::new()));
}
