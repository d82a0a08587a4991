//! From the configuration to a client of the API server.

use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt as _};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::filter::AsyncFilterLayer;
use tower::{BoxError, ServiceBuilder};

use super::config::{Access, EksAccess, KubeconfigAccess};
use super::eks_token::EksToken;
use crate::clients::{Clients, chain};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that nobody uses is kept for that long, and no more than so many are: each keeps the buffer that its longest
/// answer took.
const IDLE: Duration = Duration::from_secs(15);
const MOST_IDLE: usize = 16;
/// What of an answer is read at once, at most; its head must fit in.
const READ_BUFFER: usize = 64 << 10;

/// Makes the client. Nothing is sent yet, so that a dead API server is no error; what is wrong with the
/// configuration, its files or certificates is.
pub(super) async fn reach(access: &Access, name: &str, clients: &Clients) -> anyhow::Result<Client> {
    let (config, token) = match access {
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
    client(config, token)
}

/// The stack of [`kube`] with the pool of connections that it does not let one set, and without its retries: whether and when
/// to try again is decided here, by deadlines.
fn client(config: Config, token: Option<EksToken>) -> anyhow::Result<Client> {
    ensure!(
        config.proxy_url.is_none(),
        "expected an API server that is reached without a proxy, found proxy-url"
    );
    let unusable = |error| anyhow!(chain(&error));
    let mut connector = TimeoutConnector::new(config.rustls_https_connector().map_err(unusable)?);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_write_timeout(config.write_timeout);
    let connections = legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(MOST_IDLE)
        .http1_max_buf_size(READ_BUFFER)
        .build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(unusable)?)
        .layer(config.extra_headers_layer().map_err(unusable)?)
        .map_err(BoxError::from)
        .service(connections);
    let namespace = config.default_namespace;
    Ok(match token {
        None => Client::new(service, namespace),
        Some(token) => {
            let shown = AsyncFilterLayer::new(move |request| token.clone().show(request));
            Client::new(ServiceBuilder::new().layer(shown).service(service), namespace)
        }
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
