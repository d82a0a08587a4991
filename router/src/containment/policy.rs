//! The policies that cut off whatever carries the quarantine label: as we write them, and how others are judged.

use serde_json::{Value, json};
use watchfire_core::act::{DENY_POLICY, FIELD_MANAGER, QUARANTINE_LABEL};
use watchfire_core::context::{AdminApi, Requirement, Selector};

use super::kind::{ADMIN_POLICY, AWS_CLUSTER_POLICY, CLUSTER_POLICY, Kind, NETWORK_POLICY};
use super::{label_selector, object};

/// The label that says that Watchfire itself applied an object, and may take it away.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const PART_OF: &str = "app.kubernetes.io/part-of";
/// Before all other policies of the tier: nothing is to overrule a quarantine.
const PRIORITY: u32 = 0;

/// The namespaced policy, to be installed beforehand by whoever looks after the cluster. It does not say
/// that Watchfire manages it, so that a release leaves it.
pub fn standing_namespaced(namespace: &str) -> Value {
    let mut policy = namespaced(namespace);
    policy["metadata"]["labels"] = json!({PART_OF: FIELD_MANAGER});
    policy
}

/// The same in the admin tier.
pub fn standing_admin(api: AdminApi) -> Value {
    let mut policy = admin(api);
    policy["metadata"]["labels"] = json!({PART_OF: FIELD_MANAGER});
    policy
}

/// The namespaced policy as a step applies it.
pub(super) fn namespaced(namespace: &str) -> Value {
    json!({
        "apiVersion": NETWORK_POLICY.api_version,
        "kind": NETWORK_POLICY.kind,
        "metadata": {"name": DENY_POLICY, "namespace": namespace, "labels": {MANAGED_BY: FIELD_MANAGER}},
        "spec": {"podSelector": quarantined(), "policyTypes": ["Ingress", "Egress"]},
    })
}

/// The policy of the admin tier as a step applies it. Its ingress peers have no networks in any of the
/// kinds, which is why the namespaced one is needed beside it.
pub(super) fn admin(api: AdminApi) -> Value {
    let Kind { kind, api_version, .. } = admin_kind(api);
    let subject = json!({"pods": {"namespaceSelector": {}, "podSelector": quarantined()}});
    let everyone = json!({"namespaces": {}});
    let everywhere = json!({"networks": ["0.0.0.0/0", "::/0"]});
    let mut spec = json!({
        "priority": PRIORITY,
        "subject": subject,
        "ingress": [{"action": "Deny", "from": [everyone]}],
        "egress": [{"action": "Deny", "to": [everywhere, everyone]}],
    });
    if let Some(tier) = tier(api) {
        spec["tier"] = tier.into();
    }
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": DENY_POLICY, "labels": {MANAGED_BY: FIELD_MANAGER}},
        "spec": spec,
    })
}

/// The kind that an admin tier's policies are of.
pub(super) fn admin_kind(api: AdminApi) -> &'static Kind {
    match api {
        AdminApi::AwsClusterNetworkPolicy => &AWS_CLUSTER_POLICY,
        AdminApi::AdminNetworkPolicy => &ADMIN_POLICY,
        AdminApi::ClusterNetworkPolicy => &CLUSTER_POLICY,
    }
}

/// An `AdminNetworkPolicy` is of the admin tier by its kind.
fn tier(api: AdminApi) -> Option<&'static str> {
    match api {
        AdminApi::AwsClusterNetworkPolicy | AdminApi::ClusterNetworkPolicy => Some("Admin"),
        AdminApi::AdminNetworkPolicy => None,
    }
}

/// Whether Watchfire applied it.
pub(super) fn is_ours(policy: &Value) -> bool {
    object::label(policy, MANAGED_BY) == Some(FIELD_MANAGER)
}

