//! What a report of a finding tells, and whether another told it before.

use super::Case;
use crate::event::{Finding, subject_json};
use crate::identity::keyed;
use crate::incident::FindingRecord;

impl Case<'_> {
    /// Whether a report of that finding told all that this one tells.
    pub(super) fn is_seen(&self, finding: &Finding, known: &FindingRecord) -> bool {
        let [exactly, as_copy] = self.reports(finding);
        let is_copy = finding.hub.is_some();
        let is_told = known.reports.contains(&exactly) || (is_copy && known.reports.contains(&as_copy));
        is_told && finding.count <= known.count
    }

    /// What a report tells, in short: all of it but times and count, and what its copy in Security Hub, which names
    /// less, tells of it.
    pub(super) fn reports(&self, finding: &Finding) -> [String; 2] {
        let subject = &self.event.subject;
        let place = [&subject.account, &subject.region].map(|part| part.as_deref().unwrap_or_default());
        let about = subject_json(subject).to_string();
        let severity = finding.severity.map_or_else(String::new, |severity| severity.value().to_string());
        let exactly = [&finding.kind, &finding.title, &finding.description, &severity, &about];
        let exactly = exactly.map(String::as_str);
        let short = |kind, parts: &[&str]| keyed(kind, parts)[..16].to_owned();
        [short("report", &exactly), short("copy", &[&finding.kind, place[0], place[1]])]
    }
}
