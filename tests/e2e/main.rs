//! The one test binary: every promise that needs a socket, a process or a disk.
// An `unwrap` in a test is a promise that was not kept.
#![allow(clippy::unwrap_used)]

mod agree;
mod attacks;
mod aws;
mod channel;
mod check;
mod cli;
mod conformance;
mod containment;
mod containment_steps;
mod crash;
mod damage;
mod dead_channel;
mod documents;
mod drill;
mod dynamodb;
mod enrich;
mod evidence;
mod fault_proxy;
mod fleet;
mod hands;
mod hostile;
mod ingest;
mod kubernetes_server;
mod lambda;
mod network;
mod operators;
mod pagerduty_inbound;
mod queue;
mod reload;
mod rules;
mod scenarios;
mod securityhub;
mod servers;
mod silences;
mod stops;
mod store;
mod store_command;
mod store_copy;
mod storm;
mod support;
mod templates;
mod transcripts;
mod truth;
mod worker;
