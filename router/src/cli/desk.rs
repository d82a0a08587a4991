//! The worker's routes in this process, over the table itself: what operators ask where no worker answers.
//!
//! What is decided is in the journal as if a worker had been asked, by whom AWS says it was. What it causes is done here
//! where there is a configuration, and by whoever works on the table where there is none.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tower::ServiceExt as _;
use watchfire_core::command::CommandKind;

use super::asking::Server;
use super::{Failed, usage};
use crate::api::{OperatorEndpoint, params};
use crate::app::{Parts, routes_of_operators};
use crate::aws::identity::Identity;
use crate::clients::Clients;
use crate::config::{self, Reach, Ready, StoreConfig};
use crate::router::Router;
use crate::store::{DynamoDbConfig, OpenAs, Store};
use crate::web::{LetIn, Vouched};

/// Which table, and what is known of how it is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Its name; none where the configuration has it.
    pub(super) name: Option<String>,
    /// The configuration.
    pub(super) config: Option<PathBuf>,
}

/// What was answered.
pub(super) struct Heard {
    pub(super) status: StatusCode,
    pub(super) head: HeaderMap,
    pub(super) text: String,
}

pub(super) struct Desk {
    runtime: Runtime,
    routes: axum::Router,
    clients: Arc<Clients>,
    config: DynamoDbConfig,
    is_configured: bool,
    identity: OnceLock<Identity>,
}

/// A command has one.
static DESK: OnceLock<Desk> = OnceLock::new();

impl Table {
    /// The desk at it, opened when it is first asked for.
    ///
    /// # Errors
    /// Every mistake of the configuration, and why the table cannot be opened.
    pub(super) fn desk(&self, patience: Duration) -> Result<&'static Desk, Failed> {
        match DESK.get() {
            Some(desk) => Ok(desk),
            None => {
                let desk = self.open(patience)?;
                Ok(DESK.get_or_init(|| desk))
            }
        }
    }

    fn open(&self, patience: Duration) -> Result<Desk, Failed> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let clients = Arc::new(Clients::new(None)?);
        let opened = runtime.block_on(async { timeout(patience, self.router(&clients)).await });
        let (router, config) = opened.map_err(|_| anyhow!("the table does not answer in time"))??;
        let (routes, is_configured) = (routes_of_operators(router), self.config.is_some());
        Ok(Desk { runtime, routes, clients, config, is_configured, identity: OnceLock::new() })
    }

    async fn router(&self, clients: &Arc<Clients>) -> Result<(Arc<Router>, DynamoDbConfig), Failed> {
        match (&self.config, &self.name) {
            (Some(file), name) => {
                let ready = Ready::read(file, clients, Reach::Away).await?;
                let config = table_of(&ready.config, file, name.as_deref())?;
                let keep = ready.config.store.keep();
                let store = Store::open_dynamodb_as(OpenAs::Operator, clients, &config, keep).await;
                let parts = Parts::over(store.map_err(anyhow::Error::from)?, ready, clients.clone(), None);
                Ok((parts.await?.router, config))
            }
            (None, Some(name)) => {
                let (config, keep) = (named(name)?, StoreConfig::default().keep());
                let store = Store::open_dynamodb_as(OpenAs::Recorder, clients, &config, keep).await;
                let router = Router::recording(store.map_err(anyhow::Error::from)?);
                Ok((Arc::new(router), config))
            }
            (None, None) => Err(usage(anyhow!("expected a table: --store dynamodb:NAME"))),
        }
    }
}

/// A table of that name.
pub(super) fn named(name: &str) -> Result<DynamoDbConfig, Failed> {
    let config = DynamoDbConfig { table: name.to_owned(), region: None, bucket: None, prefix: String::new() };
    let mut wrong = Vec::new();
    config.check(&mut |_, mistake| wrong.push(format!("--store: {mistake}")));
    if wrong.is_empty() { Ok(config) } else { Err(Failed::Usage(wrong)) }
}

/// The table of a configuration, which has to be the one that was named.
pub(super) fn table_of(
    config: &config::Config,
    file: &Path,
    name: Option<&str>,
) -> Result<DynamoDbConfig, Failed> {
    let file = file.display();
    let Some(table) = config.store.dynamodb.clone() else {
        return Err(usage(anyhow!(
            "{file}: its store is the file {}, which only a worker opens: ask the worker (--server), or name a \
             configuration with store.dynamodb",
            config.store.path.display()
        )));
    };
    match name {
        Some(name) if name != table.table => Err(usage(anyhow!(
            "{file}: its store is the table {}, and --store names {name}: leave one of them out",
            table.table
        ))),
        Some(_) | None => Ok(table),
    }
}

impl Desk {
    /// As errors name it.
    pub(super) fn server(&self) -> Server {
        Server { url: format!("the table {}", self.config.table), said_by: "--store or --config".to_owned() }
    }

