//! Everything of Watchfire that touches the world: sources, store, channels, the worker, the command line.
//!
//! What is decided, and why, is in `watchfire_core`; here it is carried out.

// What only commands ask for is asked for by nobody then, and the linker leaves it out.
#![cfg_attr(not(feature = "cli"), allow(dead_code, unused_imports))]

pub mod api;
pub mod app;
pub mod aws;
#[cfg(feature = "board")]
mod board;
pub mod channel;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clients;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod containment;
mod descriptors;
#[cfg(feature = "cli")]
mod doctor;
pub mod evidence;
pub mod failure;
pub mod finding;
mod horizon;
pub mod identity;
#[cfg(feature = "mcp")]
mod mcp;
pub mod oncall;
pub mod pagerduty;
mod postmortem;
pub mod reload;
pub mod reloaded;
pub mod responder;
mod retry;
pub mod rotation;
pub mod router;
pub mod rules_files;
pub mod secret;
pub mod slack;
pub mod source;
pub mod store;
pub mod telemetry;
pub mod triage;
pub mod web;
pub mod worker;
