//! `VerifyIsolated`: a pod is cut off, proof by proof.

use serde_json::Value;
use watchfire_core::act::QUARANTINE_LABEL;
use watchfire_core::context::ObjectRef;

use super::api::Api;
use super::change::{Gone, here};
use super::kind::{CONFIG_MAP, ENDPOINT_SLICE, NETWORK_POLICY, POLICY_ENDPOINT};
use super::verify::{Look, Until, rehearsed};
use super::{Outcome, Settled, label_selector, object, policy};
use crate::failure::Failure;

/// Where EKS says whether network policies are enforced.
const ENFORCEMENT: (&str, &str) = ("kube-system", "amazon-vpc-cni");
/// The label of an EndpointSlice with the name of its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const SWITCH: &str = "enable-network-policy-controller";

/// What is to be proven.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'w> {
    /// Of which pod.
    pub(super) pod: &'w ObjectRef,
    /// Which quarantine label it carries.
    pub(super) incident: &'w str,
    /// The Services whose EndpointSlices may have it.
    pub(super) stays_in: &'w [String],
}

/// Looks until every proof is there. They are, in this order: the pod carries the label and has a network
/// of its own; a policy that allows nothing selects it; none that allows something does; it is in no
/// EndpointSlice but those of the Services that it is to stay in; the policy's `PolicyEndpoint` lists it; enforcement is on.
pub(super) async fn verify(api: &Api, wanted: Wanted<'_>, until: Until) -> Outcome {
    let would =
        "would ask for EndpointSlices, NetworkPolicies, PolicyEndpoints and the switch of enforcement";
    if let Some(said) = rehearsed(api, would) {
        return Ok(said);
    }
    until.looking(async || look(api, wanted).await).await
}

async fn look(api: &Api, wanted: Wanted<'_>) -> Result<Look, Failure> {
    let Wanted { pod, incident, stays_in } = wanted;
    let live = match here(api, pod, Gone::RunsOn).await? {
        Ok(live) => live,
        // It has ended, before it was cut off or since.
        Err(Settled { result: _, note }) => return Ok(Look::Proven(note)),
    };
    if live["spec"]["hostNetwork"] == true {
        return Err(Failure::permanent("it has the host's network, for which no policy does anything"));
    }
    match object::label(&live, QUARANTINE_LABEL) {
        Some(label) if label == incident => {}
        Some(other) => return Err(Failure::permanent(format!("its label names incident {other}"))),
        None => return Ok(Look::NotYet("it does not carry the quarantine label".to_owned())),
    }
    let (slices, policies, endpoints, enforcement) = tokio::try_join!(
        api.list(&ENDPOINT_SLICE, &pod.namespace, None),
        api.list(&NETWORK_POLICY, &pod.namespace, None),
        api.list(&POLICY_ENDPOINT, &pod.namespace, None),
        api.get(&CONFIG_MAP, ENFORCEMENT.0, ENFORCEMENT.1),
    )?;
    let policies = policies.unwrap_or_default();
    let proofs = [
        denied(&policies, &live),
        in_no_slice(&slices.unwrap_or_default(), &live, stays_in),
        listed(&policies, endpoints.as_deref(), &live),
        enforced(endpoints.is_some(), enforcement.as_ref()),
    ];
    let mut notes = Vec::new();
    let mut missing = Vec::new();
    for proof in proofs {
        match proof {
            Look::Proven(note) => notes.push(note),
            Look::NotYet(why) => missing.push(why),
        }
    }
    notes.retain(|note| !note.is_empty());
    Ok(match missing.is_empty() {
        true => Look::Proven(notes.join("; ")),
        false => Look::NotYet(missing.join("; ")),
    })
}

/// Whether it is cut off by a policy, and by none let through again.
fn denied(policies: &[Value], live: &Value) -> Look {
    let selecting = selecting(policies, live);
    let allowing: Vec<_> =
        selecting.iter().filter(|policy| policy::allows(policy)).map(|policy| object::name(policy)).collect();
    if !allowing.is_empty() {
        return Look::NotYet(format!("another policy lets something through to it: {}", allowing.join(", ")));
    }
    match selecting.iter().any(|policy| policy::cuts_off(policy).is_ok()) {
        true => Look::Proven(String::new()),
        false => Look::NotYet("no policy that denies everything selects it".to_owned()),
    }
}

