//! The two HTTP addresses: one takes events, the other tells how the worker is.

mod asked;
mod body;
mod commands;
mod doors;
mod event;
mod events;
mod guard;
mod health;
mod incidents;
mod line;
mod refusal;
mod server;
mod shown;
mod spelt_out;
mod store;
mod story;
mod token;
mod webhooks;

pub use commands::{Operator, Order};
pub(crate) use commands::{VERSION_HEADER, ZONE_HEADER};
pub(crate) use doors::Doors;
pub use event::EventShown;
pub use events::Ingest;
pub use health::Health;
pub use refusal::Refusals;
pub(crate) use server::Server;
pub use shown::{HeldShown, IncidentShown, IncidentState, IncidentsShown, SilenceShown, SilenceState};
pub use story::{ActShown, Decided, DecisionShown, StoryKind, StoryShown};
pub use token::Token;
pub use webhooks::{Webhooks, webhooks};
