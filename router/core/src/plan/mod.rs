//! From an action that a rule names to its plan: what it is done to, its steps, and what undoes them.
//!
//! One file per action says what it is done to, what its steps are, what may take its place, and which pods and
//! workloads it refuses. The permissions it needs follow from its steps.

mod annotate;
mod cordon;
mod delete_pod;
mod drain;
mod evidence;
mod image_scan;
mod input;
mod owned;
pub mod permissions;
mod quarantine;
mod recipe;
mod revoke_credentials;
mod scale_to_zero;
mod taking_effect;

pub use input::{NoPlan, PlanInput, Planned};
pub use recipe::{Repertoire, repertoire};
