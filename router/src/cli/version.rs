//! `watchfire version`: what this binary is.

use clap::Args;
use serde_json::json;

use super::{Failed, Output};

/// What `version` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How to print
    #[arg(long, short, value_enum, default_value_t = Output::Human)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { output } = arguments;
    let (version, fips) = (env!("CARGO_PKG_VERSION"), cfg!(feature = "fips"));
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    match output {
        Output::Human => {
            let module = if fips { ", TLS by the FIPS module of AWS-LC" } else { "" };
            say!("watchfire {version} for {target}{module}");
        }
        Output::Json => say!("{}", json!({"version": version, "target": target, "fips": fips})),
    }
    Ok(())
}
