//! What GuardDuty and Security Hub have of the last 24 hours, by severity: asked by people who look, never by a worker.
//!
//! - Permissions: `guardduty:ListDetectors` and `guardduty:GetFindingsStatistics`; `securityhub:GetFindings`.
//! - Bounded: GuardDuty counts itself; of Security Hub's findings the first thousand are counted.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use watchfire_core::event::{Band, Severity};
use watchfire_core::health::{Live, Reported, Seen, Unseen};

use super::call::{Ask, CallError, Caller, Patience, Service};
use crate::clients::Clients;

const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(5),
    in_all: Duration::from_secs(12),
    attempts: 3,
    wait: Duration::from_millis(400),
};
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// Of Security Hub, a hundred findings each: it answers three calls in a second.
const PAGES: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detectors {
    detector_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    finding_statistics: Grouped,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grouped {
    grouped_by_severity: Vec<OfSeverity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfSeverity {
    severity: f64,
    total_findings: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    findings: Vec<Finding>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Finding {
    severity: Label,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Label {
    label: Band,
}

/// Asks both, with the credentials at hand.
pub(crate) async fn look(clients: &Clients, at: Timestamp) -> Live {
    let from = at.saturating_sub(A_DAY).unwrap_or(Timestamp::MIN);
    let (guard_duty, security_hub) = tokio::join!(guard_duty(clients, from), security_hub(clients, from, at));
    Live { guard_duty, security_hub }
}

async fn guard_duty(clients: &Clients, from: Timestamp) -> Seen<Reported> {
    let caller = Caller::new(clients, Service::GuardDuty, None).await;
    let caller = caller.map_err(|error| unseen(&error, "guardduty:ListDetectors"))?;
    let ask = Ask::Rest { method: Method::GET, path: "/detector", body: &Value::Null };
    let detectors: Detectors =
        asked(&caller, &ask).await.map_err(|error| unseen(&error, "guardduty:ListDetectors"))?;
    // There is one in a region, or none.
    let Some(detector) = detectors.detector_ids.first() else {
        return Err(Unseen::NotAsked(format!("not switched on in {}", caller.region())));
    };
    // It becomes part of an address.
    if !detector.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Unseen::Because("its detector has an id that is none".to_owned()));
    }
    let criterion = json!({
        "updatedAt": {"greaterThanOrEqual": from.as_millisecond()},
        "service.archived": {"equals": ["false"]},
    });
    let body = json!({"groupBy": "SEVERITY", "maxResults": 100, "findingCriteria": {"criterion": criterion}});
    let path = format!("/detector/{detector}/findings/statistics");
    let ask = Ask::Rest { method: Method::POST, path: &path, body: &body };
    let statistics: Statistics =
        asked(&caller, &ask).await.map_err(|error| unseen(&error, "guardduty:GetFindingsStatistics"))?;
    let mut by_band = BTreeMap::new();
    for OfSeverity { severity, total_findings } in statistics.finding_statistics.grouped_by_severity {
        *by_band.entry(Severity::new(severity).band()).or_default() += total_findings;
    }
    let and_more = statistics.next_token.is_some_and(|token| !token.is_empty());
    Ok(Reported { by_band, and_more, region: caller.region().to_owned() })
}

async fn security_hub(clients: &Clients, from: Timestamp, to: Timestamp) -> Seen<Reported> {
    let unseen = |error: &CallError| match error.code() {
        "InvalidAccessException" => Unseen::NotAsked("not switched on here".to_owned()),
        _ => unseen(error, "securityhub:GetFindings"),
    };
    let caller = Caller::new(clients, Service::SecurityHub, None).await.map_err(|error| unseen(&error))?;
    let is = |values: &[&str]| -> Vec<Value> {
        values.iter().map(|value| json!({"Value": value, "Comparison": "EQUALS"})).collect()
    };
    let mut body = json!({
        "Filters": {
            "CreatedAt": [{"Start": format!("{from:.3}"), "End": format!("{to:.3}")}],
            "RecordState": is(&["ACTIVE"]),
            "WorkflowStatus": is(&["NEW", "NOTIFIED"]),
        },
        "MaxResults": 100,
    });
    let (mut by_band, mut and_more) = (BTreeMap::new(), false);
    for _ in 0..PAGES {
        let ask = Ask::Rest { method: Method::POST, path: "/findings", body: &body };
        let page: Page = asked(&caller, &ask).await.map_err(|error| unseen(&error))?;
        for Finding { severity } in page.findings {
            *by_band.entry(severity.label).or_default() += 1;
        }
        let next = page.next_token.filter(|token| !token.is_empty());
        and_more = next.is_some();
        let Some(next) = next else { break };
        body["NextToken"] = json!(next);
    }
    Ok(Reported { by_band, and_more, region: caller.region().to_owned() })
}

async fn asked<T: serde::de::DeserializeOwned>(caller: &Caller, ask: &Ask<'_>) -> Result<T, CallError> {
    caller.call(ask, PATIENCE).await.and_then(|answer| answer.json())
}

fn unseen(error: &CallError, permission: &str) -> Unseen {
    match error.is_about_permissions() {
        true => Unseen::Refused(permission.to_owned()),
        false => Unseen::Because(error.to_string()),
    }
}
