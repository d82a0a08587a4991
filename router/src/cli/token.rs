//! `watchfire token`: a token for a person or a program, shown once; what is kept is what it is recognised by.

use std::collections::BTreeSet;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;
use watchfire_core::text::clean;

use super::client::Iam;
use super::{Failed, Output, usage};
use crate::identity::{AccessConfig, Digest, Grant, Role, TokenConfig, new_token};

/// What `token` does.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a token: shown this once, with the line for the configuration that lets it in.
    New(New),
    /// Sign a token by the credentials of AWS at hand, for a worker with access.iam; good for a minute.
    Iam(ByAws),
}

/// What `iam` takes.
#[derive(Debug, Args)]
pub(super) struct ByAws {
    /// access.iam.id of the worker's configuration
    #[arg(long)]
    id: String,
    /// access.iam.region of it [default: AWS_REGION]
    #[arg(long)]
    region: Option<String>,
}

/// What `new` takes.
#[derive(Debug, Args)]
pub(super) struct New {
    /// Whose it is, as the journal and the audit trail are to name them
    #[arg(long)]
    name: String,
    /// What they may
    #[arg(long, value_enum)]
    role: Role,
    /// Only in this namespace; may be given again
    #[arg(long, value_name = "NAME")]
    namespace: Vec<String>,
    /// Only in this cluster; may be given again
    #[arg(long, value_name = "NAME")]
    cluster: Vec<String>,
    /// When it ends, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Timestamp>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

pub(super) fn main(command: Command) -> Result<(), Failed> {
    match command {
        Command::New(arguments) => new(arguments),
        Command::Iam(ByAws { id, region }) => {
            say!("{}", Iam { id, region }.token()?.expose());
            Ok(())
        }
    }
}

fn new(arguments: New) -> Result<(), Failed> {
    let New { name, role, namespace, cluster, expires_at, output } = arguments;
    let some = |names: Vec<String>| (!names.is_empty()).then(|| names.into_iter().collect::<BTreeSet<_>>());
    let grant = Grant { role, namespaces: some(namespace), clusters: some(cluster) };
    let token = new_token().map_err(|_| anyhow!("the system gives no random bits"))?;
    let text = token.expose();
    let sha256 = Digest::of(text.as_bytes());
    let config = TokenConfig { name: name.clone(), sha256, roles: vec![grant.clone()], expires_at };
    let access = AccessConfig { tokens: vec![config], ..AccessConfig::default() };
    let mut wrong = Vec::new();
    access.check(None, &mut |member, mistake| wrong.push(format!("{}: {mistake}", member.trim_matches('.'))));
    if let Some(wrong) = wrong.into_iter().next() {
        return Err(usage(anyhow!("{wrong}")));
    }
    let mut line = json!({"name": name, "sha256": sha256.hex(), "roles": [grant]});
    if let Some(end) = expires_at {
        line["expires_at"] = json!(end);
    }
    match output {
        Output::Json => say!("{}", json!({"token": *text, "access": {"tokens": [line]}})),
        Output::Human => {
            say!("The token of {}, shown this once:\n", clean(&name, 100));
            say!("  {text}\n");
            say!("Under `access.tokens` of the configuration; a reload takes it up:\n");
            say!("  - {line}");
        }
    }
    Ok(())
}
