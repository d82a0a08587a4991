//! A line of the journal as it is exported.

use watchfire_core::journal::Entry;
use watchfire_core::text::visible;

use super::Error;
use super::error::chain;

/// A decision with what became of it as JSON; what cannot be understood is a line that says so.
pub(super) fn line(event: &str, entry: Result<Entry, Error>) -> Result<String, Error> {
    let line = match entry {
        Ok(entry) => serde_json::to_value(entry).expect("texts as keys"),
        Err(error @ Error::Corrupt { .. }) => serde_json::json!({"event": event, "unread": chain(&error)}),
        Err(error) => return Err(error),
    };
    // As JSON escapes it: what would turn a screen is spelt out, and says the same.
    Ok(format!("{}\n", visible(&line.to_string())))
}
