//! What a shell completes besides our own words: ids, where a worker answers at once, and contexts of the client file.

use std::ffi::OsStr;
use std::time::Duration;

use clap_complete::engine::{CompletionCandidate, ValueCompleter};
use serde::de::DeserializeOwned;
use watchfire_core::text::clean;

use super::asking::glance;
use super::client;
use crate::api::OperatorEndpoint;
use crate::api::views::{Approval, Contained, Incident, IncidentList, Silence};

/// The variable by which a shell asks.
pub(super) const VARIABLE: &str = "WATCHFIRE_COMPLETE";
/// Nobody waits longer for a key that was pressed.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which ids are completed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ids {
    Incidents,
    Approvals,
    Contained,
    Silences,
}

/// Something that has an id.
struct Offer {
    whole: String,
    short: String,
    what: String,
}

impl ValueCompleter for Ids {
    /// Those that begin so, with what each is. A worker that does not answer has none.
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let typed = current.to_string_lossy();
        let candidate = |Offer { whole, short, what }| {
            // What was typed may be longer than the short id, or begin with what nobody has to type.
            let ids = [short, whole].map(|id| clean(&id, 300));
            let id = ids.into_iter().find(|id| id.starts_with(typed.as_ref()))?;
            Some(CompletionCandidate::new(id).help(Some(clean(&what, 60).into())))
        };
        self.offers().into_iter().flatten().filter_map(candidate).collect()
    }
}

impl Ids {
    /// What there is; none where no worker answers.
    fn offers(self) -> Option<Vec<Offer>> {
        match self {
            Ids::Incidents => {
                let IncidentList { incidents, .. } = glance(OperatorEndpoint::Incidents, PATIENCE)?;
                Some(incidents.into_iter().map(Offer::from).collect())
            }
            Ids::Approvals => all::<Approval>(OperatorEndpoint::Approvals),
            Ids::Contained => all::<Contained>(OperatorEndpoint::Contained),
            Ids::Silences => all::<Silence>(OperatorEndpoint::Silences),
        }
    }
}

fn all<T: DeserializeOwned + Into<Offer>>(endpoint: OperatorEndpoint) -> Option<Vec<Offer>> {
    let all: Vec<T> = glance(endpoint, PATIENCE)?;
    Some(all.into_iter().map(T::into).collect())
}

impl From<Incident> for Offer {
    fn from(incident: Incident) -> Self {
        let what = format!("{} {}", incident.priority, incident.title);
        Self { whole: incident.key.to_string(), short: incident.short.unwrap_or_default(), what }
    }
}

impl From<Approval> for Offer {
    fn from(approval: Approval) -> Self {
        let what = format!("{} of {}", approval.action, approval.target);
        Self { whole: approval.id.to_string(), short: approval.short, what }
    }
}

impl From<Contained> for Offer {
    fn from(contained: Contained) -> Self {
        let Contained { incident, short, target, acts: _, undo: _ } = contained;
        Self { whole: incident.to_string(), short, what: target }
    }
}

impl From<Silence> for Offer {
    fn from(silence: Silence) -> Self {
        let id = silence.id.to_string();
        Self { whole: id.clone(), short: id, what: silence.comment }
    }
}

/// The contexts of the client file.
pub(super) fn contexts() -> Vec<CompletionCandidate> {
    client::names().into_iter().map(CompletionCandidate::new).collect()
}
