//! `watchfire doctor`: whether the cluster lets Watchfire do what its rules say, and no more than that.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;
use watchfire_core::plan::permissions::permissions;

use super::rbac::enabled;
use super::{Failed, Output, PolicyArguments};
use crate::clients::Clients;
use crate::cluster;
use crate::config;
use crate::containment::{Finding, Grade, Identity, checkup};

/// What `doctor` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    policy: PolicyArguments,
    /// How to reach the cluster, instead of as the configuration says, the service account or the usual kubeconfig
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failed> {
    let Arguments { policy, kubeconfig, output } = arguments;
    let (steps, evidence) = enabled(policy)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (identity, findings) = runtime.block_on(async {
        let cluster = connect(kubeconfig.as_deref(), policy.config.as_deref()).await?;
        checkup(cluster, &steps, &permissions(&steps, evidence)).await.map_err(anyhow::Error::from)
    })?;
    match output {
        Output::Human => print(&identity, &findings)?,
        Output::Json => say!("{}", json!({"identity": identity, "findings": findings})),
    }
    match findings.iter().any(|finding| finding.grade == Grade::Fail) {
        true => Err(Failed::Said),
        false => Ok(()),
    }
}

/// As `--kubeconfig` says, else as the configuration does, else as every tool of Kubernetes.
async fn connect(kubeconfig: Option<&Path>, config: Option<&Path>) -> anyhow::Result<kube::Client> {
    let clients = Clients::new(None)?;
    // Its mistakes have been told.
    let configured = config.and_then(|path| config::check(path).ok()?.0.cluster);
    let mut config = match (kubeconfig, configured) {
        (None, Some(cluster)) => return cluster::reach(&cluster, &clients).await.context("cluster.access"),
        (Some(path), _) => {
            let file = Kubeconfig::read_from(path).with_context(|| path.display().to_string())?;
            kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?
        }
        (None, None) => kube::Config::infer().await.context("no cluster is configured")?,
    };
    config.default_retry = false;
    kube::Client::try_from(config).context("no client for the cluster")
}

fn print(identity: &Identity, findings: &[Finding]) -> std::io::Result<()> {
    if !identity.user.is_empty() {
        say!("      as {}", identity.user);
    }
    for Finding { grade, found, remedy } in findings {
        let word = match grade {
            Grade::Ok => "ok",
            Grade::Warn => "warn",
            Grade::Fail => "FAIL",
        };
        say!("{word:<5} {found}");
        if !remedy.is_empty() {
            say!("      -> {remedy}");
        }
    }
    Ok(())
}
