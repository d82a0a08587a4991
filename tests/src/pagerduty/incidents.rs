//! Incidents as people handle them and as the REST API and webhooks show them: one for each alert.

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};

use super::alert::{Alert, AlertState};

/// What a person does with an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed<'d> {
    /// Has it.
    Acknowledge,
    /// Does not have it any more.
    Unacknowledge,
    /// Ends it.
    Resolve,
    /// Gives it to that person.
    Reassign(&'d str),
    /// Hands it to the next level of the policy, which is that person.
    Escalate(&'d str),
}

#[derive(Debug, Default)]
pub(super) struct Incidents {
    /// Each at the index of its alert.
    list: Vec<Incident>,
    last: Option<Timestamp>,
    events: usize,
}

#[derive(Debug)]
struct Incident {
    number: usize,
    key: String,
    service: String,
    title: String,
    status: AlertState,
    created_at: Timestamp,
    changed_at: Timestamp,
    changed_by: Value,
    assignee: String,
    assigned_at: Timestamp,
    assigned_via: &'static str,
}

fn user(name: &str) -> Value {
    let id = format!("PU{:05}", name.bytes().map(usize::from).sum::<usize>());
    reference(&id, "user_reference", name)
}

fn reference(id: &str, kind: &str, summary: &str) -> Value {
    json!({
        "id": id, "type": kind, "summary": summary, "self": format!("https://api.pagerduty.com/x/{id}"),
        "html_url": format!("https://example.pagerduty.com/x/{id}"),
    })
}

fn word(status: AlertState) -> &'static str {
    match status {
        AlertState::Triggered => "triggered",
        AlertState::Acknowledged => "acknowledged",
        AlertState::Resolved => "resolved",
    }
}

impl Incidents {
    /// What events have done to alerts.
    pub(super) fn follow(&mut self, alerts: &[Alert]) {
        for (index, alert) in alerts.iter().enumerate() {
            let service = format!("PS{}", alert.routing_key.chars().take(5).collect::<String>());
            let by = reference(&service, "service_reference", "the service");
            if index == self.list.len() {
                let now = self.tick();
                self.list.push(Incident {
                    number: index + 1,
                    key: alert.dedup_key.clone(),
                    service,
                    title: alert.summary.clone(),
                    status: alert.state,
                    created_at: now,
                    changed_at: now,
                    changed_by: by,
                    assignee: "On Call".to_owned(),
                    assigned_at: now,
                    assigned_via: "escalation_policy",
                });
            } else if self.list[index].status != alert.state {
                let now = self.tick();
                self.list[index].turn(alert.state, by, now);
            }
        }
    }

    /// A person's deed on the newest incident of that key; the event that webhooks tell it by.
    pub(super) fn handle(&mut self, alerts: &mut [Alert], key: &str, by: &str, deed: Deed<'_>) -> Value {
        let index = self.list.iter().rposition(|incident| incident.key == key);
        let index = index.unwrap_or_else(|| panic!("no incident has the key {key}"));
        let now = self.tick();
        let incident = &mut self.list[index];
        let turned = |incident: &mut Incident, state| incident.turn(state, user(by), now);
        let event_type = match deed {
            Deed::Acknowledge => {
                turned(incident, AlertState::Acknowledged);
                "incident.acknowledged"
            }
            Deed::Unacknowledge => {
                turned(incident, AlertState::Triggered);
                "incident.unacknowledged"
            }
            Deed::Resolve => {
                turned(incident, AlertState::Resolved);
                "incident.resolved"
            }
            Deed::Reassign(to) => {
                incident.assign(to, "direct_assignment", now);
                "incident.reassigned"
            }
            Deed::Escalate(to) => {
                incident.assign(to, "escalation_policy", now);
                "incident.escalated"
            }
        };
        alerts[index].state = incident.status;
        self.events += 1;
        json!({"event": {
            "id": format!("01EVENT{:019}", self.events), "event_type": event_type, "resource_type": "incident",
            "occurred_at": now.to_string(), "agent": user(by), "client": {"name": "PagerDuty"},
            "data": self.list[index].told(),
        }})
    }

    /// The incidents with that key, or all; the newest first.
    pub(super) fn with_key(&self, key: Option<&str>) -> Vec<Value> {
        let of_key = |incident: &&Incident| key.is_none_or(|key| incident.key == key);
        self.list.iter().rev().filter(of_key).map(Incident::shown).collect()
    }

    /// PagerDuty's times are in seconds; so that a test need not wait for the next one, it always comes.
    fn tick(&mut self) -> Timestamp {
        let now = Timestamp::now().round(Unit::Second).expect("seconds divide the day");
        let now = self.last.map_or(now, |last| now.max(last + SignedDuration::from_secs(1)));
        self.last = Some(now);
        now
    }
}

impl Incident {
    fn turn(&mut self, status: AlertState, by: Value, now: Timestamp) {
        (self.status, self.changed_by, self.changed_at) = (status, by, now);
    }

    fn assign(&mut self, to: &str, via: &'static str, now: Timestamp) {
        (self.assignee, self.assigned_via, self.assigned_at) = (to.to_owned(), via, now);
    }

    fn id(&self) -> String {
        format!("PI{:08}", self.number)
    }

    /// As webhooks have it.
    fn told(&self) -> Value {
        json!({
            "id": self.id(), "type": "incident", "self": format!("https://api.pagerduty.com/incidents/{}", self.id()),
            "html_url": format!("https://example.pagerduty.com/incidents/{}", self.id()),
            "number": self.number, "status": word(self.status), "incident_key": self.key,
            "created_at": self.created_at.to_string(), "title": self.title,
            "service": reference(&self.service, "service_reference", "the service"),
            "assignees": self.assignees(), "teams": [], "priority": null, "urgency": "high",
            "escalation_policy": reference("PPOLICY", "escalation_policy_reference", "the policy"),
            "conference_bridge": null, "resolve_reason": null,
        })
    }

    /// As the REST API has it.
    fn shown(&self) -> Value {
        let acknowledgements = match self.status {
            AlertState::Acknowledged => {
                json!([{"at": self.changed_at.to_string(), "acknowledger": self.changed_by}])
            }
            AlertState::Triggered | AlertState::Resolved => json!([]),
        };
        let at = self.assigned_at.to_string();
        let assignments =
            self.assignees().into_iter().map(|assignee| json!({"at": at, "assignee": assignee}));
        json!({
            "id": self.id(), "type": "incident", "summary": format!("[#{}] {}", self.number, self.title),
            "incident_number": self.number, "title": self.title, "status": word(self.status),
            "incident_key": self.key, "created_at": self.created_at.to_string(), "urgency": "high",
            "last_status_change_at": self.changed_at.to_string(), "last_status_change_by": self.changed_by,
            "acknowledgements": acknowledgements, "assigned_via": self.assigned_via,
            "assignments": assignments.collect::<Vec<_>>(), "pending_actions": [], "teams": [],
            "service": reference(&self.service, "service_reference", "the service"),
            "escalation_policy": reference("PPOLICY", "escalation_policy_reference", "the policy"),
        })
    }

    /// Nobody, once it is resolved.
    fn assignees(&self) -> Vec<Value> {
        match self.status {
            AlertState::Triggered | AlertState::Acknowledged => vec![user(&self.assignee)],
            AlertState::Resolved => Vec::new(),
        }
    }
}