fn in_no_slice(slices: &[Value], live: &Value, stays_in: &[String]) -> Look {
    let uid = object::uid(live);
    let ips: Vec<_> = live["status"]["podIPs"].as_array().into_iter().flatten().map(|ip| &ip["ip"]).collect();
    let is_it = |endpoint: &Value| match endpoint["targetRef"]["uid"].as_str() {
        Some(target) => target == uid,
        // Written by hand: only the address says whose it is.
        None => endpoint["addresses"].as_array().into_iter().flatten().any(|address| ips.contains(&address)),
    };
    let has = |slice: &&Value| slice["endpoints"].as_array().into_iter().flatten().any(is_it);
    let of = |slice: &Value| object::label(slice, SERVICE_NAME).unwrap_or_default().to_owned();
    let (staying, slices): (Vec<_>, Vec<_>) =
        slices.iter().filter(has).partition(|slice| stays_in.contains(&of(slice)));
    let slices: Vec<_> = slices.into_iter().map(object::name).collect();
    match slices.is_empty() {
        true if staying.is_empty() => Look::Proven(String::new()),
        true => {
            let services: Vec<_> = staying.into_iter().map(of).collect();
            Look::Proven(format!("an endpoint of {} still, cut off by policy", services.join(", ")))
        }
        false => Look::NotYet(format!("it is in EndpointSlice {}", slices.join(", "))),
    }
}

/// What the controller says that it has told the nodes; that they have done so, nothing in the API says.
fn listed(policies: &[Value], endpoints: Option<&[Value]>, live: &Value) -> Look {
    let Some(endpoints) = endpoints else {
        return Look::Proven("PolicyEndpoint: not offered here".to_owned());
    };
    let denying: Vec<_> = selecting(policies, live)
        .into_iter()
        .filter(|policy| policy::cuts_off(policy).is_ok())
        .map(object::name)
        .collect();
    let name = object::name(live);
    let lists = |endpoint: &&Value| {
        let policy = endpoint["spec"]["policyRef"]["name"].as_str().unwrap_or_default();
        let pods = endpoint["spec"]["podSelectorEndpoints"].as_array().into_iter().flatten();
        denying.contains(&policy) && pods.into_iter().any(|pod| pod["name"] == name)
    };
    match endpoints.iter().any(|endpoint| lists(&endpoint)) {
        true => Look::Proven("PolicyEndpoint lists it".to_owned()),
        false => Look::NotYet("no PolicyEndpoint of a policy that denies lists it".to_owned()),
    }
}

fn enforced(has_endpoints: bool, switch: Option<&Value>) -> Look {
    let Some(switch) = switch else {
        return match has_endpoints {
            true => Look::NotYet(format!(
                "enforcement is off: there is no ConfigMap {}/{}",
                ENFORCEMENT.0, ENFORCEMENT.1
            )),
            false => Look::Proven("enforcement: cannot be seen here".to_owned()),
        };
    };
    match is_on(switch) {
        true => Look::Proven("enforcement is on".to_owned()),
        false => Look::NotYet(format!(
            "enforcement is off: {SWITCH} is not \"true\" in ConfigMap {}/{}",
            ENFORCEMENT.0, ENFORCEMENT.1
        )),
    }
}

/// Whether that ConfigMap switches enforcement on.
pub(super) fn is_on(switch: &Value) -> bool {
    switch["data"][SWITCH] == "true"
}

