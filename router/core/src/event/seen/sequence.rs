//! An attack sequence: its signals in their order, each with its time, tactic, technique and subject.

use std::collections::BTreeMap;

use super::{MOST, Seen, Several, joined};
use crate::event::read::{as_text, first_time, list, text};
use crate::json::Json;
use crate::zone::Zone;

/// `service.detection.sequence`.
pub(super) fn tell(sequence: &Json<'_>, zone: &Zone, seen: &mut Seen) {
    let actors = list(sequence, "actors").iter().filter_map(|actor| {
        let name = text(actor, "user.name").or_else(|| text(actor, "process.name"))?;
        joined([Some(name), text(actor, "user.type")])
    });
    seen.say_each("Actor", "Actors:", actors.collect());
    let endpoints = list(sequence, "endpoints").iter().filter_map(endpoint);
    seen.say_each("Remote", "Remote ends:", endpoints.collect());
    for indicator in list(sequence, "sequenceIndicators") {
        let title = text(indicator, "title").or_else(|| text(indicator, "key"));
        let values: Vec<_> = list(indicator, "values").iter().take(MOST).filter_map(as_text).collect();
        if let Some(title) = title {
            seen.say(&title, Some(values.join(", ")));
        }
    }
    signals(sequence, zone, seen);
}

fn endpoint(endpoint: &Json<'_>) -> Option<String> {
    let network = text(endpoint, "autonomousSystem.number").map(|number| {
        let name = text(endpoint, "autonomousSystem.name").unwrap_or_default();
        format!("AS{number} {name}").trim_end().to_owned()
    });
    let direction = text(endpoint, "connection.direction").map(|direction| direction.to_lowercase());
    let port = super::with("port", text(endpoint, "port"));
    joined([
        text(endpoint, "ip"),
        text(endpoint, "domain"),
        port,
        text(endpoint, "location.country"),
        network,
        direction,
    ])
}

/// The oldest first: what happened is read in the order in which it did.
fn signals(sequence: &Json<'_>, zone: &Zone, seen: &mut Seen) {
    let names: BTreeMap<String, String> = list(sequence, "resources")
        .iter()
        .filter_map(|resource| Some((text(resource, "uid")?, text(resource, "name")?)))
        .collect();
    let mut signals: Vec<_> = list(sequence, "signals").iter().collect();
    signals.sort_by_key(|signal| first_time(signal, &["firstSeenAt", "createdAt"]));
    let lines: Vec<_> = signals.iter().take(MOST).filter_map(|signal| line(signal, zone, &names)).collect();
    if !lines.is_empty() {
        let more = signals.len().saturating_sub(lines.len());
        seen.lists.push(Several { head: "Signals, the oldest first:".to_owned(), lines, more });
    }
}

/// `18 Nov 00:38:32 PST Discovery:Kubernetes/SuccessfulAnonymousAccess, severity 5, Discovery, T1613: payments-prod`.
fn line(signal: &Json<'_>, zone: &Zone, names: &BTreeMap<String, String>) -> Option<String> {
    let name = text(signal, "name")?;
    let time = first_time(signal, &["firstSeenAt", "createdAt"]);
    let local = time.map(|time| time.to_zoned(zone.time_zone().clone()));
    let time = local.map(|time| format!("{} ", time.strftime("%d %b %H:%M:%S %Z"))).unwrap_or_default();
    let indicated = |key: &str| {
        let of_key = |indicator: &&Json<'_>| text(indicator, "key").as_deref() == Some(key);
        let found = list(signal, "signalIndicators").iter().find(of_key)?;
        let values: Vec<_> = list(found, "values").iter().take(3).filter_map(as_text).collect();
        (!values.is_empty()).then(|| values.join(" and "))
    };
    // The purpose of a finding's type is its tactic.
    let of_type = || name.split_once(':').map(|(purpose, _)| purpose.to_owned());
    let tactic =
        indicated("ATTACK_TACTIC").or_else(of_type).filter(|tactic| !name.starts_with(tactic.as_str()));
    let severity = text(signal, "severity").map(|severity| format!("severity {severity}"));
    let what = joined([Some(name.clone()), severity, tactic, indicated("ATTACK_TECHNIQUE")])?;
    let about = list(signal, "resourceUids").iter().filter_map(as_text);
    let about =
        about.map(|uid| names.get(&uid).cloned().unwrap_or(uid)).take(3).collect::<Vec<_>>().join(", ");
    let count = text(signal, "count").filter(|count| count != "1").map(|count| format!(" (×{count})"));
    let about = if about.is_empty() { about } else { format!(": {about}") };
    Some(format!("{time}{what}{}{about}", count.unwrap_or_default()))
}
