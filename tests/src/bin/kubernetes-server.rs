//! The test server by itself: `kubernetes-server [PORT] [DIRECTORY]` serves a small cluster on 127.0.0.1, writes
//! `DIRECTORY/kubeconfig` (the current directory unless given), and ends when its standard input does.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde_json::json;
use watchfire_tests::cluster::fake::{KubernetesServer, Machine};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (port, directory) = match arguments.as_slice() {
        [] => ("0", "."),
        [port] => (port.as_str(), "."),
        [port, directory] => (port.as_str(), directory.as_str()),
        _ => bail!("usage: kubernetes-server [PORT] [DIRECTORY]"),
    };
    let number = port.parse().with_context(|| format!("port {port}"))?;
    let server = KubernetesServer::listen(number).await.with_context(|| format!("port {port}"))?;
    (1..4).for_each(|number| server.node(&Machine::number(number)));
    server.demonstration();
    let path = server.kubeconfig(&PathBuf::from(directory));
    println!("{}", json!({"listening": server.url(), "kubeconfig": path}));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
