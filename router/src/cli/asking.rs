//! The worker as an operator asks it: where it is, who asks, and its answer.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCandidates;
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use watchfire_core::command::CommandKind;
use watchfire_core::text::clean;
use watchfire_core::verdict::Why;
use watchfire_core::zone::Zone;

use super::Failed;
use super::client::{self, Chosen};
use super::desk::{Heard, Table};
use super::screen::in_lines;
use super::{completing, unanswered, yaml};
use crate::api::views::{CommandResult, Error};
use crate::api::{OperatorEndpoint, VERSION_HEADER, WorkerEndpoint, ZONE_HEADER, params};
use crate::clients::Clients;
use crate::identity::UNNAMED;
#[cfg(feature = "mcp")]
use crate::mcp::Away;
use crate::secret::Secret;

/// A command is carried out before it is answered, which takes as long as its acts.
const PATIENCE: Duration = Duration::from_secs(180);
/// A whole store takes a while over a slow line.
const DOWNLOADED_WITHIN: Duration = Duration::from_secs(60 * 60);
/// What stands before the name of a table.
const TABLE: &str = "dynamodb:";
/// Where a worker is that nobody said the address of.
const SERVER: &str = "http://127.0.0.1:8080";

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For a person; a list as wide as the terminal
    Human,
    /// A list with all it has
    Wide,
    /// For a program, as the worker answered
    Json,
    /// The same as YAML
    Yaml,
}

/// Where the worker is, and who asks. Each is what the command line says, else the environment, else the client file.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Worker")]
pub(super) struct Whom {
    /// Its address [default: http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "WATCHFIRE_SERVER", hide_env = true)]
    server: Option<String>,
    /// A context of ~/.config/watchfire/client.yaml
    #[arg(long, value_name = "NAME", env = "WATCHFIRE_CONTEXT", hide_env = true,
          add = ArgValueCandidates::new(completing::contexts))]
    context: Option<String>,
    /// Or a table, dynamodb:NAME; to act, with --config
    #[arg(long, value_name = "STORE", env = "WATCHFIRE_STORE", hide_env = true)]
    store: Option<StoreName>,
    /// A configuration file; by it this machine acts itself
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) config: Option<PathBuf>,
    /// A file with the operator's token; or WATCHFIRE_TOKEN
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_TOKEN_FILE", hide_env = true)]
    token_file: Option<PathBuf>,
    /// Who asks, as the journal has it [default: you]
    #[arg(long, alias = "author", short_alias = 'a', value_name = "NAME")]
    by: Option<String>,
    /// Print as
    #[arg(long, short, value_name = "FORM", value_enum, default_value_t = Form::Human, hide_default_value = true)]
    pub(super) output: Form,
}

/// A store by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StoreName {
    /// A table of DynamoDB.
    Table(String),
    /// A file.
    File(PathBuf),
}

impl FromStr for StoreName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix(TABLE) {
            Some(name) => StoreName::Table(name.to_owned()),
            None => StoreName::File(PathBuf::from(text)),
        })
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreName::Table(name) => write!(out, "{TABLE}{name}"),
            StoreName::File(path) => path.display().fmt(out),
        }
    }
}

/// Where a worker is, and what says so.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) url: String,
    pub(super) said_by: String,
}

impl Whom {
    /// As if nothing was said on the command line: for who completes one.
    pub(super) fn unsaid() -> Self {
        let said = |name| std::env::var(name).ok();
        let token_file = std::env::var_os("WATCHFIRE_TOKEN_FILE").map(PathBuf::from);
        let (server, context) = (said("WATCHFIRE_SERVER"), said("WATCHFIRE_CONTEXT"));
        let store = said("WATCHFIRE_STORE").and_then(|name| name.parse().ok());
        Self { server, context, store, config: None, token_file, by: None, output: Form::Human }
    }

