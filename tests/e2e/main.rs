//! The one test binary: every promise that needs a socket, a process or a disk.

mod actions;
mod cli;
mod conformance;
mod crash;
mod queue;
mod servers;
mod store;
mod worker;
