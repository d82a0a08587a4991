//! The client file: where workers are, what is shown to them, and who asks, each set under a name.
//!
//! ```yaml
//! current: prod
//! contexts:
//!   prod: {server: "https://watchfire.example.com", token: {command: [pass, show, watchfire]}, author: ana}
//!   gov: {server: "https://watchfire.example.com", token: {iam: {id: prod, region: us-gov-west-1}}}
//!   demo: {server: "http://127.0.0.1:8080", token: {env: WATCHFIRE_DEMO_TOKEN}}
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use watchfire_core::yaml::{Diagnostic, Misfit, Node, Value, YamlError, expected};

use super::Failed;
use crate::clients::Clients;
use crate::identity::token_of_aws;
use crate::secret::Secret;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping of current, contexts")]
struct File {
    current: Option<String>,
    contexts: BTreeMap<String, Context>,
}

/// A worker, and how to talk to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping of server, token, author")]
pub(super) struct Context {
    /// The worker's address.
    pub(super) server: String,
    /// Where the operator's token comes from.
    pub(super) token: Option<TokenSource>,
    /// Who asks.
    pub(super) author: Option<String>,
}

/// Where a token comes from. The token itself never stands in a file of ours.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum TokenSource {
    /// An environment variable.
    Env(String),
    /// A file; where its path is relative, beside the client file.
    File(PathBuf),
    /// The first line that a program prints, run without a shell.
    Command(Vec<String>),
    /// A question to STS, signed by the credentials at hand.
    Iam(Iam),
}

/// By credentials of AWS, to a Watchfire with `access.iam`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping of id, region")]
pub(super) struct Iam {
    /// `access.iam.id` of the worker's configuration.
    pub(super) id: String,
    /// `access.iam.region` of it; that of the environment, if left out.
    pub(super) region: Option<String>,
}

impl Iam {
    /// A token, good for a minute.
    pub(super) fn token(&self) -> anyhow::Result<Secret> {
        let Self { id, region } = self;
        let clients = Clients::new(region.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(token_of_aws(&clients, id, region.as_deref()))
    }
}

/// A context of the client file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) context: Context,
}

/// Where the client file is, whether or not there is one.
fn place() -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = named("XDG_CONFIG_HOME").or_else(|| Some(named("HOME")?.join(".config")))?;
    Some(folder.join("watchfire/client.yaml"))
}

/// The context of that name, or the current one; none where there is no client file, or none is current.
///
/// # Errors
/// Every mistake in the file; a context that is not in it.
pub(super) fn chosen(name: Option<&str>) -> Result<Option<Chosen>, Failed> {
    let Some(file) = place() else { return absent(name, Path::new("client.yaml")) };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return absent(name, &file),
        Err(error) => return Err(super::cannot_be_read(&file, &error)),
    };
    of(&file, &text, name)
}

/// The names of all contexts, as far as the file can be read.
pub(super) fn names() -> Vec<String> {
    let text = place().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let file = Node::parse(&text).ok().and_then(|node| node.read::<File>().ok()).unwrap_or_default();
    file.contexts.into_keys().collect()
}

fn absent(name: Option<&str>, file: &Path) -> Result<Option<Chosen>, Failed> {
    match name {
        None => Ok(None),
        Some(name) => {
            Err(Failed::Usage(vec![format!("there is no context `{name}`: {} is not there", file.display())]))
        }
    }
}

fn of(file: &Path, text: &str, name: Option<&str>) -> Result<Option<Chosen>, Failed> {
    let File { current, mut contexts } = read(&file.display().to_string(), text)?;
    let Some(name) = name.map(str::to_owned).or(current) else { return Ok(None) };
    match contexts.remove(&name) {
        Some(context) => Ok(Some(Chosen { name, file: file.to_owned(), context })),
        None => {
            let known: Vec<_> = contexts.into_keys().collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let mistake = expected(format!("a context ({known})")).found(format!("`{name}`"));
            Err(vec![Diagnostic::on(&file.display().to_string(), None, "", mistake)].into())
        }
    }
}

/// What is in a line of this file is never shown: somebody may have written a token there.
fn read(name: &str, text: &str) -> Result<File, Vec<Diagnostic>> {
    let root = Node::parse(text)
        .map_err(|YamlError { place, mistake }| vec![Diagnostic::unshown(name, place, "", mistake)])?;
    if root.is_null() {
        return Ok(File::default());
    }
    let pasted = pasted(name, &root);
    if !pasted.is_empty() {
        return Err(pasted);
    }
    root.read().map_err(|misfits| misfits.into_iter().map(|misfit: Misfit| misfit.unshown(name)).collect())
}

/// Tokens that stand in the file themselves.
fn pasted(name: &str, root: &Node) -> Vec<Diagnostic> {
    let Some(Value::Mapping(contexts)) = root.get("contexts").map(|contexts| &contexts.value) else {
        return Vec::new();
    };
    let token = |(context, node): &(String, Node)| {
        let token = node.get("token")?;
        let source = || {
            expected("where the token comes from, {env: NAME}, {file: PATH}, {command: [PROGRAM, …]} or {iam: {id: ID}}")
                .hint("the token itself does not belong in this file")
        };
        (!matches!(token.value, Value::Mapping(_)) && !token.is_null()).then(|| {
            Diagnostic::unshown(name, Some(token.place()), format!("contexts.{context}.token"), source())
        })
    };
    contexts.iter().filter_map(token).collect()
}

impl TokenSource {
    /// The token. An error names its source, and nothing of what came from it.
    pub(super) fn token(&self, beside: &Path) -> anyhow::Result<Secret> {
        let text = match self {
            TokenSource::Env(name) => {
                std::env::var(name).ok().with_context(|| format!("environment variable {name} is not set"))?
            }
            TokenSource::File(path) => {
                let path = beside.parent().unwrap_or(Path::new("")).join(path);
                std::fs::read_to_string(&path)
                    .with_context(|| format!("{} cannot be read", path.display()))?
            }
            TokenSource::Command(words) => printed(words)?,
            TokenSource::Iam(iam) => return iam.token(),
        };
        let token = text.lines().next().unwrap_or_default().trim();
        ensure!(!token.is_empty(), "{self} has no token");
        Ok(Secret::new(token))
    }
}

fn printed(words: &[String]) -> anyhow::Result<String> {
    let Some((program, arguments)) = words.split_first() else { bail!("the command for the token is empty") };
    // It may ask for a passphrase.
    let run = Command::new(program).args(arguments).stdin(Stdio::inherit()).stderr(Stdio::inherit()).output();
    let output = run.with_context(|| format!("{program} cannot be run for the token"))?;
    ensure!(output.status.success(), "{program}, run for the token, failed: {}", output.status);
    String::from_utf8(output.stdout).ok().with_context(|| format!("{program} printed what is no token"))
}

impl std::fmt::Display for TokenSource {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TokenSource::Env(name) => write!(out, "environment variable {name}"),
            TokenSource::File(path) => write!(out, "file {}", path.display()),
            TokenSource::Command(words) => {
                write!(out, "command {}", words.first().map_or("", String::as_str))
            }
            TokenSource::Iam(Iam { id, region: _ }) => write!(out, "AWS's credentials, for {id}"),
        }
    }
}

#[cfg(test)]
mod tests;
