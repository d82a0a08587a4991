//! The Lambda that reads a queue, where there is one: whether it has the time that it needs.

use serde_json::Value;

use super::PATIENCE;
use crate::aws::call::{Ask, CallError, Caller, Service};
use crate::clients::Clients;
use crate::finding::Finding;
use axum::http::Method;

/// AWS asks for a visibility of that many times the function's timeout.
const TIMES: u64 = 6;

pub(super) async fn look(queue: &str, visible: u64, clients: &Clients, findings: &mut Vec<Finding>) {
    let mappings = match mappings(queue, clients).await {
        Ok(mappings) => mappings,
        Err(error) => {
            findings.push(Finding::untold(
                "whether a Lambda reads it",
                "lambda:ListEventSourceMappings",
                &error,
            ));
            return;
        }
    };
    for mapping in &mappings {
        findings.extend(state(mapping));
        match timeout(mapping, clients).await {
            Ok(seconds) => findings.push(time(mapping, visible, seconds)),
            Err(error) => {
                let about = format!("how long the function {} has", name(mapping));
                findings.push(Finding::untold(&about, "lambda:GetFunctionConfiguration", &error));
            }
        }
    }
}

async fn mappings(queue: &str, clients: &Clients) -> Result<Vec<Value>, CallError> {
    let arn = queue.replace(':', "%3A");
    let path = format!("/2015-03-31/event-source-mappings?EventSourceArn={arn}");
    let mut answer = get(&path, clients).await?;
    Ok(match answer["EventSourceMappings"].take() {
        Value::Array(mappings) => mappings,
        _ => Vec::new(),
    })
}

async fn timeout(mapping: &Value, clients: &Clients) -> Result<u64, CallError> {
    let path = format!("/2015-03-31/functions/{}/configuration", name(mapping));
    Ok(get(&path, clients).await?["Timeout"].as_u64().unwrap_or_default())
}

async fn get(path: &str, clients: &Clients) -> Result<Value, CallError> {
    let ask = Ask::Rest { method: Method::GET, path, body: &Value::Null };
    Caller::new(clients, Service::Lambda, None).await?.call(&ask, PATIENCE).await?.json()
}

/// Of an ARN, with or without an alias at its end.
fn name(mapping: &Value) -> &str {
    let arn = mapping["FunctionArn"].as_str().unwrap_or_default();
    arn.split(':').nth(6).unwrap_or(arn)
}

/// What of its mapping is not as it should be.
fn state(mapping: &Value) -> Vec<Finding> {
    let (function, id) = (name(mapping), mapping["UUID"].as_str().unwrap_or_default());
    let mut findings = Vec::new();
    if let Some(state) = mapping["State"].as_str().filter(|state| *state != "Enabled") {
        findings.push(Finding::warn(
            format!("the mapping to the function {function} is {state}"),
            format!("aws lambda update-event-source-mapping --uuid {id} --enabled, or delete it"),
        ));
    }
    let answers = mapping["FunctionResponseTypes"].as_array();
    if !answers.is_some_and(|answers| answers.iter().any(|answer| answer == "ReportBatchItemFailures")) {
        findings.push(Finding::fail(
            format!("the function {function} cannot say which messages of a batch it did not do: they are deleted with the others"),
            format!("aws lambda update-event-source-mapping --uuid {id} --function-response-types ReportBatchItemFailures"),
        ));
    }
    findings
}

fn time(mapping: &Value, visible: u64, timeout: u64) -> Finding {
    let function = name(mapping);
    let wanted = TIMES * timeout + mapping["MaximumBatchingWindowInSeconds"].as_u64().unwrap_or_default();
    match visible >= wanted {
        true => Finding::ok(format!(
            "the function {function} reads it, and has {timeout} s: a message is invisible for {visible} s"
        )),
        false => Finding::fail(
            format!(
                "the function {function} reads it, and has {timeout} s: a message is invisible for {visible} s, and is to be for {wanted}"
            ),
            format!(
                "set the queue's `VisibilityTimeout` to {wanted}: {TIMES} times the timeout, and the batching window"
            ),
        ),
    }
}
