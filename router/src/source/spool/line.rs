//! Who is next: the order of the messages, without their text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Lane;

use tokio::time::Instant;

/// The messages that are not deleted, by number, and where each of them is.
#[derive(Debug, Default)]
pub(super) struct Line {
    messages: BTreeMap<u64, Message>,
    ready: BTreeSet<(Lane, u64)>,
    released: BTreeSet<(Instant, u64)>,
    next_number: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Message {
    lane: Lane,
    receives: u32,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Ready,
    HandedOut,
    Released(Instant),
}

impl Line {
    /// From here on numbers are at least that high.
    pub(super) fn start_at(&mut self, number: u64) {
        self.next_number = self.next_number.max(number);
    }

    /// New numbers, higher than every other.
    pub(super) fn number(&mut self, messages: usize) -> Range<u64> {
        let first = self.next_number;
        self.next_number += messages as u64;
        first..self.next_number
    }

    /// Puts messages in line, each in the place of its number.
    pub(super) fn add(&mut self, messages: impl IntoIterator<Item = (u64, Lane)>) {
        for (number, lane) in messages {
            self.start_at(number + 1);
            self.messages.insert(number, Message { lane, receives: 0, place: Place::Ready });
            self.ready.insert((lane, number));
        }
    }

    /// The same of messages that are ready at that time.
    pub(super) fn add_later(&mut self, messages: impl IntoIterator<Item = (u64, Lane)>, until: Instant) {
        for (number, lane) in messages {
            self.start_at(number + 1);
            self.messages.insert(number, Message { lane, receives: 0, place: Place::Released(until) });
            self.released.insert((until, number));
        }
    }

    /// Hands out the first of those in that lane that are ready, each with how often it was handed out.
    pub(super) fn take(&mut self, lane: Lane, now: Instant, most: usize) -> Vec<(u64, u32)> {
        while let Some((until, number)) = self.released.first().copied().filter(|(until, _)| *until <= now) {
            self.released.remove(&(until, number));
            let lane = self.place(number, Place::Ready);
            self.ready.insert((lane, number));
        }
        let first = self.ready.range((lane, 0)..=(lane, u64::MAX)).take(most);
        let taken: Vec<_> = first.map(|&(_, number)| number).collect();
        let hand_out = |number| {
            self.ready.remove(&(lane, number));
            let message = self.messages.get_mut(&number).expect("what is ready is in line");
            *message = Message { lane, receives: message.receives + 1, place: Place::HandedOut };
            (number, message.receives)
        };
        taken.into_iter().map(hand_out).collect()
    }

    /// When the next released message is ready.
    pub(super) fn next(&self) -> Option<Instant> {
        self.released.first().map(|(until, _)| *until)
    }

    /// Takes back a message that is handed out; any other stays where it is.
    pub(super) fn release(&mut self, number: u64, until: Instant) {
        if self.messages.get(&number).is_some_and(|message| message.place == Place::HandedOut) {
            self.place(number, Place::Released(until));
            self.released.insert((until, number));
        }
    }

