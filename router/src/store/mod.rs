//! The memory: what was decided, what became of it, and what is known of findings and incidents.
//!
//! ```text
//! find   -> decided before?                           load   -> the records a decision may read
//! commit -> the decision and its changes, or neither  settle -> what became of its effects
//! due    -> what nobody has finished                  prune  -> what nobody needs any more
//! ```
//!
//! What every implementation promises, and `tests/src/store_contract.rs` checks:
//!
//! - an answer to a write means that it is durable: a crash after it loses nothing, a crash before it
//!   leaves all of the write or none of it;
//! - an event is decided once, by whoever commits first;
//! - a commit changes records only if those that its decision changes or is about are still at the version at which
//!   they were read; a version is never used again, not even for a record that was pruned and came back;
//! - what many change at once is merged, in whatever order: decisions about different subjects never make each other
//!   stale;
//! - an outcome, once written, stays;
//! - what is left to do for an event is in the hands of one worker at a time, and in nobody's some time after that died;
//! - of a room no more is leased than there is, whoever asks, and what was leased is room again a minute after it is over;
//! - dropping the future of a write does not undo it: it may still happen.
//!
//! What only a file promises, and a table does not: that what is read together was so at one moment (`load`, the folds,
//! `stream`), that `due`, `wakes`, `timeline` and `fold_open` know what was written a moment ago, that a decision that comes to
//! nothing has left no merge behind, and that every decision has room. `README.md` says more.

mod dynamodb;
mod embedded;
mod error;
mod line;
mod needed;
mod parsed;
mod room;
mod row;
mod sums;

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use strum::IntoStaticStr;
use tokio::sync::mpsc;
use watchfire_core::attributes::Attributes;
#[cfg(doc)]
use watchfire_core::decision::Decision;
use watchfire_core::digest::{Contents, EditionNumber};
use watchfire_core::ids::{EffectId, EventId, IncidentKey};
use watchfire_core::journal::{Entry, Outcome};
use watchfire_core::state::{Key, Record, State};
use watchfire_core::verdict::{Verdict, Why};

pub(crate) use dynamodb::checkup;
pub use dynamodb::{Config as DynamoDbConfig, DynamoDb, OpenAs, Units};
pub use embedded::Embedded;
pub(crate) use embedded::compact::Now;
pub(crate) use embedded::tables::{Size, Tables};
#[cfg(test)]
pub(crate) use embedded::tests as failing;
pub(crate) use embedded::{Aside, Checked, Copies, aside, check, journal, look_at, restore};
pub use error::Error;
pub(crate) use error::sound;
pub(crate) use room::Room;
pub use room::{Ask, Leased, Urgency};
#[cfg(feature = "cli")]
pub(crate) use sums::Sums;

use crate::clients::Clients;
use crate::telemetry;

/// Under which it is written when a worker last saw that something can be.
const SIGN: &str = "sign";

/// The memory. Cheap to clone: every clone is the same store, and the last one to be dropped closes it.
#[derive(Clone, Debug)]
pub enum Store {
    /// One file, for one process.
    Embedded(Embedded),
    /// One table of DynamoDB, for many.
    DynamoDb(DynamoDb),
}

/// What an event looked like to silences, and what was decided about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// When that was decided.
    pub at: Timestamp,
    /// As silences see it.
    pub face: Attributes,
    /// Whether a human heard of it.
    pub verdict: Verdict,
    /// The reason.
    pub why: Why,
}

/// As much of a decision as that needs.
#[derive(Debug, Deserialize)]
struct Glance {
    at: Timestamp,
    face: Option<Attributes>,
    verdict: Verdict,
    why: Why,
}

impl Glance {
    fn seen(self) -> Option<Seen> {
        let Self { at, face, verdict, why } = self;
        Some(Seen { at, face: face?, verdict, why })
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Committed {
    /// It is stored.
    Yes,
    /// Nothing was stored: a record has changed since it was read. Load and decide again.
    Stale,
    /// Nothing was stored: the event was decided before. What was decided then counts.
    AlreadyDecided,
}

/// What becomes of a store whose file is damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IfDamaged {
    /// It gets another name, a page says so, and a new store is begun.
    #[default]
    SetAside,
    /// Nothing starts, and nothing is touched.
    Refuse,
}

/// What [`Store::stream`] sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streamed {
    /// All of it, for `watchfire store backup` to make a store of.
    Backup,
    /// Every entry, a line of JSON each, the oldest first.
    Journal,
}

