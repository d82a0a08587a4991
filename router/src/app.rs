//! The worker as a whole: from a checked configuration to sockets, sources and tasks, and down again.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::SignedDuration;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use watchfire_core::canary::NAME;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::Policy;

use crate::channel::Channel;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::config::{
    At, CanaryConfig, Config, HealthConfig, HttpConfig, OtlpConfig, Reach, Ready, StoreConfig,
    TelemetryConfig, Tokens,
};
use crate::descriptors::{self, Shares};
use crate::pagerduty::{Inbound, Poller};
use crate::reload::{self, Reloader, Started};
use crate::responder::Responder;
use crate::rotation::Rotation;
use crate::router::{self, ACTING, Router, Watcher};
use crate::source::spool::{Lane, Spool};
use crate::source::sqs::Sqs;
use crate::source::{Canaries, Intake, QueueConfig, Source};
use crate::store::{Now, Store};
use crate::telemetry::{self, Emf, Metrics, Traces};
use crate::web::{
    Doors, Health, Ingest, Operator, Refusals, Senders, Server, Token, Webhooks, asked_without_doors,
};
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
    config: StoreConfig,
    canary: Option<CanaryConfig>,
    inbound: Inbound,
    tokens: Tokens,
    namespace: String,
    rotation: Arc<Rotation>,
}

/// What a Lambda has of them: no socket, no task of its own, no embedded queue.
pub struct Called {
    /// One event's way.
    pub router: Arc<Router>,
    /// The store the router uses.
    pub store: Store,
    /// The worker's routes.
    pub routes: axum::Router,
    /// What its own calls go by.
    pub clients: Arc<Clients>,
    /// The queues that bring it events.
    pub queues: Vec<QueueConfig>,
    /// Who sends canaries, with each tick.
    pub canaries: Option<Canaries>,
    /// How long decisions are kept.
    pub keep: SignedDuration,
    /// What is counted,
    pub metrics: Arc<Metrics>,
    /// and how it is told.
    pub emf: Emf,
    /// The steps that a collector is told of.
    pub traces: Traces,
    /// Secrets that are rotated.
    pub rotation: Arc<Rotation>,
}

/// A worker that has everything it needs and has not begun.
pub struct App {
    /// The embedded queue, which is in the file of the embedded store.
    pub spool: Option<Spool>,
    /// Where events are taken.
    pub http: SocketAddr,
    /// What decides.
    pub(crate) router: Arc<Router>,
    sources: Vec<(Source, usize)>,
    keep: SignedDuration,
    events: Server,
    health: Server,
    store: Store,
    told: mpsc::Receiver<Infallible>,
    pollers: Vec<Poller>,
    canaries: Option<Canaries>,
    reloader: Option<Arc<Reloader>>,
    rotation: Arc<Rotation>,
}

/// Why a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Told,
    /// Its store is of no use any more to this process; a new start looks at all of it.
    StoreBroke,
}

/// How long a store that is of no use any more shows on `/livez` before the worker drains.
const SHOWN: Duration = Duration::from_secs(5);
/// How long people who are being told of what could not be queued, or of what was taken up, are waited for after the drain.
const LAST_PAGES: Duration = Duration::from_secs(2);

impl Parts {
    /// Resolves the secrets, builds the channels, opens the store.
    ///
    /// # Errors
    /// Whatever cannot be had.
    pub async fn open(config: Config, policy: Policy, watcher: Option<Watcher>) -> anyhow::Result<Parts> {
        let clients = Arc::new(Clients::new(None)?);
        let ready = Ready::of(config, policy, &clients).await?;
        Self::of(ready, clients, watcher).await
    }

    /// The same of what is known already.
    ///
    /// # Errors
    /// Whatever cannot be had; what is configured has its place in the configuration as the outermost context.
    pub async fn of(ready: Ready, clients: Arc<Clients>, watcher: Option<Watcher>) -> anyhow::Result<Parts> {
        let mut ready = ready;
        if let Some(canary) = &ready.config.canary {
            let heartbeat = match &canary.heartbeat {
                Some(source) => {
                    Some(source.resolve(&clients).await.context(At("canary.heartbeat".to_owned()))?)
                }
                None => None,
            };
            ready.channels.insert(ChannelName::new(NAME), Channel::canary(heartbeat, &clients)?);
        }
        let config = &ready.config.store;
        let store = match &config.dynamodb {
            // What it does at its start has ten seconds, and whatever is urgent is paged without a store.
            Some(table) if ready.reach == Reach::Away => {
                let store = Store::of_dynamodb(&clients, table, config.keep()).await;
                let store = store.context(At("store.dynamodb.table".to_owned()))?;
                tokio::spawn(looked_at(store.clone()));
                store
            }
            Some(table) => {
                let opened = Store::open_dynamodb(&clients, table, config.keep()).await;
                opened.context(At("store.dynamodb.table".to_owned()))?
            }
            None => opened(config).await?,
        };
        Self::over(store, ready, clients, watcher).await
    }

