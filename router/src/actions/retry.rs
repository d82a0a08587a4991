//! Trying again: when, how often, and when to leave it to the queue.

use std::future::Future;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::Failure;

/// Before the second, third, fourth and every further attempt, give or take half.
const DELAYS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(30)];

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(15);

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
    let mut limit = ATTEMPT;
    let mut tried = 0;
    loop {
        admit().await?;
        tried += 1;
        let outcome = timeout(limit, attempt()).await.unwrap_or_else(|_| {
            Err(Failure::transient(format!("no answer within {} s", limit.as_secs_f32().ceil())))
        });
        let (reason, retry_after) = match outcome {
            Ok(done) => return Ok(done),
            Err(Failure::Permanent { reason }) => return Err(Failure::Permanent { reason }),
            Err(Failure::Transient { reason, retry_after }) => (reason, retry_after),
        };
        let delay = spread(DELAYS[DELAYS.len().min(tried) - 1]).max(retry_after.unwrap_or_default());
        if Instant::now() + delay >= give_up_at {
            let reason = match tried {
                1 => reason,
                more => format!("{reason} (attempt {more})"),
            };
            return Err(Failure::Transient { reason, retry_after: Some(delay) });
        }
        sleep(delay).await;
        limit = ATTEMPT.min(give_up_at - Instant::now());
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