impl Store {
    /// Opens the embedded store, and makes its file and the folders above it where they are missing.
    ///
    /// After a crash this checks the whole file first, which takes about a second per gigabyte.
    /// Blocks; meant for start-up.
    pub fn open(path: &Path) -> Result<Store, Error> {
        Embedded::open(path).map(Store::Embedded)
    }

    /// The same; a file that is damaged is set aside first, unless it is to be refused. What cannot be opened because
    /// it is in use, or may not be read, or because the disk is full or fails, stays where it is.
    pub fn open_or_set_aside(path: &Path, if_damaged: IfDamaged) -> Result<Store, Error> {
        match Store::open(path) {
            Err(error @ Error::DamagedFile { .. }) if if_damaged == IfDamaged::SetAside => {
                let aside = embedded::set_aside(path, Timestamp::now())?;
                telemetry::set_aside(&error, &aside.path);
                Store::open(path)
            }
            opened => opened,
        }
    }

    /// Opens a table of DynamoDB, which must be there and as [`DynamoDb::definition`] says. Decisions in it are
    /// removed by the table itself some time after they are older than that, if nobody prunes them.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub async fn open_dynamodb(
        clients: &Clients,
        config: &DynamoDbConfig,
        keep: SignedDuration,
    ) -> Result<Store, Error> {
        Self::open_dynamodb_as(OpenAs::Worker, clients, config, keep).await
    }

    /// The same for one who may not be a worker.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub async fn open_dynamodb_as(
        open_as: OpenAs,
        clients: &Clients,
        config: &DynamoDbConfig,
        keep: SignedDuration,
    ) -> Result<Store, Error> {
        DynamoDb::open(open_as, clients, config, keep).await.map(Store::DynamoDb)
    }

    /// Makes an empty table the store that is in a file, which no worker may have open; the answer is what was read back.
    ///
    /// # Errors
    /// Why it is not begun, or what to do where it is not done.
    #[cfg(feature = "cli")]
    pub(crate) async fn file_into_table(
        from: &Path,
        clients: &Clients,
        config: &DynamoDbConfig,
        keep: SignedDuration,
    ) -> anyhow::Result<Sums> {
        DynamoDb::fill(from, clients, config, keep).await
    }

    /// Makes a file of a table that nobody works on, where nothing is yet; the answer is what was read back.
    ///
    /// # Errors
    /// Why it is not begun, or not done; then there is no such file.
    #[cfg(feature = "cli")]
    pub(crate) async fn table_into_file(
        clients: &Clients,
        config: &DynamoDbConfig,
        to: &Path,
    ) -> anyhow::Result<Sums> {
        let keep = SignedDuration::ZERO;
        let table = DynamoDb::open(OpenAs::Operator, clients, config, keep).await?;
        table.is_left_alone().await?;
        let mut copies = Copies::begin(to)?;
        let mut bits = table.stream(Streamed::Backup).await?;
        while let Some(bit) = bits.recv().await {
            copies.take(&bit?)?;
        }
        copies.finish()?;
        let (found, now) = (look_at(to)?.sums()?, table.sums().await?);
        let different = now.different(&found);
        if !different.is_empty() {
            // What is not all of it may not pass for it.
            std::fs::remove_file(to)?;
            anyhow::bail!(
                "the table was written to meanwhile ({}), and there is no {}: stop whoever works on it, and copy again",
                different.join(", "),
                to.display()
            );
        }
        Ok(found)
    }

    /// The same, not looked at yet: nobody is asked.
    ///
    /// # Errors
    /// Where no client of AWS can be made.
    pub(crate) async fn of_dynamodb(
        clients: &Clients,
        config: &DynamoDbConfig,
        keep: SignedDuration,
    ) -> Result<Store, Error> {
        DynamoDb::unseen(clients, config, keep).await.map(Store::DynamoDb)
    }

    /// Whether the table, where it is one, is there and as it must be.
    ///
    /// # Errors
    /// What is wrong with it, or that it does not answer.
    pub(crate) async fn look_at_its_table(&self) -> Result<(), Error> {
        match self {
            Store::Embedded(_) => Ok(()),
            Store::DynamoDb(store) => store.look_at_its_table(OpenAs::Worker).await,
        }
    }

    /// The same once it answers. What is not as it must be breaks it: a new start ends with what is wrong.
    pub(crate) async fn look_at_its_table_once_it_answers(&self) {
        const AGAIN: Duration = Duration::from_secs(2);
        loop {
            match (self.look_at_its_table().await, self) {
                (Err(error), _) if error.is_no_answer() => tokio::time::sleep(AGAIN).await,
                (Err(error), Store::DynamoDb(store)) => return store.give_up(error),
                (Ok(()), _) | (Err(_), Store::Embedded(_)) => return,
            }
        }
    }

    /// What was decided about the event, and what has become of it so far; none if it is new.
    pub async fn find(&self, event: &EventId) -> Result<Option<Entry>, Error> {
        self.find_first(std::slice::from_ref(event)).await
    }

    /// The same of the first of these events about which there is a decision.
    pub async fn find_first(&self, events: &[EventId]) -> Result<Option<Entry>, Error> {
        match self {
            Store::Embedded(store) => store.find_first(events).await,
            Store::DynamoDb(store) => store.find_first(events).await,
        }
    }

    /// Whether what is read costs next to nothing, so that more may be read than turns out to be asked for.
    pub(crate) fn is_near(&self) -> bool {
        match self {
            Store::Embedded(_) => true,
            Store::DynamoDb(_) => false,
        }
    }

    /// The events that their sender calls by that name, and whatever of ours or of an earlier release has it as
    /// its whole id; no more than `most`.
    pub async fn named(&self, name: &str, most: usize) -> Result<Vec<EventId>, Error> {
        match self {
            Store::Embedded(store) => store.named(name, most).await,
            Store::DynamoDb(store) => store.named(name, most).await,
        }
    }

    /// The delivered events whose senders call them something that begins so, in the order of their ids; no more than
    /// `most`.
    pub async fn beginning(&self, beginning: &str, most: usize) -> Result<Vec<EventId>, Error> {
        match self {
            Store::Embedded(store) => store.beginning(beginning, most).await,
            Store::DynamoDb(store) => store.beginning(beginning, most).await,
        }
    }

    /// Reads records into the state, each with its version. One that is already in it stays as it was read.
    /// What a closed edition of the digest comes to is gathered from its lines, see [`Key::DigestContents`].
    pub async fn load(&self, keys: &[Key], into: &mut State) -> Result<(), Error> {
        for key in keys {
            if let Key::DigestContents(edition) = key
                && !into.has_read(key)
            {
                let contents = self.contents(*edition).await?;
                into.insert(key.clone(), 0, Some(Record::DigestContents(Box::new(contents))));
            }
        }
        match self {
            Store::Embedded(store) => store.load(keys, into).await,
            Store::DynamoDb(store) => store.load(keys, into).await,
        }
    }

    async fn contents(&self, edition: EditionNumber) -> Result<Contents, Error> {
        let gather = |contents: &mut Contents, incident: &str, record| {
            if let Record::DigestLine(line) = record {
                contents.add(IncidentKey::new(incident), *line);
            }
        };
        self.fold_records(&Key::digest_lines(edition), Contents::default(), gather).await
    }

    /// Has `look` gather, in the order of keys, from every record whose key begins so, such as `approval/`; it
    /// gets the key without that beginning. What cannot be understood is left out.
    pub async fn fold_records<T: Send + 'static>(
        &self,
        beginning: &str,
        gathered: T,
        look: impl FnMut(&mut T, &str, Record) + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Store::Embedded(store) => store.fold_records(beginning, gathered, look).await,
            Store::DynamoDb(store) => store.fold_records(beginning, gathered, look).await,
        }
    }

    /// The keys of records that begin so, such as `incident/wf1-5f`, in their order and no more than `most`: what it costs
    /// follows how many they are, not how many there are.
    pub async fn keys(&self, beginning: &str, most: usize) -> Result<Vec<String>, Error> {
        match self {
            Store::Embedded(store) => store.keys(beginning, most).await,
            Store::DynamoDb(store) => store.keys(beginning, most).await,
        }
    }

    /// The same as [`Store::fold_records`] of those that are open ([`Record::is_open`]): what it costs follows their number, not that of all.
    pub async fn fold_open<T: Send + 'static>(
        &self,
        beginning: &str,
        gathered: T,
        look: impl FnMut(&mut T, &str, &Record) + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Store::Embedded(store) => store.fold_open(beginning, gathered, look).await,
            Store::DynamoDb(store) => store.fold_open(beginning, gathered, look).await,
        }
    }

    /// Stores the entry, and the changes of its decision, if the event was not decided before and what the decision
    /// is conditioned on ([`Decision::conditions`]) is still as it was read. All of it or nothing; but a merge may be
    /// made though the decision is not.
    ///
    /// An entry with effects that have no outcome is due from the time of its decision on.
    /// A change to a record that is not in `read` is refused, see [`Error::Unread`].
    pub async fn commit(&self, read: &State, entry: &Entry) -> Result<Committed, Error> {
        match self {
            Store::Embedded(store) => store.commit(read, entry).await,
            Store::DynamoDb(store) => store.commit(read, entry).await,
        }
    }

    /// Stores what became of effects of a decision. An effect that has an outcome keeps it.
    ///
    /// An event or effect that is not stored is an error, and then nothing is written.
    pub async fn settle(&self, event: &EventId, outcomes: &[(EffectId, Outcome)]) -> Result<(), Error> {
        match self {
            Store::Embedded(store) => store.settle(event, outcomes).await,
            Store::DynamoDb(store) => store.settle(event, outcomes).await,
        }
    }

    /// Takes what is left to do for an event into this worker's hands, for as long as [`Store::hold`] says; false while
    /// it is in another's. Whoever commits an entry has it; whoever has it may take it again.
    ///
    /// A file is one process's, so nobody else can have anything.
    pub async fn take(&self, event: &EventId, now: Timestamp) -> Result<bool, Error> {
        match self {
            Store::Embedded(_) => Ok(true),
            Store::DynamoDb(store) => store.take(event, now).await,
        }
    }

    /// How long what was taken stays in a worker's hands unless it is taken again; none where there is one worker.
    pub fn hold(&self) -> Option<Duration> {
        match self {
            Store::Embedded(_) => None,
            Store::DynamoDb(_) => Some(DynamoDb::HOLD),
        }
    }

    /// Whether what only one worker is to do is this one's to do, for so long from now on; whoever has it may ask again
    /// before that is over, and keeps it.
    pub async fn claim(&self, what: &str, now: Timestamp, long: Duration) -> Result<bool, Error> {
        match self {
            Store::Embedded(_) => Ok(true),
            Store::DynamoDb(store) => store.claim(what, now, long).await,
        }
    }

    /// Leases attempts of the room that all who ask for that key share: as many as are asked for, or as there are.
    /// Clocks may differ by as much as [`Ask::used_within`] is longer than the time within which they are used.
    pub async fn lease(&self, key: &str, ask: &Ask, now: Timestamp) -> Result<Leased, Error> {
        match self {
            Store::Embedded(store) => Ok(store.lease(key, ask, now)),
            Store::DynamoDb(store) => store.lease(key, ask, now).await,
        }
    }

    /// The events that have effects without an outcome and whose next try is at `now` or before, to the
    /// microsecond; the longest due first.
    pub async fn due(&self, now: Timestamp, most: usize) -> Result<Vec<EventId>, Error> {
        match self {
            Store::Embedded(store) => store.due(now, most).await,
            Store::DynamoDb(store) => store.due(now, most).await,
        }
    }

    /// The records that something is due about at `now` or before, with the time it was due, the longest
    /// due first. A record says itself when that is, see [`Record::wake_at`].
    pub async fn wakes(&self, now: Timestamp, most: usize) -> Result<Vec<(Timestamp, Key)>, Error> {
        match self {
            Store::Embedded(store) => store.wakes(now, most).await,
            Store::DynamoDb(store) => store.wakes(now, most).await,
        }
    }

    /// The records that a decision later than now has changed last: the clock was ahead then. Looks at all of
    /// them; for when the clock was set back.
    pub async fn changed_after(&self, now: Timestamp) -> Result<Vec<Key>, Error> {
        match self {
            Store::Embedded(store) => store.changed_after(now).await,
            Store::DynamoDb(store) => store.changed_after(now).await,
        }
    }

    /// What was decided about an incident, the oldest first; only that many of the latest.
    pub async fn timeline(&self, incident: &IncidentKey, most: usize) -> Result<Vec<Entry>, Error> {
        match self {
            Store::Embedded(store) => store.timeline(incident, most).await,
            Store::DynamoDb(store) => store.timeline(incident, most).await,
        }
    }

    /// Has `look` gather from what every event since then looked like to silences.
    pub async fn fold_faces<T: Send + 'static>(
        &self,
        since: Timestamp,
        gathered: T,
        look: impl FnMut(&mut T, Seen) + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Store::Embedded(store) => store.fold_faces(since, gathered, look).await,
            Store::DynamoDb(store) => store.fold_faces(since, gathered, look).await,
        }
    }

    /// Moves the next try of whatever is tried later than now to now: the clock that put it there was ahead.
    pub async fn hasten(&self, now: Timestamp) -> Result<(), Error> {
        match self {
            Store::Embedded(store) => store.hasten(now).await,
            Store::DynamoDb(store) => store.hasten(now).await,
        }
    }

    /// Moves the next try of an event's unsettled effects; nothing happens where all are settled.
    pub async fn postpone(&self, event: &EventId, until: Timestamp) -> Result<(), Error> {
        match self {
            Store::Embedded(store) => store.postpone(event, until).await,
            Store::DynamoDb(store) => store.postpone(event, until).await,
        }
    }

    /// Removes entries decided before that time, except those with effects that have no outcome, and
    /// records last changed by a decision before that time, except those of open incidents and of their
    /// findings, and what cannot be understood; at most that many of both together, the oldest entries
    /// first. Returns how many; call again until it is 0.
    ///
    /// A finding whose incident was closed is removed at the latest when that time is a day further on.
    pub async fn prune(&self, before: Timestamp, most: usize) -> Result<u64, Error> {
        match self {
            Store::Embedded(store) => store.prune(before, most).await,
            Store::DynamoDb(store) => store.prune(before, most).await,
        }
    }

    /// The entries decided last, the newest first.
    pub async fn recent(&self, most: usize) -> Result<Vec<Entry>, Error> {
        match self {
            Store::Embedded(store) => store.recent(most).await,
            Store::DynamoDb(store) => store.recent(most).await,
        }
    }

    /// Sends it bit by bit, as it is at this moment; where the last bit is no error, all of it was sent.
    pub async fn stream(&self, what: Streamed) -> Result<mpsc::Receiver<Result<Vec<u8>, Error>>, Error> {
        match self {
            Store::Embedded(store) => store.stream(what).await,
            Store::DynamoDb(store) => store.stream(what).await,
        }
    }

    /// Gives back what is free, where that is much. Whoever reads or writes meanwhile waits, about a second for half a
    /// gigabyte. Returns how many bytes were given back.
    pub(crate) async fn compact(&self, when: Now) -> Result<u64, Error> {
        match self {
            Store::Embedded(store) => store.compact(when).await,
            // It takes no room of ours.
            Store::DynamoDb(_) => Ok(0),
        }
    }

    /// Why this process can do nothing with it any more; none while it can.
    pub fn broken(&self) -> Option<Error> {
        match self {
            Store::Embedded(store) => store.broken(),
            Store::DynamoDb(store) => store.broken(),
        }
    }

    /// Looks whether what it writes still goes where it is found again: a file that was taken away or replaced breaks it.
    pub fn look_for_its_file(&self) {
        match self {
            Store::Embedded(store) => store.look_for_its_file(),
            Store::DynamoDb(_) => {}
        }
    }

    /// Waits until this process can do nothing with it any more, and says why. Only a new start helps.
    pub async fn breaks(&self) -> Error {
        match self {
            Store::Embedded(store) => store.breaks().await,
            Store::DynamoDb(store) => store.breaks().await,
        }
    }

    /// When a worker last saw that it can be written, by its own clock; none where that was never said.
    pub async fn last_sign(&self) -> Result<Option<Timestamp>, Error> {
        match self {
            Store::Embedded(store) => store.last_sign().await,
            Store::DynamoDb(store) => store.last_sign().await,
        }
    }

    /// Says that it can be written.
    pub async fn leave_sign(&self, now: Timestamp) -> Result<(), Error> {
        match self {
            Store::Embedded(store) => store.leave_sign(now).await,
            Store::DynamoDb(store) => store.leave_sign(now).await,
        }
    }

    /// Which it is, for a person.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Store::Embedded(store) => store.in_words(),
            Store::DynamoDb(store) => store.in_words(),
        }
    }

    /// Writes something durable and forgets it: the error is why nothing can be stored.
    pub async fn ping(&self) -> Result<(), Error> {
        match self {
            Store::Embedded(store) => store.ping().await,
            Store::DynamoDb(store) => store.ping().await,
        }
    }

    /// Whether the last write reached the disk. Costs nothing; [`Store::ping`] finds out.
    pub fn is_healthy(&self) -> bool {
        match self {
            Store::Embedded(store) => store.is_healthy(),
            Store::DynamoDb(store) => store.is_healthy(),
        }
    }
}
