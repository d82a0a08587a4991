//! What a report of a finding tells, and whether another told it before.

use super::Case;
use crate::event::{Event, Finding, subject_json};
use crate::hash::keyed;
use crate::incident::FindingRecord;

impl Case<'_> {
    /// Whether a report of that finding told all that this one tells.
    pub(super) fn is_seen(&self, finding: &Finding, known: &FindingRecord) -> bool {
        let is_copy = finding.hub.is_some();
        let counted =
            if is_copy { self.reports.as_slice() } else { self.reports.get(..1).unwrap_or_default() };
        counted.iter().any(|report| known.reports.contains(report)) && finding.count <= known.count
    }
}

/// What a report tells, in short: first all of it but times and count, then what its copy in Security Hub, which names
/// less, tells of it.
pub(super) fn reports(event: &Event<'_>, finding: &Finding) -> Vec<String> {
    let subject = &event.subject;
    let place = [&subject.account, &subject.region].map(|part| part.as_deref().unwrap_or_default());
    let about = subject_json(subject).to_string();
    let severity = finding.severity.map_or_else(String::new, |severity| severity.value().to_string());
    let exactly = [&finding.kind, &finding.title, &finding.description, &severity, &about];
    let exactly = exactly.map(String::as_str);
    let short = |kind, parts: &[&str]| keyed(kind, parts)[..16].to_owned();
    vec![short("report", &exactly), short("copy", &[&finding.kind, place[0], place[1]])]
}
