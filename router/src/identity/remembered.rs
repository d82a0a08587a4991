//! What was said of a token, kept briefly: whoever vouches is not asked with every request, nor by everybody at once.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Digest, Identity, Stranger};

/// A token that was revoked, a role that was taken, end at the latest so long after.
pub(super) const GOOD_FOR: SignedDuration = SignedDuration::from_secs(60);
/// What was no good is not asked about again for so long.
const BAD_FOR: SignedDuration = SignedDuration::from_secs(10);
/// So many of each are kept; of more the one that ends first goes.
const MOST: usize = 1_000;
/// So many are asked about at once that were known before, and so many that were not: strangers who ask much leave room.
const AT_ONCE: usize = 8;
/// So long one waits until others have been asked about.
const ROOM: Duration = Duration::from_secs(3);

/// Somebody who was vouched for, and until when at the most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vouched {
    pub(super) identity: Identity,
    /// When what they showed ends by itself; none where it does not say.
    pub(super) ends_at: Option<Timestamp>,
}

/// The answers.
#[derive(Debug)]
pub(super) struct Remembered {
    good: Mutex<BTreeMap<Digest, (Timestamp, Identity)>>,
    bad: Mutex<BTreeMap<Digest, (Timestamp, Stranger)>>,
    again: Semaphore,
    first: Semaphore,
}

impl Default for Remembered {
    fn default() -> Self {
        let (again, first) = (Semaphore::new(AT_ONCE), Semaphore::new(AT_ONCE));
        Self { good: Mutex::default(), bad: Mutex::default(), again, first }
    }
}

impl Remembered {
    /// What is remembered of a token, or else what whoever vouches says of it now.
    pub(super) async fn or(
        &self,
        token: Digest,
        now: Timestamp,
        ask: impl Future<Output = Result<Vouched, Stranger>>,
    ) -> Result<Identity, Stranger> {
        if let Some(known) = self.of(&token, now) {
            return known;
        }
        let was_good = locked(&self.good).contains_key(&token);
        let places = if was_good { &self.again } else { &self.first };
        let place = timeout(ROOM, places.acquire()).await;
        let Ok(Ok(_place)) = place else {
            return Err(Stranger::unheard("too many are asked about at once"));
        };
        // Another request with the same token may have been answered meanwhile.
        if let Some(known) = self.of(&token, now) {
            return known;
        }
        let said = ask.await;
        self.keep(token, now, said)
    }

    fn of(&self, token: &Digest, now: Timestamp) -> Option<Result<Identity, Stranger>> {
        let good = locked(&self.good).get(token).filter(|(until, _)| now < *until).cloned();
        let bad = || locked(&self.bad).get(token).filter(|(until, _)| now < *until).cloned();
        good.map(|(_, identity)| Ok(identity)).or_else(|| bad().map(|(_, stranger)| Err(stranger)))
    }

    fn keep(
        &self,
        token: Digest,
        now: Timestamp,
        said: Result<Vouched, Stranger>,
    ) -> Result<Identity, Stranger> {
        match said {
            Ok(Vouched { identity, ends_at }) => {
                let until = ends_at.map_or(now + GOOD_FOR, |end| end.min(now + GOOD_FOR));
                put(&self.good, token, until, identity.clone());
                locked(&self.bad).remove(&token);
                Ok(identity)
            }
            // That nobody could be asked is not remembered.
            Err(stranger @ Stranger::Unheard(_)) => Err(stranger),
            Err(stranger) => {
                locked(&self.good).remove(&token);
                put(&self.bad, token, now + BAD_FOR, stranger.clone());
                Err(stranger)
            }
        }
    }

    /// Nothing is remembered any more: what it was made of is another.
    pub(super) fn forget(&self) {
        locked(&self.good).clear();
        locked(&self.bad).clear();
    }
}

fn put<T>(kept: &Mutex<BTreeMap<Digest, (Timestamp, T)>>, token: Digest, until: Timestamp, said: T) {
    let mut kept = locked(kept);
    if kept.len() >= MOST && !kept.contains_key(&token) {
        let first = kept.iter().min_by_key(|(_, (until, _))| *until).map(|(token, _)| *token);
        first.and_then(|token| kept.remove(&token));
    }
    kept.insert(token, (until, said));
}

fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    fn token(name: &str) -> Digest {
        Digest::of(name.as_bytes())
    }

    /// Asks at that second; the answer, and whether whoever vouches was asked.
    async fn asked(
        remembered: &Remembered,
        name: &str,
        second: i64,
        said: Result<Vouched, Stranger>,
    ) -> (Result<Identity, Stranger>, bool) {
        let count = AtomicU32::new(0);
        let answer = async {
            count.fetch_add(1, Ordering::Relaxed);
            said
        };
        let answer = remembered.or(token(name), at(second), answer).await;
        (answer, count.load(Ordering::Relaxed) == 1)
    }

    fn vouched(ends_at: Option<Timestamp>) -> Result<Vouched, Stranger> {
        Ok(Vouched { identity: Identity::operator(), ends_at })
    }

    #[tokio::test]
    async fn who_was_vouched_for_is_asked_about_again_after_a_minute_or_when_what_they_show_ends() {
        let remembered = Remembered::default();
        let good = Ok(Identity::operator());
        for (second, is_asked) in [(0, true), (59, false), (60, true)] {
            assert_eq!(asked(&remembered, "a", second, vouched(None)).await, (good.clone(), is_asked));
        }
        assert_eq!(asked(&remembered, "b", 0, vouched(Some(at(5)))).await, (good.clone(), true));
        assert_eq!(asked(&remembered, "b", 4, vouched(None)).await, (good.clone(), false));
        let wrong = Err(Stranger::refused("revoked"));
        assert_eq!(
            asked(&remembered, "b", 5, wrong.clone()).await,
            (Err(Stranger::refused("revoked")), true)
        );
        assert!(!asked(&remembered, "b", 14, vouched(None)).await.1);
        assert_eq!(asked(&remembered, "b", 15, vouched(None)).await, (good, true));
    }

    #[tokio::test]
    async fn that_nobody_could_be_asked_is_said_and_not_remembered() {
        let remembered = Remembered::default();
        let unheard = Stranger::unheard("it does not answer");
        assert_eq!(asked(&remembered, "a", 0, Err(unheard.clone())).await, (Err(unheard.clone()), true));
        assert_eq!(asked(&remembered, "a", 0, vouched(None)).await, (Ok(Identity::operator()), true));
        // Who was good before is not good because nobody answers any more.
        assert_eq!(asked(&remembered, "a", 60, Err(unheard.clone())).await, (Err(unheard), true));
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_who_wait_for_an_answer_keep_nobody_out_who_was_known() {
        let remembered = std::sync::Arc::new(Remembered::default());
        assert!(asked(&remembered, "ana", 0, vouched(None)).await.0.is_ok());
        for number in 0..AT_ONCE {
            let remembered = remembered.clone();
            tokio::spawn(async move {
                remembered.or(token(&number.to_string()), at(0), std::future::pending()).await
            });
        }
        tokio::task::yield_now().await;
        let crowded = Stranger::unheard("too many are asked about at once");
        assert_eq!(asked(&remembered, "bo", 90, vouched(None)).await, (Err(crowded), false));
        assert_eq!(asked(&remembered, "ana", 90, vouched(None)).await, (Ok(Identity::operator()), true));
    }

    #[tokio::test]
    async fn however_many_tokens_are_shown_only_so_many_are_remembered() {
        let remembered = Remembered::default();
        assert!(asked(&remembered, "ana", 0, vouched(None)).await.0.is_ok());
        for number in 0..MOST + 10 {
            let wrong = Err(Stranger::refused("wrong"));
            assert!(asked(&remembered, &number.to_string(), 1, wrong).await.0.is_err());
        }
        assert_eq!(locked(&remembered.bad).len(), MOST);
        assert_eq!(asked(&remembered, "ana", 2, vouched(None)).await, (Ok(Identity::operator()), false));
    }
}
