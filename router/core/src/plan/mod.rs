//! From an action that a rule names to its plan: what it is done to, its steps, and what undoes them.
//!
//! One file per action says what its steps are, and which pods and workloads it refuses.

mod annotate;
mod cordon;
mod delete_pod;
mod drain;
mod evidence;
mod image_scan;
mod input;
pub mod permissions;
mod quarantine;
mod revoke_credentials;
mod scale_to_zero;
mod taking_effect;

pub use input::{NoPlan, PlanInput, Planned, Repertoire, repertoire};
