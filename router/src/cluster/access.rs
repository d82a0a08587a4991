//! From the configuration to a client of the API server.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::config::{Access, EksAccess, KubeconfigAccess};
use super::eks_token::EksToken;
use crate::clients::{Clients, chain};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Makes the client. Nothing is sent yet, so that a dead API server is no error; what is wrong with the
/// configuration, its files or certificates is.
pub(super) async fn reach(access: &Access, name: &str, clients: &Clients) -> anyhow::Result<Client> {
    let (mut config, token) = match access {
        Access::InCluster(_) => {
            let config = Config::incluster().map_err(|error| anyhow!(chain(&error)));
            (config.context("not in a cluster: no service account of a pod was found")?, None)
        }
        Access::Kubeconfig(KubeconfigAccess { path, context }) => {
            let file = Kubeconfig::read_from(path).map_err(|error| anyhow!("{}: {error}", path.display()))?;
            let options = KubeConfigOptions { context: context.clone(), ..KubeConfigOptions::default() };
            let config = Config::from_custom_kubeconfig(file, &options).await;
            (config.with_context(|| path.display().to_string())?, None)
        }
        Access::Eks(eks) => {
            let token = EksToken::new(clients.aws().await, name)?;
            (eks_config(eks).await?, Some(token))
        }
    };
    // Whether and when to try again is decided here, by deadlines, and not inside the client.
    config.default_retry = false;
    client(config, token)
}

fn client(mut config: Config, token: Option<EksToken>) -> anyhow::Result<Client> {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    let builder = ClientBuilder::try_from(config).context("no client for the API server")?;
    Ok(match token {
        None => builder.build(),
        // The buffer makes a service that can be cloned, which waiting for a token needs.
        Some(token) => builder
            .with_layer(&tower::buffer::BufferLayer::new(256))
            .with_layer(&tower::filter::AsyncFilterLayer::new(move |request| token.clone().show(request)))
            .build(),
    })
}

async fn eks_config(EksAccess { endpoint, certificate_authority }: &EksAccess) -> anyhow::Result<Config> {
    let file = serde_json::json!({
        "clusters": [{"name": "eks", "cluster": {
            "server": endpoint, "certificate-authority-data": certificate_authority}}],
        "users": [{"name": "eks", "user": {}}],
        "contexts": [{"name": "eks", "context": {"cluster": "eks", "user": "eks"}}],
        "current-context": "eks",
    });
    let file: Kubeconfig = serde_json::from_value(file).context("no kubeconfig")?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    config.context("expected an https:// endpoint and the certificate authority as PEM in base64")
}
