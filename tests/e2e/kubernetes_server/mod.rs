//! The Kubernetes API server that the other tests stand on: as recorded, as documented, and as the real client sees it.

mod client;
mod harness;
mod recorded;
