//! `watchfire schema`: the JSON Schema of a file that people write, for their editor; the document of the HTTP API.

use clap::{Args, ValueEnum};

use super::Failed;
use super::screen::say;
use crate::{api, config};

/// What `schema` takes.
#[derive(Debug, Args)]
#[command(after_help = "In the first line of watchfire.yaml, for editors with the YAML language server:
  # yaml-language-server: $schema=watchfire.schema.json")]
pub(super) struct Arguments {
    /// Of which file, or of the worker's HTTP API
    #[arg(value_enum)]
    of: Of,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// watchfire.yaml
    Config,
    /// A rule file
    Rules,
    /// A scenario
    Scenario,
    /// The OpenAPI document of the worker's HTTP API
    Openapi,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let schema = match arguments.of {
        Of::Config => config::schema(),
        Of::Rules => watchfire_core::rules::schema(),
        Of::Scenario => watchfire_core::scenario::schema(),
        Of::Openapi => api::document(),
    };
    Ok(say(schema.trim_end())?)
}
