//! What the document says of each route: what it takes, what it answers, and to whom.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::Generators;
use super::answers::{Answers, Why};
use crate::api::endpoints::{
    HealthEndpoint, IngestEndpoint, Method, OperatorEndpoint, WebhookEndpoint, WorkerEndpoint,
};
use crate::api::{BYTES, LINES, METRICS, params, views};

/// A route in the document.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) rest: Value,
}

const QUEUED: &str = "They are on the queue: on SQS, or on disk.";
/// Why alerts are refused.
const OF_ALERTS: [Why; 6] = [Why::Token, Why::Forbidden, Why::Large, Why::Type, Why::NotQueued, Why::Closed];

/// Why an operator is refused, whatever is asked.
const ANY: [Why; 4] = [Why::Unreadable, Why::Token, Why::Forbidden, Why::Unavailable];

pub(super) fn of_ingest(endpoint: IngestEndpoint, types: &mut Generators) -> Operation {
    let refused = [
        Why::Unreadable,
        Why::Token,
        Why::Forbidden,
        Why::Slow,
        Why::Large,
        Why::Type,
        Why::NotQueued,
        Why::Closed,
    ];
    let (method, summary) = (endpoint.method(), endpoint.summary());
    let rest = match endpoint {
        IngestEndpoint::Events => json!({
            "operationId": "events", "tags": ["events"], "summary": text(summary),
            "description": "One event, an array of events, or one event per line. What cannot be read is taken, too, and \
                            paged like any other unreadable message. The same text twice is one event.",
            "security": [{"sender": []}, {}],
            "requestBody": {"required": true, "content": {
                "application/json": {"schema": {"description": "An EventBridge event, or an array of them."}},
                LINES: {"schema": {"type": "string"}},
            }},
            "responses": Answers::of::<views::Accepted>(202, QUEUED, types).refused(&refused, types).done(),
        }),
        IngestEndpoint::Alertmanager => json!({
            "operationId": "alertmanager", "tags": ["events"], "summary": text(summary),
            "description": "What a webhook of Alertmanager (version 4) or of Grafana's alerting posts. What is none of these is \
                            taken, too, and paged like any other unreadable message. What is 400 and 408 elsewhere is 503 \
                            here: senders of alerts send again what is refused so, and nothing else.",
            "security": [{"sender": []}, {}],
            "requestBody": {"required": true, "content": {
                "application/json": {"schema": {"type": "object", "description": "The notification."}},
            }},
            "responses": Answers::of::<views::Accepted>(202, QUEUED, types).refused(&OF_ALERTS, types).done(),
        }),
        IngestEndpoint::Alerts => json!({
            "operationId": "alerts", "tags": ["events"], "summary": text(summary),
            "description": "What Prometheus and `amtool alert add` post to an Alertmanager; for the rest as \
                            `/v1/alertmanager`.",
            "security": [{"sender": []}, {}],
            "requestBody": {"required": true, "content": {
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}, "description": "The alerts."}},
            }},
            "responses": Answers::empty(200, QUEUED).refused(&OF_ALERTS, types).done(),
        }),
        IngestEndpoint::AlertsStatus => json!({
            "operationId": "alerts_status", "tags": ["events"], "summary": text(summary),
            "security": [{"sender": []}, {}],
            "responses": Answers::empty(200, "There is one.").refused(&[Why::Token, Why::Forbidden], types).done(),
        }),
    };
    Operation { method, rest }
}

pub(super) fn of_webhook(endpoint: WebhookEndpoint, types: &mut Generators) -> Operation {
    let refused = [Why::Unreadable, Why::Token, Why::Slow, Why::Large, Why::Unavailable];
    let (method, summary) = (endpoint.method(), endpoint.summary());
    let rest = match endpoint {
        WebhookEndpoint::PagerDuty => json!({
            "operationId": "pagerduty_webhooks", "tags": ["pagerduty"], "summary": text(summary),
            "security": [{"pagerduty": []}],
            "requestBody": {"required": true, "content": {
                "application/json": {"schema": {"type": "object", "description": "A webhook of PagerDuty, version 3."}},
            }},
            "responses": Answers::of::<views::Heard>(202, "It was decided.", types)
                .and::<views::Heard>(200, "It was heard, and asks nothing of us.", types)
                .refused(&refused, types).done(),
        }),
        WebhookEndpoint::Slack => json!({
            "operationId": "slack_interactivity", "tags": ["slack"], "summary": text(summary),
            "security": [{"slack": []}],
            "requestBody": {"required": true, "content": {
                "application/x-www-form-urlencoded": {"schema": {
                    "type": "object", "required": ["payload"],
                    "properties": {"payload": {"type": "string", "description": "A `block_actions` payload, as JSON."}},
                }},
            }},
            "responses": Answers::nothing(200, "It is done, is being done, or asks nothing of us.")
                .refused(&refused, types).done(),
        }),
    };
    Operation { method, rest }
}

