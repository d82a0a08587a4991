//! Room that all workers share: one item for each key, changed as a whole if it is as it was read.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::DynamoDb;
use super::item::{Attribute, Item};
use super::places::{self, Place};
use super::request::{Condition, Write};
use super::rows::{corrupt, version};
use super::table::{Written, wait};
use crate::store::Error;
use crate::store::room::{Ask, Leased, Room};

/// So often it is read anew because another worker has leased meanwhile.
const TRIES: usize = 16;
/// How long an item stays that nobody asks for any more, in seconds.
const KEPT: i64 = 60 * 60 * 24;

/// What this worker last saw of each room: as long as nobody else leases, nothing has to be read.
#[derive(Default)]
pub(super) struct Seen(Mutex<HashMap<String, Found>>);

/// A room as it is in the table; none where it is not.
#[derive(Clone, Debug, Default)]
struct Found {
    room: Room,
    version: Option<i64>,
}

impl Seen {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DynamoDb {
    pub(in crate::store) async fn lease(
        &self,
        key: &str,
        ask: &Ask,
        now: Timestamp,
    ) -> Result<Leased, Error> {
        let place = places::room(key);
        let mut seen = self.0.seen.all().get(key).cloned();
        for _ in 0..TRIES {
            let (is_remembered, mut found) = match seen.take() {
                Some(found) => (true, found),
                None => (false, self.found(&place).await?),
            };
            let leased = found.room.lease(ask, now);
            if matches!(leased, Leased::NoneBefore(_)) {
                if is_remembered {
                    // Others may have been forgotten since.
                    continue;
                }
                return Ok(leased);
            }
            let version = version().cast_signed();
            match self.write_room(&place, &found, version, now).await? {
                Written::Yes => {
                    let found = Found { version: Some(version), ..found };
                    self.0.seen.all().insert(key.to_owned(), found);
                    return Ok(leased);
                }
                Written::No(item) => {
                    self.0.seen.all().remove(key);
                    seen = item.map(|item| read(&item)).transpose()?;
                    wait(Duration::ZERO, Duration::from_millis(20)).await;
                }
            }
        }
        Err(Error::Silent)
    }

    async fn found(&self, place: &Place) -> Result<Found, Error> {
        let item = self.0.table.get(place).await?;
        item.map_or_else(|| Ok(Found::default()), |item| read(&item))
    }

    /// Writes the room if what is there is still what was found.
    async fn write_room(
        &self,
        place: &Place,
        found: &Found,
        version: i64,
        now: Timestamp,
    ) -> Result<Written, Error> {
        let item = place.item().with("leased", found.room.text()).with("version", version);
        let condition = match found.version {
            Some(version) => Condition::Is("version", Attribute::from(version)),
            None => Condition::Absent,
        };
        let item = item.with("ttl", now.as_second() + KEPT);
        self.0.table.write(&Write::put(place, item).when(condition).telling()).await
    }
}

fn read(item: &Item) -> Result<Found, Error> {
    let room = Room::of(item.text("leased").unwrap_or_default());
    let room = room.ok_or_else(|| corrupt("what is leased of a room".to_owned(), "it is none of ours"))?;
    Ok(Found { room, version: item.number("version") })
}