/// Whether a namespaced policy selects whatever carries the quarantine label and allows nothing: what is
/// wrong with it otherwise.
pub(super) fn denies(policy: &Value) -> Result<(), &'static str> {
    if object::is_leaving(policy) {
        return Err("it is on its way out");
    }
    if !selects_quarantined(&policy["spec"]["podSelector"]) {
        return Err("it does not select every pod with the quarantine label");
    }
    cuts_off(policy)
}

/// Whether a namespaced policy isolates both ways what it selects, and allows nothing.
pub(super) fn cuts_off(policy: &Value) -> Result<(), &'static str> {
    let types = &policy["spec"]["policyTypes"];
    let has = |wanted: &str| types.as_array().is_some_and(|types| types.iter().any(|kind| kind == wanted));
    if !has("Ingress") || !has("Egress") {
        return Err("it is not for both Ingress and Egress");
    }
    match allows(policy) {
        true => Err("it has rules that allow something"),
        false => Ok(()),
    }
}

/// Whether a namespaced policy lets anything through to or from what it selects. Policies add up, so that
/// one which allows nothing does no harm to a quarantine.
pub(super) fn allows(policy: &Value) -> bool {
    !object::is_empty(&policy["spec"]["ingress"]) || !object::is_empty(&policy["spec"]["egress"])
}

/// Whether a policy of the admin tier denies everything to and from whatever carries the quarantine label:
/// what is wrong with it otherwise.
pub(super) fn admin_denies(api: AdminApi, policy: &Value) -> Result<(), &'static str> {
    let spec = &policy["spec"];
    let pods = &spec["subject"]["pods"];
    if object::is_leaving(policy) {
        return Err("it is on its way out");
    }
    if tier(api).is_some_and(|tier| spec["tier"] != tier) {
        return Err("it is not of the admin tier");
    }
    let everywhere = label_selector::read(&pods["namespaceSelector"]) == Selector::default();
    if !pods.is_object() || !everywhere || !selects_quarantined(&pods["podSelector"]) {
        return Err("it does not select every pod with the quarantine label");
    }
    let rules = |way: &str| spec[way].as_array().cloned().unwrap_or_default();
    let (ingress, egress) = (rules("ingress"), rules("egress"));
    if ingress.iter().chain(&egress).any(|rule| rule["action"] != "Deny") {
        return Err("it has rules that do not deny");
    }
    let peers = |rules: &[Value], way: &str| -> Vec<Value> {
        let unlimited = rules.iter().filter(|rule| rule["ports"].is_null() && rule["protocols"].is_null());
        unlimited.flat_map(|rule| rule[way].as_array().cloned().unwrap_or_default()).collect()
    };
    let (from, to) = (peers(&ingress, "from"), peers(&egress, "to"));
    let everyone = |peers: &[Value]| {
        let all = |peer: &Value| {
            peer["namespaces"].is_object() && label_selector::read(&peer["namespaces"]).0.is_empty()
        };
        peers.iter().any(all)
    };
    let network = |wanted: &str| {
        let has = |peer: &Value| {
            peer["networks"].as_array().is_some_and(|all| all.iter().any(|cidr| cidr == wanted))
        };
        to.iter().any(has)
    };
    match (everyone(&from), everyone(&to), network("0.0.0.0/0") && network("::/0")) {
        (true, true, true) => Ok(()),
        (false, _, _) => Err("it does not deny what comes from every namespace"),
        (_, false, _) => Err("it does not deny what goes to every namespace"),
        (_, _, false) => Err("it does not deny what goes to every network"),
    }
}

fn quarantined() -> Value {
    json!({"matchExpressions": [{"key": QUARANTINE_LABEL, "operator": "Exists"}]})
}

