//! Keeps the index as the cluster is.
//!
//! A watch begins with a list, streamed where the API server streams lists and paged where it does not, goes on
//! by bookmarks, and begins anew after 410; errors wait longer and longer, up to 30 s.

use std::collections::HashSet;
use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use kube::api::Api;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::index::Index;
use super::keep::Keep;
use super::objects::{
    Account, CronJobs, DaemonSets, Deployments, EndpointSlice, Jobs, Nodes, Object, Pods, ReplicaSets, Space,
    StatefulSets,
};
use super::pulse::Pulse;
use crate::clients::chain;
use crate::telemetry;

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    Pods,
    Nodes,
    Namespaces,
    Accounts,
    Slices,
    ReplicaSets,
    Deployments,
    StatefulSets,
    DaemonSets,
    Jobs,
    CronJobs,
}

/// Of what the index has had a whole list, and what it will not have one of.
#[derive(Debug, Default)]
pub(super) struct Synced {
    listed: [AtomicBool; 11],
    refused: [AtomicBool; 11],
}

impl Synced {
    pub(super) fn has(&self, watched: &[Watched]) -> bool {
        watched.iter().all(|one| self.listed[*one as usize].load(Ordering::Acquire))
    }

    /// Whether nothing more is to be waited for: what may not be watched is asked for when it is needed.
    pub(super) fn is_settled(&self) -> bool {
        let all = self.listed.iter().zip(&self.refused);
        all.into_iter()
            .all(|(listed, refused)| listed.load(Ordering::Acquire) || refused.load(Ordering::Acquire))
    }

    fn set(&self, watched: Watched) {
        self.listed[watched as usize].store(true, Ordering::Release);
    }

    fn refuse(&self, watched: Watched) {
        self.refused[watched as usize].store(true, Ordering::Release);
    }
}

/// An object that is watched.
trait Seen: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static {
    const WATCHED: Watched;
    fn put(self, index: &Index, keep: &Keep);
    fn gone(uid: &str, index: &Index);
    fn only(uids: &HashSet<String>, index: &Index);
}

/// What a watch feeds.
#[derive(Clone)]
pub(super) struct Watch {
    pub(super) client: Client,
    pub(super) index: Arc<Index>,
    pub(super) keep: Arc<Keep>,
    pub(super) synced: Arc<Synced>,
    pub(super) pulse: Arc<Pulse>,
}

impl Watch {
    /// Begins to watch everything.
    pub(super) fn begin(&self, tasks: &mut JoinSet<()>) {
        tasks.spawn(self.clone().follow::<Object<Pods>>());
        tasks.spawn(self.clone().follow::<Object<Nodes>>());
        tasks.spawn(self.clone().follow::<Object<Space>>());
        tasks.spawn(self.clone().follow::<Object<Account>>());
        tasks.spawn(self.clone().follow::<EndpointSlice>());
        tasks.spawn(self.clone().follow::<Object<ReplicaSets>>());
        tasks.spawn(self.clone().follow::<Object<Deployments>>());
        tasks.spawn(self.clone().follow::<Object<StatefulSets>>());
        tasks.spawn(self.clone().follow::<Object<DaemonSets>>());
        tasks.spawn(self.clone().follow::<Object<Jobs>>());
        tasks.spawn(self.clone().follow::<Object<CronJobs>>());
    }

    async fn follow<R: Seen>(self) {
        let api: Api<R> = Api::all(self.client.clone());
        let streamed = watcher::Config::default().streaming_lists();
        if self.follow_by(&api, streamed).await == Ended::NoStreamedLists {
            self.follow_by(&api, watcher::Config::default()).await;
        }
    }

    /// Ends only where the API server does not know streamed lists.
    async fn follow_by<R: Seen>(&self, api: &Api<R>, config: watcher::Config) -> Ended {
        let Self { client: _, index, keep, synced, pulse } = self;
        let mut events = pin!(watcher(api.clone(), config).default_backoff());
        let mut listed = HashSet::new();
        let mut is_failing = false;
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(watcher::Error::WatchStartFailed(kube::Error::Api(status)))
                    if matches!(status.code, 400 | 422) && !synced.has(&[R::WATCHED]) =>
                {
                    return Ended::NoStreamedLists;
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        telemetry::watch_failed(&R::plural(&()), &chain(&error));
                    }
                    if is_silence(&error) {
                        pulse.silent(&chain(&error));
                    } else if is_forbidden(&error) {
                        synced.refuse(R::WATCHED);
                    }
                    continue;
                }
            };
            is_failing = false;
            pulse.seen();
            match event {
                Event::Init => listed.clear(),
                Event::InitApply(object) => {
                    listed.extend(object.meta().uid.clone());
                    object.put(index, keep);
                }
                Event::InitDone => {
                    R::only(&std::mem::take(&mut listed), index);
                    synced.set(R::WATCHED);
                    pulse.answered();
                }
                Event::Apply(object) => object.put(index, keep),
                Event::Delete(object) => {
                    let uid = object.meta().uid.clone();
                    // Its last state, which may be newer than what was seen.
                    object.put(index, keep);
                    if let Some(uid) = uid {
                        R::gone(&uid, index);
                    }
                }
            }
        }
        Ended::Closed
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    NoStreamedLists,
    Closed,
}

