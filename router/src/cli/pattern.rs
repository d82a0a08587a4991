//! `watchfire pattern`: the pattern language for scripts and conformance suites.

use std::io::{BufRead as _, Write as _};

use clap::Args;
use watchfire_core::json::Json;
use watchfire_core::pattern::Pattern;
use watchfire_core::text::visible;

use super::Failed;

/// Reads JSON lines from standard input.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments {} = arguments;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        writeln!(out, "{}", visible(&answer(&line)))?;
    }
    out.flush()?;
    Ok(())
}

fn answer(line: &[u8]) -> String {
    match matched(line) {
        Ok(matched) => format!("{{\"match\":{matched}}}"),
        Err(reason) => Json::Object(vec![("invalid".into(), Json::string(reason))]).to_string(),
    }
}

fn matched(line: &[u8]) -> Result<bool, String> {
    let line = std::str::from_utf8(line).map_err(|error| format!("the line is not text: {error}"))?;
    let case = Json::parse(line).map_err(|error| format!("the line is {error}"))?;
    let pattern = case.get("pattern").ok_or("expected a member `pattern`")?;
    let pattern = match pattern {
        // A pattern given as a string holds the pattern's text, as EventBridge's API takes it.
        Json::String(text) => Pattern::parse(text),
        other => Pattern::from_json(other),
    };
    let pattern = pattern.map_err(|error| error.to_string())?;
    match case.get("event") {
        Some(event) => Ok(pattern.matches(event)),
        None => Err("expected a member `event`".to_owned()),
    }
}
