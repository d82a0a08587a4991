//! What a closed edition of the digest comes to, gathered from its lines.

use watchfire::store::{Committed, Store};
use watchfire_core::digest::{Contents, DigestLine, EditionNumber};
use watchfire_core::ids::IncidentKey;
use watchfire_core::state::{Key, Record, State};

use super::builders::{changing, entry};

fn line(edition: u64, incident: usize) -> (Key, Record) {
    let line = DigestLine { title: format!("{edition}-{incident}"), ..DigestLine::default() };
    let key = Key::DigestLine(EditionNumber(edition), IncidentKey::new(format!("wf1-{incident}")));
    (key, Record::DigestLine(Box::new(line)))
}

pub async fn the_lines_of_an_edition_are_gathered_and_those_of_no_other(open: impl AsyncFn() -> Store) {
    let store = open().await;
    let lines =
        || [1, 10, 11].into_iter().flat_map(|edition| (0..20).map(move |number| line(edition, number)));
    let keys: Vec<_> = lines().map(|(key, _)| key).collect();
    let mut read = State::default();
    store.load(&keys, &mut read).await.unwrap();
    let committed = store.commit(&read, &changing(entry("a", 0, &[]), lines())).await.unwrap();
    assert_eq!(committed, Committed::Yes);
    let mut expected = Contents::default();
    for (key, record) in lines() {
        if let (Key::DigestLine(EditionNumber(1), incident), Record::DigestLine(line)) = (key, record) {
            expected.add(incident, *line);
        }
    }
    let mut state = State::default();
    let numbers = [EditionNumber(1), EditionNumber(2)];
    store.load(&numbers.map(Key::DigestContents), &mut state).await.unwrap();
    assert_eq!(numbers.map(|number| state.contents(number)), [Some(&expected), Some(&Contents::default())]);
    // It is no record: a decision that has read it is not stale for it.
    assert_eq!(state.versions().count(), 0);
    assert_eq!(store.commit(&state, &entry("b", 1, &[])).await.unwrap(), Committed::Yes);
}
