//! How many files and sockets this process may have open, and how many of them may be strangers'.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::telemetry;

/// What the process needs for itself: the store, the runtime, queues, the cluster, evidence.
const OWN: usize = 64;

/// Who may have how many descriptors: pages and acts have theirs before strangers get any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Connections to `http.listen`.
    pub(crate) http: usize,
    /// Connections to `health.listen`.
    pub(crate) health: usize,
    /// Whether everything that may be at work at once still finds one.
    pub(crate) is_enough: bool,
}

/// Raises the limit as far as this process may; what it is then. No limit is one, too.
pub(crate) fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let mut raised = limit;
    raised.current = limit.maximum;
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        // Some systems allow less than they say; what there is has to do.
        Err(_) => limit.current,
    };
    let current = current.and_then(|current| usize::try_from(current).ok()).unwrap_or(usize::MAX);
    telemetry::descriptors(limit.current, current);
    current
}

impl Shares {
    /// Of that limit, with so many attempts and acts at once, each of which may hold a connection to a channel or the cluster,
    /// and at most so many connections to `http.listen`.
    pub(crate) fn of(limit: usize, at_work: usize, most: usize) -> Self {
        // Under the smallest limits everybody gets less.
        let least = (limit / 8).clamp(1, 16);
        let health = (limit / 8).clamp(1, 32);
        let needed = OWN + health + at_work;
        let http = limit.saturating_sub(needed).max(least).min(most.max(1));
        Self { http, health, is_enough: needed + http <= limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_get_what_pages_and_the_process_itself_leave_over() {
        let shares = |limit| Shares::of(limit, 128, 512);
        let many = Shares { http: 512, health: 32, is_enough: true };
        assert_eq!([shares(1_048_576), shares(usize::MAX)], [many, many]);
        assert_eq!(shares(512), Shares { http: 288, health: 32, is_enough: true });
        assert_eq!(shares(256), Shares { http: 32, health: 32, is_enough: true });
        assert_eq!(shares(240), Shares { http: 18, health: 30, is_enough: true });
        assert_eq!(shares(128), Shares { http: 16, health: 16, is_enough: false });
        assert_eq!(shares(64), Shares { http: 8, health: 8, is_enough: false });
    }

    #[test]
    fn the_limit_is_raised_to_what_the_process_may_have() {
        let may = getrlimit(Resource::Nofile).maximum.map_or(usize::MAX, |most| most as usize);
        assert_eq!(raise(), may);
        assert_eq!(getrlimit(Resource::Nofile).current, getrlimit(Resource::Nofile).maximum);
    }
}
