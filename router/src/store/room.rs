//! Room for attempts at what bears so many a minute: what is leased of it, and until when that counts.
//!
//! A lease counts from the moment it is given until a minute after the last moment at which it can have been used. So in
//! no 60 s more is used than the room, whoever uses it; what was leased and never used is room again when that is over.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// In any time of this length there are no more attempts than there is room for.
const MINUTE: i64 = 60;
/// What was leased for longer than this by somebody's clock was leased by one that is wrong.
const LONGEST: i64 = 120;

/// For whom room is leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// All of the room is theirs, as far as it is free.
    Urgent,
    /// Theirs is a part of it.
    Routine,
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// So many attempts are made in any 60 s.
    pub most: u32,
    /// So many of them that are not urgent: the rest is kept free for those that are.
    pub most_routine: u32,
    /// For whom.
    pub urgency: Urgency,
    /// So many at most.
    pub want: u32,
    /// The last of it is used before that time is over, by whatever clock.
    pub used_within: Duration,
}

/// What is leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leased {
    /// So many attempts.
    Attempts(u32),
    /// None, and there will be none before that.
    NoneBefore(Timestamp),
}

/// What is leased of one room, by the second until which it can be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room(BTreeMap<i64, Used>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Used {
    urgent: u32,
    routine: u32,
}

impl Used {
    fn and(self, other: Used) -> Used {
        Used {
            urgent: self.urgent.saturating_add(other.urgent),
            routine: self.routine.saturating_add(other.routine),
        }
    }

    /// What is left beside it.
    fn leaves(self, ask: &Ask) -> u32 {
        let free = ask.most.saturating_sub(self.urgent.saturating_add(self.routine));
        match ask.urgency {
            Urgency::Urgent => free,
            Urgency::Routine => free.min(ask.most_routine.saturating_sub(self.routine)),
        }
    }
}

impl Room {
    /// Leases as much of what is asked for as there is.
    pub(crate) fn lease(&mut self, ask: &Ask, now: Timestamp) -> Leased {
        let second = now.as_second();
        self.0.retain(|until, _| *until + MINUTE > second && *until <= second + LONGEST);
        let used = self.0.values().copied().fold(Used::default(), Used::and);
        let granted = used.leaves(ask).min(ask.want);
        if granted == 0 {
            return Leased::NoneBefore(self.free_at(ask, now));
        }
        let (urgent, routine) = match ask.urgency {
            Urgency::Urgent => (granted, 0),
            Urgency::Routine => (0, granted),
        };
        let used = self.0.entry(until(now, ask.used_within)).or_default();
        *used = used.and(Used { urgent, routine });
        Leased::Attempts(granted)
    }

    /// When enough of what is leased counts no longer.
    fn free_at(&self, ask: &Ask, now: Timestamp) -> Timestamp {
        let later = |at: &i64| {
            let counts = self.0.range(at + 1..).map(|(_, used)| *used).fold(Used::default(), Used::and);
            counts.leaves(ask) > 0
        };
        let free = self.0.keys().copied().find(later);
        let free = free.and_then(|until| Timestamp::from_second(until + MINUTE).ok());
        free.unwrap_or(now + SignedDuration::from_secs(MINUTE))
    }

    pub(super) fn is_free(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is written down: a second, and from it each other, with what is leased until then.
    pub(super) fn text(&self) -> String {
        let Some(first) = self.0.keys().next() else { return String::new() };
        let one = |(until, Used { urgent, routine }): (&i64, &Used)| {
            format!(",{}+{urgent}+{routine}", until - first)
        };
        self.0.iter().map(one).fold(first.to_string(), |text, one| text + &one)
    }

    /// What was written down; none where it is none of ours.
    pub(super) fn of(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let mut parts = text.split(',');
        let first: i64 = parts.next()?.parse().ok()?;
        let one = |part: &str| {
            let mut numbers = part.split('+');
            let after: i64 = numbers.next()?.parse().ok()?;
            let (urgent, routine) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
            numbers.next().is_none().then_some((first.checked_add(after)?, Used { urgent, routine }))
        };
        parts.map(one).collect::<Option<_>>().map(Self)
    }
}

/// The first full second when that time is over.
fn until(now: Timestamp, within: Duration) -> i64 {
    let end = now + SignedDuration::try_from(within).unwrap_or_default();
    end.as_second() + i64::from(end.subsec_nanosecond() > 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + millis).unwrap()
    }

