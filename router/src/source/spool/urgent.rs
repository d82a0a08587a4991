//! P0 that were queued and are not done, in memory too: where the store gives up they are told of all the same.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Delivery, Lane};

/// In bytes: what comes when so much is kept is on disk only.
const MOST: usize = 16 * 1024 * 1024;

/// By number: when it was sent, and the message.
#[derive(Debug, Default)]
pub(super) struct Urgent {
    messages: BTreeMap<u64, (i64, String)>,
    bytes: usize,
}

impl Urgent {
    /// Keeps those of them that are in the express lane.
    pub(super) fn keep(&mut self, sent_at: i64, numbers: &[(u64, Lane)], messages: &[(Lane, String)]) {
        for ((number, lane), (_, body)) in numbers.iter().zip(messages) {
            if *lane == Lane::Express && self.bytes + body.len() <= MOST {
                self.bytes += body.len();
                self.messages.insert(*number, (sent_at, body.clone()));
            }
        }
    }

    pub(super) fn forget(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.bytes -= self.messages.remove(number).map_or(0, |(_, body)| body.len());
        }
    }

    /// Those of them that are kept, as the store would have given them.
    pub(super) fn deliver(&self, taken: &[(u64, u32)]) -> Vec<Delivery> {
        let kept = taken.iter().filter_map(|&(sequence, receives)| {
            let (sent_at, body) = self.messages.get(&sequence)?;
            let sent_at = Timestamp::from_microsecond(*sent_at).expect("it was a timestamp when sent");
            Some(Delivery { sequence, body: body.clone(), receives, sent_at })
        });
        kept.collect()
    }
}