    /// The same over a store that is open.
    ///
    /// # Errors
    /// Whatever else cannot be had.
    pub(crate) async fn over(
        store: Store,
        ready: Ready,
        clients: Arc<Clients>,
        watcher: Option<Watcher>,
    ) -> anyhow::Result<Parts> {
        let Ready { config, policy, channels, inbound, tokens, .. } = ready;
        let in_use = config.clone();
        let Config { queues, http, health, store: config, cluster, evidence, .. } = config;
        let Config { mitigation, canary, telemetry, .. } = in_use.clone();
        let metrics = Arc::new(Metrics::default());
        let TelemetryConfig { otlp, namespace } = telemetry;
        let traces = match &otlp {
            Some(OtlpConfig { endpoint }) => Traces::to(
                endpoint.url(),
                clients.http().context(At("telemetry.otlp".to_owned()))?,
                metrics.clone(),
            ),
            None => Traces::default(),
        };
        let responder = match &cluster {
            Some(cluster) => {
                let opened = Responder::open(cluster, evidence, &mitigation, &clients, Clock::System).await;
                Some(Arc::new(opened?))
            }
            None => None,
        };
        let router = Router::new(policy, store.clone(), channels, Clock::System, metrics.clone());
        let mut router = router.with_responder(responder).with_traces(traces);
        router.watch_decisions(watcher);
        let router = Arc::new(router);
        if config.dynamodb.is_none() {
            router.tell_of_set_aside(&config.path, config.keep()).await?;
        }
        let rotation = Arc::new(Rotation::of(&in_use, router.clone(), clients.clone()));
        Ok(Parts {
            rotation,
            router,
            store,
            metrics,
            clients,
            queues,
            http,
            health,
            config,
            canary,
            inbound,
            tokens,
            namespace,
        })
    }

    /// What there is of it to be called.
    pub async fn called(self) -> Called {
        let Parts { router, store, metrics, clients, queues, http, config, .. } = self;
        let Parts { canary, inbound, tokens, namespace, rotation, .. } = self;
        let refusals = Refusals::new(metrics.clone());
        let (telling, _) = mpsc::channel(1);
        // Nobody takes anything out of an embedded queue here.
        let intake = Intake::of(&queues, None, &clients).await;
        let Tokens { token, operator_token } = tokens;
        let ingest = Ingest {
            router: router.clone(),
            intake: intake.clone(),
            // A function's address is no loopback.
            senders: token.as_ref().map_or(Senders::VouchedFor, |token| Senders::Showing(token.into())),
            held_bytes: held_bytes(&http),
            refusals: refusals.clone(),
            telling,
        };
        let token = operator_token.as_ref().map(Token::from);
        let operator = Operator { router: router.clone(), token, refusals: refusals.clone(), reloader: None };
        let webhooks = Webhooks::new(router.clone(), inbound.signers);
        let routes = asked_without_doors(Some(ingest), operator, webhooks, refusals);
        let canaries = canary.map(|canary| sender(&canary, intake, &router));
        let (emf, traces) = (Emf::new(namespace), router.traces.clone());
        let keep = config.keep();
        Called { router, store, routes, clients, queues, canaries, keep, metrics, emf, traces, rotation }
    }
}

/// Looks at a table that is in use already. What is wrong with it every call will say, too.
async fn looked_at(store: Store) {
    if let Err(error) = store.look_at_its_table().await {
        telemetry::table_is_wrong(&error);
    }
}

fn sender(canary: &CanaryConfig, intake: Intake, router: &Router) -> Canaries {
    Canaries::new(canary.every(), intake, router.store.clone(), router.clock.clone())
}

fn held_bytes(http: &HttpConfig) -> usize {
    usize::from(http.bodies_mib) * 1024 * 1024
}

