//! `schemas/openapi.json`: the document of the HTTP API, made of its routes and types.

mod answers;
mod operation;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::endpoints::{HealthEndpoint, IngestEndpoint, OperatorEndpoint, WebhookEndpoint, WorkerEndpoint};
use super::{SIGNATURE_HEADER, SLACK_SIGNATURE_HEADER, VERSION_HEADER, ZONE_HEADER};
use operation::Operation;

/// Where the document keeps the schemas of types.
const SCHEMAS: &str = "/components/schemas";

/// What makes the schemas: of what is read, which may leave out what has a default, and of what is written.
struct Generators {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Generators {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = SCHEMAS.into();
                settings.meta_schema = None;
            })
        };
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
        }
    }

    /// The schemas of all types that were named. A type that is written and read has one: what is written.
    fn schemas(mut self) -> Map<String, Value> {
        let mut schemas = self.read.take_definitions(true);
        schemas.extend(self.written.take_definitions(true));
        schemas
    }
}

/// The OpenAPI document, as text: what is checked in and printed.
pub fn document() -> String {
    serde_json::to_string_pretty(&made()).expect("a document is JSON") + "\n"
}

fn made() -> Value {
    let mut generators = Generators::new();
    let mut paths = Map::new();
    let mut put = |path: &str, operation: Operation| {
        let Operation { method, rest } = operation;
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method.as_str()] = rest;
    };
    for endpoint in IngestEndpoint::ALL {
        put(endpoint.path(), operation::of_ingest(*endpoint, &mut generators));
    }
    for endpoint in OperatorEndpoint::ALL {
        put(endpoint.path(), operation::of_operator(*endpoint, &mut generators));
    }
    for endpoint in WorkerEndpoint::ALL {
        put(endpoint.path(), operation::of_worker(*endpoint, &mut generators));
    }
    for endpoint in WebhookEndpoint::ALL {
        put(endpoint.path(), operation::of_webhook(*endpoint, &mut generators));
    }
    for endpoint in HealthEndpoint::ALL {
        put(endpoint.path(), operation::of_health(*endpoint));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Watchfire",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The HTTP API of a Watchfire worker. Made of its types; see `watchfire schema openapi`.",
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": "http://127.0.0.1:8080", "description": "http.listen, by default"}],
        "tags": [
            {"name": "events", "description": "For those who send events."},
            {"name": "operators", "description": "For those who show the operator's token; what the command line asks."},
            {"name": "pagerduty", "description": "For PagerDuty."},
            {"name": "slack", "description": "For Slack."},
            {"name": "health", "description": "On a port of its own, `health.listen`."},
        ],
        "paths": paths,
        "components": {
            "schemas": generators.schemas(),
            "headers": {
                VERSION_HEADER: {"description": "The worker's version.", "schema": {"type": "string"}},
                ZONE_HEADER: {"description": "The time zone of the configuration.", "schema": {"type": "string"}},
            },
            "securitySchemes": {
                "sender": {
                    "type": "http", "scheme": "bearer",
                    "description": "The token of http.token. On loopback there may be none.",
                },
                "operator": {
                    "type": "http", "scheme": "bearer",
                    "description": "The token of http.operator_token. Where there is none, nobody may.",
                },
                "slack": {
                    "type": "apiKey", "in": "header", "name": SLACK_SIGNATURE_HEADER,
                    "description": "The HMAC of time and body with a signing_secret of a bot, as Slack signs it; X-Slack-Request-Timestamp is the time.",
                },
                "pagerduty": {
                    "type": "apiKey", "in": "header", "name": SIGNATURE_HEADER,
                    "description": "The body's HMAC with a secret of the channel's webhook_secrets, as PagerDuty signs it.",
                },
            },
        },
    })
}

#[cfg(test)]
mod tests;
