//! What is made of a configuration before anything begins: the router, its store, its channels.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::SignedDuration;
use tokio::sync::mpsc;
use watchfire_core::canary::NAME;
use watchfire_core::ids::ChannelName;
use watchfire_core::policy::Policy;

use crate::channel::Channel;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::cluster::{self, WatchConfig};
use crate::config::{
    At, CanaryConfig, Config, HealthConfig, HttpConfig, OtlpConfig, Reach, Ready, StoreConfig,
    TelemetryConfig, Tokens,
};
use crate::identity::{Access, Known, Reviewer, Vouching};
use crate::oncall::Roster;
use crate::pagerduty::Inbound;
use crate::responder::Responder;
use crate::rotation::Rotation;
use crate::router::{Router, Triage, Watcher};
use crate::slack::Apps;
use crate::source::{Canaries, Intake, QueueConfig, Watching};
use crate::store::{self, DynamoDbConfig, Now, Store};
use crate::telemetry::{self, Emf, Metrics, Traces};
use crate::triage::Asker;
use crate::web::{Ingest, Operator, Refusals, Senders, Webhooks, asked_without_doors};

/// What the worker and the Lambda have in common.
pub struct Parts {
    /// One event's way.
    pub router: Arc<Router>,
    /// The store the router uses.
    pub store: Store,
    /// The router's metrics.
    pub metrics: Arc<Metrics>,
    pub(super) clients: Arc<Clients>,
    pub(super) queues: Vec<QueueConfig>,
    pub(super) http: HttpConfig,
    pub(super) health: HealthConfig,
    pub(super) config: StoreConfig,
    pub(super) canary: Option<CanaryConfig>,
    pub(super) watch: Option<WatchConfig>,
    pub(super) inbound: Inbound,
    pub(super) apps: Apps,
    pub(super) tokens: Tokens,
    pub(super) namespace: String,
    pub(super) rotation: Arc<Rotation>,
    pub(super) access: Arc<Access>,
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
                let opened = table_opened(&clients, table, config.keep()).await;
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
        let Ready { config, policy, channels, inbound, apps, tokens, .. } = ready;
        let in_use = config.clone();
        let Config { queues, http, health, store: config, cluster, evidence, .. } = config;
        let Config { mitigation, canary, watch, telemetry, oncall, business, triage, .. } = in_use.clone();
        let metrics = Arc::new(Metrics::default());
        let kubernetes = reviewer(cluster.as_ref(), &clients).await?;
        let reach = Vouching { kubernetes, clients: Some(clients.clone()) };
        let access = Access::reaching(tokens.operator_token.as_ref(), in_use.known(), reach);
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
        let roster = match &oncall {
            Some(oncall) => {
                let roster = Roster::open(oncall, business.zone(), &clients).await;
                Some(Arc::new(roster.context(At("oncall".to_owned()))?))
            }
            None => None,
        };
        let triage = match &triage {
            Some(triage) => {
                let asker = Asker::open(triage, &clients).await.context(At("triage".to_owned()))?;
                Some(Arc::new(Triage::new(asker)))
            }
            None => None,
        };
        let router = Router::new(policy, store.clone(), channels, Clock::System, metrics.clone());
        let mut router =
            router.with_responder(responder).with_traces(traces).with_on_call(roster).with_triage(triage);
        router.watch_decisions(watcher);
        let router = Arc::new(router);
        if config.dynamodb.is_none() {
            router.tell_of_set_aside(&config.path, config.keep()).await?;
        }
        let rotation = Arc::new(Rotation::of(&in_use, router.clone(), clients.clone()));
        Ok(Parts {
            rotation,
            access,
            router,
            store,
            metrics,
            clients,
            queues,
            http,
            health,
            config,
            canary,
            watch,
            inbound,
            apps,
            tokens,
            namespace,
        })
    }

    /// What there is of it to be called.
    pub async fn called(self) -> Called {
        let Parts { router, store, metrics, clients, queues, http, config, .. } = self;
        let Parts { canary, inbound, apps, tokens, namespace, rotation, access, .. } = self;
        let refusals = Refusals::new(metrics.clone());
        let (telling, _) = mpsc::channel(1);
        // Nobody takes anything out of an embedded queue here.
        let intake = Intake::of(&queues, None, &clients).await;
        let Tokens { token, operator_token: _ } = tokens;
        let ingest = Ingest {
            router: router.clone(),
            at_once: None,
            intake: intake.clone(),
            // A function's address is no loopback.
            senders: token.as_ref().map_or(Senders::VouchedFor, |token| Senders::Showing(token.into())),
            held_bytes: held_bytes(&http),
            refusals: refusals.clone(),
            telling,
        };
        let operator =
            Operator { router: router.clone(), access, refusals: refusals.clone(), reloader: None };
        let webhooks = Webhooks::new(router.clone(), inbound.signers);
        let routes = asked_without_doors(Some(ingest), operator, webhooks, apps, refusals);
        let canaries = canary.map(|canary| sender(&canary, intake, &router));
        let (emf, traces) = (Emf::new(namespace), router.traces.clone());
        let keep = config.keep();
        Called { router, store, routes, clients, queues, canaries, keep, metrics, emf, traces, rotation }
    }
}

