//! iCalendar (RFC 5545), as much of it as says when whose turn it is.
//!
//! Strict: what is not read is said, and an event is never taken for something else than it says.

mod component;
mod event;
mod lines;
mod moment;
mod rule;
mod zones;

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::component::calendar;
use self::event::Event;
use self::moment::Moment;
use self::zones::Zones;
use super::Shift;
use crate::zone::Zone;

/// So many events are looked through.
const MOST_EVENTS: usize = 5_000;

/// The events of a calendar.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calendar {
    events: Vec<Event>,
    /// Why others are none, each once with how often.
    unread: BTreeMap<String, usize>,
}

impl Calendar {
    /// Reads one; days and times without a zone are those of `zone`.
    ///
    /// # Errors
    /// Why it is none, in a clause that repeats nothing of it.
    pub(super) fn read(text: &str, zone: &Zone) -> Result<Self, String> {
        let parts = calendar(text)?;
        let zones = Zones::of(&parts, zone.time_zone());
        let (mut events, mut unread) = (Vec::new(), BTreeMap::new());
        for part in parts.iter().filter(|part| part.name == "VEVENT") {
            if events.len() == MOST_EVENTS {
                return Err(format!("it has more than {MOST_EVENTS} events"));
            }
            match Event::read(part, &zones) {
                Ok(event) => events.push(event),
                Err(why) => *unread.entry(why).or_default() += 1,
            }
        }
        Ok(Self { events, unread })
    }

    /// All shifts that are not over at `from` and begin by `to`, and what of it is not known.
    pub(super) fn shifts(&self, from: Timestamp, to: Timestamp) -> (Vec<Shift>, Vec<String>) {
        let mut others: BTreeMap<&str, Vec<&Moment>> = BTreeMap::new();
        for event in &self.events {
            if let Some(instead_of) = &event.instead_of {
                others.entry(&event.uid).or_default().push(instead_of);
            }
        }
        let (mut shifts, mut unread) = (Vec::new(), self.unread.clone());
        for event in &self.events {
            let is_master = event.instead_of.is_none();
            let others = others.get(event.uid.as_str()).filter(|_| is_master).map_or(&[][..], Vec::as_slice);
            match event.shifts(from, to, others) {
                Ok(some) => shifts.extend(some),
                Err(why) => *unread.entry(why).or_default() += 1,
            }
        }
        let said = unread.into_iter().map(|(why, times)| match times {
            1 => format!("an event is not read: {why}"),
            _ => format!("{times} events are not read: {why}"),
        });
        (shifts, said.collect())
    }
}
