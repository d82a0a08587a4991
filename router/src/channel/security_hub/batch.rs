//! Many effects, few calls: what waits is gathered, sent one call at a time, and each effect gets its own answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout_at};
use watchfire_core::event::HubId;
use watchfire_core::ids::IncidentKey;

use super::answer::{Answer, Unanswered};
use super::call::Caller;
use super::note::{Saying, Update};
use crate::failure::{Done, Failure};

/// Security Hub's limit of findings in a call.
const MOST_FINDINGS: usize = 100;
/// How long what waits is gathered.
const GATHER: Duration = Duration::from_millis(200);
/// From an answer to the next call. AWS takes 10 a second of an account; counted from the answer, no delay on the
/// way can bring two calls nearer together than this.
const PAUSE: Duration = Duration::from_millis(200);
/// More effects than that wait for their place.
const MOST_WAITING: usize = 1_000;

/// Takes updates and writes them in batches; ends when it is dropped.
#[derive(Debug)]
pub(super) struct Writer {
    asks: mpsc::Sender<Ask>,
}

/// One effect's update, and where its answer goes.
#[derive(Debug)]
struct Ask {
    update: Update,
    answer: oneshot::Sender<Result<Done, Failure>>,
}

impl Writer {
    /// Its task outlives no sender, and effects that were given up are not written.
    pub(super) fn start(caller: Caller) -> Self {
        let (asks, taken) = mpsc::channel(MOST_WAITING);
        tokio::spawn(write_all(caller, taken));
        Self { asks }
    }

    /// What became of it. May be dropped at any await: then it is not written, or nobody hears of it.
    pub(super) async fn write(&self, update: Update) -> Result<Done, Failure> {
        let ended = || Failure::transient("Security Hub: the writer has ended");
        let (answer, told) = oneshot::channel();
        self.asks.send(Ask { update, answer }).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }
}

async fn write_all(caller: Caller, mut asks: mpsc::Receiver<Ask>) {
    let mut waiting = Waiting::default();
    let mut earliest = Instant::now();
    loop {
        if waiting.is_empty() {
            let Some(ask) = asks.recv().await else { return };
            waiting.asks.push_back(ask);
        }
        gather(&mut asks, &mut waiting.asks).await;
        sleep_until(earliest).await;
        let Some(batch) = waiting.next() else { continue };
        let answer = caller.call(&batch.saying.body(batch.findings.keys(), &batch.incidents)).await;
        earliest = Instant::now() + PAUSE;
        waiting.split.extend(batch.answer(answer).into_iter().flatten());
    }
}

async fn gather(asks: &mut mpsc::Receiver<Ask>, waiting: &mut VecDeque<Ask>) {
    let until = Instant::now() + GATHER;
    while waiting.len() < MOST_WAITING {
        // Nothing more in time, or nobody left who could ask.
        let Ok(Some(ask)) = timeout_at(until, asks.recv()).await else { return };
        waiting.push_back(ask);
    }
}

/// What is still to be written, in order.
#[derive(Debug, Default)]
struct Waiting {
    /// Parts of a call that was refused: these go first, the last one before the others.
    split: Vec<Batch>,
    asks: VecDeque<Ask>,
}

/// What goes in one call.
#[derive(Debug)]
struct Batch {
    saying: Saying,
    findings: BTreeMap<HubId, Vec<Ask>>,
    incidents: BTreeSet<IncidentKey>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.split.is_empty() && self.asks.is_empty()
    }

    /// The next call: what the longest waiting effect says, for every finding of which the same is to be said, but
    /// for those of which something else is to be said before. None where nobody waits any more.
    fn next(&mut self) -> Option<Batch> {
        if let Some(part) = self.split.pop() {
            return Some(part);
        }
        self.asks.retain(|ask| !ask.answer.is_closed());
        let saying = self.asks.front()?.update.saying.clone();
        let mut batch = Batch { saying, findings: BTreeMap::new(), incidents: BTreeSet::new() };
        let mut held = BTreeSet::new();
        for ask in std::mem::take(&mut self.asks) {
            let finding = &ask.update.finding;
            if ask.update.saying == batch.saying && !held.contains(finding) && batch.has_room_for(finding) {
                batch.add(ask);
            } else {
                held.insert(finding.clone());
                self.asks.push_back(ask);
            }
        }
        Some(batch)
    }
}

impl Batch {
    fn has_room_for(&self, finding: &HubId) -> bool {
        self.findings.len() < MOST_FINDINGS || self.findings.contains_key(finding)
    }

    fn add(&mut self, ask: Ask) {
        self.incidents.insert(ask.update.incident.clone());
        self.findings.entry(ask.update.finding.clone()).or_default().push(ask);
    }

    /// Tells every effect what became of its finding. Where the call was refused and one finding may be to blame,
    /// nobody is told yet: the call's two halves are to be tried.
    fn answer(self, answer: Result<Answer, Unanswered>) -> Option<[Batch; 2]> {
        let receipt = self.saying.receipt();
        let failure = match answer {
            Ok(answer) => {
                self.tell(|finding| answer.of(finding, receipt));
                return None;
            }
            Err(Unanswered::Invalid(_)) if self.findings.len() > 1 => return Some(self.halves()),
            Err(Unanswered::Invalid(reason)) => Failure::permanent(reason),
            Err(Unanswered::Failed(failure)) => failure,
        };
        self.tell(|_| Err(failure.clone()));
        None
    }

    fn tell(self, became: impl Fn(&HubId) -> Result<Done, Failure>) {
        for (finding, asks) in self.findings {
            for ask in asks {
                // Whoever has given up is not there to hear it.
                let _ = ask.answer.send(became(&finding));
            }
        }
    }

    fn halves(self) -> [Batch; 2] {
        let half = self.findings.len() / 2;
        let blank =
            || Batch { saying: self.saying.clone(), findings: BTreeMap::new(), incidents: BTreeSet::new() };
        let mut halves = [blank(), blank()];
        for (index, asks) in self.findings.into_values().enumerate() {
            asks.into_iter().for_each(|ask| halves[usize::from(index >= half)].add(ask));
        }
        halves
    }
}

#[cfg(test)]
mod tests;
