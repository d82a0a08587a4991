//! From an event to the pods or the node it is about: the queries in order, and what was tried in vain.

use watchfire_core::context::{Cluster, Context, Judged, Place, Pods, Query, judge, queries};
use watchfire_core::event::Event;

use super::calls::Unheard;
use super::index::Found;
use super::missing::Missing;
use super::place::{Says, may_ask, says};

/// One search. It ends with the first query whose answer fits.
pub(super) struct Search<'s> {
    event: &'s Event<'s>,
    ours: &'s Cluster,
    says: Says,
    queries: Vec<Query>,
    /// Whether it is about anything that a cluster may have.
    is_about_something: bool,
    tried: Vec<String>,
    /// Why a query could not be asked.
    unheard: Option<String>,
    hit: Option<Hit>,
}

struct Hit {
    judged: Judged,
    /// How many pods were in the answer.
    copied: usize,
    /// How many pods there are.
    count: usize,
}

impl<'s> Search<'s> {
    pub(super) fn new(event: &'s Event<'s>, ours: &'s Cluster) -> Self {
        let says = says(&event.subject, ours);
        let mut queries = queries(&event.subject);
        let is_about_something = !queries.is_empty();
        match says {
            Says::Ours => {}
            Says::Another(_) => queries.clear(),
            Says::Nothing => queries.retain(|query| may_ask(query, ours)),
        }
        Self { event, ours, says, queries, is_about_something, tried: Vec::new(), unheard: None, hit: None }
    }

    /// What to ask, in order, until `weigh` says that it is enough.
    pub(super) fn queries(&self) -> Vec<Query> {
        self.queries.clone()
    }

    /// Where to look, if the event says.
    pub(super) fn namespace(&self) -> Option<&'s str> {
        self.event.subject.namespace.as_deref()
    }

    /// Takes an answer; true if nothing more need be asked.
    pub(super) fn weigh(
        &mut self,
        query: Query,
        answer: Result<Found, Unheard>,
        missing: &mut Missing,
    ) -> bool {
        let Found { answer, count } = match answer {
            Ok(found) => found,
            Err(unheard) => {
                missing.add(&unheard);
                self.unheard.get_or_insert(unheard.to_string());
                return false;
            }
        };
        let (finding, subject) = (self.event.finding.as_ref(), &self.event.subject);
        match judge(&query, &answer, finding, subject, self.ours) {
            Judged::Nothing(reason) => {
                self.tried.push(reason);
                false
            }
            judged => {
                self.hit = Some(Hit { judged, copied: answer.pods.len(), count });
                true
            }
        }
    }

    /// Whose cluster, which pods and which node. `doubt` is why what was not found may be there nevertheless.
    pub(super) fn result(self, doubt: Option<&str>) -> Context {
        let Self { event: _, ours, says, queries: _, is_about_something, tried, unheard, hit } = self;
        let place = match (&says, is_about_something) {
            (Says::Nothing | Says::Another(_), false) => Place::None,
            (Says::Nothing | Says::Another(_) | Says::Ours, _) => {
                says.place(ours, hit.as_ref().map(|hit| &hit.judged))
            }
        };
        let (mut node, mut node_by, mut found) = (None, None, None);
        match hit {
            Some(Hit { judged: Judged::Pods(method, confidence, mut pods), copied, count }) => {
                // All that there are, where judging has picked none out.
                let count = if pods.len() < copied { pods.len() } else { count };
                pods.truncate(Context::MOST_PODS);
                found = Some(Pods::Found { method, confidence, pods, count });
            }
            Some(Hit { judged: Judged::Node(method, confidence, its), .. }) => {
                node = Some(*its);
                node_by = Some((method, confidence));
            }
            Some(Hit { judged: Judged::Nothing(_), .. }) | None => {}
        }
        let not_found = || match (unheard, tried.is_empty(), doubt) {
            (Some(unheard), _, _) => Pods::Unknown(unheard),
            (None, true, _) => Pods::NotAsked,
            (None, false, Some(doubt)) => Pods::Unknown(format!("{}; {doubt}", tried.join("; "))),
            (None, false, None) => Pods::None(tried.join("; ")),
        };
        Context { place, pods: found.unwrap_or_else(not_found), node, node_by, ..Context::default() }
    }
}
