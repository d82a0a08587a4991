//! What a run of `watchfire --log json` has logged: one JSON object a line.

use std::path::PathBuf;

use serde_json::Value;

/// The log of one work directory, over every run in it.
#[derive(Clone, Debug)]
pub struct Logs(PathBuf);

impl Logs {
    pub(crate) fn of(file: PathBuf) -> Self {
        Self(file)
    }

    /// The whole text, for a failed assertion or a search for secrets.
    pub fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap_or_default()
    }

    /// The fields of every line whose message is `name`, the oldest first; half-written lines are skipped.
    pub fn all(&self, name: &str) -> Vec<Value> {
        let text = self.text();
        text.lines().filter_map(|line| Self::line(line, name)).collect()
    }

    /// The fields of that line, if its message is `name`.
    pub(crate) fn line(line: &str, name: &str) -> Option<Value> {
        let fields = fields(serde_json::from_str(line).ok()?)?;
        (fields["message"] == name).then_some(fields)
    }

    /// The fields of every `decided` line.
    pub fn decided(&self) -> Vec<Value> {
        self.all("decided")
    }
}

/// `tracing` nests an event's fields unless told not to; either will do.
fn fields(line: Value) -> Option<Value> {
    let Value::Object(mut line) = line else { return None };
    match line.remove("fields") {
        Some(fields) => Some(fields),
        None => Some(Value::Object(line)),
    }
}
