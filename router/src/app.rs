//! The worker as a whole: from a checked configuration to sockets, sources and tasks, and down again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use watchfire_core::decision::Decision;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::Policy;

use crate::actions::Channel;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::config::{Config, HealthConfig, HttpConfig, QueueConfig, StoreConfig};
use crate::pagerduty::{self, Inbound, Poller};
use crate::respond::Responder;
use crate::router::Router;
use crate::source::Source;
use crate::source::spool::{Lane, Spool};
use crate::source::sqs::Sqs;
use crate::store::Store;
use crate::telemetry::{self, Metrics};
use crate::web::{self, Health, Ingest, Operator, Webhooks};
use crate::worker;

/// What the worker and the Lambda have in common.
pub struct Parts {
    /// One event's way.
    pub router: Arc<Router>,
    /// The store the router uses.
    pub store: Store,
    /// The router's metrics.
    pub metrics: Arc<Metrics>,
    clients: Arc<Clients>,
    queues: Vec<QueueConfig>,
    http: HttpConfig,
    health: HealthConfig,
    keep: SignedDuration,
}

/// A worker that has everything it needs and has not begun.
pub struct App {
    /// The embedded queue.
    pub spool: Spool,
    /// Where events are taken.
    pub http: SocketAddr,
    router: Arc<Router>,
    sources: Vec<(Source, usize)>,
    keep: SignedDuration,
    http_listener: TcpListener,
    health_listener: TcpListener,
    ingest: Ingest,
    operator: Operator,
    webhooks: Option<Webhooks>,
    pollers: Vec<Poller>,
    health: Health,
}

/// Called with every decision once it is recorded, before it is performed.
pub type Watcher = Box<dyn Fn(&Decision) + Send + Sync>;

impl Parts {
    /// Resolves the secrets, builds the channels, opens the store.
    ///
    /// # Errors
    /// Whatever cannot be had.
    pub async fn open(config: Config, policy: Policy, watcher: Option<Watcher>) -> anyhow::Result<Parts> {
        let Config {
            queues,
            http,
            health,
            store: StoreConfig { path, keep_days },
            cluster,
            evidence,
            channels,
            // Already part of the policy.
            rules: _,
            routes: _,
            fallback_after_seconds: _,
            repeat_after_minutes: _,
            noise: _,
            business: _,
            digest: _,
            escalation: _,
            security_hub: _,
            mitigation,
        } = config;
        let clients = Arc::new(Clients::new(None)?);
        let mut built = BTreeMap::new();
        for (name, channel) in channels {
            let name = ChannelName::new(name);
            let channel = Channel::new(&name, channel, &clients);
            let channel = channel.await.context("channels")?;
            built.insert(name, channel);
        }
        let keep = SignedDuration::from_hours(24 * i64::from(keep_days));
        let store = Store::open(&path)?;
        let metrics = Arc::new(Metrics::default());
        telemetry::ready(policy.rules.rules().len(), built.len());
        let responder = match &cluster {
            Some(cluster) => {
                let opened = Responder::open(cluster, evidence, &mitigation, &clients, Clock::System).await;
                Some(Arc::new(opened?))
            }
            None => None,
        };
        let router = Router::new(policy, store.clone(), built, Clock::System, metrics.clone());
        let mut router = router.with_responder(responder);
        router.watch_decisions(watcher);
        let router = Arc::new(router);
        Ok(Parts { router, store, metrics, clients, queues, http, health, keep })
    }
}

impl App {
    /// Opens everything, reaches the queue, binds the ports.
    ///
    /// # Errors
    /// Whatever cannot be had: nothing starts half.
    pub async fn start(config: Config, policy: Policy, watcher: Option<Watcher>) -> anyhow::Result<App> {
        let listened_to = config.channels.clone();
        let parts = Parts::open(config, policy, watcher).await?;
        let Parts { router, store, metrics, clients, queues, http, health, keep } = parts;
        let token = match &http.token {
            Some(token) => Some(token.resolve(&clients).await.context("http.token")?),
            None => None,
        };
        let operator_token = match &http.operator_token {
            Some(token) => Some(token.resolve(&clients).await.context("http.operator_token")?),
            None => None,
        };
        let operator = Operator { router: router.clone(), token: operator_token };
        let Inbound { signers, pollers } = Inbound::open(&listened_to, &clients).await.context("channels")?;
        let webhooks = Webhooks::new(router.clone(), signers);
        let spool = Spool::new(&store)?;
        // Each lane has its own slots: no P0 waits for one that another message holds.
        let lane = |lane| (Source::Spool(spool.clone(), lane), usize::from(http.in_flight));
        let mut sources = vec![lane(Lane::Express), lane(Lane::Ordinary)];
        for queue in &queues {
            let sqs = Sqs::open(clients.aws().await, queue).await?;
            sources.push((Source::Sqs(sqs), usize::from(queue.in_flight)));
        }
        let http_listener = listen(http.listen).await.context("http.listen")?;
        let health_listener = listen(health.listen).await.context("health.listen")?;
        let http = http_listener.local_addr()?;
        telemetry::listening(http, health_listener.local_addr()?);
        let health = Health { metrics, store, spool: spool.clone() };
        let ingest = Ingest { router: router.clone(), spool: spool.clone(), token };
        Ok(App {
            spool,
            http,
            router,
            sources,
            keep,
            http_listener,
            health_listener,
            ingest,
            operator,
            webhooks,
            pollers,
            health,
        })
    }

    /// Works until `stop` turns true, then drains. Messages that could not be finished are back on their
    /// source by then.
    pub async fn serve(self, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        let App {
            spool: _,
            http: _,
            router,
            sources,
            keep,
            http_listener,
            health_listener,
            ingest,
            operator,
            webhooks,
            pollers,
            health,
        } = self;
        let routes = web::events(ingest).merge(web::commands(operator)).merge(web::webhooks(webhooks));
        let events = axum::serve(http_listener, routes).with_graceful_shutdown(stopped(stop.clone()));
        let events = tokio::spawn(events.into_future());
        // Health answers until the very end: a draining worker is alive.
        let health = tokio::spawn(axum::serve(health_listener, web::health(health)).into_future());
        let ticks = tokio::spawn(worker::tick(router.clone(), keep, stop.clone()));
        let wakes = tokio::spawn(worker::wake(router.clone(), stop.clone()));
        let resumes = tokio::spawn(worker::resume(router.clone(), stop.clone()));
        let ask = |poller| tokio::spawn(pagerduty::poll(router.clone(), poller, stop.clone()));
        let pollers: Vec<_> = pollers.into_iter().map(ask).collect();
        let work =
            |(source, in_flight)| tokio::spawn(worker::work(router.clone(), source, in_flight, stop.clone()));
        let workers: Vec<_> = sources.into_iter().map(work).collect();
        let mut given_back = 0;
        for worker in workers {
            given_back += worker.await?;
        }
        events.abort();
        ticks.abort();
        wakes.abort();
        resumes.abort();
        pollers.iter().for_each(tokio::task::JoinHandle::abort);
        health.abort();
        telemetry::drained(given_back);
        Ok(())
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("{address} cannot be listened on"))
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone means stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}
