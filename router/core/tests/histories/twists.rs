//! What makes a history hostile: a clock that is set both ways, ids that others have, a second account that calls
//! its clusters what ours are called.

use jiff::SignedDuration;
use proptest::prelude::*;
use watchfire_core::decision::Decision;
use watchfire_core::json::Json;
use watchfire_core::scenario::StepInput;

/// What happens to one input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Twist {
    /// How far ahead of the senders' clocks ours is, in seconds.
    pub(crate) ahead: i64,
    /// Which id it takes from another; none: its own.
    id: Option<Stolen>,
    /// Whether it comes from the second account.
    elsewhere: bool,
}

/// Whose id a sender takes.
#[derive(Clone, Copy, Debug)]
enum Stolen {
    /// That of an earlier decision, as it is shown.
    Shown(usize),
    /// The same as it is kept.
    Kept(usize),
    /// One that a digest, a bundle or an incident might get.
    Guessed(usize),
}

const AHEAD: [i64; 10] = [-86_400, -300, -6, 0, 0, 0, 6, 300, 3_600, 86_400];
const SECOND: (&str, &str) = ("111122223333", "444455556666");

fn twist() -> impl Strategy<Value = (bool, usize, Option<Stolen>, bool)> {
    let stolen = prop_oneof![
        12 => Just(None),
        1 => (0..50_usize).prop_map(|which| Some(Stolen::Shown(which))),
        1 => (0..50_usize).prop_map(|which| Some(Stolen::Kept(which))),
        1 => (0..9_usize).prop_map(|which| Some(Stolen::Guessed(which))),
    ];
    // The clock is set in one step of four, and then stays as it is.
    ((0..4_u8).prop_map(|set| set == 0), 0..AHEAD.len(), stolen, (0..4_u8).prop_map(|which| which == 0))
}

/// As many as a history has steps.
pub(crate) fn twists(clock: bool) -> impl Strategy<Value = Vec<Twist>> {
    prop::collection::vec(twist(), 60).prop_map(move |twists| {
        let mut now_ahead = 0;
        let twisted = twists.into_iter().map(|(sets, ahead, id, elsewhere)| {
            if sets && clock {
                now_ahead = AHEAD[ahead];
            }
            Twist { ahead: now_ahead, id, elsewhere }
        });
        twisted.collect()
    })
}

impl Twist {
    /// The input as it is with this twist; `decided` is what it may take ids from.
    pub(crate) fn of(self, input: &StepInput, decided: &[Decision]) -> StepInput {
        let ahead = SignedDuration::from_secs(self.ahead);
        match input {
            StepInput::Message { text, at } => {
                let text = if self.elsewhere { text.replace(SECOND.0, SECOND.1) } else { text.clone() };
                StepInput::Message { text: self.named(&text, decided), at: *at + ahead }
            }
            StepInput::Command { command, at } => {
                StepInput::Command { command: command.clone(), at: *at + ahead }
            }
            StepInput::Tick { at } => StepInput::Tick { at: *at + ahead },
        }
    }

    fn named(self, text: &str, decided: &[Decision]) -> String {
        let of = |which: usize| decided.get(which % decided.len().max(1)).map(|decision| &decision.event);
        let id = match self.id {
            None => None,
            Some(Stolen::Shown(which)) => of(which).map(|event| event.shown()),
            Some(Stolen::Kept(which)) => of(which).map(|event| event.as_str().to_owned()),
            Some(Stolen::Guessed(which)) => {
                // Business opens at 09:00 the day after these histories begin.
                let opens = 1_795_683_600_000_000_i64;
                Some(format!("wake:digest@{opens}.{which}"))
            }
        };
        match (id, Json::parse(text)) {
            (Some(id), Ok(Json::Object(mut members))) => {
                members.retain(|(name, _)| name != "id");
                members.push(("id".into(), Json::string(id)));
                Json::Object(members).to_string()
            }
            (Some(_), _) | (None, _) => text.to_owned(),
        }
    }
}
