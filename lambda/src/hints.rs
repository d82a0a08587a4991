//! What will be due within 15 minutes, brought by the queue that brings events: without a worker nobody else looks in time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use watchfire::clients::Clients;
use watchfire::source::{Handle, QueueConfig, give_back, hint};
use watchfire::telemetry;

/// What is due later is left to a tick.
pub(crate) const WITHIN: SignedDuration = SignedDuration::from_mins(15);
/// What is overdue could not be decided just now; it is not tried again at once.
const OVERDUE: SignedDuration = SignedDuration::from_secs(30);

/// The queues, and the hint of ours that comes next.
pub(crate) struct Hints {
    queues: Vec<QueueConfig>,
    clients: Arc<Clients>,
    next: Mutex<Option<Timestamp>>,
}

impl Hints {
    /// None are sent where no queue is configured.
    pub(crate) fn new(queues: Vec<QueueConfig>, clients: Arc<Clients>) -> Self {
        Self { queues, clients, next: Mutex::default() }
    }

    pub(crate) fn are_sent(&self) -> bool {
        !self.queues.is_empty()
    }

    /// The configured queue that a record has come from.
    pub(crate) fn queue(&self, arn: &str) -> Option<&QueueConfig> {
        let (rest, name) = arn.rsplit_once(':')?;
        let (_, account) = rest.rsplit_once(':')?;
        let end = format!("/{account}/{name}");
        self.queues.iter().find(|queue| queue.url.trim_end_matches('/').ends_with(&end))
    }

    /// Has records of a queue come again, each after its time.
    pub(crate) async fn give_back(&self, queue: Option<&QueueConfig>, left: Vec<(Handle, Duration)>) {
        if let Some(queue) = queue {
            give_back(&self.clients, queue, left).await;
        }
    }

    /// Has the queue tell when that is due. Whoever gets the hint looks again for what is due next, so one that is under
    /// way already will do.
    pub(crate) async fn send(&self, due: Option<Timestamp>, now: Timestamp) {
        let (Some(due), Some(queue)) = (due, self.queues.first()) else { return };
        if due > now + WITHIN {
            return;
        }
        let due = if due > now { due } else { now + OVERDUE };
        if self.is_under_way(due, now) {
            return;
        }
        match hint::send(&self.clients, queue, due, now).await {
            Ok(()) => *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(due),
            Err(error) => telemetry::not_hinted(&format!("{error:#}")),
        }
    }

    fn is_under_way(&self, due: Timestamp, now: Timestamp) -> bool {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.is_some_and(|next| next > now && next <= due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_known_by_account_and_name() {
        let queue = |url: &str| QueueConfig {
            url: url.to_owned(),
            name: None,
            wait_seconds: 20,
            visibility_seconds: 120,
            in_flight: 64,
            max_receives: None,
        };
        let url = "https://sqs.us-gov-west-1.amazonaws.com/111122223333/alerts";
        let clients = Arc::new(Clients::new(None).expect("a TLS provider"));
        let hints = Hints::new(vec![queue(url)], clients);
        let known = |arn| hints.queue(arn).is_some();
        assert!(known("arn:aws-us-gov:sqs:us-gov-west-1:111122223333:alerts"));
        for other in ["", "alerts", "arn:aws:sqs:us-east-1:111122223333:my-alerts", "arn:aws:sqs:r:4:alerts"]
        {
            assert!(!known(other), "{other}");
        }
    }
}
