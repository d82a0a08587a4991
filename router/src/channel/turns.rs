//! So many at a time, and who is next: those never tried before those that were, the urgent before the rest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use watchfire_core::priority::Priority;

/// A page's place among those that wait for the same channel; the least is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Whether the channel was tried with it before.
    pub(super) is_tried: bool,
    /// How urgent it is.
    pub(super) priority: Priority,
}

/// A semaphore whose waiters come in by rank, and within one in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Turns(Arc<Mutex<Line>>);

#[derive(Debug)]
struct Line {
    free: usize,
    waiting: BTreeMap<(Rank, u64), oneshot::Sender<Turn>>,
    came: u64,
}

/// Somebody's turn, over when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    /// None where it was handed back undone.
    of: Option<Turns>,
}

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(Line { free: at_once, waiting: BTreeMap::new(), came: 0 })))
    }

    /// Waits for its turn. Dropping the future gives up the place.
    pub(super) async fn take(&self, rank: Rank) -> Turn {
        let turn = {
            let mut line = self.line();
            if line.free > 0 {
                line.free -= 1;
                return Turn { of: Some(self.clone()) };
            }
            let (sender, turn) = oneshot::channel();
            line.came += 1;
            let place = (rank, line.came);
            line.waiting.insert(place, sender);
            turn
        };
        turn.await.expect("who stands in line is sent a turn, or stays there")
    }

    fn pass_on(&self) {
        loop {
            let next = {
                let mut line = self.line();
                match line.waiting.pop_first() {
                    Some((_, next)) => next,
                    None => {
                        line.free += 1;
                        return;
                    }
                }
            };
            match next.send(Turn { of: Some(self.clone()) }) {
                Ok(()) => return,
                // Whoever stood there has left.
                Err(mut turn) => turn.of = None,
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.of.take() {
            turns.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::*;

    const URGENT: Rank = Rank { is_tried: false, priority: Priority::P0 };

    #[tokio::test]
    async fn those_never_tried_come_before_those_that_were_and_urgent_ones_first() {
        let turns = Turns::new(1);
        let held = turns.take(URGENT).await;
        let mut ranks = [
            Rank { is_tried: true, priority: Priority::P1 },
            Rank { is_tried: true, priority: Priority::P0 },
            Rank { is_tried: false, priority: Priority::P1 },
            Rank { is_tried: false, priority: Priority::P0 },
        ];
        let came = Mutex::new(Vec::new());
        let waiting = ranks.map(async |rank| {
            let _turn = turns.take(rank).await;
            came.lock().expect("one thread").push(rank);
        });
        tokio::join!(join_all(waiting), async { drop(held) });
        ranks.reverse();
        assert_eq!(*came.lock().expect("one thread"), ranks);
    }

    #[tokio::test]
    async fn a_place_that_was_given_up_holds_up_nobody() {
        let turns = Turns::new(1);
        let first = turns.take(URGENT).await;
        let mut gone = Box::pin(turns.take(URGENT));
        assert!((&mut gone).now_or_never().is_none());
        let mut last = Box::pin(turns.take(Rank { priority: Priority::P1, ..URGENT }));
        assert!((&mut last).now_or_never().is_none());
        drop(gone);
        drop(first);
        let turn = last.now_or_never().expect("it is next");
        drop(turn);
        assert!(turns.take(URGENT).now_or_never().is_some());
    }
}
