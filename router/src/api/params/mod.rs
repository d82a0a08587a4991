//! What may be asked.

mod command;
mod looking;

pub use crate::responder::Named;
pub use command::Command;
pub use looking::{Audit, Decisions, Incidents, IncidentsIn, Of, Reload, Silences};