    /// What the command line itself says of the worker: not the environment, which is said for all commands.
    pub(super) fn typed(&self) -> Option<&'static str> {
        let Self { server, context, token_file, .. } = Self::unsaid();
        if self.server != server {
            return Some("--server");
        }
        if self.context != context {
            return Some("--context");
        }
        (self.token_file != token_file).then_some("--token-file")
    }

    /// The store that is asked instead of a worker; none where a worker is. What is typed goes before the environment.
    ///
    /// # Errors
    /// Both were typed.
    fn store(&self) -> Result<Option<&StoreName>, Failed> {
        let is_typed = self.store != Self::unsaid().store || self.config.is_some();
        match (&self.store, self.typed()) {
            (_, Some(option)) if is_typed => Err(Failed::Usage(vec![format!(
                "`--store` and `--config` ask no worker: leave out {option}, or them"
            )])),
            (_, Some(_)) => Ok(None),
            (store, None) => Ok(store.as_ref()),
        }
    }

    /// The file that is read instead of asking anybody; none where a worker or a table is asked.
    pub(super) fn file(&self) -> Result<Option<&Path>, Failed> {
        Ok(match self.store()? {
            Some(StoreName::File(path)) => Some(path),
            Some(StoreName::Table(_)) | None => None,
        })
    }

    /// The table that is asked instead of a worker; none where a worker is.
    fn table(&self) -> Result<Option<Table>, Failed> {
        let config = self.config.clone();
        match self.store()? {
            Some(StoreName::Table(name)) => Ok(Some(Table { name: Some(name.clone()), config })),
            Some(StoreName::File(path)) => Err(Failed::Usage(vec![format!(
                "expected --store dynamodb:NAME, found the file {}: of a file only `store backup`, `store export` and \
                 `store copy` take something without its worker; for all else ask the worker (--server)",
                path.display()
            )])),
            None if config.is_some() => Ok(Some(Table { name: None, config })),
            None => Ok(None),
        }
    }

    /// Who asks.
    pub(super) fn author(&self) -> Result<String, Failed> {
        if let Some(by) = &self.by {
            return Ok(by.clone());
        }
        if let Some(table) = self.table()? {
            return Ok(table.desk(PATIENCE)?.asker()?);
        }
        let author = client::chosen(self.context.as_deref())?.and_then(|chosen| chosen.context.author);
        Ok(author.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| UNNAMED.to_owned()))
    }

    /// Whether a program reads it; then it is printed.
    pub(super) fn is_a_program(&self) -> bool {
        match self.output {
            Form::Json | Form::Yaml => true,
            Form::Human | Form::Wide => false,
        }
    }

    /// Whether a program reads it; then it has been printed.
    pub(super) fn is_printed(&self, answer: &impl Serialize) -> Result<bool, Failed> {
        let answer = serde_json::to_value(answer).context("an answer is JSON")?;
        match self.output {
            Form::Json => say!("{answer}"),
            Form::Yaml => say!("{}", yaml::text(&answer).trim_end()),
            Form::Human | Form::Wide => return Ok(false),
        }
        Ok(true)
    }

    /// Where the worker is.
    pub(super) fn url(&self) -> Result<String, Failed> {
        Ok(self.server(self.chosen()?.as_ref()).url)
    }

    /// The worker, for who goes on asking it.
    ///
    /// # Errors
    /// An address that is none, no token, or a store instead of a worker.
    #[cfg(feature = "mcp")]
    pub(super) fn away(&self) -> Result<Away, Failed> {
        if self.store()?.is_some() || self.config.is_some() {
            return Err(Failed::Usage(vec![
                "expected a worker (--server): assistants ask no table".to_owned(),
            ]));
        }
        let chosen = self.chosen()?;
        let server = self.server(chosen.as_ref());
        unanswered::url(&server, "/")?;
        let token = self.token(chosen.as_ref())?;
        let http = Clients::new(None)?.http()?.clone();
        Ok(Away { http, server: server.url.trim_end_matches('/').to_owned(), token, by: self.author()? })
    }

    fn chosen(&self) -> Result<Option<Chosen>, Failed> {
        // An address that was said alone is not shown the token of another.
        if self.server.is_some() && self.context.is_none() {
            return Ok(None);
        }
        client::chosen(self.context.as_deref())
    }

    fn server(&self, chosen: Option<&Chosen>) -> Server {
        match (&self.server, chosen) {
            (Some(url), _) => Server { url: url.clone(), said_by: "--server or WATCHFIRE_SERVER".to_owned() },
            (None, Some(Chosen { name, file, context })) => Server {
                url: context.server.clone(),
                said_by: format!("context {name} of {}", file.display()),
            },
            (None, None) => Server { url: SERVER.to_owned(), said_by: "the default of --server".to_owned() },
        }
    }

    fn token(&self, chosen: Option<&Chosen>) -> anyhow::Result<Secret> {
        if let Some(file) = &self.token_file {
            let text = std::fs::read_to_string(file);
            let text = text.with_context(|| format!("{} cannot be read", file.display()))?;
            return filled(text.trim(), &file.display().to_string());
        }
        if let Ok(token) = std::env::var("WATCHFIRE_TOKEN") {
            return filled(token.trim(), "WATCHFIRE_TOKEN");
        }
        let of_context = chosen.and_then(|chosen| Some((chosen, chosen.context.token.as_ref()?)));
        let (chosen, source) = of_context.context(
            "expected the operator's token: in WATCHFIRE_TOKEN, by --token-file, or by a context of the client file",
        )?;
        source.token(&chosen.file).with_context(|| format!("the token of context {}", chosen.name))
    }
}

