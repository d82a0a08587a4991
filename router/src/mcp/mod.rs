//! What assistants ask, by the Model Context Protocol: read-only tools, resources and prompts over the API, and four tools
//! that change what anybody with the role may change. None approves, and none reaches a query language.
//!
//! ```text
//! server.rs, over_http.rs   the protocol, by `rmcp`: nothing else of ours names it
//! tool.rs                   the tools: names, schemas, who answers
//! looking/, acting.rs       the tools' work: the API asked as whoever asks, its answers made small
//! told.rs                   what others wrote, marked, cleaned, cut; pages of an answer
//! desk.rs                   the API: in this process, or a worker elsewhere
//! ```

mod acting;
mod desk;
mod looking;
mod over_http;
mod prompts;
mod resources;
mod server;
mod told;
mod tool;

pub(crate) use desk::Away;
pub(crate) use over_http::over_http;
pub(crate) use server::over_stdio;

#[cfg(test)]
mod tests;
