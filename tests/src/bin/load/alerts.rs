//! The alerts of a load run: the same facts in the form that each program takes.

use serde_json::json;
use watchfire_tests::GuardDuty;

/// The pod of the alert, by which the receiver knows it again: `load-000042`.
pub(crate) fn pod(index: usize) -> String {
    format!("load-{index:06}")
}

/// The alert that a body is about; none where it is about none of ours.
pub(crate) fn index(body: &[u8]) -> Option<usize> {
    let start = body.windows(5).position(|window| window == b"load-")? + 5;
    std::str::from_utf8(body.get(start..start + 6)?).ok()?.parse().ok()
}

/// An event that is paged: a miner.
pub(crate) fn paged_event(index: usize) -> String {
    GuardDuty::miner(&pod(index)).event(&format!("event-{index:06}")).to_string()
}

/// An event that is decided and recorded, and paged to nobody.
pub(crate) fn quiet_event(index: usize) -> String {
    GuardDuty::low(&pod(index)).event(&format!("event-{index:06}")).to_string()
}

/// The miner's alert as Alertmanager takes it, with everything that its page would say.
pub(crate) fn alertmanager_alert(index: usize) -> String {
    let finding = GuardDuty::miner(&pod(index));
    let detail = finding.detail();
    json!([{
        "labels": {
            "alertname": detail["type"], "severity": "critical", "cluster": "payments", "namespace": "checkout",
            "pod": pod(index), "account": "111122223333", "region": "us-gov-west-1", "priority": "P0",
        },
        "annotations": {
            "summary": detail["title"], "description": detail["description"], "finding": finding.arn(),
        },
    }])
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_known_again_in_either_form() {
        assert_eq!(index(paged_event(42).as_bytes()), Some(42));
        assert_eq!(index(alertmanager_alert(7).as_bytes()), Some(7));
        assert_eq!(index(b"{}"), None);
    }
}
