//! One message as delivered, read once: envelope, finding, subject.
//!
//! ```text
//! messages(body) -> the event texts in it      (SNS envelopes, arrays, AWS CLI output taken apart)
//! Event::read(text) -> Event | Unreadable      (never a panic; every field optional)
//! ```

mod finding;
mod subject;

pub use finding::{Band, Finding, FindingSource, FindingState, Severity};
pub use subject::{Container, Subject, Workload};

use jiff::Timestamp;

use crate::ids::EventId;
use crate::json::Json;

/// One event, borrowing from its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// EventBridge's id; for a bare finding or another shape a hash of the text.
    pub id: EventId,
    /// The envelope's `source`, such as `aws.guardduty`; empty where there is none.
    pub source: String,
    /// The envelope's `detail-type`; empty where there is none.
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