    /// What is answered there, if it is in that time.
    ///
    /// # Errors
    /// What is not asked without a configuration, or without a worker.
    pub(super) fn ask(&self, path: &str, body: Option<&Value>, patience: Duration) -> Result<Heard, Failed> {
        let answered = async {
            let request = self.request(path, body).await?;
            let answer = self.routes.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
            let (parts, body) = answer.into_parts();
            let text = to_bytes(body, usize::MAX).await.context("the table's answer broke off")?;
            let text = String::from_utf8_lossy(&text).into_owned();
            Ok(Heard { status: parts.status, head: parts.headers, text: advised(text) })
        };
        self.runtime.block_on(async {
            let silent = || anyhow!("the table {} does not answer in time", self.config.table);
            timeout(patience, answered).await.map_err(|_| silent())?
        })
    }

    /// Shows what is answered there bit by bit; one that breaks off is an error.
    pub(super) fn stream(
        &self,
        endpoint: OperatorEndpoint,
        mut show: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> Result<(), Failed> {
        self.runtime.block_on(async {
            let request = self.request(endpoint.path(), None).await?;
            let answer: Response =
                self.routes.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
            let status = answer.status();
            let mut bits = answer.into_body().into_data_stream();
            while let Some(bit) = bits.next().await {
                let bit = bit.map_err(|error| anyhow!("the table's answer broke off: {error:#}"))?;
                if !status.is_success() {
                    return Err(anyhow!("{}", advised(String::from_utf8_lossy(&bit).into_owned())).into());
                }
                show(&bit)?;
            }
            Ok(())
        })
    }

    async fn request(&self, path: &str, body: Option<&Value>) -> Result<Request<Body>, Failed> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(path).extension(Vouched);
        if path == OperatorEndpoint::Reload.path() {
            return Err(usage(anyhow!(
                "a table has no configuration to be read again: ask a worker (--server)"
            )));
        }
        if let Some(body) = body {
            if let Some(why) = self.lacks(body) {
                return Err(usage(why));
            }
            let let_in = LetIn(self.identity().await?);
            request = request.extension(let_in).header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        Ok(request.body(body).context("it can be asked")?)
    }

    /// Whom AWS takes this for.
    pub(super) fn asker(&self) -> anyhow::Result<String> {
        Ok(self.runtime.block_on(self.identity())?.name)
    }

    async fn identity(&self) -> anyhow::Result<Identity> {
        if let Some(known) = self.identity.get() {
            return Ok(known.clone());
        }
        let asked = Identity::ours(&self.clients, self.config.region.as_deref()).await;
        let identity = asked.map_err(|error| anyhow!("{error}"));
        let identity =
            identity.context("AWS does not say whose credentials these are (sts:GetCallerIdentity)")?;
        Ok(self.identity.get_or_init(|| identity).clone())
    }

    /// Why a command is not decided without a configuration; none where it is.
    fn lacks(&self, command: &Value) -> Option<anyhow::Error> {
        let command: params::Command = serde_json::from_value(command.clone()).ok()?;
        let (name, why) = needs_configuration(&command).filter(|_| !self.is_configured)?;
        Some(anyhow!("{name} needs the configuration, which says {why}: name it by --config FILE"))
    }
}

/// What a command asks of a configuration, if it does: its name, and what the configuration says.
fn needs_configuration(command: &params::Command) -> Option<(&'static str, &'static str)> {
    let what = match &command.wish {
        CommandKind::Approve(_) => "how the cluster is asked whether the plan may still be carried out",
        CommandKind::Act(_) | CommandKind::Propose { .. } => {
            "how the cluster is asked about the pod, and what may be done to it"
        }
        CommandKind::FollowUp { .. } => "which channels keep tickets",
        CommandKind::SwitchOff => "who is paged that nothing is contained any more",
        CommandKind::Unacknowledge(_) => "who is paged when nobody has it in time",
        CommandKind::Reassign { .. } => "which names are channels, to be paged",
        CommandKind::Release(_) if command.dry_run => "how the cluster is asked to rehearse it",
        CommandKind::Release(_)
        | CommandKind::Deny(_)
        | CommandKind::SwitchOn
        | CommandKind::Acknowledge(_)
        | CommandKind::Take(_)
        | CommandKind::Resolve(_)
        | CommandKind::Annotate { .. }
        | CommandKind::Silence(_)
        | CommandKind::Expire(_)
        | CommandKind::Extend(_) => return None,
    };
    Some((command.wish.as_str(), what))
}

/// With what to do about what AWS refuses.
fn advised(text: String) -> String {
    let table = [
        ("AccessDenied", "these credentials may not do it: the permissions are in docs/without-a-worker.md"),
        ("ExpiredToken", "the credentials have expired: get new ones"),
        (
            "UnrecognizedClient",
            "the credentials are not known in this region or partition: is AWS_REGION right?",
        ),
    ];
    let advice = table.into_iter().find(|(code, _)| text.contains(code)).map(|(_, advice)| advice);
    let Some(advice) = advice else { return text };
    // An error stays one.
    match serde_json::from_str::<crate::api::views::Error>(&text) {
        Ok(mut error) => {
            error.error = format!("{}; {advice}", error.error);
            serde_json::to_string(&error).unwrap_or(text)
        }
        Err(_) => text,
    }
}