/// Whether it selects every pod with the label, whatever else that pod carries.
fn selects_quarantined(selector: &Value) -> bool {
    let Selector(requirements) = label_selector::read(selector);
    requirements.iter().all(|requirement| match requirement {
        Requirement::Exists(key) => key == QUARANTINE_LABEL,
        Requirement::In(..) | Requirement::NotIn(..) | Requirement::Absent(_) | Requirement::Unknown(_) => {
            false
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const APIS: [AdminApi; 3] =
        [AdminApi::AwsClusterNetworkPolicy, AdminApi::AdminNetworkPolicy, AdminApi::ClusterNetworkPolicy];

    #[test]
    fn what_we_write_denies_and_says_whose_it_is() {
        assert_eq!(denies(&namespaced("shop")), Ok(()));
        assert_eq!(denies(&standing_namespaced("shop")), Ok(()));
        assert!(is_ours(&namespaced("shop")) && !is_ours(&standing_namespaced("shop")));
        for api in APIS {
            assert_eq!(admin_denies(api, &admin(api)), Ok(()), "{api:?}");
            assert_eq!(admin_denies(api, &standing_admin(api)), Ok(()), "{api:?}");
        }
    }

    #[test]
    fn a_namespaced_policy_that_leaves_a_way_open_does_not_deny() {
        let cases = [
            ("/spec/podSelector", json!({}), Ok(())),
            ("/spec/podSelector", json!({"matchLabels": {QUARANTINE_LABEL: "one"}}), Err("select")),
            ("/spec/podSelector", json!({"matchLabels": {"app": "web"}}), Err("select")),
            ("/spec/policyTypes", json!(["Ingress"]), Err("both")),
            ("/spec/policyTypes", json!(null), Err("both")),
            ("/spec/ingress", json!([{}]), Err("allow")),
            ("/spec/egress", json!([{"to": [{"podSelector": {}}]}]), Err("allow")),
            ("/spec/egress", json!([]), Ok(())),
            ("/metadata/deletionTimestamp", json!("2026-11-20T13:20:53Z"), Err("way out")),
        ];
        for (path, value, expected) in cases {
            let mut policy = namespaced("shop");
            let (parent, name) = path.rsplit_once('/').unwrap_or_default();
            if let Some(parent) = policy.pointer_mut(parent) {
                parent[name] = value.clone();
            }
            match (denies(&policy), expected) {
                (Ok(()), Ok(())) => {}
                (Err(wrong), Err(part)) => assert!(wrong.contains(part), "{path} {value}: {wrong}"),
                (got, _) => panic!("{path} {value}: {got:?}"),
            }
        }
    }

    #[test]
    fn an_admin_policy_that_leaves_a_way_open_does_not_deny() {
        let cases = [
            ("/spec/tier", json!("Baseline")),
            ("/spec/subject", json!({"namespaces": {}})),
            ("/spec/subject/pods/namespaceSelector", json!({"matchLabels": {"a": "b"}})),
            ("/spec/subject/pods/podSelector", json!({"matchLabels": {"a": "b"}})),
            ("/spec/ingress", json!([])),
            ("/spec/ingress/0/action", json!("Accept")),
            ("/spec/ingress/0/ports", json!([{"portNumber": {"port": 80, "protocol": "TCP"}}])),
            ("/spec/ingress/0/from/0/namespaces", json!({"matchLabels": {"a": "b"}})),
            ("/spec/egress/0/to", json!([{"namespaces": {}}])),
            ("/spec/egress/0/to/0/networks", json!(["10.0.0.0/8"])),
            ("/spec/egress/0/action", json!("Pass")),
            ("/metadata/deletionTimestamp", json!("2026-11-20T13:20:53Z")),
        ];
        for (path, value) in cases {
            let mut policy = admin(AdminApi::AwsClusterNetworkPolicy);
            let (parent, name) = path.rsplit_once('/').unwrap_or_default();
            if let Some(parent) = policy.pointer_mut(parent) {
                parent[name] = value.clone();
            }
            assert!(admin_denies(AdminApi::AwsClusterNetworkPolicy, &policy).is_err(), "{path} {value}");
        }
    }
}