/// A token; an empty one is nobody's.
fn filled(token: &str, place: &str) -> anyhow::Result<Secret> {
    anyhow::ensure!(
        !token.is_empty(),
        "{place} is empty: expected the operator's token, as http.operator_token of the worker's configuration has it; or \
         name its file by --token-file"
    );
    Ok(Secret::new(token))
}

/// What the worker shows there; none where a program has got it whole.
pub(super) fn look<T: DeserializeOwned>(whom: &Whom, path: &str) -> Result<Option<T>, Failed> {
    let answer = ask(whom, path, None)?;
    if whom.is_printed(&answer)? {
        return Ok(None);
    }
    Ok(Some(understood(answer)?))
}

/// The same, however it is printed.
pub(super) fn learn<T: DeserializeOwned>(whom: &Whom, path: &str) -> Result<T, Failed> {
    Ok(understood(ask(whom, path, None)?)?)
}

/// The same as it came, to the character: for what is not shown but proven.
pub(super) fn exactly<T: DeserializeOwned>(whom: &Whom, path: &str) -> Result<T, Failed> {
    let answer = answer_of(whom, path, None, PATIENCE)?.map_err(|missing| anyhow!(missing))?;
    Ok(understood(answer)?)
}

/// What the worker answers to what it is told. Where a program reads it, it has been printed as it came.
pub(super) fn tell<T: DeserializeOwned>(
    whom: &Whom,
    endpoint: OperatorEndpoint,
    body: &impl Serialize,
) -> Result<T, Failed> {
    told(whom, endpoint.path(), body)
}

/// The same of what a worker alone is told.
pub(super) fn tell_worker<T: DeserializeOwned>(
    whom: &Whom,
    endpoint: WorkerEndpoint,
    body: &impl Serialize,
) -> Result<T, Failed> {
    told(whom, endpoint.path(), body)
}

fn told<T: DeserializeOwned>(whom: &Whom, path: &str, body: &impl Serialize) -> Result<T, Failed> {
    let body = serde_json::to_value(body).context("what is told is JSON")?;
    let answer = ask(whom, path, Some(body))?;
    whom.is_printed(&answer)?;
    Ok(understood(answer)?)
}

fn understood<T: DeserializeOwned>(answer: Value) -> anyhow::Result<T> {
    serde_json::from_value(answer).context("the worker's answer is not understood; is it of another version?")
}

/// The answer to a command.
pub(super) fn command(
    whom: &Whom,
    reason: &str,
    wish: CommandKind,
    dry_run: bool,
) -> Result<CommandResult, Failed> {
    let (by, reason) = (whom.author()?, reason.to_owned());
    let command = params::Command { by, reason, wish, on: None, dry_run, id: None };
    tell(whom, OperatorEndpoint::Commands, &command)
}

/// Why what was asked for is not done; none if it is.
pub(super) fn refusal(CommandResult { decision, .. }: &CommandResult) -> Option<String> {
    (decision.why == Why::Declined).then(|| {
        let reasons: Vec<_> = decision.withheld.iter().map(|withheld| withheld.reason.to_string()).collect();
        clean(&reasons.join("; "), 600)
    })
}

/// A time to the minute, as pages write it, in the zone of the worker's configuration.
pub(super) fn minute(at: Timestamp) -> String {
    zone().minute(at)
}

/// The same to the second.
pub(super) fn second(at: Timestamp) -> String {
    zone().second(at)
}

/// The zone of the configuration, as the worker said with its first answer; UTC until then.
fn zone() -> Zone {
    ZONE.get().cloned().unwrap_or(Zone::UTC)
}

/// A command asks one worker.
static ZONE: OnceLock<Zone> = OnceLock::new();

fn remember_zone(head: &HeaderMap) {
    let name = head.get(ZONE_HEADER).and_then(|name| name.to_str().ok());
    if let Some(zone) = name.and_then(|name| Zone::named(name).ok()) {
        let _ = ZONE.set(zone);
    }
}

/// Where something is asked, with what is asked behind the `?`.
pub(super) fn question(endpoint: OperatorEndpoint, asked: &impl Serialize) -> String {
    let members = match serde_json::to_value(asked) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => Map::new(),
    };
    let asked =
        members.iter().filter_map(|(name, value)| Some(format!("{name}={}", escaped(value.as_str()?))));
    let asked: Vec<_> = asked.collect();
    if asked.is_empty() {
        endpoint.path().to_owned()
    } else {
        format!("{}?{}", endpoint.path(), asked.join("&"))
    }
}

