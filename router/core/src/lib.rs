//! What Watchfire decides, without the world: no clock, no network, no environment.

pub mod act;
mod compose;
pub mod context;
pub mod decide;
pub mod decision;
pub mod event;
pub mod identity;
pub mod ids;
pub mod incident;
pub mod journal;
pub mod json;
pub mod notice;
pub mod pattern;
pub mod policy;
pub mod priority;
pub mod replay;
pub mod rules;
pub mod yaml;
