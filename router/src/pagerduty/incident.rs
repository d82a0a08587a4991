//! What the REST API says about an alert of ours, as the changes that people made to it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use watchfire_core::command::CommandKind;
use watchfire_core::ids::{ChannelName, IncidentKey};

use super::change::{Change, Heard, Origin, is_integration, named, text};

/// An alert that was asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Its dedup key, as it was sent.
    pub(super) key: &'a str,
    /// What that stands for.
    pub(super) of: (&'a IncidentKey, u32),
    /// Who sent it.
    pub(super) channel: &'a ChannelName,
}

/// The changes to an alert, the oldest first, and what was found besides.
///
/// The id of a change is made of the incident's id, its status and when that changed, so that one change is
/// the same however often it is seen. Assignments have their own times, and count only where a person chose
/// whom to assign: an escalation policy does so all the time.
pub(super) fn changes(answer: &Value, asked: Asked<'_>) -> (Vec<Change>, Vec<Heard>) {
    let (mut changes, mut others) = (Vec::new(), Vec::new());
    for incident in newest(answer, asked.key) {
        match status_change(incident, asked) {
            Some(Ok(change)) => changes.push(change),
            Some(Err(heard)) => others.push(heard),
            None => {}
        }
        changes.extend(reassignment(incident, asked));
    }
    changes.sort_by_key(|(at, _)| *at);
    (changes.into_iter().map(|(_, change)| change).collect(), others)
}

type Dated = (Option<Timestamp>, Change);

/// Of each service the newest incident: an alert that was resolved and triggered again is a new one, and the
/// end of the old one says nothing about it.
fn newest<'v>(answer: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    let mut newest = BTreeMap::<&str, &Value>::new();
    for incident in answer["incidents"].as_array().into_iter().flatten() {
        // Null where alerts are kept apart from incidents; then it was found by its alert's key. Another key is
        // another's incident, whatever was asked for.
        let own = text(incident, "/incident_key");
        if !own.is_empty() && own != key {
            continue;
        }
        let kept = newest.entry(text(incident, "/service/id")).or_insert(incident);
        if time(incident, "/created_at") > time(kept, "/created_at") {
            *kept = incident;
        }
    }
    newest.into_values()
}

fn status_change(incident: &Value, asked: Asked<'_>) -> Option<Result<Dated, Heard>> {
    let Asked { key: _, of, channel } = asked;
    let status = text(incident, "/status");
    let at = time(incident, "/last_status_change_at");
    let mut by = &incident["last_status_change_by"];
    let wish = match status {
        "acknowledged" => {
            let acknowledgements = incident["acknowledgements"].as_array();
            by = acknowledgements.and_then(|all| all.last()).map_or(by, |last| &last["acknowledger"]);
            if is_integration(by) {
                return Some(Err(Heard::Echo));
            }
            CommandKind::Acknowledge(of.0.clone())
        }
        "resolved" => CommandKind::Resolve(of.0.clone()),
        // It begins like that; later than that, somebody or an acknowledgement's time limit put it back.
        "triggered" if at > time(incident, "/created_at") => CommandKind::Unacknowledge(of.0.clone()),
        _ => return None,
    };
    let id = format!("{}/{status}/{}", text(incident, "/id"), text(incident, "/last_status_change_at"));
    let reason = format!("found {status} since {}", text(incident, "/last_status_change_at"));
    let origin = Origin { id: &id, by, reason, via: Some(channel), of };
    Some(Ok((at, origin.change(wish))))
}

fn reassignment(incident: &Value, asked: Asked<'_>) -> Option<Dated> {
    let Asked { key: _, of, channel } = asked;
    if text(incident, "/assigned_via") != "direct_assignment" {
        return None;
    }
    let assignments = incident["assignments"].as_array().filter(|all| !all.is_empty())?;
    let last = assignments.iter().max_by_key(|assignment| time(assignment, "/at"))?;
    let id = format!("{}/assigned/{}", text(incident, "/id"), text(last, "/at"));
    let to = named(assignments.iter().map(|assignment| &assignment["assignee"]));
    let reason = format!("found assigned since {}", text(last, "/at"));
    // The API does not say who did it.
    let origin = Origin { id: &id, by: &Value::Null, reason, via: Some(channel), of };
    Some((time(last, "/at"), origin.change(CommandKind::Reassign { incident: of.0.clone(), to })))
}

fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    text(value, pointer).parse().ok()
}
