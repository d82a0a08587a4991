//! The connections to an address: how far each has proven itself, how long it may stay, who goes first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How long a connection may be there before it has shown what entitles it.
const UNPROVEN: Duration = Duration::from_secs(10);
/// How long a connection may stand still between two requests: longer than load balancers keep theirs.
const IDLE: Duration = Duration::from_secs(75);
/// How long a body may take in all; who reads it gives up before.
const READING: Duration = Duration::from_secs(40);
/// How long a request may be worked on: longer than the command line waits for a command.
const WORKING: Duration = Duration::from_secs(300);
/// How long a body may take before its connection makes room for another.
const UNHURRIED: Duration = Duration::from_millis(250);

/// How far a connection has proven itself. The lesser goes first where room is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It has shown nothing that entitles it to anything.
    Unproven,
    /// It has, or need not, and asks nothing now.
    Idle,
    /// A body is on its way.
    Reading,
    /// It has asked, and is to be answered.
    Working,
}

#[derive(Clone, Copy, Debug)]
struct Stand {
    standing: Standing,
    since: Instant,
    is_to_go: bool,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Line {
    peer: IpAddr,
    /// The address that it comes from.
    pub(crate) from: IpAddr,
    /// The address of ours that it was made to.
    pub(super) local: IpAddr,
    stand: watch::Sender<Stand>,
}

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was too slow to show, to send or to take what it wanted.
    Overdue,
    /// It has asked nothing for long.
    Idle,
    /// Another needs its place.
    MakesRoom,
}

impl Line {
    fn new(peer: IpAddr, local: IpAddr, standing: Standing) -> Self {
        let stand = Stand { standing, since: Instant::now(), is_to_go: false };
        Self {
            peer: network(peer),
            from: peer,
            local: local.to_canonical(),
            stand: watch::Sender::new(stand),
        }
    }

    /// It has shown what its request needs, and is to be answered.
    pub(super) fn proven(&self) {
        self.stands(Standing::Working);
    }

    /// The body of its request is on its way.
    pub(super) fn reading(&self) {
        self.stands_if_proven(Standing::Reading);
    }

    /// Its request is there in full.
    pub(super) fn working(&self) {
        self.stands_if_proven(Standing::Working);
    }

    /// Its request has its answer.
    pub(crate) fn answered(&self) {
        self.stands_if_proven(Standing::Idle);
    }

    /// It is being closed.
    pub(super) fn leaving(&self) {
        self.stands(Standing::Unproven);
    }

    fn stands_if_proven(&self, standing: Standing) {
        if self.stand.borrow().standing != Standing::Unproven {
            self.stands(standing);
        }
    }

    fn stands(&self, standing: Standing) {
        self.stand.send_modify(|stand| (stand.standing, stand.since) = (standing, Instant::now()));
    }

    /// Waits until it has to end.
    pub(super) async fn end(&self) -> End {
        let mut changes = self.stand.subscribe();
        loop {
            let Stand { standing, since, is_to_go } = *changes.borrow_and_update();
            if is_to_go {
                return End::MakesRoom;
            }
            let (patience, end) = match standing {
                Standing::Unproven => (UNPROVEN, End::Overdue),
                Standing::Idle => (IDLE, End::Idle),
                Standing::Reading => (READING, End::Overdue),
                Standing::Working => (WORKING, End::Overdue),
            };
            tokio::select! {
                () = sleep_until(since + patience) => return end,
                changed = changes.changed() => changed.expect("it has its own sender"),
            }
        }
    }
}

/// Whoever may choose the lower half of an IPv6 address has all of them.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(peer) => peer.into(),
        IpAddr::V6(peer) => {
            let [a, b, c, d, ..] = peer.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// All connections to one address.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Arc<Mutex<BTreeMap<u64, Arc<Line>>>>);

/// A connection's place among them, for as long as this is kept.
#[derive(Debug)]
pub(super) struct Place {
    lines: Lines,
    number: u64,
    pub(super) line: Arc<Line>,
}

impl Lines {
    /// Takes a new connection in.
    pub(super) fn add(&self, peer: IpAddr, local: IpAddr, standing: Standing) -> Place {
        let line = Arc::new(Line::new(peer, local, standing));
        let mut lines = self.lines();
        let number = lines.last_key_value().map_or(0, |(last, _)| last + 1);
        lines.insert(number, line.clone());
        Place { lines: self.clone(), number, line }
    }

    /// Has one connection end, so that another gets its place: of those that have proven least, from where
    /// most of them come, the one that has stood there longest. None is asked that is to be answered, and
    /// none whose body has only begun to come. Says whose it was.
    pub(super) fn make_room(&self) -> Option<IpAddr> {
        let lines = self.lines();
        let now = Instant::now();
        let stands = lines.values().map(|line| (line, *line.stand.borrow()));
        let may_go = stands.filter(|(_, stand)| may_go(stand, now));
        let may_go: Vec<_> = may_go.collect();
        let least = may_go.iter().map(|(_, stand)| stand.standing).min()?;
        let least: Vec<_> = may_go.into_iter().filter(|(_, stand)| stand.standing == least).collect();
        let mut from = BTreeMap::<IpAddr, usize>::new();
        for (line, _) in &least {
            *from.entry(line.peer).or_default() += 1;
        }
        let (line, _) =
            least.into_iter().max_by_key(|(line, stand)| (from[&line.peer], Reverse(stand.since)))?;
        line.stand.send_modify(|stand| stand.is_to_go = true);
        Some(line.peer)
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Line>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn may_go(stand: &Stand, now: Instant) -> bool {
    let Stand { standing, since, is_to_go } = stand;
    !is_to_go
        && match standing {
            Standing::Unproven | Standing::Idle => true,
            Standing::Reading => now.duration_since(*since) > UNHURRIED,
            Standing::Working => false,
        }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.lines.lines().remove(&self.number);
    }
}

#[cfg(test)]
mod tests;
