//! What was done to the cluster is noted, once, by channels that tell nobody.

use watchfire_core::act::ActionKind;
use watchfire_core::action::Role;
use watchfire_core::builders::at;
use watchfire_core::decision::Decision;
use watchfire_core::ids::ChannelName;
use watchfire_core::mitigation::Mode;
use watchfire_core::verdict::EffectKind;

use crate::support::world::{NOW, World, example};

/// Its notes: id, kind, and how each begins.
fn noted(decision: &Decision) -> Vec<(String, EffectKind, String)> {
    let notes = decision.effects.iter().filter(|effect| effect.channel.as_str() == "noted");
    notes.map(|note| (note.id.to_string(), note.kind, note.notice.head.lead.clone())).collect()
}

#[test]
fn a_containment_is_noted_when_it_is_done_and_evidence_or_a_failure_is_not() {
    let mut world = World::new(Mode::Enforce);
    world.policy.changes = vec![ChannelName::new("noted")];
    let decision = world.decide(&example("miner.json"), at(NOW));
    assert_eq!(noted(&decision), [], "nothing is done yet");
    let containments = decision.acts.iter().filter(|act| act.role == Role::Contain).count();
    assert!(containments > 0 && containments < decision.acts.len(), "{:?}", decision.acts);
    for act in &decision.acts {
        let expected = match act.role {
            // The restart that replaces what was quarantined is a part of that.
            Role::Contain if act.action == ActionKind::Restart => Vec::new(),
            Role::Contain => vec![("change:noted".to_owned(), EffectKind::Update, "Contained".to_owned())],
            Role::Notify | Role::Capture | Role::Record => Vec::new(),
        };
        let report = world.act(&decision, act.id.as_str(), "done", at("2026-11-18T09:15:00Z"));
        assert_eq!(noted(&report), expected, "{}", act.id);
        let failed = world.fail(&decision, act.id.as_str(), "no", at("2026-11-18T09:16:00Z"));
        assert_eq!(noted(&failed), [], "{}", act.id);
    }
}