pub(super) fn of_health(endpoint: HealthEndpoint) -> Operation {
    let (method, summary) = (endpoint.method(), endpoint.summary());
    let of = |id: &str, answers: Answers| {
        let servers = json!([{"url": "http://127.0.0.1:8081", "description": "health.listen, by default"}]);
        json!({"operationId": id, "tags": ["health"], "summary": text(summary), "security": [], "servers": servers,
               "responses": answers.done()})
    };
    let line = |status, what| Answers::file(status, what, "text/plain; charset=utf-8");
    let rest = match endpoint {
        HealthEndpoint::Live => of("live", line(200, "It is.").and_line(503, "Only a new start would help.")),
        HealthEndpoint::Ready => {
            of("ready", line(200, "It does.").and_line(503, "The store does not answer."))
        }
        HealthEndpoint::Metrics => of("metrics", Answers::file(200, "The metrics.", METRICS)),
    };
    Operation { method, rest }
}

pub(super) fn of_operator(endpoint: OperatorEndpoint, types: &mut Generators) -> Operation {
    use OperatorEndpoint::{
        Approvals, Audit, Backup, Commands, Contained, Event, Export, Held, Incidents, Mitigation, OnCall,
        Reload, Silences, Story,
    };
    let with = |more: &[Why]| [&ANY, more].concat();
    let asked = &mut types.read;
    let (id, parameters, body) = match endpoint {
        Commands => ("command", json!([]), Some(body::<params::Command>(asked))),
        Approvals => ("approvals", json!([]), None),
        Contained => ("contained", json!([]), None),
        Held => ("held", json!([]), None),
        Mitigation => ("mitigation", json!([]), None),
        Silences => ("silences", parameters::<params::Silences>(asked), None),
        Incidents => ("incidents", parameters::<params::Incidents>(asked), None),
        OnCall => ("on_call", json!([]), None),
        Story => ("story", parameters::<params::Of>(asked), None),
        Event => ("event", parameters::<params::Of>(asked), None),
        Audit => ("audit", parameters::<params::Audit>(asked), None),
        Reload => ("reload", json!([]), None),
        Backup => ("store_backup", json!([]), None),
        Export => ("store_export", json!([]), None),
    };
    let answers = match endpoint {
        Commands => {
            let why = with(&[Why::Unclear, Why::Slow, Why::Large, Why::Type, Why::Unfit]);
            Answers::of::<views::CommandResult>(
                200,
                "What was decided, also where that is to decline it.",
                types,
            )
            .refused(&why, types)
        }
        Approvals => Answers::of::<Vec<views::Approval>>(200, "Each plan.", types).refused(&ANY, types),
        Contained | Held => {
            Answers::of::<Vec<views::Contained>>(200, "Each target.", types).refused(&ANY, types)
        }
        Mitigation => Answers::of::<views::Mitigation>(200, "The switch.", types).refused(&ANY, types),
        Silences => {
            Answers::of::<Vec<views::Silence>>(200, "Each silence; those that are over for a week.", types)
                .refused(&with(&[Why::Unclear]), types)
        }
        Incidents => Answers::of::<views::IncidentList>(200, "The incidents.", types).refused(&ANY, types),
        OnCall => Answers::of::<views::OnCall>(200, "Who is.", types).refused(&ANY, types),
        Story => Answers::of::<views::IncidentDetail>(200, "All that is known.", types)
            .refused(&with(&[Why::Unknown, Why::Unclear]), types),
        Event => Answers::of::<views::Event>(200, "The event.", types)
            .refused(&with(&[Why::Unknown, Why::Unclear]), types),
        Audit => Answers::of::<views::AuditTrail>(200, "The entries.", types).refused(&ANY, types),
        Reload => Answers::of::<views::Reloaded>(200, "What came of it, also where it was refused.", types)
            .refused(&with(&[Why::NoFile]), types),
        Backup => Answers::file(200, "The file.", BYTES).refused(&ANY, types),
        Export => Answers::file(200, "The lines.", LINES).refused(&ANY, types),
    };
    let mut rest = json!({
        "operationId": id, "tags": ["operators"], "summary": text(endpoint.summary()), "security": [{"operator": []}],
        "parameters": parameters, "responses": answers.introduced(),
    });
    if let Some(body) = body {
        rest["requestBody"] = body;
    }
    if endpoint == Held {
        rest["deprecated"] = json!(true);
    }
    Operation { method: endpoint.method(), rest }
}

