//! One message as delivered, read once: envelope, finding, subject.
//!
//! ```text
//! messages(body) -> the event texts in it      (SNS envelopes, arrays, AWS CLI output taken apart)
//! Event::read(text) -> Event | Unreadable      (never a panic; every field optional)
//! ```
//!
//! One file per source: `guardduty*`, `asff*` and `ocsf*` (the two forms of Security Hub), `cloudwatch`,
//! `health`, `inspector`, `ecr`, `alert` (Prometheus, and our own watch of the cluster). What AWS sends is read leniently: nothing unknown is refused, a missing
//! member is `None`, and text, number and time may each be spelt in every way that was seen.

mod alert;
mod alert_subject;
mod alerts;
mod asff;
mod asff_guardduty;
mod asff_resource;
mod bare;
mod bytes;
mod camel;
mod cloudwatch;
mod ecr;
mod envelope;
mod finding;
mod guardduty;
mod guardduty_sequence;
mod guardduty_status;
mod guardduty_subject;
mod health;
mod hub;
mod inspector;
mod messages;
mod names;
mod ocsf;
mod ocsf_resource;
mod ours;
mod own;
mod part;
mod platform;
mod posture;
mod product;
mod read;
mod room;
mod sample;
pub(crate) mod seen;
mod sender;
mod several;
mod subject;
mod thing;

pub use alerts::{Heard, alerts};
pub(crate) use alerts::{Told, told};
pub use bytes::{is_utf16, text_of};
pub use cloudwatch::Mute;
pub use finding::{Band, Finding, FindingSource, FindingState, Severity};
pub use hub::{HubId, NOTE_AUTHOR, NOTE_PREFIX};
pub use messages::messages;
pub(crate) use names::{instance_id as instance_of, is_workload};
pub(crate) use ours::{finding_json, subject_json};
pub use own::{
    NEAR_DEAD_LETTER, NOT_DELIVERED, OWN_SOURCE, PAGES_SOURCE, STORE_SET_ASIDE, UNREADABLE, near_dead_letter,
    not_delivered, store_set_aside, store_unavailable, unreadable,
};
pub(crate) use part::Worth;
pub use subject::{Container, Subject, Workload};
pub use thing::Thing;

use jiff::Timestamp;

use crate::ids::EventId;
use crate::json::{Fault, Json};
use crate::text::clean;
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
    /// What in its text could not be read as it stands; none where the text is JSON.
    pub faults: Vec<Fault>,
}

/// Why a text is not an event. It is kept raw by whoever delivered it, and reported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// What was expected, and at most 600 cleaned characters of what came instead.
    pub reason: String,
}

impl Unreadable {
    /// A human has to judge by it whether something is hidden in there.
    const BEGINNING: usize = 600;

    fn new(expected: impl std::fmt::Display, text: &str) -> Self {
        let reason = match clean(text, Self::BEGINNING) {
            nothing if nothing.is_empty() => format!("{expected}; it is empty"),
            beginning => format!("{expected}; it begins: {beginning}"),
        };
        Self { reason }
    }
}

/// Why a text is no event, or what of it could not be read as it stands, in a line each.
pub fn amiss(text: &str) -> Vec<String> {
    let texts = match messages(text) {
        Ok(texts) => texts,
        Err(unreadable) => return vec![unreadable.to_string()],
    };
    let of_text = |text: &std::borrow::Cow<'_, str>| match Event::read(text) {
        Ok(event) => event.faults.iter().map(ToString::to_string).collect(),
        Err(unreadable) => vec![unreadable.to_string()],
    };
    texts.iter().flat_map(of_text).take(20).collect()
}

