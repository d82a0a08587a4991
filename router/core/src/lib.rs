//! What Watchfire decides, without the world: no clock, no network, no environment.

pub mod decision;
pub mod event;
pub mod ids;
pub mod incident;
pub mod journal;
pub mod json;
pub mod notice;
pub mod pattern;
pub mod priority;
