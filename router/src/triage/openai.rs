//! A side that has OpenAI's chat completions, as many others do: one request, one answer.
//!
//! - `POST {url}/chat/completions`, the token in `Authorization`. Nothing that only some of them have is asked for.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use watchfire_core::triage::Prompt;

use super::{NotSaid, OpenAiConfig, Said, Stop, Tokens, WhyNot};
use crate::clients::{Clients, Doubt, chain};
use crate::secret::Secret;

/// What is read of an answer.
const MOST_READ: usize = 256 * 1024;

/// A model behind such a side.
#[derive(Debug)]
pub(super) struct OpenAi {
    http: reqwest::Client,
    url: reqwest::Url,
    model: String,
    token: Option<Secret>,
    timeout: Duration,
    doubt: Doubt,
}

#[derive(Deserialize)]
struct Answered {
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
}

impl OpenAi {
    pub(super) async fn open(
        config: &OpenAiConfig,
        timeout: Duration,
        clients: &Clients,
    ) -> anyhow::Result<Self> {
        let OpenAiConfig { url, model, token } = config;
        let token = match token {
            Some(source) => Some(source.resolve(clients).await?),
            None => None,
        };
        let whole = format!("{}/chat/completions", url.url().as_str().trim_end_matches('/'));
        let url = whole.parse().context("the address of its chat completions")?;
        let (http, doubt) = (clients.http()?, clients.doubt.clone());
        Ok(Self { http, url, model: model.clone(), token, timeout, doubt })
    }

    pub(super) async fn ask(&self, prompt: &Prompt, most_tokens: u32) -> Result<Said, NotSaid> {
        let body = body(prompt, &self.model, most_tokens);
        let mut request = self.http.post(self.url.clone()).timeout(self.timeout).json(&body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        let mut response = request.send().await.map_err(|error| {
            let why = if error.is_timeout() { WhyNot::TimedOut } else { WhyNot::Unavailable };
            NotSaid::new(why, format!("no answer: {}", chain(&error.without_url())))
        })?;
        let status = response.status();
        let mut read = Vec::new();
        while read.len() <= MOST_READ
            && let Ok(Some(chunk)) = response.chunk().await
        {
            read.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            if status == StatusCode::UNAUTHORIZED {
                self.doubt.raise();
            }
            // What it says may quote the token, and is not needed.
            return Err(NotSaid::new(
                WhyNot::of(status.as_u16()),
                format!("the model's side answered {status}"),
            ));
        }
        said(&read)
    }
}

/// What is sent.
pub(super) fn body(prompt: &Prompt, model: &str, most_tokens: u32) -> Value {
    json!({
        "model": model,
        "messages": [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user()},
        ],
        "max_tokens": most_tokens,
    })
}

pub(super) fn said(read: &[u8]) -> Result<Said, NotSaid> {
    let none =
        || NotSaid::new(WhyNot::Unavailable, "the model's side answered something else than a completion");
    let Answered { choices, usage } = serde_json::from_slice(read).map_err(|_| none())?;
    let Choice { message: Message { content, refusal }, finish_reason } =
        choices.into_iter().next().ok_or_else(none)?;
    let stop = match (finish_reason.as_deref(), refusal) {
        (Some("content_filter"), _) | (_, Some(_)) => Stop::Refused,
        (Some("stop") | None, None) => Stop::AtItsEnd,
        (Some(_), None) => Stop::Cut,
    };
    let tokens = usage.map(|Usage { prompt_tokens, completion_tokens }| Tokens {
        input: prompt_tokens,
        output: completion_tokens,
    });
    Ok(Said { text: content.unwrap_or_default(), stop, tokens })
}
