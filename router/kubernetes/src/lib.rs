//! A Kubernetes API server on this machine, faithful to a recorded real one, with the controllers that matter.
//!
//! The tests and `watchfire demo --tour` stand on it. What it does is in `tests/README.md`; what it must answer, word for word, is in the recorded exchanges that
//! `tests/e2e/kubernetes_server.rs` replays.

mod access;
mod admission;
mod apply;
mod controllers;
mod defaults;
mod deleting;
mod demonstration;
mod discovery;
mod eks;
mod failure;
mod fields;
mod kind;
mod managed;
mod patch;
mod patching;
mod people;
mod population;
mod reading;
mod review;
mod route;
mod selector;
mod serving;
mod shape;
mod store;
mod typed;
mod validate;
mod watching;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use access::{Rule, User};
pub use demonstration::kubeconfig;
pub use eks::Eks;
pub use failure::Failure;
use people::People;
pub use people::Person;
pub use population::Machine;
pub use route::{Attributes, Query};
use store::World;

/// A server on 127.0.0.1 that ends when it is dropped.
#[derive(Debug)]
pub struct KubernetesServer {
    port: u16,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    users: Mutex<BTreeMap<String, User>>,
    people: Mutex<People>,
    stop_after: Mutex<Duration>,
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn users(&self) -> MutexGuard<'_, BTreeMap<String, User>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long containers take to stop, where their grace is not shorter.
    pub(crate) fn stop_after(&self) -> Duration {
        *self.stop_after.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KubernetesServer {
    /// On a free port, with one node and the namespaces that every cluster has.
    pub async fn start() -> Self {
        Self::listen(0).await.expect("loopback has a free port")
    }

    /// On that port of 127.0.0.1.
    pub async fn listen(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new()),
            users: Mutex::default(),
            people: Mutex::default(),
            stop_after: Mutex::new(Duration::from_millis(100)),
        });
        let mut server = KubernetesServer { port, shared: Arc::clone(&shared), tasks: Vec::new() };
        server.populate();
        let router = Router::new().fallback(serving::answer).with_state(Arc::clone(&shared));
        server.tasks.push(tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving does not end");
        }));
        server.tasks.push(tokio::spawn(controllers::run(shared)));
        Ok(server)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on tokens are asked for; this one is that user's.
    pub fn user(&self, token: &str, user: User) {
        self.shared.users().insert(token.to_owned(), user);
    }

    /// That token is that person's, for whoever asks whose it is: it lets nobody in here.
    pub fn person(&self, token: &str, person: Person) {
        self.shared.people().tokens.insert(token.to_owned(), person);
    }

    /// That token is nobody's any more.
    pub fn revoke(&self, token: &str) {
        self.shared.people().tokens.remove(token);
    }

    /// Everybody in that group may do this, too.
    pub fn group_may(&self, group: &str, rule: Rule) {
        self.shared.people().groups.entry(group.to_owned()).or_default().push(rule);
    }

    /// What the container of a pod has written; `previous` is of the container before the last restart.
    ///
    /// # Panics
    ///
    /// Where there is no such pod.
    pub fn log(&self, namespace: &str, pod: &str, container: &str, previous: bool, text: &str) {
        let mut world = self.shared.world();
        let key = store::Key::new(&world.kind("", "pods"), namespace, pod);
        let pod = world.get(&key).expect("the pod is there");
        let uid = pod["metadata"]["uid"].as_str().expect("every object has a UID").to_owned();
        world.logs.insert((uid, container.to_owned(), previous), text.to_owned());
    }

    /// Containers take that long to stop, where their grace is not shorter; 100 ms unless told.
    pub fn stop_after(&self, time: Duration) {
        *self.shared.stop_after.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }

    /// Forgets all changes so far: whoever watches from before now meets 410.
    pub fn compact(&self) {
        self.shared.world().compact();
    }

    /// Ends every open watch with 410, as a server does whose watch cache has moved on.
    pub fn expire_watches(&self) {
        let mut world = self.shared.world();
        world.compact();
        world.expiry += 1;
        world.wake();
    }

    /// Controllers, scheduler and kubelet stop, or go on.
    pub fn control(&self, on: bool) {
        let mut world = self.shared.world();
        world.controlled = on;
        world.wake();
    }

    /// The object as it is kept, whoever asks.
    pub fn object(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let world = self.shared.world();
        let key = store::Key {
            group: group.to_owned(),
            plural: plural.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        world.get(&key).map(|object| (*object).clone())
    }
}

impl Drop for KubernetesServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
