//! Kubernetes for tests: one harness over a faithful API server in process, or over a real cluster.
//!
//! A test written against [`Cluster`] runs unchanged on both: on the faithful server of [`watchfire_kubernetes`], fresh for each
//! test, or, where `WATCHFIRE_TEST_KUBECONFIG` names a kubeconfig, on that cluster, which all tests then share.
//! There the images `registry.local/app:1` (a busybox) must be on the nodes, or `WATCHFIRE_TEST_IMAGE` names another.
//!
//! - [`Cluster::client`] arranges and asserts, uncounted. [`Cluster::proxy`] is what Watchfire is given: it counts
//!   calls, injects faults, and can hold Watchfire to a role.
//! - [`Cluster::namespace`] gives a namespace of the test's own; everything else is made in it.
//! - Makers (`deployment`, `bare_pod`, …) return when what they make is ready.
//! - [`Cluster::install_eks`] makes it look and act like EKS: CRDs, the switch, and a network policy controller.
//! - What only the faithful server can do is behind [`Cluster::fake`]; a test that needs it says why it skips.
//!
//! ```ignore
//! # async fn example() {
//! use watchfire_tests::cluster::{Cluster, Fault, Match};
//! let cluster = Cluster::start().await;
//! let namespace = cluster.namespace("quarantine").await;
//! let pods = cluster.deployment(&namespace, "web", 2, [("app", "web")]).await;
//! cluster.proxy().fault(Match::any().method("PATCH").path("/pods/"), Fault::status(503)).times(1);
//! # }
//! ```

mod calls;
mod eks;
mod look;
mod make;
mod proxy;
mod template;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};

pub use calls::{Call, Fault, Match, Standing};
pub use proxy::Proxy;
pub use template::Template;
use watchfire_kubernetes::KubernetesServer;
pub use watchfire_kubernetes::{Eks, Person, Rule, User};

use crate::until;

/// For what a cluster does by itself; a real one pulls, schedules and starts.
pub const SOON: Duration = Duration::from_secs(60);

/// The variable that names the kubeconfig of a real cluster.
pub const KUBECONFIG: &str = "WATCHFIRE_TEST_KUBECONFIG";

/// A cluster as a test sees it.
#[derive(Debug)]
pub struct Cluster {
    fake: Option<KubernetesServer>,
    config: kube::Config,
    client: Debugged<kube::Client>,
    proxy: Proxy,
    /// The test's own, shared with what looks after them.
    namespaces: Arc<Mutex<Vec<String>>>,
    /// What has no namespace and is the test's own.
    cluster_scoped: Mutex<Vec<(ApiResource, String)>>,
}

/// A value that has nothing to show.
struct Debugged<T>(T);

impl<T> std::fmt::Debug for Debugged<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::any::type_name::<T>())
    }
}

impl Cluster {
    /// The faithful server, or the real cluster where the environment names one.
    pub async fn start() -> Cluster {
        // For the side effect of naming a cryptography provider.
        drop(crate::http());
        match std::env::var_os(KUBECONFIG) {
            None => Self::fresh().await,
            Some(path) => Self::real(path.into()).await,
        }
    }

    /// The faithful server, whatever the environment says.
    pub async fn fresh() -> Cluster {
        drop(crate::http());
        let server = KubernetesServer::start().await;
        let config = kube::Config::new(server.url().parse().expect("it is a URL"));
        Self::over(Some(server), config).await
    }

    async fn real(path: PathBuf) -> Cluster {
        let kubeconfig = Kubeconfig::read_from(&path).expect("the kubeconfig can be read");
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        Self::over(None, config.expect("the kubeconfig is one")).await
    }

    async fn over(fake: Option<KubernetesServer>, mut config: kube::Config) -> Cluster {
        // Watches are silent for as long as nothing happens.
        config.read_timeout = None;
        // A refusal is shown, not tried again: tests are about refusals.
        config.default_retry = false;
        let client = kube::Client::try_from(config.clone()).expect("the configuration makes a client");
        let proxy = Proxy::start(client.clone()).await;
        Cluster {
            fake,
            config,
            client: Debugged(client),
            proxy,
            namespaces: Arc::default(),
            cluster_scoped: Mutex::default(),
        }
    }

    /// Straight to the API server, as an administrator.
    pub fn client(&self) -> kube::Client {
        self.client.0.clone()
    }

    /// Where the API server is, behind the proxy.
    pub fn config(&self) -> &kube::Config {
        &self.config
    }

    /// What Watchfire talks to.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The faithful server; none where the cluster is real.
    pub fn fake(&self) -> Option<&KubernetesServer> {
        self.fake.as_ref()
    }

    /// A new namespace whose default account is there; it goes with the cluster.
    pub async fn namespace(&self, stem: &str) -> String {
        let name = format!("{stem}-{}", unique());
        let metadata = ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        let namespaces: Api<Namespace> = Api::all(self.client());
        namespaces.create(&PostParams::default(), &namespace).await.expect("the name is new");
        self.namespaces.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), &name);
        until("the default account", SOON, async || accounts.get_opt("default").await.ok().flatten()).await;
        name
    }

    /// An object without a namespace is the test's own: it goes with the cluster, also where the test fails.
    pub fn owns(&self, resource: &ApiResource, name: &str) {
        let mut owned = self.cluster_scoped.lock().unwrap_or_else(PoisonError::into_inner);
        owned.push((resource.clone(), name.to_owned()));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let names = std::mem::take(&mut *self.namespaces.lock().unwrap_or_else(PoisonError::into_inner));
        let owned = std::mem::take(&mut *self.cluster_scoped.lock().unwrap_or_else(PoisonError::into_inner));
        if self.fake.is_some() || (names.is_empty() && owned.is_empty()) {
            return;
        }
        let config = self.config.clone();
        // The test's own runtime may be going down with it.
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let Ok(client) = kube::Client::try_from(config) else { return };
                let background = DeleteParams::background();
                // As best it can, here and below: the cluster is thrown away in the end. What binds everybody goes first.
                for (resource, name) in owned {
                    let objects: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
                    let gone = objects.delete(&name, &background);
                    let _ = tokio::time::timeout(Duration::from_secs(10), gone).await;
                }
                let namespaces: Api<Namespace> = Api::all(client);
                for name in names {
                    let gone = namespaces.delete(&name, &background);
                    let _ = tokio::time::timeout(Duration::from_secs(10), gone).await;
                }
            });
        });
        let _ = cleaning.join();
    }
}

/// A word that no other test of this or any other run uses.
pub fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let at = jiff::Timestamp::now().as_microsecond() % 0x100_0000;
    // As long each time: what is cut to fit is cut alike.
    format!("{:04x}-{at:06x}-{count:03}", std::process::id() % 0x1_0000)
}
