//! How an incident begins to wait in a bundle, and ceases to.

use jiff::Timestamp;

use super::{BundleKind, BundleRecord, Member, Standing};
use crate::ids::IncidentKey;
use crate::priority::Priority;

/// An incident that waits with others from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Joining {
    /// What they have in common.
    pub(crate) kind: BundleKind,
    /// What their page is called.
    pub(crate) title: String,
    /// Which incident.
    pub(crate) incident: IncidentKey,
    /// As what.
    pub(crate) member: Member,
    /// Whether it was in it before.
    pub(crate) standing: Standing,
    /// How often the bundle was said before it joined: it is told with the next time.
    pub(crate) after_round: u64,
    /// When it is to be said.
    pub(crate) due_at: Option<Timestamp>,
    /// The episode of the incident that covers it.
    pub(crate) episode: Option<u32>,
}

impl Joining {
    /// The first of a bundle; none where it should not be the first.
    pub(crate) fn begin(&self, now: Timestamp) -> Option<BundleRecord> {
        self.join(BundleRecord::new(self.kind.clone(), self.title.clone(), now))
    }

    /// One more; none where the bundle was said since, so that it would be taken for said with it, and where what
    /// covers it is over.
    pub(crate) fn join(&self, mut bundle: BundleRecord) -> Option<BundleRecord> {
        let is_over = self.episode.is_some_and(|episode| bundle.is_over_for(episode));
        if bundle.rounds != self.after_round || is_over {
            return None;
        }
        if bundle.total == 0 {
            bundle.title.clone_from(&self.title);
        }
        bundle.join(&self.incident, self.member.clone(), self.standing);
        bundle.due_at = match (bundle.due_at, bundle.ends_at.or(self.due_at)) {
            (Some(earlier), Some(later)) => Some(earlier.min(later)),
            (earlier, later) => later.or(earlier),
        };
        Some(bundle)
    }
}

/// What holds a bundle's members ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// What they have in common.
    pub kind: BundleKind,
    /// What their page is called.
    pub title: String,
    /// When.
    pub at: Timestamp,
    /// The episode that is over, of the incident that covered them.
    pub episode: Option<u32>,
}

impl Ending {
    /// A bundle that nobody has joined yet.
    pub(crate) fn begin(&self, now: Timestamp) -> BundleRecord {
        self.end(BundleRecord::new(self.kind.clone(), self.title.clone(), now))
    }

    /// What waits is said then, and so is whoever joins without knowing of it.
    pub(crate) fn end(&self, mut bundle: BundleRecord) -> BundleRecord {
        match self.episode {
            Some(episode) => bundle.over = bundle.over.max(Some(episode)),
            None => bundle.ends_at = Some(self.at),
        }
        if bundle.unsaid > 0 {
            bundle.due_at = Some(self.at);
        }
        bundle
    }
}

/// An incident that waits no longer.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaving {
    /// Which.
    pub(crate) incident: IncidentKey,
    /// The priority with which it waited.
    pub(crate) priority: Priority,
    /// Its family.
    pub(crate) family: String,
    /// What remains of it in the bundle.
    pub(crate) remains: Remains,
}

/// What remains in a bundle of an incident that waits in it no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remains {
    /// A page that told of it goes on telling of it, and is over with it.
    Told,
    /// Its place in the list.
    Place,
    /// Nothing: its place is for another.
    Nothing,
}

impl Leaving {
    /// One less; none where what remains would be something else by now.
    pub(crate) fn leave(&self, mut bundle: BundleRecord, now: Timestamp) -> Option<BundleRecord> {
        let Self { incident, priority, family, remains } = self;
        if *remains != Remains::Place && bundle.tells_of(incident) != (*remains == Remains::Told) {
            return None;
        }
        bundle.take_out(incident, *priority, family);
        if *remains == Remains::Told {
            if bundle.unsaid == 0 {
                bundle.due_at = bundle.again_at;
            }
            return Some(bundle);
        }
        bundle.is_over(incident);
        if bundle.unsaid == 0 {
            // Nothing of what was said is open any more: its page is over.
            let over = bundle.said_at.map(|_| now);
            bundle.due_at = if bundle.open > 0 { bundle.again_at } else { over };
        }
        if *remains == Remains::Nothing {
            bundle.members.remove(incident);
        }
        Some(bundle)
    }
}
