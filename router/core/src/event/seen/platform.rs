//! What CloudWatch, AWS Health and Prometheus say beside their texts.

use jiff::Timestamp;

use super::{MOST, Seen, joined, with};
use crate::event::read::{as_text, at, list, text, time};
use crate::json::Json;
use crate::zone::Zone;

/// An alarm: what it was before, and what it measures.
pub(super) fn tell_alarm(detail: &Json<'_>, seen: &mut Seen) {
    let before = with("before", text(detail, "previousState.value"));
    seen.say("State", joined([text(detail, "state.value"), before]));
    let metrics = list(detail, "configuration.metrics").iter().filter_map(|metric| {
        let named = at(metric, "metricStat.metric").and_then(|metric| {
            let dimensions = at(metric, "dimensions").map(Json::members).unwrap_or_default();
            let dimensions = dimensions.iter().take(MOST);
            let dimensions =
                dimensions.filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)));
            let of = dimensions.collect::<Vec<_>>().join(", ");
            joined([
                joined([text(metric, "namespace"), text(metric, "name")]).map(|name| name.replace(", ", "/")),
                Some(of),
            ])
        });
        named.or_else(|| text(metric, "expression"))
    });
    seen.say_each("Metric", "Metrics:", metrics.collect());
    seen.say("Silent children", text(detail, "state.actionsSuppressedBy"));
}

/// An alert: since when, its labels that say nothing of where it is, and where to read on. Its addresses are text:
/// what a sender writes is no link.
pub(super) fn tell_alert(detail: &Json<'_>, zone: &Zone, seen: &mut Seen) {
    const ELSEWHERE: [&str; 13] = [
        "alertname",
        "severity",
        "cluster",
        "namespace",
        "pod",
        "container",
        "node",
        "job",
        "instance",
        "service",
        "endpoint",
        "uid",
        "prometheus",
    ];
    let since = time(detail, "startsAt").filter(|since| *since > Timestamp::UNIX_EPOCH);
    seen.say("Since", since.map(|since| zone.second(since)));
    seen.say("Runbook", text(detail, "annotations.runbook_url"));
    seen.say("Source", text(detail, "generatorURL"));
    seen.say("Dashboard", text(detail, "annotations.dashboard_url"));
    seen.say("Values", text(detail, "values"));
    let labels = at(detail, "labels").map(Json::members).unwrap_or_default().iter();
    let labels = labels.filter(|(name, _)| !ELSEWHERE.contains(&&**name));
    let labels = labels.filter_map(|(name, value)| Some(format!("{name}={}", as_text(value)?)));
    seen.say_each("Label", "Labels:", labels.collect());
}

/// A Health event: everything that it affects.
pub(super) fn tell_health(detail: &Json<'_>, seen: &mut Seen) {
    seen.say("Service", text(detail, "service"));
    seen.say("Kind", text(detail, "eventTypeCategory"));
    seen.say("From", text(detail, "startTime"));
    seen.say("Until", text(detail, "endTime"));
    let entities = list(detail, "affectedEntities")
        .iter()
        .filter_map(|entity| joined([text(entity, "entityValue"), text(entity, "status")]));
    let entities: Vec<_> = entities.collect();
    seen.resources = entities.len();
    seen.say_each("Affected", "Affected:", entities);
}
