//! Amazon Bedrock, by one signed call of ours: Converse.
//!
//! - Permissions: `bedrock:InvokeModel` on the model, and on each model behind an inference profile; with a guardrail
//!   `bedrock:ApplyGuardrail` on it.
//! - <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>

use std::time::Duration;

use axum::http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use watchfire_core::triage::Prompt;

use super::{BedrockConfig, GuardrailConfig, NotSaid, Said, Stop, Tokens, WhyNot};
use crate::aws::call::{Ask, CallError, Caller, Patience, Refusal, Service};
use crate::clients::Clients;

/// As AWS encodes a part of a path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A model of Bedrock.
#[derive(Debug)]
pub(super) struct Bedrock {
    caller: Caller,
    path: String,
    guardrail: Option<GuardrailConfig>,
    patience: Patience,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    output: Output,
    stop_reason: String,
    usage: Usage,
}

#[derive(Deserialize)]
struct Output {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Block>,
}

/// Blocks of other kinds, such as what a model thinks, have no text.
#[derive(Deserialize)]
struct Block {
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
}

impl Bedrock {
    pub(super) async fn open(
        config: &BedrockConfig,
        timeout: Duration,
        clients: &Clients,
    ) -> anyhow::Result<Self> {
        let BedrockConfig { model, region, guardrail } = config;
        let caller = Caller::new(clients, Service::BedrockRuntime, region.as_deref()).await?;
        let path = format!("/model/{}/converse", utf8_percent_encode(model.as_str(), ENCODED));
        // Whoever asks ends the wait, and knows that it took too long.
        let longer = timeout + Duration::from_secs(1);
        let patience = Patience { attempt: longer, in_all: longer, attempts: 1, wait: Duration::ZERO };
        Ok(Self { caller, path, guardrail: guardrail.clone(), patience })
    }

    pub(super) async fn ask(&self, prompt: &Prompt, most_tokens: u32) -> Result<Said, NotSaid> {
        let body = body(prompt, most_tokens, self.guardrail.as_ref());
        let ask = Ask::Rest { method: Method::POST, path: &self.path, body: &body };
        let answer = self.caller.call(&ask, self.patience).await.map_err(|error| not_said(&error))?;
        let unknown = |error: CallError| NotSaid::new(WhyNot::Unavailable, format!("Bedrock: {error}"));
        let Answered { output, stop_reason, usage } = answer.json().map_err(unknown)?;
        let stop = match stop_reason.as_str() {
            "end_turn" | "stop_sequence" => Stop::AtItsEnd,
            "guardrail_intervened" | "content_filtered" => Stop::Refused,
            // It has no tools, and its window is large enough.
            _ => Stop::Cut,
        };
        let texts = output.message.content.into_iter().filter_map(|block| block.text);
        let tokens = Some(Tokens { input: usage.input_tokens, output: usage.output_tokens });
        Ok(Said { text: texts.collect::<Vec<_>>().join("\n"), stop, tokens })
    }
}

/// What is sent.
pub(super) fn body(prompt: &Prompt, most_tokens: u32, guardrail: Option<&GuardrailConfig>) -> Value {
    let Prompt { system, before, data, after, told: _, theirs: _ } = prompt;
    let data = match guardrail {
        Some(_) => json!({"guardContent": {"text": {"text": data, "qualifiers": ["guard_content"]}}}),
        None => json!({"text": data}),
    };
    let mut body = json!({
        "system": [{"text": system}],
        "messages": [{"role": "user", "content": [{"text": before}, data, {"text": after}]}],
        "inferenceConfig": {"maxTokens": most_tokens},
    });
    if let Some(GuardrailConfig { id, version }) = guardrail {
        body["guardrailConfig"] = json!({"guardrailIdentifier": id, "guardrailVersion": version});
    }
    body
}

fn not_said(error: &CallError) -> NotSaid {
    let why = match error {
        CallError::Refused(Refusal { status, .. }) => WhyNot::of(*status),
        CallError::NoAnswer(_) => WhyNot::Unavailable,
        CallError::NoCredentials(_) => WhyNot::Denied,
    };
    NotSaid::new(why, format!("Bedrock: {error}"))
}