/// What operators ask, for who has let them in already.
#[cfg(feature = "cli")]
pub(crate) fn routes_of_operators(router: Arc<Router>) -> axum::Router {
    let refusals = Refusals::new(router.metrics.clone());
    let operator = Operator { router, token: None, refusals: refusals.clone(), reloader: None };
    asked_without_doors(None, operator, None, refusals)
}

/// The file, with what is free in it given back.
async fn opened(config: &StoreConfig) -> anyhow::Result<Store> {
    let StoreConfig { path, dynamodb: _, keep_days: _, if_damaged } = config;
    let file = Store::open_or_set_aside(path, *if_damaged).context(At("store.path".to_owned()))?;
    file.compact(Now::AtStart).await.unwrap_or_else(|error| {
        telemetry::not_compacted(&error);
        0
    });
    Ok(file)
}

impl App {
    /// Opens everything, reaches the queue, binds the ports.
    ///
    /// # Errors
    /// Whatever cannot be had: nothing starts half.
    pub async fn start(config: Config, policy: Policy, watcher: Option<Watcher>) -> anyhow::Result<App> {
        let clients = Arc::new(Clients::new(None)?);
        let ready = Ready::of(config, policy, &clients).await?;
        Self::begin(ready, clients, watcher, None).await
    }

    /// The same of what is known already. Where a file is given, it is read again when it changes, and when it is
    /// asked for.
    ///
    /// # Errors
    /// Whatever cannot be had; what is configured has its place in the configuration as the outermost context.
    pub async fn begin(
        ready: Ready,
        clients: Arc<Clients>,
        watcher: Option<Watcher>,
        file: Option<PathBuf>,
    ) -> anyhow::Result<App> {
        let (rules, channels) = (ready.policy.rules.rules().len(), ready.channels.len());
        let is_one_queue = ready.written.has("queue");
        let started = file.map(|file| Started::with(file, &ready));
        let parts = Parts::of(ready, clients, watcher).await?;
        let Parts { router, store, metrics, clients, queues, http, health, config, .. } = parts;
        let Parts { canary, inbound, tokens, rotation, .. } = parts;
        let limit = descriptors::raise();
        let Tokens { token, operator_token } = tokens;
        let refusals = Refusals::new(metrics.clone());
        let Inbound { signers, pollers } = inbound;
        let webhooks = Webhooks::new(router.clone(), signers);
        let reloader = started.map(|started| {
            Arc::new(Reloader::new(started, router.clone(), clients.clone(), rotation.clone()))
        });
        let spool = match &store {
            Store::Embedded(_) => Some(Spool::new(&store)?),
            Store::DynamoDb(_) => None,
        };
        let intake = Intake::of(&queues, spool.as_ref(), &clients).await;
        let canaries = canary.map(|canary| sender(&canary, intake.clone(), &router));
        let mut sources = embedded(spool.as_ref(), usize::from(http.in_flight));
        sources.extend(queued(&queues, is_one_queue, &clients).await?);
        let shares = shares(limit, channels, router.responder().is_some(), &http);
        let (telling, told) = mpsc::channel(1);
        let ingest = Ingest {
            router: router.clone(),
            intake: intake.clone(),
            senders: token.as_ref().map_or(Senders::Anybody, |token| Senders::Showing(token.into())),
            held_bytes: held_bytes(&http),
            refusals: refusals.clone(),
            telling,
        };
        let operator_token = operator_token.as_ref().map(Token::from);
        let operator = Operator {
            router: router.clone(),
            token: operator_token,
            refusals: refusals.clone(),
            reloader: reloader.clone(),
        };
        let telling_health = Health { metrics: metrics.clone(), store: store.clone(), spool: spool.clone() };
        let doors = Doors { ingest, operator, webhooks, health: telling_health, metrics, refusals };
        let (events, health) = doors.open(&http, &health, shares).await?;
        let http = events.listener.local_addr()?;
        telemetry::ready(rules, channels);
        let keep = config.keep();
        Ok(App {
            spool,
            http,
            router,
            sources,
            keep,
            store,
            told,
            events,
            health,
            pollers,
            canaries,
            reloader,
            rotation,
        })
    }

