//! The worker as a whole: from a checked configuration to sockets, sources and tasks, and down again.

mod parts;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::SignedDuration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use watchfire_core::policy::Policy;

#[cfg(feature = "board")]
use crate::board::board;
use crate::channel::Channel;
use crate::clients::Clients;
use crate::config::{At, Config, HttpConfig, Ready, Tokens};
use crate::descriptors::{self, Shares};
use crate::identity::Invitations;
#[cfg(feature = "mcp")]
use crate::mcp::over_http;
use crate::pagerduty::{Inbound, Poller};
use crate::reload::{self, Reloader, Started};
use crate::rotation::Rotation;
use crate::router::{self, ACTING, Router, Slots, Watcher};
use crate::source::spool::{Lane, Spool};
use crate::source::sqs::Sqs;
use crate::source::{Canaries, Intake, QueueConfig, Source, Watching};
use crate::store::Store;
use crate::telemetry;
use crate::web::{
    Assistants, AtOnce, Doors, Health, Ingest, Operator, Pages, Refusals, Senders, Server, Webhooks,
};
use crate::worker::{self, DRAIN};
#[cfg(feature = "cli")]
pub(crate) use parts::routes_of_operators;
pub use parts::{Called, Parts};
use parts::{held_bytes, sender, watching};

/// A worker that has everything it needs and has not begun.
pub struct App {
    /// The embedded queue, which is in the file of the embedded store.
    pub spool: Option<Spool>,
    /// Where events are taken.
    pub http: SocketAddr,
    /// What decides.
    pub(crate) router: Arc<Router>,
    /// Who may open the board without a token.
    pub invitations: Arc<Invitations>,
    sources: Vec<(Source, Slots)>,
    keep: SignedDuration,
    events: Server,
    health: Server,
    store: Store,
    told: mpsc::Receiver<Infallible>,
    pollers: Vec<Poller>,
    canaries: Option<Canaries>,
    watching: Option<Watching>,
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
        let Parts { canary, watch, inbound, apps, tokens, rotation, access, .. } = parts;
        let limit = descriptors::raise();
        let Tokens { token, operator_token: _ } = tokens;
        let refusals = Refusals::new(metrics.clone());
        let Inbound { signers, pollers } = inbound;
        let webhooks = Webhooks::new(router.clone(), signers);
        let reloader = started.map(|started| {
            let access = access.clone();
            Arc::new(Reloader::new(started, router.clone(), clients.clone(), rotation.clone(), access))
        });
        let spool = match &store {
            Store::Embedded(_) => Some(Spool::new(&store)?),
            Store::DynamoDb(_) => None,
        };
        let intake = Intake::of(&queues, spool.as_ref(), &clients).await;
        let canaries = canary.map(|canary| sender(&canary, intake.clone(), &router));
        let watching = watching(watch.as_ref(), &intake, &router)?;
        let [express, ordinary] = Lane::ALL.map(|_| Slots::new(usize::from(http.in_flight)));
        let mut sources = embedded(spool.as_ref(), [&express, &ordinary]);
        sources.extend(queued(&queues, is_one_queue, &clients).await?);
        let at_once = match &intake {
            Intake::Spool(spool) => Some(AtOnce { spool: spool.clone(), ordinary, express }),
            Intake::Sqs(_) | Intake::Closed => None,
        };
        let shares = shares(limit, channels, router.responder().is_some(), &http);
        let (telling, told) = mpsc::channel(1);
        let ingest = Ingest {
            router: router.clone(),
            at_once,
            intake: intake.clone(),
            senders: token.as_ref().map_or(Senders::Anybody, |token| Senders::Showing(token.into())),
            held_bytes: held_bytes(&http),
            refusals: refusals.clone(),
            telling,
        };
        let operator = Operator {
            router: router.clone(),
            access,
            refusals: refusals.clone(),
            reloader: reloader.clone(),
        };
        let telling_health = Health { metrics: metrics.clone(), store: store.clone(), spool: spool.clone() };
        let invitations = Arc::<Invitations>::default();
        let pages = pages(&router, &invitations);
        let assistants = assistants(&http);
        let doors = Doors {
            ingest,
            operator,
            webhooks,
            apps,
            health: telling_health,
            metrics,
            refusals,
            pages,
            assistants,
        };
        let (events, health) = doors.open(&http, &health, shares).await?;
        let http = events.listener.local_addr()?;
        telemetry::ready(rules, channels);
        let keep = config.keep();
        Ok(App {
            spool,
            http,
            router,
            invitations,
            sources,
            keep,
            store,
            told,
            events,
            health,
            pollers,
            canaries,
            watching,
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
            invitations: _,
            sources,
            keep,
            store,
            mut told,
            events,
            health,
            pollers,
            canaries,
            watching,
            reloader,
            rotation,
        } = self;
        let stop = until_it_ends(stop, store.clone());
        let looked_through = router.clone();
        tokio::spawn(async move { looked_through.tell_of_unknown_names().await });
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
        let asks = tokio::spawn(worker::on_call(router.clone(), stop.clone()));
        let triages = tokio::spawn(worker::triage(router.clone(), stop.clone()));
        let tidies = tokio::spawn(worker::tidy(store.clone(), stop.clone()));
        let bulletins = tokio::spawn(worker::bulletins(router.clone(), stop.clone()));
        let looks_after = tokio::spawn(worker::look_after_store(router.clone(), stop.clone()));
        let mut resumes = tokio::spawn(worker::resume(router.clone(), stop.clone()));
        let ask = |poller| tokio::spawn(router::poll(router.clone(), poller, stop.clone()));
        let pollers: Vec<_> = pollers.into_iter().map(ask).collect();
        let canaries = canaries.map(|canaries| tokio::spawn(worker::canaries(canaries, stop.clone())));
        let watching = watching.map(|watching| tokio::spawn(worker::watch(watching, stop.clone())));
        let drained = tokio::spawn(drained(stop.clone()));
        let work = |(source, slots)| tokio::spawn(worker::work(router.clone(), source, slots, stop.clone()));
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
        // What is decided at once is finished like what came from a queue; who is being told of what could not be queued still
        // hears it. What is not done by then is in the journal.
        let _ = timeout_at(drained.await?.max(Instant::now() + LAST_PAGES), told.recv()).await;
        // What is taken up is finished and written down, so that it is not done again at the next start.
        let finished = futures_util::future::join(&mut resumes, &mut wakes);
        if timeout(LAST_PAGES, finished).await.is_err() {
            resumes.abort();
            wakes.abort();
        }
        ticks.abort();
        triages.abort();
        tidies.abort();
        bulletins.abort();
        looks_after.abort();
        looks.abort();
        asks.abort();
        reloads.iter().for_each(tokio::task::JoinHandle::abort);
        pollers.iter().chain(&canaries).chain(&watching).for_each(tokio::task::JoinHandle::abort);
        health.abort();
        all_is_done.send_replace(true);
        let _ = sends.await;
        telemetry::drained(given_back);
        Ok(if store.broken().is_some() { Ended::StoreBroke } else { Ended::Told })
    }
}

