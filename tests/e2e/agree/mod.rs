//! Whoever decides, decides the same, byte for byte: `replay` in memory, a worker over a file, and a worker and a Lambda in
//! turn over one table.
//!
//! Every history is played by all of them, by a clock that is set: the scenarios, made-up histories, the corpus of events as
//! AWS sends them, the storm. What may differ is the version in the id of a timer's decision, which is counted in memory and in
//! a file, and at random in a table; and a digest is said ten seconds later there.

mod corpus;
mod crew;
mod histories;
mod scenarios;
mod storm;
mod told;

pub(crate) use crew::channels;
pub(crate) use scenarios::{files, read};

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use watchfire::clients::Clients;
use watchfire_core::event::{Event, messages};
use watchfire_core::policy::Policy;
use watchfire_core::replay::Replay;
use watchfire_core::scenario::StepInput;
use watchfire_tests::fault_proxy::{FaultProxy, Faults};
use watchfire_tests::{DynamoDbTable, Ministack, PagerDuty};

use crew::Crew;
use told::told;

/// So many histories are played side by side: most of the time they wait for the table.
const SIDE_BY_SIDE: usize = 8;

/// What happens, by which policy.
struct History {
    name: String,
    policy: Arc<Policy>,
    inputs: Vec<StepInput>,
}

/// The servers that all histories share.
struct World {
    pagerduty: PagerDuty,
    clients: Arc<Clients>,
    /// Beside which each history has its own.
    table: DynamoDbTable,
    _proxy: FaultProxy,
}

impl World {
    async fn new() -> Self {
        let faults = Faults::real().reading_its_copy();
        let proxy = FaultProxy::start(Ministack::shared().endpoint(), faults).await;
        let (pagerduty, table) = (PagerDuty::start().await, DynamoDbTable::at(&proxy.endpoint()));
        Self { pagerduty, clients: Arc::new(Clients::new(None).unwrap()), table, _proxy: proxy }
    }

    /// Has all of them played by everybody; what differs, of all of them.
    async fn differences(&self, histories: impl IntoIterator<Item = History>) -> Vec<String> {
        let played = stream::iter(histories).map(async |history| self.difference(&history).await);
        let differences: Vec<Vec<String>> = played.buffered(SIDE_BY_SIDE).collect().await;
        differences.concat()
    }

    async fn difference(&self, history: &History) -> Vec<String> {
        let expected = replayed(history);
        let folder = tempfile::tempdir().unwrap();
        let mut differences = Vec::new();
        let mut file = Crew::over_a_file(folder.path(), history, self).await;
        differences.extend(first_difference("a file", history, &expected, &file.play(history).await));
        let mut table = Crew::over_a_table(folder.path(), history, self).await;
        differences.extend(first_difference("a table", history, &expected, &table.play(history).await));
        differences
    }
}

/// What `replay` decides about each input.
fn replayed(history: &History) -> Vec<Vec<String>> {
    let mut replay = Replay::new(&history.policy);
    let mut seen = BTreeSet::new();
    let mut decide = |input: &StepInput| {
        let mut decided = match input {
            StepInput::Message { text, at } => replay.message_at(text, *at),
            StepInput::Command { command, at } => vec![replay.command(command, *at)],
            StepInput::Tick { at } => replay.tick(*at),
        };
        // A redelivery is told again there, and is no decision.
        decided.retain(|decision| seen.insert(decision.event.clone()));
        told(input, decided)
    };
    history.inputs.iter().map(&mut decide).collect()
}

/// The first input about which something else was decided; what comes after it may follow from it.
fn first_difference(
    over: &str,
    history: &History,
    expected: &[Vec<String>],
    decided: &[Vec<String>],
) -> Option<String> {
    assert_eq!(expected.len(), decided.len());
    let index = expected.iter().zip(decided).position(|(expected, decided)| expected != decided)?;
    let (expected, decided) = (&expected[index], &decided[index]);
    let parts = expected.iter().zip(decided).find(|(expected, decided)| expected != decided);
    let told = match parts {
        Some((expected, decided)) => {
            let [expected, decided] = where_they_part(expected, decided);
            format!("\n  - {expected}\n  + {decided}")
        }
        None => format!("\n  {} decisions, and not {}: {decided:#?}", decided.len(), expected.len()),
    };
    Some(format!("{} over {over}, input {} (- replay, + decided){told}", history.name, index + 1))
}

/// What stands in each around the first letter that differs.
fn where_they_part<'t>(one: &'t str, other: &'t str) -> [&'t str; 2] {
    let same = one.char_indices().zip(other.chars()).take_while(|((_, one), other)| one == other).count();
    [one, other].map(|text| {
        let at = |letter: usize| text.char_indices().nth(letter).map_or(text.len(), |(at, _)| at);
        &text[at(same.saturating_sub(120))..at(same + 120)]
    })
}

/// The ids of the events in a message.
fn events(message: &str) -> Vec<watchfire_core::ids::EventId> {
    let texts = messages(message).unwrap_or_default();
    texts.iter().filter_map(|text| Event::read(text).ok().map(|event| event.id.clone())).collect()
}
