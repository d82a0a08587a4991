//! The two HTTP addresses: one takes events, the other tells how the worker is.

mod commands;
mod events;
mod health;
mod incidents;
mod shown;
mod store;
mod story;
mod webhooks;

pub use commands::{Operator, Order, commands};
pub use events::{Ingest, events};
pub use health::{Health, health};
pub use shown::{HeldShown, IncidentShown, IncidentState, IncidentsShown, SilenceShown, SilenceState};
pub use story::{ActShown, Decided, DecisionShown, EffectShown, Progress, StoryKind, StoryShown};
pub use webhooks::{Webhooks, webhooks};
