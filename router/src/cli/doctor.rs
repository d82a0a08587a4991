//! `watchfire doctor`: everything that stands between an event and a page, looked at before and after it is installed.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::screen::say;
use super::{Failed, Output};
use crate::doctor::{Section, examine, worst};
use crate::finding::{Finding, Grade};

/// What `doctor` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_CONFIG", default_value = "watchfire.yaml")]
    config: PathBuf,
    /// Look at the cluster by this kubeconfig, instead of as `run` does
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { config, kubeconfig, output } = arguments;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sections = runtime.block_on(examine(config, kubeconfig.as_deref()))?;
    let worst = worst(&sections);
    match output {
        Output::Human => sections.iter().flat_map(lines).try_for_each(|line| say(&line))?,
        Output::Json => say!("{}", json!({"worst": worst, "sections": sections})),
    }
    match worst {
        Grade::Fail => Err(Failed::Said),
        Grade::NotAsked | Grade::Ok | Grade::Warn => Ok(()),
    }
}

fn lines(section: &Section) -> Vec<String> {
    let Section { name, findings } = section;
    let mut lines = vec![name.clone()];
    for Finding { grade, found, remedy } in findings {
        let word = match grade {
            Grade::NotAsked => "-",
            Grade::Ok => "ok",
            Grade::Warn => "warn",
            Grade::Fail => "FAIL",
        };
        lines.push(format!("{word:<5} {found}"));
        if !remedy.is_empty() {
            lines.push(format!("      -> {remedy}"));
        }
    }
    lines
}