/// The same about what goes by a name.
pub(super) fn question_of(endpoint: OperatorEndpoint, name: &str) -> String {
    question(endpoint, &params::Of { of: name.to_owned() })
}

fn escaped(value: &str) -> String {
    let mut asked = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                asked.push(char::from(byte))
            }
            other => asked.push_str(&format!("%{other:02X}")),
        }
    }
    asked
}

/// The worker's answer, or why there is none.
fn ask(whom: &Whom, path: &str, body: Option<Value>) -> Result<Value, Failed> {
    let answer = answer_of(whom, path, body, PATIENCE)?.map_err(|missing| anyhow!(missing))?;
    // A program gets it as it is; a person, in lines that stay lines.
    Ok(match whom.output {
        Form::Human | Form::Wide => in_lines(answer),
        Form::Json | Form::Yaml => answer,
    })
}

/// What the worker knows of something; none where it knows nothing of it.
pub(super) fn ask_if_known<T: DeserializeOwned>(whom: &Whom, path: &str) -> Result<Option<T>, Failed> {
    let answer = answer_of(whom, path, None, PATIENCE)?.ok();
    Ok(answer.map(|answer| understood(in_lines(answer))).transpose()?)
}

/// What the worker shows there at once, as it came; none where it does not.
pub(super) fn glance<T: DeserializeOwned>(endpoint: OperatorEndpoint, patience: Duration) -> Option<T> {
    let answer = answer_of(&Whom::unsaid(), endpoint.path(), None, patience).ok()?.ok()?;
    understood(answer).ok()
}

/// The answer, or what it said is not there.
fn answer_of(
    whom: &Whom,
    path: &str,
    body: Option<Value>,
    patience: Duration,
) -> Result<Result<Value, String>, Failed> {
    let (server, heard) = match whom.table()? {
        Some(table) => {
            let desk = table.desk(patience)?;
            (desk.server(), desk.ask(path, body.as_ref(), patience)?)
        }
        None => worker_heard(whom, path, body, patience)?,
    };
    let Heard { status, head, text } = heard;
    remember_zone(&head);
    let is_worker = head.contains_key(VERSION_HEADER);
    if let Ok(answer) = serde_json::from_str(&text)
        && status.is_success()
        && is_worker
    {
        return Ok(Ok(answer));
    }
    match serde_json::from_str(&text) {
        Ok(Error { error, candidates: _ }) if is_worker && status == StatusCode::NOT_FOUND => {
            Ok(Err(clean(&error, 2_000)))
        }
        Ok(_) | Err(_) => Err(unanswered::refused(&server, status, &head, &text).into()),
    }
}

/// What the worker answers.
fn worker_heard(
    whom: &Whom,
    path: &str,
    body: Option<Value>,
    patience: Duration,
) -> Result<(Server, Heard), Failed> {
    let chosen = whom.chosen()?;
    let server = whom.server(chosen.as_ref());
    let url = unanswered::url(&server, path)?;
    let token = whom.token(chosen.as_ref())?;
    let clients = Clients::new(None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let http = clients.http()?;
        let request = match body {
            Some(body) => http.post(url.clone()).json(&body),
            None => http.get(url.clone()),
        };
        let answer = request.bearer_auth(token.expose()).timeout(patience).send().await;
        let answer = answer.map_err(|error| unanswered::not_reached(&server, &error))?;
        let (status, head) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.with_context(|| format!("the answer of {url} cannot be read"))?;
        Ok((server, Heard { status, head, text }))
    })
}

/// Shows the answer bit by bit; one that breaks off is an error.
pub(super) fn download(
    whom: &Whom,
    endpoint: OperatorEndpoint,
    mut show: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> Result<(), Failed> {
    if let Some(table) = whom.table()? {
        return table.desk(PATIENCE)?.stream(endpoint, show);
    }
    let chosen = whom.chosen()?;
    let server = whom.server(chosen.as_ref());
    let url = unanswered::url(&server, endpoint.path())?;
    let token = whom.token(chosen.as_ref())?;
    let clients = Clients::new(None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let request = clients.http()?.get(url.clone()).bearer_auth(token.expose()).timeout(DOWNLOADED_WITHIN);
        let mut answer = request.send().await.map_err(|error| unanswered::not_reached(&server, &error))?;
        let (status, head) = (answer.status(), answer.headers().clone());
        if !status.is_success() {
            let text = answer.text().await.unwrap_or_default();
            return Err(unanswered::refused(&server, status, &head, &text).into());
        }
        while let Some(bytes) =
            answer.chunk().await.with_context(|| format!("the answer of {url} broke off"))?
        {
            show(&bytes)?;
        }
        Ok(())
    })
}
