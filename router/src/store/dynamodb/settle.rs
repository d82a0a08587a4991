//! What became of a decision, and when what is left of it is tried next.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use watchfire_core::ids::{EffectId, EventId};
use watchfire_core::journal::Outcome;

use super::item::Attribute;
use super::request::{Condition, Order, Range, Write};
use super::rows::Head;
use super::sorted::Sorted;
use super::table::{Written, wait};
use super::{DUE, DynamoDb, places};
use crate::store::Error;
use crate::store::row::to_row;

const DUE_BOTH: [&str; 2] = ["due_pk", "due_sk"];
/// So long it is tried, whoever else writes it.
const WITHIN: Duration = Duration::from_secs(5);
const AFTER_CONFLICT: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];

impl DynamoDb {
    pub(in crate::store) async fn settle(
        &self,
        event: &EventId,
        outcomes: &[(EffectId, Outcome)],
    ) -> Result<(), Error> {
        let table = &self.0.table;
        let end = Instant::now() + WITHIN;
        let mut found = table.get(&places::head(event)).await?;
        loop {
            let head = found.as_ref().map(Head::read).transpose()?.flatten();
            let head = head.ok_or_else(|| Error::UnknownEvent(event.clone()))?;
            let Some(write) = settled(head, outcomes)? else { return Ok(()) };
            match table.write(&write).await? {
                Written::Yes => return Ok(()),
                Written::No(now) => found = now,
            }
            if Instant::now() >= end {
                return Err(Error::Silent);
            }
            wait(AFTER_CONFLICT[0], AFTER_CONFLICT[1]).await;
        }
    }

    pub(in crate::store) async fn postpone(&self, event: &EventId, until: Timestamp) -> Result<(), Error> {
        let pending = Condition::Above("due", i64::MIN);
        // Whoever is there first then may have it.
        self.0.hands.gave(event);
        let free = moved(event, until).remove("holder").remove("held");
        match self.0.table.write(&free.when(pending).telling()).await? {
            Written::Yes => Ok(()),
            Written::No(None) => Err(Error::UnknownEvent(event.clone())),
            Written::No(Some(found)) => match Head::read(&found)? {
                Some(_) => Ok(()),
                None => Err(Error::UnknownEvent(event.clone())),
            },
        }
    }

    pub(in crate::store) async fn hasten(&self, now: Timestamp) -> Result<(), Error> {
        let later = Range::From(places::after(now));
        let mut all = Sorted::all(Some(DUE), "D#", &later, Order::Forward, 100);
        let mut events = Vec::new();
        while let Some(hint) = all.next(&self.0.table).await? {
            let place = places::Place::of(&hint);
            let head = match place {
                Some(place) => self.0.table.get(&place).await?,
                None => None,
            };
            events.extend(head.as_ref().and_then(places::event_of));
        }
        for event in events {
            // What is settled or was moved meanwhile stays as it is.
            let is_later = Condition::Above("due", now.as_microsecond());
            self.0.table.write(&moved(&event, now).when(is_later)).await?;
        }
        Ok(())
    }
}

/// Its next try at that time.
fn moved(event: &EventId, at: Timestamp) -> Write {
    let at = at.as_microsecond();
    Write::update(&places::head(event)).set("due", at).set_both(DUE_BOTH, Some(places::due(event, at)))
}

/// What is to be written; none where all of it is known.
fn settled(mut head: Head, outcomes: &[(EffectId, Outcome)]) -> Result<Option<Write>, Error> {
    let before = head.outcomes.len();
    for (effect, outcome) in outcomes {
        if head.outcomes.contains_key(effect) {
            continue;
        }
        if !head.pending.remove(effect.as_str()) {
            return Err(Error::UnknownEffect(head.event, effect.clone()));
        }
        head.outcomes.insert(effect.clone(), outcome.clone());
    }
    if head.outcomes.len() == before {
        return Ok(None);
    }
    let write = Write::update(&places::head(&head.event))
        .set("outcomes", to_row(&head.outcomes))
        .set("revision", head.revision + 1)
        .when(Condition::Is("revision", head.revision.into()))
        .telling();
    Ok(Some(if head.pending.is_empty() {
        write.remove("pending").remove("due").set_both(DUE_BOTH, None)
    } else {
        write.set("pending", Attribute::SS(head.pending))
    }))
}