    fn ask(urgency: Urgency, want: u32) -> Ask {
        Ask { most: 12, most_routine: 3, urgency, want, used_within: Duration::from_secs(7) }
    }

    #[test]
    fn what_is_routine_has_its_part_and_what_is_urgent_all_that_is_left() {
        let mut room = Room::default();
        assert_eq!(room.lease(&ask(Urgency::Routine, 5), at(0)), Leased::Attempts(3));
        assert_eq!(room.lease(&ask(Urgency::Routine, 5), at(0)), Leased::NoneBefore(at(67_000)));
        assert_eq!(room.lease(&ask(Urgency::Urgent, 20), at(0)), Leased::Attempts(9));
        assert_eq!(room.lease(&ask(Urgency::Urgent, 1), at(500)), Leased::NoneBefore(at(67_000)));
        assert_eq!(room.lease(&ask(Urgency::Urgent, 1), at(67_000)), Leased::Attempts(1));
    }

    #[test]
    fn what_is_urgent_takes_what_routine_leaves_and_routine_then_waits_for_it() {
        let mut room = Room::default();
        assert_eq!(room.lease(&ask(Urgency::Urgent, 12), at(0)), Leased::Attempts(12));
        assert_eq!(room.lease(&ask(Urgency::Routine, 1), at(0)), Leased::NoneBefore(at(67_000)));
    }

    #[test]
    fn a_lease_counts_until_a_minute_after_its_last_second() {
        let mut room = Room::default();
        room.lease(&ask(Urgency::Urgent, 10), at(0));
        room.lease(&ask(Urgency::Urgent, 2), at(10_001));
        let full = Leased::NoneBefore(at(67_000));
        assert_eq!(room.lease(&ask(Urgency::Urgent, 5), at(66_999)), full);
        assert_eq!(room.lease(&ask(Urgency::Urgent, 12), at(67_000)), Leased::Attempts(10));
        assert_eq!(room.lease(&ask(Urgency::Urgent, 5), at(77_999)), Leased::NoneBefore(at(78_000)));
    }

    #[test]
    fn what_a_clock_leased_that_was_far_ahead_holds_up_nobody() {
        let mut room = Room::default();
        assert_eq!(room.lease(&ask(Urgency::Urgent, 12), at(3_600_000)), Leased::Attempts(12));
        assert_eq!(room.lease(&ask(Urgency::Urgent, 12), at(0)), Leased::Attempts(12));
    }

    #[test]
    fn a_room_is_read_as_it_was_written_and_nothing_else_is_one() {
        let mut room = Room::default();
        assert_eq!((room.text().as_str(), Room::of("")), ("", Some(Room::default())));
        room.lease(&ask(Urgency::Urgent, 2), at(0));
        room.lease(&ask(Urgency::Routine, 1), at(0));
        room.lease(&ask(Urgency::Urgent, 4), at(9_500));
        assert_eq!(room.text(), "1790000007,0+2+1,10+4+0");
        assert_eq!(Room::of(&room.text()), Some(room));
        for other in ["x", "5,", "5,1", "5,1+2", "5,1+2+3+4", "5,1+-2+3", ",0+1+1"] {
            assert_eq!(Room::of(other), None, "{other}");
        }
    }

    #[test]
    fn a_room_at_its_fullest_is_one_write_unit() {
        let mut room = Room::default();
        let ask = Ask { most: 4_000_000, most_routine: 1_000_000, ..ask(Urgency::Urgent, 9_999) };
        for second in 0..600 {
            room.lease(&ask, at(second * 1_000));
            room.lease(&Ask { urgency: Urgency::Routine, ..ask }, at(second * 1_000));
        }
        assert!(room.text().len() <= 900, "{} bytes", room.text().len());
    }
}