/// The API server as the one that knows whose tokens are whose. Nothing is sent.
async fn reviewer(cluster: Option<&cluster::Config>, clients: &Clients) -> anyhow::Result<Option<Reviewer>> {
    let Some(config) = cluster else { return Ok(None) };
    let at = || At("cluster".to_owned());
    let identity = config.identity().map_err(anyhow::Error::msg).with_context(at)?;
    let client = cluster::reach(config, clients).await.with_context(at)?;
    Ok(Some(Reviewer { client, cluster: identity.name }))
}

/// Looks at a table that is in use already. What is wrong with it every call will say, too.
async fn looked_at(store: Store) {
    if let Err(error) = store.look_at_its_table().await {
        telemetry::table_is_wrong(&error);
    }
}

pub(super) fn sender(canary: &CanaryConfig, intake: Intake, router: &Router) -> Canaries {
    Canaries::new(canary.every(), intake, router.store.clone(), router.clock.clone())
}

/// What looks at the cluster, where that is wanted.
pub(super) fn watching(
    config: Option<&WatchConfig>,
    intake: &Intake,
    router: &Router,
) -> anyhow::Result<Option<Watching>> {
    let Some((config, responder)) = config.zip(router.responder()) else { return Ok(None) };
    let survey = responder.survey(config).context(At("watch".to_owned()))?;
    let ours = (router.store.clone(), router.clock.clone());
    let place = (router.heard(), router.metrics.clone());
    Ok(Some(Watching::new(config.every(), survey, intake.clone(), ours, place)))
}

pub(super) fn held_bytes(http: &HttpConfig) -> usize {
    usize::from(http.bodies_mib) * 1024 * 1024
}

/// What operators ask, for who has let them in already.
#[cfg(feature = "cli")]
pub(crate) fn routes_of_operators(router: Arc<Router>) -> axum::Router {
    let refusals = Refusals::new(router.metrics.clone());
    let operator = Operator {
        router,
        access: Access::new(None, Known::default()),
        refusals: refusals.clone(),
        reloader: None,
    };
    asked_without_doors(None, operator, None, Apps::default(), refusals)
}

/// The table; one that does not answer is not waited for, because what is urgent is paged without it.
async fn table_opened(
    clients: &Clients,
    config: &DynamoDbConfig,
    keep: SignedDuration,
) -> Result<Store, store::Error> {
    match Store::open_dynamodb(clients, config, keep).await {
        Err(error) if error.is_no_answer() => {
            telemetry::begun_without_table(&error);
            let store = Store::of_dynamodb(clients, config, keep).await?;
            let looked_at = store.clone();
            tokio::spawn(async move { looked_at.look_at_its_table_once_it_answers().await });
            Ok(store)
        }
        opened => opened,
    }
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
