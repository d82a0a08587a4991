//! Results of image scans: ECR's basic scan, and Inspector's summary of its own.

use super::envelope::Envelope;
use super::read::{as_number, as_text, at, label, list, present, text};
use super::{Finding, FindingSource, FindingState, Severity, Subject, names};
use crate::json::Json;

/// Levels that are counted, the highest first; `UNDEFINED` and `UNTRIAGED` have no band of their own.
const LEVELS: [&str; 7] = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED"];

/// Reads the result of a scan: as severe as the worst that was found, resolved if nothing was.
///
/// A scan that failed has counted nothing, which is not to have found nothing.
pub(super) fn scan(source: FindingSource, envelope: &Envelope, detail: &Json<'_>) -> (Finding, Subject) {
    // Inspector gives the repository's ARN under the same name.
    let repository = text(detail, "repository-name").unwrap_or_default();
    let repository = repository.split_once(":repository/").map_or(&*repository, |(_, name)| name);
    let digest = text(detail, "image-digest");
    let failed = text(detail, "scan-status").is_some_and(|status| status.eq_ignore_ascii_case("FAILED"));
    let counts = at(detail, "finding-severity-counts").filter(|_| !failed);
    let found: Vec<_> = LEVELS.iter().filter_map(|level| Some((*level, counted(counts, level)?))).collect();
    let worst = found.first().map(|(level, _)| label(level).unwrap_or(Severity::new(0.0)));
    let clean = counts.is_some() && worst.is_none();
    let said = match counts {
        Some(_) if clean => "nothing found".to_owned(),
        Some(_) => {
            found.iter().map(|(level, count)| format!("{count} {level}")).collect::<Vec<_>>().join(", ")
        }
        None => "no result".to_owned(),
    };
    let finding = Finding {
        key: match (repository, &digest) {
            // What has no name is never another's namesake.
            ("", None) => envelope.key(None),
            (repository, Some(digest)) => envelope.local_key(&[repository, digest]),
            (repository, None) => envelope.local_key(&[repository, &tags(detail)]),
        },
        source,
        kind: envelope.detail_type.clone(),
        title: format!("Image scan of {repository}: {said}"),
        description: String::new(),
        severity: worst,
        state: if clean { FindingState::Resolved } else { FindingState::Open },
        sample: false,
        count: 1,
        updated_at: envelope.time,
        first_seen: None,
        last_seen: envelope.time,
        ends_at: None,
        sequence: None,
        members: Vec::new(),
        hub: None,
        echo: false,
    };
    let subject = Subject {
        account: envelope.account.clone(),
        region: envelope.region.clone(),
        image: digest.map(|digest| format!("{repository}@{digest}")),
        resource: envelope
            .resource
            .clone()
            .filter(|resource| names::is_arn(resource))
            .or_else(|| present(repository).map(|repository| format!("repository/{repository}"))),
        ..Subject::default()
    };
    (finding, subject)
}

/// The tags of an image without a digest.
fn tags(detail: &Json<'_>) -> String {
    let mut tags: Vec<_> = list(detail, "image-tags").iter().filter_map(as_text).collect();
    tags.sort();
    if tags.is_empty() { "-".to_owned() } else { tags.join(",") }
}

fn counted(counts: Option<&Json<'_>>, level: &str) -> Option<f64> {
    at(counts?, level).and_then(as_number).filter(|count| *count > 0.0)
}
