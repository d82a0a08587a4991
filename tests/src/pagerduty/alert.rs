//! Alerts as PagerDuty keeps them: one per routing key and dedup key until it is resolved.

use super::contract::{Action, Event, Severity};

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The integration it came through.
    pub routing_key: String,
    /// Its key while it is open.
    pub dedup_key: String,
    /// The summary of the trigger that opened it.
    pub summary: String,
    /// The most severe that was triggered: `critical`, `error`, `warning` or `info`.
    pub severity: Severity,
    /// How many triggers fell on it.
    pub triggers: usize,
    /// What a human sees.
    pub state: AlertState,
}

/// What a human sees of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// Nobody has reacted.
    Triggered,
    /// Somebody has.
    Acknowledged,
    /// It is over; its key is free again.
    Resolved,
}

pub(super) fn apply(alerts: &mut Vec<Alert>, event: Event) {
    let Event { routing_key, dedup_key, action } = event;
    let open = alerts.iter_mut().find(|alert| {
        alert.state != AlertState::Resolved
            && alert.routing_key == routing_key
            && alert.dedup_key == dedup_key
    });
    match (action, open) {
        (Action::Trigger { summary: _, severity }, Some(alert)) => {
            alert.triggers += 1;
            alert.severity = alert.severity.max(severity);
        }
        (Action::Trigger { summary, severity }, None) => {
            let state = AlertState::Triggered;
            alerts.push(Alert { routing_key, dedup_key, summary, severity, triggers: 1, state });
        }
        (Action::Acknowledge, Some(alert)) => alert.state = AlertState::Acknowledged,
        (Action::Resolve, Some(alert)) => alert.state = AlertState::Resolved,
        // Accepted, and dropped.
        (Action::Acknowledge | Action::Resolve, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(routing_key: &str, action: Action) -> Event {
        Event { routing_key: routing_key.to_owned(), dedup_key: "d".to_owned(), action }
    }

    fn trigger(severity: Severity) -> Action {
        Action::Trigger { summary: "s".to_owned(), severity }
    }

    fn alert(severity: Severity, triggers: usize, state: AlertState) -> Alert {
        let (routing_key, dedup_key, summary) = ("a".to_owned(), "d".to_owned(), "s".to_owned());
        Alert { routing_key, dedup_key, summary, severity, triggers, state }
    }

    #[test]
    fn repeats_fall_on_the_open_alert_and_raise_it() {
        let mut alerts = Vec::new();
        for severity in [Severity::Warning, Severity::Critical, Severity::Info] {
            apply(&mut alerts, event("a", trigger(severity)));
        }
        assert_eq!(alerts, [alert(Severity::Critical, 3, AlertState::Triggered)]);
    }

    #[test]
    fn a_resolve_needs_the_same_routing_key_and_an_open_alert() {
        let mut alerts = Vec::new();
        apply(&mut alerts, event("a", Action::Resolve));
        apply(&mut alerts, event("a", trigger(Severity::Error)));
        apply(&mut alerts, event("b", Action::Resolve));
        assert_eq!(alerts, [alert(Severity::Error, 1, AlertState::Triggered)]);
        apply(&mut alerts, event("a", Action::Resolve));
        apply(&mut alerts, event("a", Action::Acknowledge));
        assert_eq!(alerts, [alert(Severity::Error, 1, AlertState::Resolved)]);
    }

    #[test]
    fn a_trigger_after_the_end_opens_another_alert() {
        let mut alerts = Vec::new();
        for action in [trigger(Severity::Error), Action::Resolve, trigger(Severity::Info)] {
            apply(&mut alerts, event("a", action));
        }
        let expected = [
            alert(Severity::Error, 1, AlertState::Resolved),
            alert(Severity::Info, 1, AlertState::Triggered),
        ];
        assert_eq!(alerts, expected);
    }
}
