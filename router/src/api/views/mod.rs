//! What is answered.

mod audit;
mod beside;
mod decision;
mod detail;
mod event;
mod incident;
mod machine_text;
mod on_call;
mod operating;
mod playbook;
mod report;
mod short;
mod silence;
mod worker;

pub use crate::reloaded::Reloaded;
pub use crate::router::Relation;
pub use audit::{AuditLine, AuditTrail};
pub use beside::{Alike, Facts, Known, Related};
pub use decision::{Act, ActStep, Change, DecidedBy, Decision};
pub use detail::{AskedAbout, IncidentDetail};
pub use event::Event;
pub use incident::{Incident, IncidentList, IncidentState, Suppressed};
pub use machine_text::MachineText;
pub use on_call::OnCall;
pub use operating::{Approval, CommandResult, Contained, Mitigation, Rehearsed};
pub use playbook::{Playbook, PlaybookStep};
pub use report::SignedReport;
pub use short::{Accepted, Error, Heard};
pub use silence::{Silence, SilenceState};
pub use watchfire_core::health::Report as HealthReport;
pub use worker::{
    ChannelCondition, ClusterCondition, Condition, Digest, DigestLine, Explained, Rule, RuleAnswer, Rules,
};