pub(super) fn of_worker(endpoint: WorkerEndpoint, types: &mut Generators) -> Operation {
    let (id, parameters) = match endpoint {
        WorkerEndpoint::Decisions => ("decisions", parameters::<params::Decisions>(&mut types.read)),
        WorkerEndpoint::Rules => ("rules", json!([])),
        WorkerEndpoint::Playbooks => ("playbooks", json!([])),
        WorkerEndpoint::Condition => ("condition", json!([])),
        WorkerEndpoint::Digest => ("digest", json!([])),
        WorkerEndpoint::Explain => ("explain", json!([])),
        WorkerEndpoint::SignReport => ("sign_report", json!([])),
        WorkerEndpoint::Health => ("health", json!([])),
    };
    let answers = match endpoint {
        WorkerEndpoint::Decisions => Answers::of::<Vec<views::Decision>>(200, "Each decision.", types),
        WorkerEndpoint::Rules => Answers::of::<views::Rules>(200, "The rules.", types),
        WorkerEndpoint::Playbooks => Answers::of::<Vec<views::Playbook>>(200, "Each playbook.", types),
        WorkerEndpoint::Condition => Answers::of::<views::Condition>(200, "How it is.", types),
        WorkerEndpoint::Digest => Answers::of::<views::Digest>(200, "The edition.", types),
        WorkerEndpoint::Explain => {
            Answers::of::<views::Explained>(200, "What every rule says, and what would be decided.", types)
        }
        WorkerEndpoint::SignReport => Answers::of::<views::SignedReport>(200, "It is in the trail.", types)
            .refused(&[Why::Unknown, Why::NotOver], types),
        WorkerEndpoint::Health => Answers::of::<views::HealthReport>(
            200,
            "The report, not older than half a minute; whoever may look in some namespaces is shown what is about those.",
            types,
        ),
    };
    let mut rest = json!({
        "operationId": id, "tags": ["operators"], "summary": text(endpoint.summary()), "security": [{"operator": []}],
        "parameters": parameters, "responses": answers.refused(&ANY, types).introduced(),
    });
    if endpoint == WorkerEndpoint::Explain {
        let event = json!({"schema": {"description": "An EventBridge event."}});
        rest["requestBody"] = json!({"required": true, "content": {"application/json": event}});
    }
    if endpoint == WorkerEndpoint::SignReport {
        rest["requestBody"] = body::<params::Of>(&mut types.read);
    }
    Operation { method: endpoint.method(), rest }
}

fn body<T: JsonSchema>(asked: &mut SchemaGenerator) -> Value {
    let schema = asked.subschema_for::<T>();
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

/// Each member of a type is one question behind the `?`.
fn parameters<T: JsonSchema>(asked: &mut SchemaGenerator) -> Value {
    let schema = T::json_schema(asked).to_value();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let members = schema["properties"].as_object().into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = present(schema.clone());
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        json!({"name": name, "in": "query", "required": required.contains(&json!(name)), "description": description,
               "schema": schema})
    };
    members.map(parameter).collect()
}

/// The schema of a question that is asked: there is no null behind a `?`.
fn present(mut schema: Value) -> Value {
    if let Some(kinds) = schema["type"].as_array().cloned() {
        let mut kinds = kinds.into_iter().filter(|kind| kind != "null");
        schema["type"] = kinds.next().unwrap_or_default();
    }
    let either = schema.as_object_mut().and_then(|schema| schema.remove("anyOf"));
    let mut either = either.and_then(|either| either.as_array().cloned()).into_iter().flatten();
    if let Some(Value::Object(one)) = either.find(|one| one["type"] != "null")
        && let Some(schema) = schema.as_object_mut()
    {
        schema.extend(one);
    }
    schema
}

/// A line of a doc comment.
fn text(summary: &str) -> &str {
    summary.trim()
}