/// Whether the API server could not be reached, as opposed to having said no or having ended a watch.
fn is_silence(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => {
            !matches!(error, kube::Error::Api(_) | kube::Error::SerdeError(_))
        }
        watcher::Error::WatchError(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => false,
    }
}

fn is_forbidden(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status)) => status.code == 403,
        watcher::Error::InitialListFailed(_)
        | watcher::Error::WatchStartFailed(_)
        | watcher::Error::WatchError(_)
        | watcher::Error::WatchFailed(_)
        | watcher::Error::NoResourceVersion => false,
    }
}

impl Seen for Object<Pods> {
    const WATCHED: Watched = Watched::Pods;

    fn put(self, index: &Index, keep: &Keep) {
        if let Some(pod) = self.into_pod(keep) {
            index.put_pod(pod);
        }
    }

    fn gone(uid: &str, index: &Index) {
        index.pod_gone(uid);
    }

    fn only(uids: &HashSet<String>, index: &Index) {
        index.only_pods(uids);
    }
}

impl Seen for Object<Nodes> {
    const WATCHED: Watched = Watched::Nodes;

    fn put(self, index: &Index, _: &Keep) {
        if let Some(node) = self.into_node() {
            index.put_node(node);
        }
    }

    fn gone(uid: &str, index: &Index) {
        index.node_gone(uid);
    }

    fn only(uids: &HashSet<String>, index: &Index) {
        index.only_nodes(uids);
    }
}

impl Seen for Object<Space> {
    const WATCHED: Watched = Watched::Namespaces;

    fn put(self, index: &Index, keep: &Keep) {
        let uid = self.metadata.uid.clone();
        if let Some((uid, namespace)) = uid.zip(self.into_namespace(keep)) {
            index.put_namespace(&uid, namespace);
        }
    }

    fn gone(uid: &str, index: &Index) {
        index.namespace_gone(uid);
    }

    fn only(uids: &HashSet<String>, index: &Index) {
        index.only_namespaces(uids);
    }
}

impl Seen for Object<Account> {
    const WATCHED: Watched = Watched::Accounts;

    fn put(self, index: &Index, _: &Keep) {
        let metadata = &self.metadata;
        let named = metadata.namespace.as_ref().zip(metadata.name.as_ref());
        let account = named.map(|(namespace, name)| format!("{namespace}/{name}"));
        if let Some((uid, account)) = metadata.uid.clone().zip(account) {
            index.put_role(&uid, account, self.into_role());
        }
    }

    fn gone(uid: &str, index: &Index) {
        index.role_gone(uid);
    }

    fn only(uids: &HashSet<String>, index: &Index) {
        index.only_roles(uids);
    }
}

impl Seen for EndpointSlice {
    const WATCHED: Watched = Watched::Slices;

    fn put(self, index: &Index, _: &Keep) {
        let named = self.metadata.uid.clone().zip(self.metadata.namespace.clone());
        if let Some(((uid, namespace), (service, pods))) = named.zip(self.into_route()) {
            index.put_route(&uid, format!("{namespace}/{service}"), pods);
        }
    }

    fn gone(uid: &str, index: &Index) {
        index.route_gone(uid);
    }

    fn only(uids: &HashSet<String>, index: &Index) {
        index.only_routes(uids);
    }
}

macro_rules! workloads {
    ($($kind:ident $text:literal)*) => {$(
        impl Seen for Object<$kind> {
            const WATCHED: Watched = Watched::$kind;

            fn put(self, index: &Index, keep: &Keep) {
                let is_at_rest = self.is_at_rest();
                let Some(workload) = self.into_workload(keep) else { return };
                // One that has just come to rest is remembered, for the pods that it had.
                if is_at_rest {
                    index.workload_gone(&workload.uid);
                } else {
                    index.put_workload(workload);
                }
            }

            fn gone(uid: &str, index: &Index) {
                index.workload_gone(uid);
            }

            fn only(uids: &HashSet<String>, index: &Index) {
                index.only_workloads($text, uids);
            }
        }
    )*};
}

workloads! {
    ReplicaSets "ReplicaSet"
    Deployments "Deployment"
    StatefulSets "StatefulSet"
    DaemonSets "DaemonSet"
    Jobs "Job"
    CronJobs "CronJob"
}
