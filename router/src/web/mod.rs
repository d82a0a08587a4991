//! The two HTTP addresses: one takes events, the other tells how the worker is.

mod answer;
mod asked;
mod at_once;
mod audit;
mod body;
mod commanding;
mod commands;
mod doors;
mod event;
mod events;
mod guard;
mod health;
mod incidents;
mod line;
mod pressing;
mod refusal;
mod report;
mod server;
mod slack;
mod spelt_out;
mod store;
mod webhooks;
mod who;
mod worker;

pub use at_once::AtOnce;
pub use commands::{LetIn, Operator, Vouched};
#[cfg(all(test, feature = "mcp"))]
pub(crate) use doors::asked_of_a_worker;
pub(crate) use doors::{Assistants, Doors, Pages, asked_without_doors};
pub use events::{Ingest, Senders};
pub use health::Health;
#[cfg(feature = "board")]
pub(crate) use line::Line;
pub(crate) use refusal::Refusal;
pub use refusal::Refusals;
pub(crate) use server::Server;
pub use slack::slack_buttons;
pub use webhooks::{Webhooks, webhooks};
#[cfg(feature = "cli")]
pub(crate) use who::TOKEN;
pub(crate) use who::Who;
#[cfg(feature = "board")]
pub(crate) use who::{LIVE, PART_HEADER, identified};
