//! The worker as a whole: from a checked configuration to sockets, sources and tasks, and down again.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use watchfire_core::decision::Decision;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::Policy;

use crate::actions::Channel;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::config::{Config, HealthConfig, HttpConfig, QueueConfig, StoreConfig, wrong_tokens};
use crate::descriptors::{self, Shares};
use crate::pagerduty::{self, Inbound, Poller};
use crate::respond::Responder;
use crate::router::{ACTING, Router};
use crate::secret::{Secret, SecretSource};
use crate::source::Source;
use crate::source::spool::{Lane, Spool};
use crate::source::sqs::Sqs;
use crate::store::{Now, Store};
use crate::telemetry::{self, Metrics};
use crate::web::{Doors, Health, Ingest, Operator, Refusals, Server, Token, Webhooks};
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
    /// What decides.
    pub(crate) router: Arc<Router>,
    sources: Vec<(Source, usize)>,
    keep: SignedDuration,
    events: Server,
    health: Server,
    store: Store,
    told: mpsc::Receiver<Infallible>,
    pollers: Vec<Poller>,
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
            store: StoreConfig { path, keep_days, if_damaged },
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
        let store = Store::open_or_set_aside(&path, if_damaged)?;
        store.compact(Now::AtStart).await.unwrap_or_else(|error| {
            telemetry::not_compacted(&error);
            0
        });
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
        router.tell_of_set_aside(&path, keep).await?;
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
        let limit = descriptors::raise();
        let (token, operator_token) = tokens(&http, &clients).await?;
        let refusals = Refusals::new(metrics.clone());
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
        let acts = if router.responder().is_some() { ACTING } else { 0 };
        let at_work = listened_to.len() * Channel::MOST_AT_ONCE + acts;
        let shares = Shares::of(limit, at_work, usize::from(http.connections));
        if !shares.is_enough {
            telemetry::too_few_descriptors(limit, at_work, shares.http);
        }
        let (telling, told) = mpsc::channel(1);
        let ingest = Ingest {
            router: router.clone(),
            spool: spool.clone(),
            telling,
            token: token.as_ref().map(Token::from),
            held_bytes: usize::from(http.bodies_mib) * 1024 * 1024,
            refusals: refusals.clone(),
        };
        let operator_token = operator_token.as_ref().map(Token::from);
        let operator = Operator { router: router.clone(), token: operator_token, refusals: refusals.clone() };
        let telling_health = Health { metrics: metrics.clone(), store: store.clone(), spool: spool.clone() };
        let doors = Doors { ingest, operator, webhooks, health: telling_health, metrics, refusals };
        let (events, health) = doors.open(&http, &health, shares).await?;
        let http = events.listener.local_addr()?;
        Ok(App { spool, http, router, sources, keep, store, told, events, health, pollers })
    }

    /// Works until `stop` turns true or the store is of no use any more, then drains. Messages that could not be finished
    /// are back on their source by then.
    pub async fn serve(self, stop: watch::Receiver<bool>) -> anyhow::Result<Ended> {
        let App { spool: _, http: _, router, sources, keep, store, mut told, events, health, pollers } = self;
        let stop = until_it_ends(stop, store.clone());
        let events = tokio::spawn(events.serve(stop.clone()));
        // Health answers until the very end: a draining worker is alive.
        let (_never, end) = watch::channel(false);
        let health = tokio::spawn(health.serve(end));
        let ticks = tokio::spawn(worker::tick(router.clone(), keep, stop.clone()));
        let wakes = tokio::spawn(worker::wake(router.clone(), stop.clone()));
        let tidies = tokio::spawn(worker::tidy(store.clone(), stop.clone()));
        let mut resumes = tokio::spawn(worker::resume(router.clone(), stop.clone()));
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
        // Who is being told of what could not be queued still hears it.
        let _ = timeout(LAST_PAGES, told.recv()).await;
        // What is taken up is finished and written down, so that it is not done again at the next start.
        if timeout(LAST_PAGES, &mut resumes).await.is_err() {
            resumes.abort();
        }
        ticks.abort();
        wakes.abort();
        tidies.abort();
        pollers.iter().for_each(tokio::task::JoinHandle::abort);
        health.abort();
        telemetry::drained(given_back);
        Ok(if store.broken().is_some() { Ended::StoreBroke } else { Ended::Told })
    }
}

/// The tokens of senders and operators, checked: only now those are known that are not kept on this machine.
async fn tokens(http: &HttpConfig, clients: &Clients) -> anyhow::Result<(Option<Secret>, Option<Secret>)> {
    let resolve = async |name: &'static str, source: &Option<SecretSource>| match source {
        Some(source) => source.resolve(clients).await.context(name).map(Some),
        None => Ok(None),
    };
    let token = resolve("http.token", &http.token).await?;
    let operator_token = resolve("http.operator_token", &http.operator_token).await?;
    if let Some((member, wrong)) = wrong_tokens(token.as_ref(), operator_token.as_ref()).first() {
        bail!("http.{member}: {wrong}");
    }
    Ok((token, operator_token))
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
