//! What a webhook v3 says, read leniently: fields are left out, null, new.

use serde_json::Value;
use watchfire_core::command::CommandKind;
use watchfire_core::hash::sha256;
use watchfire_core::ids::{ChannelName, incident_of};
use watchfire_core::text::clean;

use super::change::{Change, Heard, Origin, is_integration, named, text};

/// What a webhook tells.
#[derive(Debug, PartialEq)]
pub(crate) enum Told {
    /// A change to an alert of ours.
    Change(Box<Change>),
    /// Nothing to do.
    Nothing(Heard),
}

/// Reads the body of a signed webhook; `delivery` is its `X-Webhook-Id`, for the journal.
///
/// A change is told from others by the id of its event, which is signed: the header is not, and whoever has
/// captured a delivery could send it again under another.
///
/// # Errors
/// What is not JSON.
pub(crate) fn read(
    body: &[u8],
    delivery: Option<&str>,
    via: Option<&ChannelName>,
) -> Result<Told, serde_json::Error> {
    let body_read: Value = serde_json::from_slice(body)?;
    let event_type = text(&body_read, "/event/event_type");
    let data = body_read.pointer("/event/data").unwrap_or(&Value::Null);
    let agent = body_read.pointer("/event/agent").unwrap_or(&Value::Null);
    let wish: Wishing = match event_type {
        "pagey.ping" => return Ok(Told::Nothing(Heard::Ping)),
        "incident.acknowledged" => CommandKind::Acknowledge,
        // Resolved by mistake: somebody has to look again.
        "incident.unacknowledged" | "incident.reopened" => CommandKind::Unacknowledge,
        "incident.resolved" => CommandKind::Resolve,
        // Delegated: to another escalation policy, and with it to other people. Escalated is not among them:
        // nobody did that.
        "incident.reassigned" | "incident.delegated" => {
            let to = named(data["assignees"].as_array().into_iter().flatten());
            return Ok(change(body, &body_read, delivery, via, |incident| CommandKind::Reassign {
                incident,
                to,
            }));
        }
        _ => return Ok(Told::Nothing(Heard::Unconcerned)),
    };
    if event_type == "incident.acknowledged" && is_integration(agent) {
        return Ok(Told::Nothing(Heard::Echo));
    }
    Ok(change(body, &body_read, delivery, via, wish))
}

type Wishing = fn(watchfire_core::ids::IncidentKey) -> CommandKind;

fn change(
    raw: &[u8],
    body: &Value,
    delivery: Option<&str>,
    via: Option<&ChannelName>,
    wish: impl FnOnce(watchfire_core::ids::IncidentKey) -> CommandKind,
) -> Told {
    let Some((incident, episode)) = incident_of(text(body, "/event/data/incident_key")) else {
        return Told::Nothing(Heard::NotOurs);
    };
    let id = match text(body, "/event/id") {
        "" => sha256(&String::from_utf8_lossy(raw)),
        id => id.to_owned(),
    };
    let delivery = delivery.map_or_else(String::new, |id| format!(", webhook {}", clean(id, 80)));
    let origin = Origin {
        id: &id,
        by: body.pointer("/event/agent").unwrap_or(&Value::Null),
        reason: format!("{}{delivery}", clean(text(body, "/event/event_type"), 60)),
        via,
        of: (&incident, episode),
    };
    Told::Change(Box::new(origin.change(wish(incident.clone()))))
}
