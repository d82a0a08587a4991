//! The worker as an operator asks it: where it is, who asks, and its answer.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use watchfire_core::command::Wish;
use watchfire_core::notice::clean;

use super::screen::in_lines;
use super::{Failed, Output};
use crate::clients::Clients;
use crate::web::Order;

/// A command is carried out before it is answered, which takes as long as its acts.
const PATIENCE: Duration = Duration::from_secs(180);
/// A whole store takes a while over a slow line.
const DOWNLOADED_WITHIN: Duration = Duration::from_secs(60 * 60);

/// Where the worker is, and who asks.
#[derive(Clone, Debug, Args)]
pub(super) struct Whom {
    /// The worker's address
    #[arg(long, value_name = "URL", env = "WATCHFIRE_SERVER", default_value = "http://127.0.0.1:8080")]
    pub(super) server: String,
    /// A file with the operator's token; or set WATCHFIRE_TOKEN
    #[arg(long, value_name = "FILE", env = "WATCHFIRE_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Who asks, as the journal shows it
    #[arg(
        long,
        visible_alias = "author",
        short_alias = 'a',
        value_name = "NAME",
        env = "USER",
        default_value = "unknown"
    )]
    pub(super) by: String,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Human)]
    pub(super) output: Output,
}

/// What the worker shows there; none where a program has got it whole.
pub(super) fn look<T: DeserializeOwned>(whom: &Whom, path: &str) -> Result<Option<T>, Failed> {
    let answer = ask(whom, path, None)?;
    if whom.output == Output::Json {
        say!("{answer}");
        return Ok(None);
    }
    Ok(Some(understood(answer)?))
}

/// The same, however it is printed.
pub(super) fn learn<T: DeserializeOwned>(whom: &Whom, path: &str) -> anyhow::Result<T> {
    understood(ask(whom, path, None)?)
}

fn understood<T: DeserializeOwned>(answer: Value) -> anyhow::Result<T> {
    serde_json::from_value(answer).context("the worker's answer is not understood; is it of another version?")
}

/// The answer to a command.
pub(super) fn command(whom: &Whom, reason: &str, wish: Wish, dry_run: bool) -> anyhow::Result<Value> {
    let order = Order { by: whom.by.clone(), reason: reason.to_owned(), wish, on: None, dry_run, id: None };
    ask(whom, "/v1/commands", Some(json!(order)))
}

/// Why what was asked for is not done; none if it is.
pub(super) fn refusal(answer: &Value) -> Option<String> {
    let decision = &answer["decision"];
    (decision["why"] == "declined").then(|| {
        let reasons = decision["withheld"].as_array().into_iter().flatten();
        let reasons: Vec<_> = reasons.map(|withheld| word(withheld, "reason")).collect();
        clean(&reasons.join("; "), 600)
    })
}

/// A time to the minute, as pages write it.
pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A path with one question, its text escaped.
pub(super) fn question(path: &str, name: &str, value: &str) -> String {
    let mut asked = format!("{path}?{name}=");
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

pub(super) fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// The worker's answer, or why there is none.
pub(super) fn ask(whom: &Whom, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
    ask_for(whom, path, body)?.map_err(|missing| anyhow!("404 Not Found: {missing}"))
}

/// What the worker knows of something; none where it knows nothing of it.
pub(super) fn ask_if_known<T: DeserializeOwned>(whom: &Whom, path: &str) -> anyhow::Result<Option<T>> {
    ask_for(whom, path, None)?.ok().map(understood).transpose()
}

/// The answer, or what it said is not there.
fn ask_for(whom: &Whom, path: &str, body: Option<Value>) -> anyhow::Result<Result<Value, String>> {
    let token = token(whom)?;
    let clients = Clients::new(None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let url = format!("{}{path}", whom.server.trim_end_matches('/'));
        let http = clients.http()?;
        let request = match body {
            Some(body) => http.post(&url).json(&body),
            None => http.get(&url),
        };
        let answer = request.bearer_auth(token).timeout(PATIENCE).send().await;
        let answer =
            answer.with_context(|| format!("{url} does not answer; is the worker there (--server)?"))?;
        let status = answer.status();
        let text = answer.text().await.with_context(|| format!("the answer of {url} cannot be read"))?;
        let parsed = serde_json::from_str::<Value>(&text);
        match (status.is_success(), parsed) {
            // A program gets it as it is; a person, in lines that stay lines.
            (true, Ok(value)) if whom.output == Output::Human => Ok(Ok(in_lines(value))),
            (true, Ok(value)) => Ok(Ok(value)),
            (true, Err(error)) => bail!("{url} answered what is not JSON: {error}"),
            (false, Ok(value)) if status.as_u16() == 404 && value["error"].is_string() => {
                Ok(Err(clean(word(&value, "error"), 1_000)))
            }
            (false, Ok(value)) if value["error"].is_string() => {
                Err(anyhow!("{status}: {}", clean(word(&value, "error"), 1_000)))
            }
            (false, _) => Err(anyhow!("{status}: {}", clean(&text, 200))),
        }
    })
}

/// Shows the worker's answer bit by bit; one that breaks off is an error.
pub(super) fn download(
    whom: &Whom,
    path: &str,
    mut show: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let token = token(whom)?;
    let clients = Clients::new(None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let url = format!("{}{path}", whom.server.trim_end_matches('/'));
        let answer = clients.http()?.get(&url).bearer_auth(token).timeout(DOWNLOADED_WITHIN).send().await;
        let mut answer =
            answer.with_context(|| format!("{url} does not answer; is the worker there (--server)?"))?;
        let status = answer.status();
        if !status.is_success() {
            let text = answer.text().await.unwrap_or_default();
            bail!("{status}: {}", clean(&text, 300));
        }
        while let Some(bytes) =
            answer.chunk().await.with_context(|| format!("the answer of {url} broke off"))?
        {
            show(&bytes)?;
        }
        Ok(())
    })
}

fn token(whom: &Whom) -> anyhow::Result<String> {
    if let Some(file) = &whom.token_file {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        return Ok(text.trim().to_owned());
    }
    std::env::var("WATCHFIRE_TOKEN")
        .context("expected the operator's token in WATCHFIRE_TOKEN or --token-file")
}