fn selecting<'a>(policies: &'a [Value], live: &Value) -> Vec<&'a Value> {
    let labels = object::labels(live);
    let selects = |policy: &&Value| label_selector::read(&policy["spec"]["podSelector"]).selects(&labels);
    policies.iter().filter(selects).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod() -> Value {
        json!({
            "metadata": {"name": "pay-1", "uid": "u1", "labels": {QUARANTINE_LABEL: "i1"}},
            "status": {"podIPs": [{"ip": "10.0.0.7"}]},
        })
    }

    fn told(look: Look) -> String {
        match look {
            Look::Proven(note) => format!("yes {note}").trim_end().to_owned(),
            Look::NotYet(why) => format!("no {why}"),
        }
    }

    #[test]
    fn only_a_deny_that_nothing_undoes_cuts_a_pod_off() {
        let deny = policy::namespaced("shop");
        let default_deny = json!({
            "metadata": {"name": "default-deny"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        });
        let dns = json!({
            "metadata": {"name": "dns"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
        });
        let others = json!({
            "metadata": {"name": "web"},
            "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": [{}]},
        });
        let cases = [
            (vec![], "no no policy that denies everything selects it"),
            (vec![deny.clone()], "yes"),
            (vec![deny.clone(), default_deny.clone(), others.clone()], "yes"),
            (vec![default_deny], "yes"),
            (vec![deny, dns], "no another policy lets something through to it: dns"),
            (vec![others], "no no policy that denies everything selects it"),
        ];
        for (policies, expected) in cases {
            assert_eq!(told(denied(&policies, &pod())), expected, "{policies:?}");
        }
    }

    #[test]
    fn an_endpoint_is_the_pods_by_uid_or_else_by_address() {
        let slice = |endpoint: Value| vec![json!({"metadata": {"name": "pay-x"}, "endpoints": [endpoint]})];
        let cases = [
            (vec![], "yes"),
            (vec![json!({"metadata": {"name": "pay-x"}, "endpoints": null})], "yes"),
            (
                slice(json!({"addresses": ["10.0.0.7"], "targetRef": {"uid": "u1"}})),
                "no it is in EndpointSlice pay-x",
            ),
            (slice(json!({"addresses": ["10.0.0.7"], "targetRef": {"uid": "u2"}})), "yes"),
            (slice(json!({"addresses": ["10.0.0.7"]})), "no it is in EndpointSlice pay-x"),
            (slice(json!({"addresses": ["10.0.0.8"]})), "yes"),
        ];
        for (slices, expected) in cases {
            assert_eq!(told(in_no_slice(&slices, &pod(), &[])), expected, "{slices:?}");
        }
        let of = |service: &str| {
            let endpoints = json!([{"addresses": ["10.0.0.7"], "targetRef": {"uid": "u1"}}]);
            json!({"metadata": {"name": format!("{service}-x"), "labels": {SERVICE_NAME: service}}, "endpoints": endpoints})
        };
        let stays_in = ["db-0".to_owned()];
        let staying = "yes an endpoint of db-0 still, cut off by policy";
        assert_eq!(told(in_no_slice(&[of("db-0")], &pod(), &stays_in)), staying);
        let both = [of("db-0"), of("db")];
        assert_eq!(told(in_no_slice(&both, &pod(), &stays_in)), "no it is in EndpointSlice db-x");
    }

    #[test]
    fn the_controller_lists_the_pod_under_the_policy_that_denies() {
        let endpoint = |policy: &str, pod: &str| {
            vec![json!({"spec": {"policyRef": {"name": policy}, "podSelectorEndpoints": [{"name": pod}]}})]
        };
        let policies = [policy::namespaced("shop")];
        let missing = "no no PolicyEndpoint of a policy that denies lists it";
        for (endpoints, expected) in [
            (None, "yes PolicyEndpoint: not offered here"),
            (Some(vec![]), missing),
            (Some(endpoint("watchfire-quarantine", "pay-1")), "yes PolicyEndpoint lists it"),
            (Some(endpoint("watchfire-quarantine", "pay-2")), missing),
            (Some(endpoint("web", "pay-1")), missing),
        ] {
            assert_eq!(told(listed(&policies, endpoints.as_deref(), &pod())), expected, "{endpoints:?}");
        }
    }

    #[test]
    fn enforcement_is_believed_when_it_is_seen() {
        let switch = |value: &str| json!({"data": {SWITCH: value}});
        let cases = [
            (true, Some(switch("true")), "yes enforcement is on"),
            (true, Some(switch("false")), "no enforcement is off"),
            (true, Some(json!({})), "no enforcement is off"),
            (true, None, "no enforcement is off"),
            (false, None, "yes enforcement: cannot be seen here"),
            (false, Some(switch("false")), "no enforcement is off"),
        ];
        for (has_endpoints, switch, expected) in cases {
            let told = told(enforced(has_endpoints, switch.as_ref()));
            assert!(told.starts_with(expected), "{has_endpoints} {switch:?}: {told}");
        }
    }
}
