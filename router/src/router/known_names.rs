//! The names that silences may ask for, and those in silences that there are no more.

use watchfire_core::command::{Command, CommandKind};
use watchfire_core::known_names::KnownNames;
use watchfire_core::policy::Policy;

use super::Router;
use crate::telemetry;

impl Router {
    /// The names that a new silence may ask for; none where nobody asks for one, or the rules are others' to know.
    pub(super) fn names_for(&self, command: &Command, policy: &Policy) -> Option<KnownNames> {
        let is_asked = matches!(command.wish, CommandKind::Silence(_)) && self.has_configuration();
        is_asked.then(|| KnownNames::of(&policy.rules))
    }

    /// The names that silences may ask for; none where the rules are others' to know.
    pub(crate) fn known_names(&self) -> Option<KnownNames> {
        self.has_configuration().then(|| KnownNames::of(&self.in_force().policy.rules))
    }

    /// Tells the log of silences that ask for names which the rules in force do not have. They go on with what else they
    /// match: nobody is kept from starting by them.
    pub(crate) async fn tell_of_unknown_names(&self) {
        let (Some(names), Ok(silences)) = (self.known_names(), self.silences().await) else { return };
        let now = self.clock.now();
        for silence in silences.iter().filter(|silence| now < silence.ends_at) {
            for unknown in names.unknown_in(&silence.matches) {
                telemetry::silence_asks_for_nothing(silence.id.as_str(), &unknown.to_string());
            }
        }
    }
}
