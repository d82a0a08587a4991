//! An effect on its way to a channel, with what the journal knows that the effect does not say.

use watchfire_core::decision::Effect;
use watchfire_core::hash::keyed;
use watchfire_core::ids::EventId;

/// One effect, as a channel is asked to perform it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch<'e> {
    /// What is to be done.
    pub(crate) effect: &'e Effect,
    /// The idempotency key: the same however often and by whomever it is tried, and no other effect's.
    pub(crate) id: String,
    /// What the channel said to what it was told before under the same dedup key, the oldest first; only for a channel that
    /// goes on with it.
    pub(crate) receipts: Vec<String>,
}

impl<'e> Dispatch<'e> {
    /// An effect of the decision about that event.
    pub(crate) fn of(event: &EventId, effect: &'e Effect) -> Self {
        let id = keyed("effect", &[&event.to_string(), effect.id.as_str()]);
        Self { effect, id, receipts: Vec::new() }
    }

    /// An effect of no decision.
    pub(crate) fn alone(effect: &'e Effect) -> Self {
        Self::of(&effect.notice.event, effect)
    }

    /// The same, where that was said before.
    pub(crate) fn after(self, receipts: Vec<String>) -> Self {
        Self { receipts, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_core::builders::page;
    use watchfire_core::ids::EffectId;

    #[test]
    fn an_effect_has_one_id_and_every_other_another() {
        let (one, other) = (page(), Effect { id: EffectId::new("update:oncall"), ..page() });
        let (first, second) = (EventId::new("a"), EventId::new("b"));
        let ids = [(&first, &one), (&first, &other), (&second, &one)]
            .map(|(event, effect)| Dispatch::of(event, effect).id);
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!((distinct.len(), &ids[0]), (3, &Dispatch::of(&first, &one).id));
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    }
}
