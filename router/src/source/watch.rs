//! What is the matter in the cluster, put where events come in: looked for by every worker, told by the first.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use watchfire_core::act::Target;
use watchfire_core::event::Heard;
use watchfire_core::state::{Key, Record};
use watchfire_core::survey::Said;

use super::spool::Lane;
use super::{Intake, NotTaken};
use crate::clock::Clock;
use crate::cluster::{Looked, Survey};
use crate::store::Store;
use crate::telemetry::{self, Metrics, Unseen};

/// More is not kept for another try: what goes on is said again anyway.
const MOST_OWED: usize = 1_000;

/// Who looks, and tells.
pub struct Watching {
    every: Duration,
    survey: Survey,
    intake: Intake,
    store: Store,
    clock: Clock,
    /// Where it is.
    place: Heard,
    metrics: Arc<Metrics>,
    /// What is ours to tell and is on no queue yet.
    owed: Mutex<Vec<(Lane, String)>>,
    /// What is contained, as far as that was known last.
    contained: Mutex<BTreeSet<String>>,
    unseen: Mutex<Unseen>,
}

impl Watching {
    /// One look in each such time, at the cluster that is called so.
    pub fn new(
        every: Duration,
        survey: Survey,
        intake: Intake,
        (store, clock): (Store, Clock),
        (place, metrics): (Heard, Arc<Metrics>),
    ) -> Self {
        let (owed, contained, unseen) = Default::default();
        Self { every, survey, intake, store, clock, place, metrics, owed, contained, unseen }
    }

    /// How often it looks.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Looks once, and tells what is to be told; how many events that were. What cannot be put on a queue is tried again with
    /// the next look.
    ///
    /// # Errors
    /// Where a queue does not take it.
    pub async fn look(&self) -> anyhow::Result<usize> {
        let (at, start) = (self.clock.now(), Instant::now());
        let looked = self.survey.look(&self.contained().await, at).await;
        let Looked { said, blind, told, left_out, exempt: _ } = &looked;
        telemetry::unseen(&mut self.unseen.lock().unwrap_or_else(PoisonError::into_inner), blind);
        self.metrics.looked(told, blind, *left_out, start.elapsed());
        let mut events = std::mem::take(&mut *self.owed.lock().unwrap_or_else(PoisonError::into_inner));
        for said in said {
            if self.is_ours(said, at).await {
                self.metrics.watch_said(said);
                events.push(self.event(said, at));
            }
        }
        if events.is_empty() {
            return Ok(0);
        }
        let count = events.len();
        let events: Arc<[(Lane, String)]> = events.into();
        let (left, why) = match self.intake.take(events.clone()).await {
            Ok(()) => return Ok(count),
            Err(NotTaken::Closed) => (Vec::new(), anyhow::anyhow!("there is no queue")),
            Err(NotTaken::Store(error)) => (events.to_vec(), anyhow::Error::from(error)),
            Err(NotTaken::Unsent(unsent)) => {
                let why = unsent.first().map_or_else(String::new, |unsent| unsent.reason.clone());
                let again = unsent.iter().filter(|unsent| !unsent.is_refused);
                (again.map(|unsent| events[unsent.at].clone()).collect(), anyhow::anyhow!("{why}"))
            }
        };
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        owed.extend(left.into_iter().take(MOST_OWED));
        Err(why)
    }

    /// Whether no other worker tells it. Where that cannot be known it is: told twice is the same finding.
    async fn is_ours(&self, said: &Said, at: Timestamp) -> bool {
        let long = Duration::try_from(Said::CLAIMED).unwrap_or(Duration::MAX);
        self.store.claim(&said.claim(), at, long).await.unwrap_or(true)
    }

    /// Of all that it tells only what nothing else can hide behind goes before what waits: one of each in a cluster.
    fn event(&self, said: &Said, at: Timestamp) -> (Lane, String) {
        let lane = if said.is_of_the_whole_cluster() { Lane::Express } else { Lane::Ordinary };
        (lane, said.event(&Heard { at: Some(at), ..self.place.clone() }))
    }

    /// The UIDs of what is contained; as it was known last where the store does not say.
    async fn contained(&self) -> BTreeSet<String> {
        let gather = |found: &mut BTreeSet<String>, _: &str, record: &Record| {
            if let Record::Target(record) = record
                && !record.undo().is_empty()
            {
                found.extend(uid(&record.target));
            }
        };
        let read = self.store.fold_open(Key::TARGETS, BTreeSet::new(), gather).await;
        let mut known = self.contained.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(read) = read {
            *known = read;
        }
        known.clone()
    }
}

fn uid(target: &Target) -> Option<String> {
    match target {
        Target::Pod(object) | Target::Workload(object) | Target::Node(object) => Some(object.uid.clone()),
        Target::Image(_) | Target::Event => None,
    }
}
