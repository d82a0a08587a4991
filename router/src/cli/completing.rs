//! What a shell completes besides our own words: ids, where a worker answers at once, and contexts of the client file.

use std::ffi::OsStr;
use std::time::Duration;

use clap_complete::engine::{CompletionCandidate, ValueCompleter};
use serde_json::Value;
use watchfire_core::text::clean;

use super::asking::{Whom, answered, word};
use super::client;

/// The variable by which a shell asks.
pub(super) const VARIABLE: &str = "WATCHFIRE_COMPLETE";
/// Nobody waits longer for a key that was pressed.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which ids are completed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ids {
    Incidents,
    Approvals,
    Contained,
    Silences,
}

impl ValueCompleter for Ids {
    /// Those that begin so, with what each is. A worker that does not answer has none.
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let typed = current.to_string_lossy();
        let of = |row: &Value| {
            let (whole, short, what) = self.named(row);
            // What was typed may be longer than the short id, or begin with what nobody has to type.
            let id = [short, whole].into_iter().find(|id| id.starts_with(typed.as_ref()))?;
            Some(CompletionCandidate::new(id).help(Some(clean(&what, 60).into())))
        };
        self.rows().iter().filter_map(of).collect()
    }
}

impl Ids {
    fn rows(self) -> Vec<Value> {
        let path = match self {
            Ids::Incidents => "/v1/incidents",
            Ids::Approvals => "/v1/approvals",
            Ids::Contained => "/v1/held",
            Ids::Silences => "/v1/silences",
        };
        let Ok(answer) = answered(&Whom::unsaid(), path, None, PATIENCE) else { return Vec::new() };
        let rows = match self {
            Ids::Incidents => answer["incidents"].as_array(),
            Ids::Approvals | Ids::Contained | Ids::Silences => answer.as_array(),
        };
        rows.cloned().unwrap_or_default()
    }

    /// The whole id, the short one, and what it is.
    fn named(self, row: &Value) -> (String, String, String) {
        let text = |name| clean(word(row, name), 300);
        match self {
            Ids::Incidents => (text("key"), text("short"), format!("{} {}", text("priority"), text("title"))),
            Ids::Approvals => {
                (text("id"), text("short"), format!("{} of {}", text("action"), text("target")))
            }
            Ids::Contained => (text("incident"), text("short"), text("target")),
            Ids::Silences => (text("id"), text("id"), text("comment")),
        }
    }
}

/// The contexts of the client file.
pub(super) fn contexts() -> Vec<CompletionCandidate> {
    client::names().into_iter().map(CompletionCandidate::new).collect()
}
