//! What may be asked.

mod command;
mod looking;

pub use crate::responder::Named;
pub use command::Command;
pub use looking::{Audit, Decisions, Incidents, IncidentsIn, Of, Reload, Silences};

#[cfg(any(feature = "board", feature = "mcp"))]
use serde::Serialize;
#[cfg(any(feature = "board", feature = "mcp"))]
use serde_json::Value;

#[cfg(any(feature = "board", feature = "mcp"))]
/// What is asked, as it stands behind the `?`, which it begins with; nothing where nothing is asked.
pub(crate) fn query(question: &impl Serialize) -> String {
    let members = serde_json::to_value(question).unwrap_or_default();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in members.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(text) => {
                query.append_pair(name, text);
            }
            other => {
                query.append_pair(name, &other.to_string());
            }
        }
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}
