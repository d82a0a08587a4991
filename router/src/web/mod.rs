//! The two HTTP addresses: one takes events, the other tells how the worker is.

mod commands;
mod events;
mod health;
mod webhooks;

pub use commands::{Operator, Order, commands};
pub use events::{Ingest, events};
pub use health::{Health, health};
pub use webhooks::{Webhooks, webhooks};
