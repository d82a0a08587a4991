//! Who is next: the order of the messages, without their text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tokio::time::Instant;

/// The messages that are not deleted, by number, and where each of them is.
#[derive(Debug, Default)]
pub(super) struct Line {
    messages: BTreeMap<u64, Message>,
    ready: BTreeSet<u64>,
    released: BTreeSet<(Instant, u64)>,
    next_number: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Message {
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
    pub(super) fn add(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.start_at(number + 1);
            self.messages.insert(number, Message { receives: 0, place: Place::Ready });
            self.ready.insert(number);
        }
    }

    /// Hands out the first of those that are ready, each with how often it was handed out.
    pub(super) fn take(&mut self, now: Instant, most: usize) -> Vec<(u64, u32)> {
        while let Some((until, number)) = self.released.first().copied().filter(|(until, _)| *until <= now) {
            self.released.remove(&(until, number));
            self.place(number, Place::Ready);
            self.ready.insert(number);
        }
        let mut taken = Vec::new();
        while let Some(number) = self.ready.first().copied().filter(|_| taken.len() < most) {
            self.ready.remove(&number);
            let message = self.messages.get_mut(&number).expect("what is ready is in line");
            *message = Message { receives: message.receives + 1, place: Place::HandedOut };
            taken.push((number, message.receives));
        }
        taken
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
            match self.messages.remove(number).map(|message| message.place) {
                Some(Place::Ready) => drop(self.ready.remove(number)),
                Some(Place::Released(until)) => drop(self.released.remove(&(until, *number))),
                Some(Place::HandedOut) | None => {}
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    fn place(&mut self, number: u64, place: Place) {
        self.messages.get_mut(&number).expect("what is released is in line").place = place;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn line_of(numbers: Range<u64>) -> (Line, Instant) {
        let mut line = Line::default();
        line.add(numbers);
        (line, Instant::now())
    }

    #[test]
    fn the_oldest_is_handed_out_first_and_only_once() {
        let (mut line, now) = line_of(0..3);
        assert_eq!(line.take(now, 2), [(0, 1), (1, 1)]);
        assert_eq!(line.take(now, 2), [(2, 1)]);
        assert_eq!(line.take(now, 2), []);
        assert_eq!(line.len(), 3);
    }

    #[test]
    fn a_released_message_comes_again_when_its_time_has_come_and_in_its_old_place() {
        let (mut line, now) = line_of(0..3);
        let later = now + Duration::from_secs(5);
        line.take(now, 2);
        line.release(0, later);
        line.release(1, later + Duration::from_secs(1));
        assert_eq!(line.next(), Some(later));
        assert_eq!(line.take(later - Duration::from_nanos(1), 9), [(2, 1)]);
        line.release(2, later);
        assert_eq!(line.take(later, 9), [(0, 2), (2, 2)]);
        assert_eq!(line.next(), Some(later + Duration::from_secs(1)));
    }

    #[test]
    fn only_what_is_handed_out_can_be_released() {
        let (mut line, now) = line_of(0..2);
        line.take(now, 1);
        line.remove(&[0]);
        line.release(0, now);
        line.release(1, now + Duration::from_secs(5));
        line.release(7, now);
        assert_eq!(line.next(), None);
        assert_eq!(line.take(now, 9), [(1, 1)]);
    }

    #[test]
    fn a_deleted_message_is_gone_wherever_it_was() {
        let (mut line, now) = line_of(0..3);
        line.take(now, 2);
        line.release(1, now);
        line.remove(&[0, 1, 2, 3]);
        assert_eq!(line.len(), 0);
        assert_eq!(line.next(), None);
        assert_eq!(line.take(now, 9), []);
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
