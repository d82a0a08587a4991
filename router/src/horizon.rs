//! By which time what is old is removed: a clock that is ahead for a while takes nothing with it.

use jiff::{SignedDuration, Timestamp};

/// The time by which records are old. It follows the clock back at once, and forward by an hour a minute at most:
/// a clock that is a year ahead for a minute makes nothing older than an hour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Horizon(Option<Timestamp>);

/// So far it goes forward in a minute.
const STEP: SignedDuration = SignedDuration::from_hours(1);

impl Horizon {
    /// From the time of the newest decision on; from now, where there is none to be lost.
    pub(crate) fn from(newest: Option<Timestamp>) -> Self {
        Self(newest)
    }

    /// The time by which records are old in this minute.
    pub(crate) fn in_a_minute(&mut self, now: Timestamp) -> Timestamp {
        let latest = self.0.map_or(now, |before| before.saturating_add(STEP).unwrap_or(Timestamp::MAX));
        let horizon = now.min(latest);
        self.0 = Some(horizon);
        horizon
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_a_year_ahead_for_a_minute_makes_nothing_old() {
        let start: Timestamp = "2026-11-29T09:00:00Z".parse().expect("a time");
        let at = |minutes: i64| start + SignedDuration::from_mins(minutes);
        let year = SignedDuration::from_hours(24 * 365);
        let mut horizon = Horizon::from(Some(start));
        assert_eq!(horizon.in_a_minute(at(1)), at(1), "with the clock");
        assert_eq!(horizon.in_a_minute(at(2) + year), at(61), "an hour further, not a year");
        assert_eq!(horizon.in_a_minute(at(3)), at(3), "back with the clock");
        assert_eq!(horizon.in_a_minute(at(4) - year), at(4) - year);
        assert_eq!(horizon.in_a_minute(at(5)), at(64) - year, "an hour a minute until it is there");
    }

    #[test]
    fn a_worker_that_was_away_catches_up_and_a_new_one_begins_now() {
        let start: Timestamp = "2026-11-29T09:00:00Z".parse().expect("a time");
        let day = SignedDuration::from_hours(24);
        let mut horizon = Horizon::from(Some(start - day));
        let last = (0..24).map(|_| horizon.in_a_minute(start)).last();
        assert_eq!(last, Some(start));
        assert_eq!(Horizon::from(None).in_a_minute(start), start);
    }
}
