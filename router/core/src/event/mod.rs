//! One message as delivered, read once: envelope, finding, subject.
//!
//! ```text
//! messages(body) -> the event texts in it      (SNS envelopes, arrays, AWS CLI output taken apart)
//! Event::read(text) -> Event | Unreadable      (never a panic; every field optional)
//! ```
//!
//! One file per source: `guardduty*`, `asff*` and `ocsf*` (the two forms of Security Hub), `cloudwatch`,
//! `health`, `inspector`, `ecr`. What AWS sends is read leniently: nothing unknown is refused, a missing
//! member is `None`, and text, number and time may each be spelt in every way that was seen.

mod asff;
mod asff_guardduty;
mod asff_resource;
mod bare;
mod camel;
mod cloudwatch;
mod ecr;
mod envelope;
mod finding;
mod guardduty;
mod guardduty_sequence;
mod guardduty_subject;
mod health;
mod hub;
mod inspector;
mod messages;
mod names;
mod ocsf;
mod ocsf_resource;
mod ours;
mod outline;
mod own;
mod platform;
mod product;
mod read;
mod room;
mod several;
mod subject;

pub use finding::{Band, Finding, FindingSource, FindingState, Severity};
pub use hub::{HubId, NOTE_AUTHOR, NOTE_PREFIX};
pub use messages::messages;
pub(crate) use ours::{finding_json, subject_json};
pub use own::{
    NEAR_DEAD_LETTER, NOT_DELIVERED, OWN_SOURCE, UNREADABLE, near_dead_letter, not_delivered, unreadable,
};
pub use subject::{Container, Subject, Workload};

use jiff::Timestamp;

use crate::ids::EventId;
use crate::json::Json;
use crate::notice::clean;
use envelope::{Envelope, Report};

/// One event, borrowing from its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// EventBridge's id; for a bare finding or another shape `sha256:` and a hash of the text.
    pub id: EventId,
    /// The envelope's `source`, such as `aws.guardduty`.
    pub source: String,
    /// The envelope's `detail-type`.
    pub detail_type: String,
    /// The envelope's `time`.
    pub time: Option<Timestamp>,
    /// What it reports; none for an event that is not a finding.
    pub finding: Option<Finding>,
    /// What it is about.
    pub subject: Subject,
    /// The whole event as rules match it: the envelope as delivered (a bare finding in the envelope it
    /// would have had), and beside it our own `finding` and `subject`, whatever the sender wrote there.
    pub json: Json<'a>,
}

/// Why a text is not an event. It is kept raw by whoever delivered it, and reported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// What was expected, and at most 80 cleaned characters of what came instead.
    pub reason: String,
}

impl Unreadable {
    fn new(expected: impl std::fmt::Display, text: &str) -> Self {
        let reason = match clean(text, 80) {
            nothing if nothing.is_empty() => format!("{expected}; it is empty"),
            beginning => format!("{expected}; it begins: {beginning}"),
        };
        Self { reason }
    }
}

impl<'a> Event<'a> {
    /// Reads one event text, as [`messages`] hands them out.
    ///
    /// It is an event if it has EventBridge's `source` and `detail-type`, or is a bare finding of a known
    /// shape. A finding that has no finding inside, or a GuardDuty finding without arn and id, is
    /// unreadable: what was reported would be lost. Everything else is read as far as it goes.
    pub fn read(text: &'a str) -> Result<Self, Unreadable> {
        let json = Json::parse(text).map_err(|error| Unreadable::new(error, text))?;
        let (envelope, json) = envelope::read(json, text)?;
        let (finding, subject) = match envelope.report() {
            Some(report) => {
                let detail = read::at(&json, "detail").filter(|detail| matches!(detail, Json::Object(_)));
                let read = detail
                    .ok_or("expected an object as detail".to_owned())
                    .and_then(|detail| finding_in(report, &envelope, detail))
                    .map_err(|expected| Unreadable::new(format!("{report}: {expected}"), text))?;
                (Some(read.0), read.1)
            }
            None => (None, platform::subject(&envelope, &json)),
        };
        let json = ours::beside(json, finding.as_ref(), &subject);
        let Envelope { id, source, detail_type, time, .. } = envelope;
        Ok(Event { id, source, detail_type, time, finding, subject, json })
    }
}

fn finding_in(report: Report, envelope: &Envelope, detail: &Json<'_>) -> Result<(Finding, Subject), String> {
    match report {
        Report::GuardDuty => guardduty::read(envelope, detail),
        Report::SecurityHub => {
            let finding = only_finding(detail)?;
            Ok(hub(envelope, finding))
        }
        Report::CustomAction => {
            let finding = only_finding(detail)?;
            let (finding, subject) = hub(envelope, finding);
            Ok((asff::pressed(envelope, detail, finding), subject))
        }
        Report::Inspector => Ok(inspector::finding(envelope, detail)),
        Report::InspectorScan => Ok(ecr::scan(FindingSource::Inspector, envelope, detail)),
        Report::EcrScan => Ok(ecr::scan(FindingSource::Ecr, envelope, detail)),
        Report::Alarm => Ok(cloudwatch::alarm(envelope, detail)),
        Report::Health => Ok(health::event(envelope, detail)),
    }
}

fn only_finding<'v, 'a>(detail: &'v Json<'a>) -> Result<&'v Json<'a>, String> {
    let mut findings = read::list(detail, "findings").iter();
    findings
        .find(|finding| matches!(finding, Json::Object(_)))
        .ok_or("expected a finding in detail.findings".to_owned())
}

/// A Security Hub finding, told apart by its shape: both forms can come under either detail-type.
fn hub(envelope: &Envelope, finding: &Json<'_>) -> (Finding, Subject) {
    if read::at(finding, "finding_info").is_some() || read::at(finding, "class_uid").is_some() {
        ocsf::read(envelope, finding)
    } else if asff_guardduty::is_copy(finding) {
        asff_guardduty::read(envelope, finding)
    } else {
        asff::read(envelope, finding)
    }
}
