//! What was changed and why, as people are told it: the one place where an edit becomes words.

use super::{Because, Edit};
use crate::ids::IncidentKey;
use crate::state::Key;

impl Edit {
    /// In a clause, without a dot; `own` is the incident that the decision belongs to.
    pub fn sentence(&self, own: Option<&IncidentKey>) -> String {
        match &self.key {
            Key::Bundle(_) => self.among_others(),
            key => self.because.said_of(&self.what(key, own)),
        }
    }

    /// Whether the rest of the decision says it already: its verdict and reason, who is told, what is done.
    pub fn is_detail(&self, own: Option<&IncidentKey>) -> bool {
        match &self.key {
            Key::Incident(incident) => Some(incident) == own,
            Key::Bundle(_) => match self.because {
                Because::WaitsNoLonger | Because::Over | Because::CoversNoLonger | Because::ClockSetBack => {
                    false
                }
                Because::Reported
                | Because::Closed
                | Because::Completed
                | Because::PartOfSequence
                | Because::LedToIt
                | Because::Covers
                | Because::Waits
                | Because::WaitsOn
                | Because::Counted
                | Because::Spent
                | Because::Digested
                | Because::EditionClosed
                | Because::Composed
                | Because::Told
                | Because::Noted
                | Because::Escalated
                | Because::Planned
                | Because::Acted
                | Because::Commanded
                | Because::Triaged => true,
            },
            Key::Inhibition(_) | Key::Triage(_) => false,
            Key::Finding(_)
            | Key::Annotations(_)
            | Key::Target(_)
            | Key::Approval(_)
            | Key::Budget
            | Key::Switch
            | Key::PageDraft(_)
            | Key::Silences
            | Key::Limit(_)
            | Key::Tally(_)
            | Key::Storm(_)
            | Key::Digest
            | Key::DigestLine(..)
            | Key::DigestEdition(_)
            | Key::DigestDays
            | Key::DigestContents(_)
            | Key::TriageSpent
            | Key::Audit(_)
            | Key::AuditHead => true,
        }
    }

    fn what(&self, key: &Key, own: Option<&IncidentKey>) -> String {
        let called = self.called.as_deref();
        match key {
            Key::Finding(_) => "the finding".to_owned(),
            Key::Incident(incident) if Some(incident) == own => "the incident".to_owned(),
            Key::Incident(incident) => format!("incident {incident}"),
            Key::Annotations(_) => "what was added to it".to_owned(),
            Key::Target(target) => called.unwrap_or(target.as_str()).to_owned(),
            Key::Approval(approval) => format!("plan {approval}"),
            Key::Budget => "the budget of containments".to_owned(),
            Key::Triage(_) => {
                let came = called.map(|called| format!(" ({called})")).unwrap_or_default();
                format!("what a model says of it{came}")
            }
            Key::TriageSpent => "what models have used".to_owned(),
            Key::Switch => "mitigation".to_owned(),
            Key::PageDraft(_) => "the words of its page".to_owned(),
            Key::Silences => "the silences".to_owned(),
            Key::Inhibition(_) => "others like it".to_owned(),
            Key::Bundle(_) => self.others(),
            Key::Limit(_) => {
                called.map_or_else(|| "a limit".to_owned(), |called| format!("the limit of {called}"))
            }
            Key::Tally(_) => "the count of its rule".to_owned(),
            Key::Storm(_) => "the count of a possible storm".to_owned(),
            Key::Digest => "its next edition".to_owned(),
            Key::DigestLine(edition, _) | Key::DigestEdition(edition) | Key::DigestContents(edition) => {
                format!("edition {edition}")
            }
            Key::Audit(_) | Key::AuditHead => "the audit trail".to_owned(),
            Key::DigestDays => "its days".to_owned(),
        }
    }

    fn others(&self) -> String {
        self.called.as_ref().map_or_else(|| "others".to_owned(), |called| format!("others ({called})"))
    }

    /// Of several that are said as one.
    fn among_others(&self) -> String {
        let others = self.others();
        match self.because {
            Because::Waits => format!("waits with {others}"),
            Because::WaitsOn => format!("waits on with {others}"),
            Because::WaitsNoLonger => format!("waits no longer with {others}"),
            Because::CoversNoLonger => format!("covers {others} no longer"),
            Because::Over => format!("no longer open among {others}"),
            Because::Told
            | Because::Digested
            | Because::Reported
            | Because::Closed
            | Because::Completed
            | Because::PartOfSequence
            | Because::LedToIt
            | Because::Covers
            | Because::Counted
            | Because::Spent
            | Because::EditionClosed
            | Because::Composed
            | Because::Noted
            | Because::Escalated
            | Because::Planned
            | Because::Acted
            | Because::Commanded
            | Because::Triaged
            | Because::ClockSetBack => self.because.said_of(&others),
        }
    }
}

