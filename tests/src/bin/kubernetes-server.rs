//! The test server by itself: `kubernetes-server [PORT] [DIRECTORY] [PODS]` serves a small cluster like EKS on 127.0.0.1,
//! writes `DIRECTORY/kubeconfig` (the current directory unless given), and ends when its standard input does. With a
//! number of pods it has those, too, in Deployments of five, on a node for each twenty; it says that it listens when
//! they run.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::json;
use watchfire_kubernetes::{Eks, KubernetesServer, Machine};
use watchfire_tests::until;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (port, directory, pods) = match arguments.as_slice() {
        [] => ("0", ".", "0"),
        [port] => (port.as_str(), ".", "0"),
        [port, directory] => (port.as_str(), directory.as_str(), "0"),
        [port, directory, pods] => (port.as_str(), directory.as_str(), pods.as_str()),
        _ => bail!("usage: kubernetes-server [PORT] [DIRECTORY] [PODS]"),
    };
    let pods: usize = pods.parse().with_context(|| format!("{pods} pods"))?;
    let number = port.parse().with_context(|| format!("port {port}"))?;
    let server = KubernetesServer::listen(number).await.with_context(|| format!("port {port}"))?;
    let nodes = u32::try_from(pods / 20).unwrap_or(u32::MAX).max(3);
    (1..=nodes).for_each(|number| server.node(&Machine::number(number)));
    server.demonstration();
    if pods > 0 {
        server.services(pods, 50);
        until("pods that run", Duration::from_secs(300), async || (server.running() >= pods).then_some(()))
            .await;
    }
    // For the side effect of naming a cryptography provider.
    drop(watchfire_tests::http());
    let config = kube::Config::new(server.url().parse().context("its own address")?);
    let _eks = Eks::controller(kube::Client::try_from(config).context("no client for itself")?);
    let path = server.kubeconfig(&PathBuf::from(directory));
    println!("{}", json!({"listening": server.url(), "kubeconfig": path}));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