/// The board, where it is built in.
#[cfg(feature = "board")]
#[allow(clippy::unnecessary_wraps)]
fn pages(router: &Arc<Router>, invitations: &Arc<Invitations>) -> Option<Pages> {
    let (router, invitations) = (router.clone(), invitations.clone());
    Some(Box::new(move |api, who| board(api, who, &router, invitations)))
}

#[cfg(not(feature = "board"))]
fn pages(_: &Arc<Router>, _: &Arc<Invitations>) -> Option<Pages> {
    None
}

/// What answers assistants, where it is built in.
#[cfg(feature = "mcp")]
#[allow(clippy::unnecessary_wraps)]
fn assistants(http: &HttpConfig) -> Option<Assistants> {
    let HttpConfig { hosts, public_url, .. } = http.clone();
    Some(Box::new(move |api| over_http(api, &hosts, public_url.as_deref())))
}

#[cfg(not(feature = "mcp"))]
fn assistants(_: &HttpConfig) -> Option<Assistants> {
    None
}

/// The lanes of the embedded queue, each with its own slots: no P0 waits for one that another message holds.
fn embedded(spool: Option<&Spool>, slots: [&Slots; Lane::ALL.len()]) -> Vec<(Source, Slots)> {
    let lane =
        |spool: &Spool, (lane, slots): (Lane, &Slots)| (Source::Spool(spool.clone(), lane), slots.clone());
    spool.into_iter().flat_map(|spool| Lane::ALL.into_iter().zip(slots).map(|of| lane(spool, of))).collect()
}

/// The queues, reached.
async fn queued(
    queues: &[QueueConfig],
    is_one: bool,
    clients: &Clients,
) -> anyhow::Result<Vec<(Source, Slots)>> {
    let mut sources = Vec::new();
    for (index, queue) in queues.iter().enumerate() {
        let at = || At(if is_one { "queue".to_owned() } else { format!("queues[{index}]") });
        let sqs = Sqs::open(clients.aws().await, queue).await.with_context(at)?;
        sources.push((Source::Sqs(sqs), Slots::new(usize::from(queue.in_flight))));
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

/// When what is at work is not waited for any more.
async fn drained(stop: watch::Receiver<bool>) -> Instant {
    stopped(stop).await;
    Instant::now() + DRAIN
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone means stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}
