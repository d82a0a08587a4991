//! Containment, whole: from a finding to objects, calls, journal and pages, against an API server.

mod approvals;
mod hostile;
mod release;
mod several;
mod silent;
pub(crate) mod stage;
mod stateful;
mod stops;
mod table;
