//! What is due without any event: escalations, roll-ups, the end of a silence, the digest, a quiet period.
//!
//! Every record says itself when something is due about it ([`crate::state::Record::wake_at`]). A tick hands in those whose time
//! has come, in that order; each is decided, committed and performed like an event, under an id made from
//! its key, its time and the version at which it stands: of two workers, one decides it.

mod bundle;
mod digest;
mod finding;
mod held;
mod incident;
mod set_back;
mod turns;

use jiff::{SignedDuration, Timestamp};

use crate::decision::{Cause, Decision};
use crate::draft::{Draft, Matter};
use crate::event::OWN_SOURCE;
use crate::heading;
use crate::ids::{EventId, IncidentKey, Own, RuleName};
use crate::notice::Notice;
use crate::policy::Policy;
use crate::priority::Priority;
use crate::state::{Key, State, Unread};
use crate::verdict::Why;

pub(crate) use finding::ends_at;
pub use set_back::SetBack;
pub use turns::Turns;

/// One record whose time has come.
#[derive(Clone, Copy, Debug)]
pub struct Timer<'w> {
    key: &'w Key,
    due_at: Timestamp,
    policy: &'w Policy,
    /// At which it stands; 0 before it was read.
    version: u64,
}

impl<'w> Timer<'w> {
    /// The record under that key, and when it was due.
    pub fn new(key: &'w Key, due_at: Timestamp, policy: &'w Policy) -> Self {
        Self { key, due_at, policy, version: 0 }
    }

    /// What is done about it; none if nothing is due any more. Whatever it is, the record it is about is
    /// changed by it: its version makes the decision's id, so that nothing is decided twice, and nothing that is
    /// due anew is taken for decided.
    ///
    /// # Errors
    /// What has to be read into the state first.
    pub fn decide(&self, state: &State, now: Timestamp) -> Result<Option<Decision>, Unread> {
        state.need(self.key.clone())?;
        let state = &*state.as_of(self.policy, now);
        let woken = Self { version: state.version(self.key), ..*self };
        woken.decided(state, now)?.map(|draft| heading::head(draft, self.policy)).transpose()
    }

    fn decided<'s>(&self, state: &'s State, now: Timestamp) -> Result<Option<Draft<'s>>, Unread> {
        match self.key {
            Key::Incident(incident) => self.incident(incident, state, now),
            Key::Finding(finding) => self.finding(finding, state, now),
            Key::Bundle(bundle) => self.bundle(bundle, state, now),
            Key::Digest => self.close_edition(state, now),
            Key::DigestEdition(edition) => self.say_edition(*edition, state, now),
            Key::Annotations(_)
            | Key::Triage(_)
            | Key::TriageSpent
            | Key::Target(_)
            | Key::Approval(_)
            | Key::Budget
            | Key::Switch
            | Key::PageDraft(_)
            | Key::Silences
            | Key::Inhibition(_)
            | Key::Limit(_)
            | Key::Tally(_)
            | Key::Storm(_)
            | Key::DigestLine(..)
            | Key::DigestDays
            | Key::DigestContents(_)
            | Key::Audit(_)
            | Key::AuditHead => Ok(None),
        }
    }

    /// The id of its decision.
    fn id(&self) -> EventId {
        EventId::own(Own::Wake { key: &self.key.to_string(), at: self.due_at, version: self.version })
    }

    /// That time, or the first one that is not this one any more: what is due at the same moment comes after
    /// what is due about others.
    fn after(&self, at: Timestamp) -> Timestamp {
        at.max(self.due_at.saturating_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX))
    }

    /// A decision of that kind with nothing in it yet.
    fn draft<'s>(&self, state: &'s State, about: About<'_>, why: Why, now: Timestamp) -> Draft<'s> {
        Draft::quiet(state, about.matter(self.id()), why, now)
    }
}

/// What a decision without an event is about.
#[derive(Clone, Copy)]
struct About<'a> {
    kind: &'a str,
    incident: &'a IncidentKey,
    subject: &'a str,
    family: &'a str,
    rule: &'a str,
    priority: Priority,
}

impl About<'_> {
    fn matter(self, event: EventId) -> Matter {
        let About { kind, incident, subject, family, rule, priority } = self;
        Matter {
            event,
            cause: Cause::Timer,
            source: OWN_SOURCE.to_owned(),
            kind: format!("Due:{kind}"),
            finding: None,
            subject: subject.to_owned(),
            rule: RuleName::new(rule),
            family: family.to_owned(),
            priority,
            incident: Some(incident.clone()),
            face: None,
        }
    }
}

/// A page of our own making.
fn own_notice(title: String, why: Why, about: About<'_>, event: &EventId) -> Notice {
    Notice {
        title: crate::text::clean(&title, 200),
        why: why.sentence().to_owned(),
        rule: RuleName::new(about.rule),
        family: about.family.to_owned(),
        source: OWN_SOURCE.to_owned(),
        ..Notice::empty(about.priority, about.incident, event)
    }
}
