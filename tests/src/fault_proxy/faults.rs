//! Which faults there are, each of which can be switched.

use std::time::Duration;

/// What DynamoDB does that the emulator does not. Members can be set one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// Chance falls the same way for the same seed, as long as the requests come in the same order.
    pub seed: u64,
    /// A transaction has its items for any time between these, for half of it where a condition does not hold, and
    /// whoever meets it is refused. None: nobody is.
    pub holds: Option<[Duration; 2]>,
    /// Whether what is too many or too large is refused.
    pub limits: bool,
    /// What one partition takes a second, of the table and of each index. None: whatever comes.
    pub partition: Option<PartitionRate>,
    /// Of so many requests in a hundred the answer is lost, after they were done.
    pub lost_answers_percent: u64,
    /// Whether every connection is closed before anything is done: there is no DynamoDB.
    pub is_away: bool,
    /// An index shows what was written after any time up to that. Zero: at once.
    pub index_lag: Duration,
    /// Reads are answered from the proxy's own copy: the emulator is one Python process, and would be what is measured.
    pub reads_its_copy: bool,
}

/// Units a second of one partition; what was not used within a second is lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartitionRate {
    /// Write units.
    pub written: f64,
    /// Read units.
    pub read: f64,
}

impl Faults {
    /// How long a transaction has its items: what research has as 12 to 25 ms, with something on both sides.
    pub const HOLDS: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(30)];

    /// Nothing is done to what passes; it is counted.
    pub fn none() -> Self {
        Self {
            seed: 0,
            holds: None,
            limits: false,
            partition: None,
            lost_answers_percent: 0,
            is_away: false,
            index_lag: Duration::ZERO,
            reads_its_copy: false,
        }
    }

    /// What DynamoDB does on its best day: transactions meet, limits hold, and a partition takes 1,000 write units and
    /// 3,000 read units a second. Its indexes are up to date and every answer arrives.
    pub fn real() -> Self {
        let partition = Some(PartitionRate { written: 1_000.0, read: 3_000.0 });
        Self { holds: Some(Self::HOLDS), limits: true, partition, ..Self::none() }
    }

    /// A bad day: the same with a fifth of the room, and of twenty answers one is lost. Indexes are up to date, since
    /// what asks them right after a write would rightly find less; [`Faults::lagging`] makes them late.
    pub fn rough(seed: u64) -> Self {
        let partition = Some(PartitionRate { written: 200.0, read: 600.0 });
        Self { seed, partition, lost_answers_percent: 5, ..Self::real() }
    }

    /// The same with transactions that have their items for any time between these.
    pub fn holding(self, least: Duration, most: Duration) -> Self {
        Self { holds: Some([least, most]), ..self }
    }

    /// The same with limits.
    pub fn limited(self) -> Self {
        Self { limits: true, ..self }
    }

    /// The same with partitions that take so much.
    pub fn throttled(self, written: f64, read: f64) -> Self {
        Self { partition: Some(PartitionRate { written, read }), ..self }
    }

    /// The same with so many of a hundred answers lost.
    pub fn losing(self, percent: u64) -> Self {
        Self { lost_answers_percent: percent, ..self }
    }

    /// Nothing is answered, and nothing done.
    pub fn away() -> Self {
        Self { is_away: true, ..Self::none() }
    }

    /// The same with reads that the proxy answers itself.
    pub fn reading_its_copy(self) -> Self {
        Self { reads_its_copy: true, ..self }
    }

    /// The same with indexes that are up to that late.
    pub fn lagging(self, most: Duration) -> Self {
        Self { index_lag: most, ..self }
    }
}
