//! One question about an open problem: does anyone have to hear of it, and why, or why not?

use jiff::{SignedDuration, Timestamp};

use crate::event::{Band, Event, Finding, FindingState};
use crate::incident::{FindingRecord, IncidentRecord};
use crate::named::{Names, Reports};
use crate::policy::Policy;
use crate::priority::Priority;
use crate::rules::Rule;
use crate::verdict::Why;

/// An event about an open problem, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judging<'j> {
    pub(crate) event: &'j Event<'j>,
    pub(crate) policy: &'j Policy,
    pub(crate) rule: &'j Rule,
    /// The finding as known before.
    pub(crate) known: Option<&'j FindingRecord>,
    /// The incident as known before, open or over.
    pub(crate) previous: Option<&'j IncidentRecord>,
    /// Whether all that it tells was told by an earlier report of the finding.
    pub(crate) is_seen: bool,
    pub(crate) now: Timestamp,
}

/// More than ten times as often as when it was said is worth saying.
pub(crate) const GREW: u64 = 10;

impl Judging<'_> {
    pub(crate) fn judge(&self) -> Why {
        let Self { event, policy: _, rule, known, previous, is_seen, now } = *self;
        let finding = event.finding.as_ref();
        let late = finding.zip(known).is_some_and(|(finding, known)| is_older(finding, known, now));
        let was_over = known.is_some_and(|known| known.state != FindingState::Open);
        let Some(current) = previous.filter(|previous| previous.open) else {
            // Its finder goes on about what a human holds to be over: not at once again.
            let goes_on =
                previous.is_some_and(|previous| self.ended_lately(previous) && !self.is_worse(previous));
            return match known {
                Some(_) if late && (is_seen || !was_over) => Why::Outdated,
                Some(_) if !was_over && goes_on => Why::Repeat,
                Some(_) => Why::Reopened,
                None if event.is_unreadable() => Why::Unreadable,
                None if finding.is_none() && goes_on => Why::Repeat,
                None => Why::New,
            };
        };
        let window = self.window(current);
        let since_said = now.duration_since(current.said_at);
        // However bad it was then, it is known to be over. But nothing that its end does not know of is over with it,
        // whatever times the two give.
        if late && was_over && is_seen {
            Why::Outdated
        } else if rule.priority < current.priority {
            Why::PriorityRose
        } else if current.band.is_some() && band(event) > current.band {
            Why::SeverityRose
        } else if !was_over && self.names_another(current) {
            // Also an older report, which came late: nobody has heard of that one yet.
            Why::ResourceJoined
        } else if late && !was_over {
            Why::Outdated
        } else if was_over {
            Why::Reopened
        } else if since_said >= window && finding.is_some_and(|finding| grew(finding, current)) {
            Why::CountGrew
        } else if since_said >= window && rule.priority == Priority::P0 && current.acknowledged.is_none() {
            Why::WindowPassed
        } else if event.is_unreadable() {
            // Each may hide something of its own; how often that is said is another question.
            Why::Unreadable
        } else if finding.is_none() || known.is_some() {
            Why::Repeat
        } else {
            Why::Joined
        }
    }

    fn window(&self, incident: &IncidentRecord) -> SignedDuration {
        self.policy.window(Some(self.rule), self.rule.priority, &incident.routes)
    }

    fn ended_lately(&self, previous: &IncidentRecord) -> bool {
        let window = self.window(previous);
        previous.ended.as_ref().is_some_and(|ended| self.now.duration_since(ended.at) < window)
    }

    /// Worse than what a human has seen.
    fn is_worse(&self, previous: &IncidentRecord) -> bool {
        let is_severer = previous.band.is_some() && band(self.event) > previous.band;
        self.rule.priority < previous.priority || is_severer || self.names_another(previous)
    }

    /// Whether it names what the incident has not named yet: another pod, bucket, instance or caller.
    fn names_another(&self, incident: &IncidentRecord) -> bool {
        let reports = if self.known.is_some() { Reports::Again } else { Reports::Another };
        // Of an incident that has named all that it can remember, nothing tells the new from the forgotten: that is
        // said, but not more often than anything that goes on.
        let is_full = incident.resources.len() >= IncidentRecord::MOST_RESOURCES;
        let window = self.window(incident);
        let may_be_said = !is_full || self.now.duration_since(incident.said_at) >= window;
        may_be_said && Names::of(self.event).has_another(incident, reports)
    }
}

/// When a finding was updated by its own report, but not later than now: no report is from the future.
pub(crate) fn updated_at(finding: &Finding, now: Timestamp) -> Option<Timestamp> {
    finding.updated_at.map(|at| at.min(now))
}

/// How far a sender's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Whether a report claims a time that no clock can be ahead by.
pub(crate) fn is_from_the_future(finding: &Finding, now: Timestamp) -> bool {
    finding.updated_at.is_some_and(|at| at.duration_since(now) > AHEAD)
}

pub(crate) fn is_older(finding: &Finding, known: &FindingRecord, now: Timestamp) -> bool {
    // That an alert goes on is said again and again, by each replica from when it saw it begin.
    let goes_on = finding.is_said_again() && finding.state == FindingState::Open;
    if goes_on && known.state == FindingState::Open {
        return false;
    }
    match updated_at(finding, now).zip(known.updated_at) {
        Some((this, newest)) if this != newest => this < newest,
        // Of two reports of the same moment, or without one, the higher count is the newer.
        Some(_) | None => finding.count < known.count && finding.state == FindingState::Open,
    }
}

pub(crate) fn band(event: &Event<'_>) -> Option<Band> {
    event.finding.as_ref().and_then(|finding| finding.severity).map(|severity| severity.band())
}

fn grew(finding: &Finding, current: &IncidentRecord) -> bool {
    current.said_count > 0 && finding.count >= current.said_count.saturating_mul(GREW)
}
