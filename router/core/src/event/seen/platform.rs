//! What CloudWatch and AWS Health say beside their texts.

use super::{MOST, Seen, joined, with};
use crate::event::read::{at, list, text};
use crate::json::Json;

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
