//! What Watchfire decides, without the world: no clock, no network, no environment.

pub mod act;
pub mod calendar;
pub mod command;
mod compose;
pub mod containment;
pub mod context;
pub mod decide;
pub mod decision;
pub mod event;
pub mod follow_up;
pub mod guard;
pub mod identity;
pub mod ids;
pub mod incident;
pub mod journal;
pub mod json;
pub mod mitigation;
pub mod notice;
pub mod pattern;
mod planning;
pub mod policy;
pub mod priority;
pub mod replay;
pub mod rules;
pub mod window;
pub mod yaml;
pub mod zone;
