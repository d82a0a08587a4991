//! The cluster, by the access that `run` uses, or by a kubeconfig that was given.

use std::path::Path;

use anyhow::Context as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use watchfire_core::plan::permissions::permissions;
use watchfire_core::text::clean;

use super::configuration::Read;
use super::{Section, section};
use crate::clients::Clients;
use crate::cluster::{self, Config};
use crate::containment::{checkup, enabled_by};
use crate::finding::Finding;

const REASON_LENGTH: usize = 300;

pub(super) async fn look(read: &Read, kubeconfig: Option<&Path>, clients: &Clients) -> Section {
    section("cluster".to_owned(), async |findings| {
        let client = match reach(read.config.cluster.as_ref(), kubeconfig, clients).await {
            None => return,
            Some(Ok(client)) => client,
            Some(Err(error)) => {
                let way = kubeconfig
                    .map_or("cluster.access".to_owned(), |path| format!("--kubeconfig {}", path.display()));
                let why = clean(&format!("{error:#}"), REASON_LENGTH);
                findings.push(Finding::fail(
                    format!("{way}: {why}"),
                    "`--kubeconfig FILE` looks from outside the cluster; see `cluster.access` in router/docs/configuration.md",
                ));
                return;
            }
        };
        let (steps, evidence) = enabled_by(&read.policy);
        let mut needed = permissions(&steps, evidence);
        if read.config.access.kubernetes.is_some() {
            needed = needed.with_people();
        }
        if read.config.watch.is_some() {
            needed = needed.with_watch();
        }
        if read.config.health_report.is_some() {
            needed = needed.with_health();
        }
        match checkup(client, &steps, &needed).await {
            Ok((identity, found)) => {
                findings.push(known_as(&identity.user, kubeconfig));
                findings.extend(found);
            }
            Err(failure) => findings.push(Finding::fail(
                clean(&failure.to_string(), REASON_LENGTH),
                "see whether the API server is within reach, and knows us",
            )),
        }
    })
    .await
}

/// Nothing where no cluster is configured and no kubeconfig given. Sends nothing.
pub(super) async fn reach(
    config: Option<&Config>,
    kubeconfig: Option<&Path>,
    clients: &Clients,
) -> Option<anyhow::Result<kube::Client>> {
    match (kubeconfig, config) {
        (Some(path), _) => Some(by_kubeconfig(path).await),
        (None, Some(config)) => Some(cluster::reach(config, clients).await),
        (None, None) => None,
    }
}

async fn by_kubeconfig(path: &Path) -> anyhow::Result<kube::Client> {
    let file = Kubeconfig::read_from(path)?;
    let mut config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    config.default_retry = false;
    kube::Client::try_from(config).context("no client for the cluster")
}

/// As whom we look. What a person may says nothing of what Watchfire may.
fn known_as(user: &str, kubeconfig: Option<&Path>) -> Finding {
    let user = if user.is_empty() { "somebody whom it does not name" } else { user };
    match kubeconfig {
        None => Finding::ok(format!("the API server knows us as {user}")),
        Some(path) => Finding::warn(
            format!(
                "looked at by --kubeconfig {}, as {user}: what Watchfire itself may is not known by that",
                path.display()
            ),
            "run `doctor` without it where Watchfire runs",
        ),
    }
}