    /// Forgets messages.
    pub(super) fn remove(&mut self, numbers: &[u64]) {
        for number in numbers {
            let Some(Message { lane, receives: _, place }) = self.messages.remove(number) else { continue };
            match place {
                Place::Ready => drop(self.ready.remove(&(lane, *number))),
                Place::Released(until) => drop(self.released.remove(&(until, *number))),
                Place::HandedOut => {}
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn len_of(&self, lane: Lane) -> usize {
        self.messages.values().filter(|message| message.lane == lane).count()
    }

    /// Puts a message there; the answer is its lane.
    fn place(&mut self, number: u64, place: Place) -> Lane {
        let message = self.messages.get_mut(&number).expect("what is released is in line");
        message.place = place;
        message.lane
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn line_of(numbers: Range<u64>) -> (Line, Instant) {
        let mut line = Line::default();
        line.add(numbers.map(|number| (number, Lane::Ordinary)));
        (line, Instant::now())
    }

    #[test]
    fn the_oldest_is_handed_out_first_and_only_once() {
        let (mut line, now) = line_of(0..3);
        assert_eq!(line.take(Lane::Ordinary, now, 2), [(0, 1), (1, 1)]);
        assert_eq!(line.take(Lane::Ordinary, now, 2), [(2, 1)]);
        assert_eq!(line.take(Lane::Ordinary, now, 2), []);
        assert_eq!(line.len(), 3);
    }

    #[test]
    fn a_released_message_comes_again_when_its_time_has_come_and_in_its_old_place() {
        let (mut line, now) = line_of(0..3);
        let later = now + Duration::from_secs(5);
        line.take(Lane::Ordinary, now, 2);
        line.release(0, later);
        line.release(1, later + Duration::from_secs(1));
        assert_eq!(line.next(), Some(later));
        assert_eq!(line.take(Lane::Ordinary, later - Duration::from_nanos(1), 9), [(2, 1)]);
        line.release(2, later);
        assert_eq!(line.take(Lane::Ordinary, later, 9), [(0, 2), (2, 2)]);
        assert_eq!(line.next(), Some(later + Duration::from_secs(1)));
    }

    #[test]
    fn a_message_that_is_to_come_later_does_and_is_gone_like_any_other() {
        let (mut line, now) = line_of(0..1);
        let later = now + Duration::from_secs(5);
        line.add_later([(1, Lane::Ordinary), (2, Lane::Ordinary)], later);
        assert_eq!((line.next(), line.len()), (Some(later), 3));
        line.remove(&[2]);
        assert_eq!(line.take(Lane::Ordinary, now, 9), [(0, 1)]);
        assert_eq!(line.take(Lane::Ordinary, later, 9), [(1, 1)]);
        assert_eq!((line.next(), line.number(1)), (None, 3..4));
    }

    #[test]
    fn only_what_is_handed_out_can_be_released() {
        let (mut line, now) = line_of(0..2);
        line.take(Lane::Ordinary, now, 1);
        line.remove(&[0]);
        line.release(0, now);
        line.release(1, now + Duration::from_secs(5));
        line.release(7, now);
        assert_eq!(line.next(), None);
        assert_eq!(line.take(Lane::Ordinary, now, 9), [(1, 1)]);
    }

    #[test]
    fn each_lane_is_handed_out_for_itself_in_its_own_order() {
        let mut line = Line::default();
        line.add([(0, Lane::Ordinary), (1, Lane::Express), (2, Lane::Ordinary), (3, Lane::Express)]);
        let now = Instant::now();
        assert_eq!(line.take(Lane::Express, now, 1), [(1, 1)]);
        line.release(1, now);
        assert_eq!(line.take(Lane::Express, now, 9), [(1, 2), (3, 1)]);
        assert_eq!(line.take(Lane::Express, now, 9), []);
        assert_eq!(line.take(Lane::Ordinary, now, 9), [(0, 1), (2, 1)]);
        line.remove(&[2]);
        assert_eq!([Lane::Express, Lane::Ordinary].map(|lane| line.len_of(lane)), [2, 1]);
    }

    #[test]
    fn a_deleted_message_is_gone_wherever_it_was() {
        let (mut line, now) = line_of(0..3);
        line.take(Lane::Ordinary, now, 2);
        line.release(1, now);
        line.remove(&[0, 1, 2, 3]);
        assert_eq!(line.len(), 0);
        assert_eq!(line.next(), None);
        assert_eq!(line.take(Lane::Ordinary, now, 9), []);
    }

    #[test]
    fn numbers_rise_whatever_was_deleted() {
        let (mut line, _) = line_of(3..5);
        line.remove(&[3, 4]);
        assert_eq!(line.number(2), 5..7);
        line.start_at(3);
        assert_eq!(line.number(1), 7..8);
    }
}
