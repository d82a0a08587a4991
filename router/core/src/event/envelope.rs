//! The EventBridge envelope, and for a bare finding the one it would have had.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use strum::VariantArray;

use super::own::WATCH_SOURCE;
use super::read::{account, as_text, list, text, time};
use super::{alert, bare, camel};
use crate::hash::sha256;
use crate::ids::{Delivery, EventId, FindingKey};
use crate::json::Json;

/// The longest key that is taken as it is: what is stored under it has limits.
const LONGEST_KEY: usize = 1024;

/// How far a report may be ahead of the envelope that it came in.
const AHEAD: SignedDuration = SignedDuration::from_mins(15);

/// What the envelope says.
pub(super) struct Envelope {
    pub(super) id: EventId,
    pub(super) source: String,
    pub(super) detail_type: String,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) time: Option<Timestamp>,
    /// The first of `resources`.
    pub(super) resource: Option<String>,
}

/// The kinds of event that report a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub(super) enum Report {
    GuardDuty,
    GuardDutyStatus,
    SecurityHub,
    CustomAction,
    Inspector,
    InspectorScan,
    EcrScan,
    Alarm,
    Health,
    Prometheus,
    Watch,
}

/// GuardDuty's reports on itself: whether it sees, whether it scans.
pub(super) const STATUS: [&str; 5] = [
    "GuardDuty Runtime Protection Unhealthy",
    "GuardDuty Runtime Protection Healthy",
    "GuardDuty Malware Protection Resource Status Error",
    "GuardDuty Malware Protection Resource Status Warning",
    "GuardDuty Malware Protection Resource Status Active",
];

/// Security Hub's events that have findings, or something else.
const FINDINGS_OR_NOT: [&str; 2] = ["Security Hub Findings", "Security Hub Standard Results"];

impl Report {
    const ALL: [Self; Self::VARIANTS.len()] = *Self::VARIANTS.first_chunk().expect("all of them");

    /// The envelope's source and detail-types.
    pub(super) fn envelope(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Report::GuardDuty => ("aws.guardduty", &["GuardDuty Finding"]),
            Report::GuardDutyStatus => ("aws.guardduty", &STATUS),
            Report::SecurityHub => (
                "aws.securityhub",
                &[
                    "Security Hub Findings - Imported",
                    "Findings Imported V2",
                    FINDINGS_OR_NOT[0],
                    FINDINGS_OR_NOT[1],
                ],
            ),
            Report::CustomAction => ("aws.securityhub", &["Security Hub Findings - Custom Action"]),
            Report::Inspector => ("aws.inspector2", &["Inspector2 Finding"]),
            Report::InspectorScan => ("aws.inspector2", &["Inspector2 Scan"]),
            Report::EcrScan => ("aws.ecr", &["ECR Image Scan"]),
            Report::Alarm => (
                "aws.cloudwatch",
                &["CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"],
            ),
            Report::Health => ("aws.health", &["AWS Health Event", "AWS Health Abuse Event"]),
            Report::Prometheus => ("prometheus", &[alert::ALERT, alert::CUT_OFF]),
            Report::Watch => (WATCH_SOURCE, &[alert::CONDITION]),
        }
    }
}

impl Report {
    /// Whether an event of that type may be without a finding, and is then about something else.
    pub(super) fn may_be_without(self, detail_type: &str) -> bool {
        self == Report::SecurityHub && FINDINGS_OR_NOT.contains(&detail_type)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.envelope().1[0])
    }
}

impl Envelope {
    /// The finding it reports, if it is an event that reports one.
    pub(super) fn report(&self) -> Option<Report> {
        report_of(&self.source, &self.detail_type)
    }

    /// The key of a finding by its name; one without a name of its own has its event's.
    pub(super) fn key(&self, name: Option<String>) -> FindingKey {
        match name {
            Some(name) if name.len() <= LONGEST_KEY => FindingKey::new(name),
            Some(name) => FindingKey::new(format!("sha256:{}", sha256(&name))),
            None => FindingKey::new(self.id.as_str()),
        }
    }

    /// When a finding was updated, by its own report: no report may claim the future, where every later one
    /// would be outdated. A quarter of an hour is left to clocks that differ.
    pub(super) fn updated_at(&self, claimed: Option<Timestamp>) -> Option<Timestamp> {
        let Some(sent) = self.time else { return claimed };
        let latest = sent.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
        Some(claimed.map_or(sent, |claimed| claimed.min(latest)))
    }

    /// A name that is unique only within account and region.
    pub(super) fn local_key(&self, parts: &[&str]) -> FindingKey {
        let place = [&self.account, &self.region].map(|part| part.as_deref().unwrap_or("-"));
        self.key(Some([&place, parts].concat().join("/")))
    }
}

/// What an event of that source and detail-type reports, if anything.
pub(super) fn report_of(source: &str, detail_type: &str) -> Option<Report> {
    Report::ALL.into_iter().find(|report| {
        let (known, detail_types) = report.envelope();
        known == source && detail_types.contains(&detail_type)
    })
}

/// Reads the envelope of `body`, whose JSON is `event`; a bare finding is put into the one it would have had. The
/// error is what was expected.
pub(super) fn read<'a>(event: Json<'a>, body: &str) -> Result<(Envelope, Json<'a>), String> {
    let exact = |event: &Json<'_>, name: &str| {
        event.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let event = if exact(&event, "source").is_some() && exact(&event, "detail-type").is_some() {
        camel::on_the_wire(event)
    } else {
        match detail_of(&event).map(|detail| bare::around(detail.clone(), body)) {
            // Without the envelope's words, what stands in it says by itself what it is.
            Some(Ok(event)) => event,
            Some(Err(_)) | None => bare::around(event, body)?,
        }
    };
    let source = exact(&event, "source").unwrap_or_default();
    let detail_type = exact(&event, "detail-type").unwrap_or_default();
    let account = account(&event, "account");
    let id = EventId::delivered(Delivery {
        id: &text(&event, "id").unwrap_or_else(|| id_of(body)),
        source: &source,
        account: account.as_deref().unwrap_or_default(),
        detail_type: &detail_type,
        text: body,
    });
    let envelope = Envelope {
        id,
        source,
        detail_type,
        account,
        region: text(&event, "region"),
        time: time(&event, "time"),
        resource: list(&event, "resources").iter().find_map(as_text),
    };
    Ok((envelope, event))
}

fn detail_of<'e, 'a>(event: &'e Json<'a>) -> Option<&'e Json<'a>> {
    event.get("detail").filter(|detail| matches!(detail, Json::Object(_)))
}

/// The id of an event that has none: the same text has the same.
pub(super) fn id_of(body: &str) -> String {
    format!("sha256:{}", &sha256(body)[..32])
}
