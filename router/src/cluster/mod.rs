//! Our cluster: what it says about an event's subject, from a cache that follows it or asked for each event.
//!
//! ```text
//! watch -> index (pods, nodes, owners, …; gone ones for 15 min)     pulse: does the API server answer?
//! event -> place (ours?) -> search (queries in order: index, else ask) -> details (all calls at once) -> Context
//!                           (shared: lists of a namespace, for two seconds)
//! ```
//!
//! Every call ends by the event's deadline. Once a call had no answer, none is made until the API server
//! answers again: what the index knows is told at once, with what is missing.

mod access;
mod ask;
mod calls;
mod config;
mod context;
mod details;
mod discovery;
mod eks_token;
mod health;
pub mod index;
pub mod keep;
mod missing;
mod objects;
mod place;
mod pulse;
mod search;
mod session;
mod shared;
mod survey;
mod watch;

pub(crate) use calls::is_name;
pub(crate) use config::parts as parts_of_arn;
pub use config::{Access, Config, EksAccess, InCluster, KubeconfigAccess, LookUp};
pub use health::HealthReportConfig;
pub(crate) use health::look;
pub use survey::{Looked, Survey, ThresholdsConfig, WatchConfig};

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::task::JoinSet;
use watchfire_core::act::Target;
use watchfire_core::context::{Answer, Cluster as Identity, Context, Node, Query};
use watchfire_core::event::Event;

use crate::clients::Clients;
use crate::clock::Clock;
use calls::Calls;
use discovery::Discovery;
use index::Index;
use keep::Keep;
use pulse::Pulse;
use shared::Shared;
use watch::{Synced, Watch, Watched};

/// Our cluster. Dropping it stops everything that it does in the background.
pub struct Cluster {
    inner: Arc<Inner>,
    client: kube::Client,
    tasks: Mutex<JoinSet<()>>,
}

/// Figures for metrics and health.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counts {
    /// Pods in the cache that are there.
    pub pods: usize,
    /// Nodes in the cache that are there.
    pub nodes: usize,
    /// Workloads in the cache that are there.
    pub workloads: usize,
    /// How long ago the API server last answered; none if it never did.
    pub answered_ago: Option<SignedDuration>,
    /// Whether it answers now.
    pub answers: bool,
}

/// A client of its API server: nothing is sent.
///
/// # Errors
/// A configuration that leads to no API server.
pub(crate) async fn reach(config: &Config, clients: &Clients) -> anyhow::Result<kube::Client> {
    let identity = config.identity().map_err(anyhow::Error::msg)?;
    access::reach(&config.access, &identity.name, clients).await
}

struct Inner {
    identity: Identity,
    look_up: LookUp,
    clock: Clock,
    calls: Calls,
    keep: Arc<Keep>,
    index: Arc<Index>,
    synced: Arc<Synced>,
    pulse: Arc<Pulse>,
    discovery: Discovery,
    shared: Shared,
}

impl Cluster {
    /// Makes the clients and begins to watch. A dead API server is no error: the cluster is there, and says
    /// that it does not answer.
    ///
    /// # Errors
    /// A configuration that leads to no API server: no identity, a file that cannot be read, a certificate
    /// that is none, no AWS credentials or region.
    pub async fn open(config: &Config, clients: &Clients) -> anyhow::Result<Self> {
        Self::open_at(config, clients, Clock::System).await
    }

    /// As `open`, remembering what is gone by that clock.
    ///
    /// # Errors
    /// As `open`.
    pub async fn open_at(config: &Config, clients: &Clients, clock: Clock) -> anyhow::Result<Self> {
        let identity = config.identity().map_err(anyhow::Error::msg)?;
        let Config {
            name: _,
            alias: _,
            arn: _,
            vpc_id: _,
            access,
            look_up,
            annotations,
            deadline_ms,
            urgent_deadline_ms: _,
        } = config;
        let client = access::reach(access, &identity.name, clients).await?;
        let pulse = Arc::new(Pulse::new(clock.clone()));
        let inner = Arc::new(Inner {
            identity,
            look_up: *look_up,
            clock: clock.clone(),
            calls: Calls { client: client.clone(), pulse: pulse.clone() },
            keep: Arc::new(Keep::new(annotations)),
            index: Arc::new(Index::new(clock)),
            synced: Arc::default(),
            pulse: pulse.clone(),
            discovery: Discovery::default(),
            shared: Shared::default(),
        });
        let mut tasks = JoinSet::new();
        let within = Duration::from_millis((*deadline_ms).into());
        tasks.spawn(pulse.clone().keep(client.clone(), within));
        match look_up {
            LookUp::Each => {}
            LookUp::Watch => {
                let Inner { keep, index, synced, .. } = &*inner;
                let (index, keep, synced) = (index.clone(), keep.clone(), synced.clone());
                Watch { client: client.clone(), index, keep, synced, pulse }.begin(&mut tasks);
            }
        }
        Ok(Self { inner, client, tasks: Mutex::new(tasks) })
    }

    /// A client of the API server, for evidence and containment: it tries nothing again by itself.
    pub fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// Which cluster it is.
    pub fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    /// The nodes that there are; none where they are not followed, or not all known yet.
    pub fn known_nodes(&self) -> Option<Vec<Node>> {
        let is_known = self.inner.has(&[Watched::Nodes]);
        is_known.then(|| self.inner.index.with_nodes(|nodes| nodes.iter().copied().cloned().collect()))
    }

    /// What the cluster says about the event: never an error, never later than `deadline`.
    pub async fn context(&self, event: &Event<'_>, deadline: Duration) -> Context {
        self.inner.context(event, deadline).await
    }

    /// The same from what is in the cache, without any call and without details: for classifying.
    pub fn at_hand(&self, event: &Event<'_>) -> Context {
        self.inner.at_hand(event)
    }

    /// The same where the cache has all that there is to know but for details; none where the API server may know more.
    pub fn without_details(&self, event: &Event<'_>) -> Option<Context> {
        self.inner.without_details(event)
    }

    /// About an object named by a human or by an act, as it is at this moment. A UID that is given must be the
    /// object's; an empty one means whichever is there.
    pub async fn context_of(&self, target: &Target, deadline: Duration) -> Context {
        self.inner.context_of(target, deadline).await
    }

    /// What the cluster answers to one query.
    ///
    /// # Errors
    /// Why there is no answer, in a clause.
    pub async fn answer(&self, query: &Query, deadline: Duration) -> Result<Answer, String> {
        let until = tokio::time::Instant::now() + deadline;
        let found = self.inner.answer(query, None, until).await;
        found.map(|found| found.answer).map_err(|unheard| unheard.to_string())
    }

    /// Whether everything that may be watched has been seen once; in a cluster that is asked for each event,
    /// whether it answers.
    pub fn is_synced(&self) -> bool {
        match self.inner.look_up {
            LookUp::Watch => self.inner.synced.is_settled(),
            LookUp::Each => self.counts().answers,
        }
    }

    /// Figures as of now.
    pub fn counts(&self) -> Counts {
        let Inner { index, pulse, clock, .. } = &*self.inner;
        let answered_at = pulse.answered_at();
        Counts {
            pods: index.pods(),
            nodes: index.nodes(),
            workloads: index.workloads(),
            answered_ago: answered_at.map(|at| clock.now().duration_since(at)),
            answers: answered_at.is_some() && pulse.silent_since().is_none(),
        }
    }

    /// Stops everything in the background, and waits until it has stopped.
    pub async fn shut_down(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cluster").field("identity", &self.inner.identity).finish_non_exhaustive()
    }
}
