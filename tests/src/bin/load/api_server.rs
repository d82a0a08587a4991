//! The faithful API server as a process of its own, and the suspects that it has.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use watchfire_tests::{Configuration, GuardDuty, binary};

use crate::started::Started;

/// The server; it ends when its standard input closes.
pub(crate) struct ApiServer {
    // Before the folder that it works in goes.
    _started: Started,
    directory: TempDir,
    kubeconfig: PathBuf,
}

/// A pod that findings are about.
#[derive(Clone, Debug)]
pub(crate) struct Suspect {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    deployment: String,
    container: String,
}

impl ApiServer {
    /// With that many running pods, in Deployments of five, and a node for each twenty.
    pub(crate) fn start(pods: usize) -> anyhow::Result<Self> {
        // For the side effect of naming a cryptography provider.
        drop(watchfire_tests::http());
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(binary("kubernetes-server"));
        command.arg("0").arg(directory.path()).arg(pods.to_string());
        let (started, line) = Started::by(&mut command)?;
        let said: Value = serde_json::from_str(&line).context("the server says where it is")?;
        let kubeconfig = said["kubeconfig"].as_str().context("it writes a kubeconfig")?.into();
        Ok(Self { directory, kubeconfig, _started: started })
    }

    /// A client of an administrator.
    pub(crate) async fn client(&self) -> anyhow::Result<kube::Client> {
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig)?;
        let mut config =
            kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        config.read_timeout = None;
        Ok(kube::Client::try_from(config)?)
    }

    /// Watchfire, told to follow this cluster.
    pub(crate) fn configured(&self, configuration: Configuration) -> Configuration {
        configuration.set(
            "cluster",
            json!({
                "name": "payments",
                "arn": "arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/payments",
                "access": {"kubeconfig": {"path": self.kubeconfig}},
            }),
        )
    }

    /// Where evidence is put.
    pub(crate) fn evidence(&self) -> PathBuf {
        self.directory.path().join("evidence")
    }

    /// Puts a file with that text beside what it has written.
    pub(crate) fn file(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// The pods of all Deployments, those of one after another.
    pub(crate) async fn suspects(&self) -> anyhow::Result<Vec<Suspect>> {
        let pods: Api<Pod> = Api::all(self.client().await?);
        let all = pods.list(&ListParams::default().labels("example.com/label-0")).await?;
        let mut suspects: Vec<_> = all.items.into_iter().filter_map(Suspect::of).collect();
        suspects.sort_by(|one, other| (&one.deployment, &one.name).cmp(&(&other.deployment, &other.name)));
        Ok(suspects)
    }
}

impl Suspect {
    fn of(pod: Pod) -> Option<Self> {
        let deployment = pod.metadata.labels?.remove("app")?;
        let id = pod.status?.container_statuses?.into_iter().next()?.container_id?;
        Some(Self {
            namespace: pod.metadata.namespace?,
            name: pod.metadata.name?,
            uid: pod.metadata.uid?,
            deployment,
            container: id.trim_start_matches("containerd://").to_owned(),
        })
    }

    /// A finding about it, as GuardDuty would send it.
    pub(crate) fn finding(&self, finding: GuardDuty, index: usize) -> String {
        let finding = finding.id(&format!("{index:032}")).in_namespace(&self.namespace, &self.uid);
        finding.container_id(Some(&self.container)).event(&event_id(index)).to_string()
    }
}

/// The id of the event of that number.
pub(crate) fn event_id(index: usize) -> String {
    format!("event-{index:06}")
}