impl Because {
    fn said_of(self, what: &str) -> String {
        match self {
            Because::Reported => format!("{what}: reported"),
            Because::Closed => format!("{what}: an end was reported"),
            Because::Completed => format!("{what}: the cluster has said what it could not say in time"),
            Because::PartOfSequence => format!("{what} is part of this attack sequence"),
            Because::LedToIt => format!("{what} led to it"),
            Because::Covers => format!("covers {what} from now on"),
            Because::CoversNoLonger => format!("covers {what} no longer"),
            Because::Waits => format!("{what} waits"),
            Because::WaitsNoLonger => format!("{what} waits no longer"),
            Because::WaitsOn => format!("{what} waits on"),
            Because::Counted => format!("{what} has one more"),
            Because::Spent => format!("took room of {what}"),
            Because::Digested => format!("written into the digest: {what}"),
            Because::EditionClosed => format!("the digest is closed: {what}"),
            Because::Composed => format!("{what}: composed"),
            Because::Told => format!("{what}: somebody is told"),
            Because::Noted => format!("{what}: noted in Security Hub"),
            Because::Escalated => format!("{what}: nobody had it in time"),
            Because::Over => format!("{what} is over"),
            Because::Planned => format!("{what}: something is planned"),
            Because::Acted => format!("{what}: what was planned has come to its end"),
            Because::Commanded => format!("{what}: somebody asked for it"),
            Because::Triaged => format!("{what}: written down, it decides nothing"),
            Because::ClockSetBack => format!("{what}: counts from now, the clock had been ahead"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::EditionNumber;
    use crate::ids::{BundleKey, FindingKey, InhibitionKey, LimitKey};

    fn edit(key: Key, because: Because, called: Option<&str>) -> Edit {
        Edit { key, because, called: called.map(str::to_owned) }
    }

    fn bundle(because: Because, called: Option<&str>) -> Edit {
        edit(Key::Bundle(BundleKey::new("group-0123")), because, called)
    }

    #[test]
    fn an_edit_says_what_was_changed_and_why() {
        let (own, other) = (IncidentKey::new("wf1-own"), IncidentKey::new("wf1-other"));
        let group = Some("checkout: crypto-mining");
        let cases = [
            (bundle(Because::Waits, group), "waits with others (checkout: crypto-mining)"),
            (bundle(Because::WaitsNoLonger, None), "waits no longer with others"),
            (bundle(Because::Over, group), "no longer open among others (checkout: crypto-mining)"),
            (
                edit(Key::Storm(BundleKey::new("storm-0123")), Because::Counted, None),
                "the count of a possible storm has one more",
            ),
            (
                edit(Key::Limit(LimitKey::new("channel-0123")), Because::Spent, Some("channel oncall")),
                "took room of the limit of channel oncall",
            ),
            (edit(Key::Incident(own.clone()), Because::Told, None), "the incident: somebody is told"),
            (
                edit(Key::Incident(other), Because::PartOfSequence, None),
                "incident wf1-other is part of this attack sequence",
            ),
            (
                edit(Key::Inhibition(InhibitionKey::new("0123")), Because::Covers, None),
                "covers others like it from now on",
            ),
            (
                edit(Key::DigestLine(EditionNumber(3), own.clone()), Because::Digested, None),
                "written into the digest: edition 3",
            ),
            (
                edit(Key::Finding(FindingKey::new("f")), Because::Closed, None),
                "the finding: an end was reported",
            ),
        ];
        for (edit, expected) in cases {
            assert_eq!(edit.sentence(Some(&own)), expected);
        }
    }

    #[test]
    fn what_becomes_of_others_is_said_and_what_the_verdict_says_is_a_detail() {
        let (own, other) = (IncidentKey::new("wf1-own"), IncidentKey::new("wf1-other"));
        let told =
            |key: &IncidentKey| edit(Key::Incident(key.clone()), Because::Told, None).is_detail(Some(&own));
        assert!(told(&own) && !told(&other));
        assert!(bundle(Because::Waits, None).is_detail(Some(&own)));
        assert!(!bundle(Because::WaitsNoLonger, None).is_detail(Some(&own)));
    }
}