impl<'a> Event<'a> {
    /// Reads one event text, as [`messages`] hands them out.
    ///
    /// It is an event if it has EventBridge's `source` and `detail-type`, or is a bare finding of a known
    /// shape. A finding that has no finding inside, or a GuardDuty finding without arn, id and type, is
    /// unreadable: what was reported would be lost. Everything else is read as far as it goes: what is cut off,
    /// is not text or nests too deep costs itself, and is among the `faults`.
    pub fn read(text: &'a str) -> Result<Self, Unreadable> {
        let (json, faults) = Json::read(text);
        let unreadable = |expected: String| match faults.first() {
            None => Unreadable::new(expected, text),
            Some(Fault { offset, expected: instead, amiss: _ }) => {
                let not_json = format!("not JSON at byte {offset}: {instead} expected");
                Unreadable::new(format!("{expected} ({not_json})"), text)
            }
        };
        let (envelope, json) = envelope::read(json, text).map_err(unreadable)?;
        let is_whole = !faults.iter().any(Fault::takes_away);
        let (finding, subject) = match report_of(&envelope, &json) {
            Some(report) => {
                let read = reported(report, &envelope, &json);
                let read = read.map_err(|expected| unreadable(format!("{report}: {expected}")))?;
                (Some(if is_whole { read.0 } else { as_far_as_it_goes(read.0) }), read.1)
            }
            None => (None, platform::subject(&envelope, &json)),
        };
        let finding = finding.map(|finding| in_its_account(finding, &subject));
        let json = ours::beside(json, finding.as_ref(), &subject);
        let Envelope { id, source, detail_type, time, .. } = envelope;
        Ok(Event { id, source, detail_type, time, finding, subject, json, faults })
    }
}

impl Event<'_> {
    /// Whether the owner of the alarm that it reports has muted it.
    pub(crate) fn mute(&self) -> Option<Mute> {
        let is_alarm = |finding: &Finding| finding.source == FindingSource::CloudWatch;
        let detail = self.json.get("detail").filter(|_| self.finding.as_ref().is_some_and(is_alarm))?;
        cloudwatch::mute(detail, self.time)
    }

    /// Whether Security Hub says that somebody has the finding that it reports, or a button's order about it.
    pub(crate) fn is_in_hand(&self) -> bool {
        let is_of_hub = self.source == Report::SecurityHub.envelope().0;
        let detail = self.json.get("detail").filter(|_| is_of_hub);
        detail.and_then(|detail| only_finding(detail).ok()).is_some_and(hub::is_in_hand)
    }
}

/// The finding that an event reports; none of those of Security Hub that may be about something else and have none.
fn report_of(envelope: &Envelope, event: &Json<'_>) -> Option<Report> {
    let has_finding = || read::at(event, "detail").is_some_and(|detail| only_finding(detail).is_ok());
    envelope.report().filter(|report| !report.may_be_without(&envelope.detail_type) || has_finding())
}

/// What is missing may say that it is open, or no sample: what is not whole closes nothing and hides nothing.
fn as_far_as_it_goes(finding: Finding) -> Finding {
    Finding { state: FindingState::Open, sample: false, ..finding }
}

/// A finding whose name is of another account than its report is another finding: nobody reports, mutes or closes what
/// is of an account that is not theirs.
fn in_its_account(finding: Finding, subject: &Subject) -> Finding {
    // Of a key that names both its product and its finding, the finding's.
    let key = finding.key.as_str();
    let named = key.rsplit('|').find_map(names::account_of);
    match (named, &subject.account) {
        (Some(named), Some(account)) if named != *account => {
            let key = crate::ids::FindingKey::new(format!("{account}/{}", finding.key));
            Finding { key, ..finding }
        }
        (_, _) => finding,
    }
}

/// What the detail reports, an object or one that came as a text.
fn reported(report: Report, envelope: &Envelope, event: &Json<'_>) -> Result<(Finding, Subject), String> {
    let within;
    let detail = match read::at(event, "detail") {
        Some(Json::String(text)) => {
            within = Json::read(text).0;
            Some(&within)
        }
        detail => detail,
    };
    let detail = detail.filter(|detail| matches!(detail, Json::Object(_)));
    finding_in(report, envelope, detail.ok_or("expected an object as detail")?)
}

fn finding_in(report: Report, envelope: &Envelope, detail: &Json<'_>) -> Result<(Finding, Subject), String> {
    match report {
        Report::GuardDuty => guardduty::read(envelope, detail),
        Report::GuardDutyStatus => Ok(guardduty_status::read(envelope, detail)),
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
        Report::Prometheus => alert::read(FindingSource::Prometheus, envelope, detail),
        Report::Watch => alert::read(FindingSource::Cluster, envelope, detail),
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
