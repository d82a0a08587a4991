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
/// How often a page that is followed is made anew at most, however much changes.
const APART: Duration = Duration::from_millis(500);
/// So many pages are kept.
const MOST: usize = 64;
/// A page of more bytes is made for each who asks.
const LARGEST: usize = 512 * 1024;

/// A page, and its part as it goes over the wire.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) main: Arc<Main>,
    pub(super) part: Packed,
    moment: Moment,
    at: Instant,
}

type Slot = Arc<tokio::sync::Mutex<Option<Made>>>;

/// The pages that were made last.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<BTreeMap<String, (Instant, Slot)>>);

/// How soon a page has to be what is so now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// At once: somebody may have just done something.
    None,
    /// In half a second: a script follows what happens.
    Some,
}

impl Kept {
    /// The page of that name as it is at that moment; one at a time makes it.
    pub(super) async fn page(
        &self,
        name: String,
        moment: Moment,
        patience: Patience,
        make: impl AsyncFnOnce() -> Result<Main, Trouble>,
    ) -> Result<Made, Trouble> {
        let slot = self.slot(name);
        let mut slot = slot.lock().await;
        if let Some(made) = slot.as_ref() {
            let age = made.at.elapsed();
            // Made since the question was asked, too: what was so then is in it.
            if made.moment >= moment && age < FRESH {
                return Ok(made.clone());
            }
            if patience == Patience::Some && age < APART {
                sleep(APART - age).await;
            }
        }
        let at = Instant::now();
        let main = Arc::new(make().await?);
        let made = Made { part: packed(&main.html), main, moment, at };
        *slot = Some(made.clone()).filter(|made| made.main.html.len() <= LARGEST);
        Ok(made)
    }

    fn slot(&self, name: String) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST && !slots.contains_key(&name) {
            let oldest = slots.iter().min_by_key(|(_, (used, _))| *used).map(|(name, _)| name.clone());
            oldest.and_then(|name| slots.remove(&name));
        }
        let (used, slot) = slots.entry(name).or_insert_with(|| (Instant::now(), Slot::default()));
        *used = Instant::now();
        slot.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    async fn asked(kept: &Kept, made: &AtomicU32, name: &str, moment: Moment) -> String {
        let make = async || {
            let html = made.fetch_add(1, Ordering::Relaxed).to_string();
            Ok(Main { title: String::new(), html })
        };
        kept.page(name.to_owned(), moment, Patience::None, make).await.expect("it is made").main.html.clone()
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
    async fn of_more_pages_than_are_kept_the_longest_unused_goes() {
        let (kept, made) = (Kept::default(), AtomicU32::new(0));
        for page in 0..=MOST {
            asked(&kept, &made, &page.to_string(), Moment(0, 0)).await;
        }
        assert_eq!(kept.0.lock().expect("nobody panicked").len(), MOST);
        assert_eq!(asked(&kept, &made, &MOST.to_string(), Moment(0, 0)).await, MOST.to_string());
    }
}
