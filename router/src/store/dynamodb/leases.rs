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
/// Of so many who leased last the item tells: whoever has lost the answer finds by that what was given.
const TOLD: usize = 8;
/// How long an item stays that nobody asks for any more, in seconds.
const KEPT: i64 = 60 * 60 * 24;

/// What this worker last saw of each room: as long as nobody else leases, nothing has to be read.
#[derive(Default)]
pub(super) struct Seen(Mutex<HashMap<String, Found>>);

/// A room as it is in the table; none where it is not.
#[derive(Clone, Debug, Default)]
struct Found {
    room: Room,
    /// Those of the last who leased, the newest first.
    versions: Vec<i64>,
}

impl Found {
    fn then(mut self, version: i64) -> Self {
        self.versions.insert(0, version);
        self.versions.truncate(TOLD);
        self
    }
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
            let was = found.versions.first().copied();
            let made = found.then(version);
            let there = match self.write_room(&place, was, &made, now).await? {
                Written::Yes => Some(made),
                Written::No(item) => item.map(|item| read(&item)).transpose()?,
            };
            match there {
                // Here or there, by this write or by what came after one whose answer was lost.
                Some(there) if there.versions.contains(&version) => {
                    self.0.seen.all().insert(key.to_owned(), there);
                    return Ok(leased);
                }
                there => {
                    self.0.seen.all().remove(key);
                    seen = there;
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
        was: Option<i64>,
        made: &Found,
        now: Timestamp,
    ) -> Result<Written, Error> {
        let (newest, before) =
            made.versions.split_first().map_or((0, [].as_slice()), |(newest, before)| (*newest, before));
        let before: Vec<String> = before.iter().map(i64::to_string).collect();
        let item = place.item().with("leased", made.room.text()).with("version", newest);
        let item = item.with("before", before.join(","));
        let condition = match was {
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
    let before =
        item.text("before").unwrap_or_default().split(',').filter_map(|version| version.parse().ok());
    Ok(Found { room, versions: item.number("version").into_iter().chain(before).collect() })
}