    /// Works until `stop` turns true or the store is of no use any more, then drains. Messages that could not be finished
    /// are back on their source by then.
    pub async fn serve(self, stop: watch::Receiver<bool>) -> anyhow::Result<Ended> {
        let App {
            spool: _,
            http: _,
            router,
            sources,
            keep,
            store,
            mut told,
            events,
            health,
            pollers,
            canaries,
            reloader,
            rotation,
        } = self;
        let stop = until_it_ends(stop, store.clone());
        let events = tokio::spawn(events.serve(stop.clone()));
        // Health answers until the very end: a draining worker is alive.
        let (_never, end) = watch::channel(false);
        let health = tokio::spawn(health.serve(end));
        let ticks = tokio::spawn(worker::tick(router.clone(), keep, stop.clone()));
        let mut wakes = tokio::spawn(worker::wake(router.clone(), stop.clone()));
        let reloads = reloader.map(|reloader| tokio::spawn(reload::watch(reloader, stop.clone())));
        let (all_is_done, ended) = watch::channel(false);
        let sends = tokio::spawn(router.traces.clone().keep_sending(ended));
        let looks = tokio::spawn(rotation.keep_looking());
        let tidies = tokio::spawn(worker::tidy(store.clone(), stop.clone()));
        let mut resumes = tokio::spawn(worker::resume(router.clone(), stop.clone()));
        let ask = |poller| tokio::spawn(router::poll(router.clone(), poller, stop.clone()));
        let pollers: Vec<_> = pollers.into_iter().map(ask).collect();
        let canaries = canaries.map(|canaries| tokio::spawn(worker::canaries(canaries, stop.clone())));
        let work =
            |(source, in_flight)| tokio::spawn(worker::work(router.clone(), source, in_flight, stop.clone()));
        let workers: Vec<_> = sources.into_iter().map(work).collect();
        // Without a queue there are still timers, operators and webhooks.
        if workers.is_empty() {
            stopped(stop.clone()).await;
        }
        let mut given_back = 0;
        for worker in workers {
            given_back += worker.await?;
        }
        events.abort();
        // Who is being told of what could not be queued still hears it.
        let _ = timeout(LAST_PAGES, told.recv()).await;
        // What is taken up is finished and written down, so that it is not done again at the next start.
        let finished = futures_util::future::join(&mut resumes, &mut wakes);
        if timeout(LAST_PAGES, finished).await.is_err() {
            resumes.abort();
            wakes.abort();
        }
        ticks.abort();
        tidies.abort();
        looks.abort();
        reloads.iter().for_each(tokio::task::JoinHandle::abort);
        pollers.iter().chain(&canaries).for_each(tokio::task::JoinHandle::abort);
        health.abort();
        all_is_done.send_replace(true);
        let _ = sends.await;
        telemetry::drained(given_back);
        Ok(if store.broken().is_some() { Ended::StoreBroke } else { Ended::Told })
    }
}

/// The lanes of the embedded queue, each with its own slots: no P0 waits for one that another message holds.
fn embedded(spool: Option<&Spool>, in_flight: usize) -> Vec<(Source, usize)> {
    let lane = |spool: &Spool, lane| (Source::Spool(spool.clone(), lane), in_flight);
    spool.into_iter().flat_map(|spool| Lane::ALL.map(|of| lane(spool, of))).collect()
}

/// The queues, reached.
async fn queued(
    queues: &[QueueConfig],
    is_one: bool,
    clients: &Clients,
) -> anyhow::Result<Vec<(Source, usize)>> {
    let mut sources = Vec::new();
    for (index, queue) in queues.iter().enumerate() {
        let at = || At(if is_one { "queue".to_owned() } else { format!("queues[{index}]") });
        let sqs = Sqs::open(clients.aws().await, queue).await.with_context(at)?;
        sources.push((Source::Sqs(sqs), usize::from(queue.in_flight)));
    }
    Ok(sources)
}

/// How many files and sockets each side may have.
fn shares(limit: usize, channels: usize, acts: bool, http: &HttpConfig) -> Shares {
    let at_work = channels * Channel::MOST_AT_ONCE + if acts { ACTING } else { 0 };
    let shares = Shares::of(limit, at_work, usize::from(http.connections));
    if !shares.is_enough {
        telemetry::too_few_descriptors(limit, at_work, shares.http);
    }
    shares
}

/// Turns true when it is told to stop, or when the store is of no use any more and that has been seen on `/livez`: until
/// then what is urgent is still paged.
fn until_it_ends(told: watch::Receiver<bool>, store: Store) -> watch::Receiver<bool> {
    let (ending, ends) = watch::channel(false);
    tokio::spawn(async move {
        let broken = async {
            store.breaks().await;
            sleep(SHOWN).await;
        };
        tokio::select! { () = stopped(told) => {}, () = broken => {} }
        ending.send_replace(true);
    });
    ends
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone means stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}
