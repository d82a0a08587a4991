//! Changes to records that many change: what they come to does not depend on who comes first, so that nobody waits for
//! anybody, and nothing is decided anew because somebody else was there.
//!
//! A store may make one before the decision commits, and then not commit it. So each of them is harmless by itself:
//! room that was spent for nothing, the name of an incident that is not open, a member of a bundle that comes again.

use jiff::Timestamp;

use super::Record;
use crate::digest::{DigestRecord, EditionNumber};
use crate::ids::IncidentKey;
use crate::noise::{self, Ending, InhibitionRecord, Joining, Leaving, Quota, StormRecord};

/// A change to what is shared.
#[derive(Clone, Debug, PartialEq)]
pub enum Merge {
    /// One is taken from what a limit has left.
    Spend(Quota),
    /// One more new incident of what may become a storm.
    Count {
        /// So many are remembered.
        most: u32,
    },
    /// The incident covers others.
    Cover(IncidentKey),
    /// It does so no longer.
    Uncover(IncidentKey),
    /// A line is put into that edition of the digest, which is to be closed at that time at the latest.
    Line {
        /// Which is written, as far as the decision knows.
        edition: EditionNumber,
        /// None where nobody gets it.
        closes_at: Option<Timestamp>,
    },
    /// An incident waits with others.
    Join(Box<Joining>),
    /// It waits no longer.
    Leave(Box<Leaving>),
    /// It is over.
    Over {
        /// Which.
        incident: IncidentKey,
        /// That nothing else is open then, so that the bundle's page is over with it.
        is_last: bool,
    },
    /// What holds the members of a bundle ends.
    End(Box<Ending>),
}

impl Merge {
    /// When something will be due because of it, as far as the decision knows.
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Merge::Join(joining) => joining.due_at,
            Merge::End(ending) => Some(ending.at),
            Merge::Line { edition: _, closes_at } => *closes_at,
            Merge::Spend(_)
            | Merge::Count { .. }
            | Merge::Cover(_)
            | Merge::Uncover(_)
            | Merge::Leave(_)
            | Merge::Over { .. } => None,
        }
    }

    /// Whether it counts: a store that makes it before the decision commits makes the same one for the same decision
    /// once, however often that is tried. The others come to the same when they are made again, and are looked at
    /// again each time, because what they are made on may have become another.
    pub fn counts(&self) -> bool {
        match self {
            Merge::Spend(_) | Merge::Count { .. } | Merge::Join(_) | Merge::Leave(_) | Merge::Over { .. } => {
                true
            }
            Merge::Cover(_) | Merge::Uncover(_) | Merge::Line { .. } | Merge::End(_) => false,
        }
    }

    /// What it comes to, by a decision of that time; none where the decision would be another one now.
    pub fn on(&self, found: Option<&Record>, at: Timestamp) -> Option<Record> {
        match (self, found) {
            (Merge::Spend(quota), None) => Some(Record::Limit(noise::check(*quota, None, at).ok()?)),
            (Merge::Spend(quota), Some(Record::Limit(limit))) => {
                Some(Record::Limit(noise::check(*quota, Some(limit), at).ok()?))
            }
            (Merge::Count { most }, None) => Some(counted(StormRecord::default(), *most, at)),
            (Merge::Count { most }, Some(Record::Storm(storm))) => Some(counted(storm.clone(), *most, at)),
            (Merge::Cover(incident), None) => Some(covered(InhibitionRecord::default(), incident)),
            (Merge::Cover(incident), Some(Record::Inhibition(cover))) => {
                Some(covered(cover.clone(), incident))
            }
            (Merge::Uncover(_), None) => Some(Record::Inhibition(InhibitionRecord::default())),
            (Merge::Uncover(incident), Some(Record::Inhibition(cover))) => {
                let mut cover = cover.clone();
                cover.by.remove(incident);
                Some(Record::Inhibition(cover))
            }
            (Merge::Line { edition, closes_at }, None) => {
                (*edition == EditionNumber::default()).then(|| lined(DigestRecord::new(at), *closes_at))
            }
            (Merge::Line { edition, closes_at }, Some(Record::Digest(digest))) => {
                (digest.edition == *edition).then(|| lined((**digest).clone(), *closes_at))
            }
            (Merge::Join(joining), None) => Some(Record::Bundle(Box::new(joining.begin(at)?))),
            (Merge::Join(joining), Some(Record::Bundle(bundle))) => {
                Some(Record::Bundle(Box::new(joining.join((**bundle).clone())?)))
            }
            (Merge::Leave(leaving), Some(Record::Bundle(bundle))) => {
                Some(Record::Bundle(Box::new(leaving.leave((**bundle).clone(), at)?)))
            }
            (Merge::Over { incident, is_last }, Some(Record::Bundle(bundle))) => {
                if bundle.is_last(incident) != *is_last {
                    return None;
                }
                let mut bundle = bundle.clone();
                bundle.is_over(incident);
                if *is_last {
                    bundle.is_done();
                }
                Some(Record::Bundle(bundle))
            }
            (Merge::End(ending), None) => Some(Record::Bundle(Box::new(ending.begin(at)))),
            (Merge::End(ending), Some(Record::Bundle(bundle))) => {
                Some(Record::Bundle(Box::new(ending.end((**bundle).clone()))))
            }
            // What is not there, or is something else.
            (_, _) => None,
        }
    }
}

fn counted(mut storm: StormRecord, most: u32, at: Timestamp) -> Record {
    storm.count(most, at);
    Record::Storm(storm)
}

fn covered(mut cover: InhibitionRecord, incident: &IncidentKey) -> Record {
    cover.add(incident);
    Record::Inhibition(cover)
}

fn lined(mut digest: DigestRecord, closes_at: Option<Timestamp>) -> Record {
    digest.due_at = [digest.due_at, closes_at].into_iter().flatten().min();
    Record::Digest(Box::new(digest))
}
