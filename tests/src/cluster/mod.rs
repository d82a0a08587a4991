//! Kubernetes for tests: a faithful API server.

pub mod fake;
