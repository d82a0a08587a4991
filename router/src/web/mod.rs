//! The two HTTP addresses: one takes events, the other tells how the worker is.

mod commands;
mod events;
mod health;
mod incidents;
mod shown;
mod webhooks;

pub use commands::{Operator, Order, commands};
pub use events::{Ingest, events};
pub use health::{Health, health};
pub use shown::{
    ActShown, Decided, DecisionShown, EffectShown, HeldShown, IncidentShown, IncidentState, IncidentsShown,
    Progress, SilenceShown, SilenceState, StoryKind, StoryShown,
};
pub use webhooks::{Webhooks, webhooks};
