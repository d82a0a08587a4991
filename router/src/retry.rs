//! Trying again: when, how often, and when to leave it to the queue.

use std::future::Future;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::failure::{Failure, NotTaken};

/// Before the second, third, fourth and every further attempt, give or take half.
const DELAYS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(30)];

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(15);
/// Who had less than that has not been given the time to answer.
const TIME_TO_ANSWER: Duration = Duration::from_secs(1);

/// How long to wait before each further attempt.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delays {
    given: usize,
}

impl Delays {
    pub(crate) fn next(&mut self) -> Duration {
        self.given += 1;
        spread(DELAYS[DELAYS.len().min(self.given) - 1])
    }
}

/// One of the attempts at something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// How many there were before.
    pub(crate) before: usize,
    give_up_at: Instant,
}

impl Attempt {
    /// Makes it: a first one may take its full time, a further one goes on until all is given up.
    pub(crate) async fn make<Done>(
        self,
        attempt: impl Future<Output = Result<Done, NotTaken>>,
    ) -> Result<Done, NotTaken> {
        let limit = match self.before {
            0 => ATTEMPT,
            _ => ATTEMPT.min(self.give_up_at.saturating_duration_since(Instant::now())),
        };
        in_time(limit, attempt).await
    }

    /// The same, with an end that even a first one must keep.
    pub(crate) async fn make_by<Done>(
        self,
        end: Instant,
        attempt: impl Future<Output = Result<Done, NotTaken>>,
    ) -> Result<Done, NotTaken> {
        in_time(ATTEMPT.min(end.saturating_duration_since(Instant::now())), attempt).await
    }
}

async fn in_time<Done>(
    limit: Duration,
    attempt: impl Future<Output = Result<Done, NotTaken>>,
) -> Result<Done, NotTaken> {
    timeout(limit, attempt).await.unwrap_or_else(|_| {
        let reason = format!("no answer within {} s", limit.as_secs_f32().ceil());
        Err(match limit < TIME_TO_ANSWER {
            true => NotTaken::CutShort { reason },
            false => NotTaken::ForNow { reason, retry_after: None },
        })
    })
}

/// Admits and tries, again after transient failures, as long as the next attempt would begin before
/// `give_up_at`. A refusal to admit is final: whoever paces has already waited as long as it should.
pub(crate) async fn until<Done, Admitted, Tried>(
    give_up_at: Instant,
    admit: impl Fn() -> Admitted,
    attempt: impl Fn() -> Tried,
) -> Result<Done, Failure>
where
    Admitted: Future<Output = Result<(), Failure>>,
    Tried: Future<Output = Result<Done, Failure>>,
{
    let (admit, attempt) = (&admit, &attempt);
    let admitted = |this: Attempt| async move {
        admit().await?;
        Ok(this.make(async { attempt().await.map_err(NotTaken::from) }).await)
    };
    repeat(give_up_at, admitted).await
}

/// Tries again what was not taken for now, as long as the next attempt would begin before `give_up_at`. An
/// error of `attempt` itself ends it: it was not admitted.
pub(crate) async fn repeat<Done, Tried>(
    give_up_at: Instant,
    attempt: impl Fn(Attempt) -> Tried,
) -> Result<Done, Failure>
where
    Tried: Future<Output = Result<Result<Done, NotTaken>, Failure>>,
{
    let mut delays = Delays::default();
    let mut before = 0;
    loop {
        let (reason, retry_after) = match attempt(Attempt { before, give_up_at }).await? {
            Ok(done) => return Ok(done),
            Err(NotTaken::ForGood { reason }) => return Err(Failure::Permanent { reason }),
            Err(NotTaken::CutShort { reason }) => (reason, None),
            Err(NotTaken::ForNow { reason, retry_after } | NotTaken::Busy { reason, retry_after }) => {
                (reason, retry_after)
            }
        };
        before += 1;
        let delay = delays.next().max(retry_after.unwrap_or_default());
        if Instant::now() + delay >= give_up_at {
            let reason = match before {
                1 => reason,
                more => format!("{reason} (attempt {more})"),
            };
            return Err(Failure::Transient { reason, retry_after: Some(delay) });
        }
        sleep(delay).await;
    }
}

/// Half to one and a half of it, so that what failed together does not come back together.
fn spread(delay: Duration) -> Duration {
    // Seeded by the system, which is all the randomness that this needs.
    let random = RandomState::new().build_hasher().finish();
    delay.mul_f64(0.5 + random as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests;
