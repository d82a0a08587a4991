//! What comes next for an incident: when it is said, escalated or over, and what would have it paged again.

use jiff::Timestamp;

use crate::event::Band;
use crate::ids::{BundleKey, IncidentKey, RuleName, SilenceId};
use crate::incident::{IncidentRecord, Suppressed};
use crate::judge::GREW;
use crate::noise::{BundleKind, BundleRecord, bundle_key, incident_of_bundle};
use crate::notice::ByWhom;
use crate::policy::Policy;
use crate::priority::Priority;

/// An incident, and what its future depends on.
#[derive(Clone, Copy, Debug)]
pub struct NextSteps<'o> {
    /// It, as it stands: see [`crate::suppress::as_said`].
    pub record: &'o IncidentRecord,
    /// What was configured.
    pub policy: &'o Policy,
    /// The rule of its latest event.
    pub rule: Option<&'o RuleName>,
    /// What it waits in or was said in.
    pub bundle: Option<&'o BundleRecord>,
    /// Whether the next digest says it.
    pub digest: InDigest,
    /// Now.
    pub now: Timestamp,
}

/// Whether and when the next digest says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InDigest {
    /// It does not.
    No,
    /// It does, and nobody is to get one.
    Kept,
    /// It does, then.
    Due(Timestamp),
}

impl NextSteps<'_> {
    /// In the zone of those who look at it.
    fn minute(&self, at: Timestamp) -> String {
        self.policy.zone().minute(at)
    }

    /// A line each, what is said first. Nothing here is a promise about what has not happened yet: silences,
    /// covers and limits are asked again when it does.
    pub fn lines(&self) -> Vec<String> {
        let Self { record, digest, .. } = self;
        let digest = match digest {
            InDigest::No => None,
            InDigest::Kept => Some("kept for the digest, which nobody is configured to get".to_owned()),
            InDigest::Due(at) if *at <= self.now => Some("digest within a minute".to_owned()),
            InDigest::Due(at) => Some(format!("digest {}", self.policy.zone().day_and_minute(*at))),
        };
        let mut lines: Vec<String> = digest.into_iter().collect();
        if !record.open {
            lines.push(self.over());
            return lines;
        }
        match &record.held {
            Some(held) => lines.push(self.held(held)),
            None => {
                lines.extend(self.clock());
                lines.extend(self.again());
            }
        }
        if let Some(at) = record.quiet_at {
            lines.push(format!("resolved by its quiet period {} if nothing more is heard", self.when(at)));
        }
        lines
    }

    fn over(&self) -> String {
        let until = self.record.ended.as_ref().map(|ended| ended.at + self.window());
        match until.filter(|until| *until > self.now) {
            Some(until) => {
                let until = self.minute(until);
                format!("over; what its findings go on to say is no news before {until}, anything else is")
            }
            None => "over; the next report opens it again".to_owned(),
        }
    }

    fn held(&self, held: &Suppressed) -> String {
        if let Some(until) = held.until {
            return format!("paged if it is still open {}", self.when(until));
        }
        let due = self.bundle.and_then(|bundle| bundle.due_at);
        let when = due.map_or_else(|| "when there is room".to_owned(), |due| self.when(due));
        match self.bundle.map(|bundle| &bundle.kind) {
            Some(BundleKind::Silence { id: _ }) => {
                format!("said with all that was silenced {when}, when the silence ends")
            }
            Some(BundleKind::Cover { incident }) => {
                format!("paged when {incident} is over, if it is open then")
            }
            Some(BundleKind::Group { name }) => format!("paged with its group {name} {when}"),
            Some(BundleKind::Storm) => format!("paged with its storm {when}"),
            Some(BundleKind::RollUp { limit: _ }) => format!("paged in a roll-up {when}"),
            None => format!("held: {}", held.reason),
        }
    }

    /// Who is told if nobody acknowledges it.
    fn clock(&self) -> Option<String> {
        let Self { record, policy, .. } = self;
        let IncidentRecord { priority, escalation, .. } = record;
        if let Some(ByWhom { by, at }) = &record.acknowledged {
            return Some(format!("not escalated: {by} has it since {}", self.minute(*at)));
        }
        let step = policy.chain(*priority, &record.routes).get(*escalation as usize);
        if let Some((at, step)) = record.escalate_at.zip(step) {
            let to: Vec<_> = step.to.iter().map(ToString::to_string).collect();
            return Some(format!("escalates to {} {} unless acknowledged", to.join(", "), self.when(at)));
        }
        let by = record.respond_by?;
        let expected = match by > self.now {
            true => format!("to be acknowledged by {}", self.minute(by)),
            false => format!("overdue since {}", self.minute(by)),
        };
        let more =
            if *escalation > 0 { "its escalation chain is at the end" } else { "nothing escalates it" };
        Some(format!("{expected}; {more}"))
    }

    /// What would have it said again.
    fn again(&self) -> Vec<String> {
        let Self { record, policy, now, .. } = self;
        let priority = record.priority;
        if !policy.routes.tell(&record.routes, priority) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        let from = record.said_at + self.window();
        let after = if from > *now { format!(" after {}", self.minute(from)) } else { String::new() };
        if priority == Priority::P0 && record.acknowledged.is_none() {
            lines.push(format!("re-page with the next event{after} unless acknowledged"));
        }
        if record.said_count > 0 {
            let count = record.said_count.saturating_mul(GREW);
            lines.push(format!("re-page if the count reaches {count}{after}"));
        }
        let rises = [
            (priority > Priority::P0, "its priority rises"),
            (record.band.is_some_and(|band| band < Band::Critical), "its severity rises"),
            (true, "another resource joins"),
        ];
        let rises: Vec<_> = rises.into_iter().filter(|(may, _)| *may).map(|(_, rise)| rise).collect();
        lines.push(format!("re-page at once if {}", rises.join(" or ")));
        if let Some(BundleRecord { kind: BundleKind::Group { name }, due_at: Some(at), unsaid: 0, .. }) =
            self.bundle
        {
            lines.push(format!("its group {name} is said again {} if it is open", self.when(*at)));
        }
        lines
    }

    fn window(&self) -> jiff::SignedDuration {
        let priority = self.record.priority;
        let rules = self.policy.rules.rules().iter();
        let rule = self.rule.and_then(|name| rules.into_iter().find(|rule| rule.name == *name));
        self.policy.window(rule, priority, &self.record.routes)
    }

    /// What is due is done on the next tick, and there is one a minute.
    fn when(&self, at: Timestamp) -> String {
        if at <= self.now { "within a minute".to_owned() } else { format!("at {}", self.minute(at)) }
    }
}

/// The incident that the page of a bundle is about.
pub fn page_of(bundle: &BundleKey) -> IncidentKey {
    incident_of_bundle(bundle)
}

/// The bundle in which waits what an incident covers.
pub fn covered_by(incident: &IncidentKey) -> BundleKey {
    bundle_key(&BundleKind::Cover { incident: incident.clone() }, &[])
}

/// The bundle in which waits what a silence holds.
pub fn held_by(silence: &SilenceId) -> BundleKey {
    bundle_key(&BundleKind::Silence { id: silence.clone() }, &[])
}

#[cfg(test)]
mod tests;
