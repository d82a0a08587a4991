//! What a partition has room for: units that come back by the second.

use std::collections::HashMap;
use std::time::Instant;

/// Partitions by the ARN of what they are of and the value of their key.
#[derive(Debug, Default)]
pub(super) struct Buckets(HashMap<(String, String), Bucket>);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Below zero where the last that was let in took more than there was.
    left: f64,
    at: Instant,
}

impl Buckets {
    /// Whether there is room for anything at all: what it takes is known afterwards.
    pub(super) fn has_room(&mut self, arn: &str, partition: &str, rate: f64) -> bool {
        self.filled(arn, partition, rate).left > 0.0
    }

    pub(super) fn takes(&mut self, arn: &str, partition: &str, (units, rate): (f64, f64)) {
        self.filled(arn, partition, rate).left -= units;
    }

    fn filled(&mut self, arn: &str, partition: &str, rate: f64) -> &mut Bucket {
        let now = Instant::now();
        let key = (arn.to_owned(), partition.to_owned());
        let bucket = self.0.entry(key).or_insert(Bucket { left: rate, at: now });
        let gained = now.duration_since(bucket.at).as_secs_f64() * rate;
        *bucket = Bucket { left: (bucket.left + gained).min(rate), at: now };
        bucket
    }
}
