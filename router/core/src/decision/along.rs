//! The effects of a page along its routes: one for each channel, and the fallbacks of what is urgent.

use super::{Effect, When};
use crate::ids::ChannelName;
use crate::policy::Routed;
use crate::priority::Priority;

/// Each with the condition that its channel is told on.
pub(crate) fn along(
    routed: &Routed<'_>,
    priority: Priority,
    effect: impl Fn(&ChannelName, When) -> Effect,
) -> Vec<Effect> {
    let mut effects: Vec<_> = routed.to().into_iter().map(|channel| effect(channel, When::Now)).collect();
    let fallbacks = if priority.is_urgent() { routed.fallbacks() } else { Vec::new() };
    for (fallback, primary) in fallbacks {
        let Some(of) = effects.iter().find(|effect| effect.channel == *primary) else { continue };
        let within_seconds = routed.fallback_after_seconds;
        let when = When::Unless { effect: of.id.clone(), within_seconds };
        effects.push(effect(fallback, when));
    }
    effects
}
