//! Pages that were just made: whoever may see the same is shown the same, so that a thousand who look cost what one does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::answer::{Packed, packed};
use super::desk::Trouble;
use super::live::Moment;
use super::shell::Main;

/// How long a page is shown where nothing has changed: it says how long ago things were.
const FRESH: Duration = Duration::from_secs(10);
/// How often a page that is followed is made anew at most, however much changes: one that is quickly made, and any.
const APART: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// A page that is followed rests so many times as long as it took to make.
const RESTS: u32 = 5;
/// So many pages are kept, and so many bytes of them.
const MOST: (usize, usize) = (64, 32 * 1024 * 1024);

/// A page, and its part as it goes over the wire.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) main: Arc<Main>,
    pub(super) part: Packed,
    moment: Moment,
    at: Instant,
    took: Duration,
}

type Slot = Arc<tokio::sync::Mutex<Option<Made>>>;

#[derive(Debug)]
struct Shelf {
    used: Instant,
    bytes: usize,
    slot: Slot,
}

/// The pages that were made last.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<BTreeMap<String, Shelf>>);

/// How soon a page has to be what is so now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// At once: somebody may have just done something.
    None,
    /// In half a second, or a little later where it takes long: a script follows what happens.
    Some,
}

impl Made {
    /// How long after it the next is made.
    fn apart(&self) -> Duration {
        let (least, most) = APART;
        (self.took * RESTS).clamp(least, most)
    }
}

impl Kept {
    /// The page of that name as it is at this moment; one at a time makes it.
    pub(super) async fn page(
        &self,
        name: String,
        moment: impl Fn() -> Moment,
        patience: Patience,
        make: impl AsyncFnOnce() -> Result<Main, Trouble>,
    ) -> Result<Made, Trouble> {
        let (asked, shelf) = (moment(), self.slot(&name));
        let mut slot = loop {
            let slot = shelf.lock().await;
            let rest = match slot.as_ref() {
                // Made since the question was asked, too: what was so then is in it.
                Some(made) if made.moment >= asked && made.at.elapsed() < FRESH => return Ok(made.clone()),
                Some(made) if patience == Patience::Some => made.apart().saturating_sub(made.at.elapsed()),
                Some(_) | None => Duration::ZERO,
            };
            if rest.is_zero() {
                break slot;
            }
            // Nobody who is in a hurry waits for it.
            drop(slot);
            sleep(rest).await;
        };
        let (moment, at) = (moment(), Instant::now());
        let main = Arc::new(make().await?);
        let part = packed(&main.html);
        let made = Made { part, main, moment, at, took: at.elapsed() };
        self.holds(&name, made.main.html.len() + made.part.len());
        *slot = Some(made.clone());
        Ok(made)
    }

    fn slot(&self, name: &str) -> Slot {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (most, most_bytes) = MOST;
        let mut bytes: usize = shelves.values().map(|shelf| shelf.bytes).sum();
        while (shelves.len() >= most || bytes > most_bytes) && !shelves.contains_key(name) {
            let oldest = shelves.iter().min_by_key(|(_, shelf)| shelf.used).map(|(name, _)| name.clone());
            let Some(gone) = oldest.and_then(|name| shelves.remove(&name)) else { break };
            bytes -= gone.bytes;
        }
        let new = || Shelf { used: Instant::now(), bytes: 0, slot: Slot::default() };
        let shelf = shelves.entry(name.to_owned()).or_insert_with(new);
        shelf.used = Instant::now();
        shelf.slot.clone()
    }

    fn holds(&self, name: &str, bytes: usize) {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.get_mut(name).into_iter().for_each(|shelf| shelf.bytes = bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    use super::*;

    fn main(html: String) -> Main {
        Main { title: String::new(), html }
    }

    async fn asked(kept: &Kept, made: &AtomicU32, name: &str, moment: Moment) -> String {
        let make = async || Ok(main(made.fetch_add(1, Ordering::Relaxed).to_string()));
        let page = kept.page(name.to_owned(), || moment, Patience::None, make).await;
        page.expect("it is made").main.html.clone()
    }

    #[tokio::test]
    async fn a_page_is_made_once_for_all_until_something_changes() {
        let (kept, made) = (Kept::default(), AtomicU32::new(0));
        assert_eq!(asked(&kept, &made, "/", Moment(1, 0)).await, "0");
        assert_eq!(asked(&kept, &made, "/", Moment(1, 0)).await, "0");
        assert_eq!(asked(&kept, &made, "/rules", Moment(1, 0)).await, "1");
        assert_eq!(asked(&kept, &made, "/", Moment(2, 0)).await, "2");
        assert_eq!(asked(&kept, &made, "/", Moment(2, 1)).await, "3");
    }

    #[tokio::test]
    async fn whoever_asks_while_much_happens_shares_the_page_that_was_begun_after_they_asked() {
        let (kept, made, happened) = (Kept::default(), AtomicU32::new(0), AtomicU64::new(0));
        let moment = || Moment(happened.load(Ordering::Relaxed), 0);
        let ask = async || {
            let make = async || {
                tokio::task::yield_now().await;
                Ok(main(made.fetch_add(1, Ordering::Relaxed).to_string()))
            };
            kept.page("/".to_owned(), moment, Patience::None, make)
                .await
                .expect("it is made")
                .main
                .html
                .clone()
        };
        let late = async || {
            happened.fetch_add(1, Ordering::Relaxed);
            ask().await
        };
        let (first, others) = tokio::join!(ask(), async { tokio::join!(late(), late(), late()) });
        assert_eq!((first.as_str(), others), ("0", ["1"; 3].map(str::to_owned).into()));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_who_is_in_a_hurry_waits_for_a_page_that_rests() {
        let (kept, made, happened) = (Kept::default(), AtomicU32::new(0), AtomicU64::new(0));
        let begun = tokio::time::Instant::now();
        let ask = async |patience| {
            let moment = || Moment(happened.load(Ordering::Relaxed), 0);
            let make = async || Ok(main(made.fetch_add(1, Ordering::Relaxed).to_string()));
            let page = kept.page("/".to_owned(), moment, patience, make).await.expect("it is made");
            (page.main.html.clone(), begun.elapsed() >= APART.0 / 2)
        };
        assert_eq!(ask(Patience::Some).await, ("0".to_owned(), false));
        happened.fetch_add(1, Ordering::Relaxed);
        let (patient, hurried) = tokio::join!(ask(Patience::Some), ask(Patience::None));
        assert_eq!(hurried, ("1".to_owned(), false));
        assert_eq!(patient, ("1".to_owned(), true));
    }

    #[tokio::test]
    async fn of_more_pages_than_are_kept_the_longest_unused_goes() {
        let (kept, made) = (Kept::default(), AtomicU32::new(0));
        let (most, _) = MOST;
        for page in 0..=most {
            asked(&kept, &made, &page.to_string(), Moment(0, 0)).await;
        }
        assert_eq!(kept.0.lock().expect("nobody panicked").len(), most);
        assert_eq!(asked(&kept, &made, &most.to_string(), Moment(0, 0)).await, most.to_string());
    }

    #[test]
    fn pages_that_are_large_leave_room_for_few_others() {
        let (kept, (_, most)) = (Kept::default(), MOST);
        for page in ["a", "b", "c", "d"] {
            kept.slot(page);
            kept.holds(page, most / 2);
        }
        let names = || kept.0.lock().expect("nobody panicked").keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(), ["b", "c", "d"]);
        kept.slot("e");
        assert_eq!(names(), ["c", "d", "e"]);
    }
}
