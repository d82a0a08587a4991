//! What the server fills in, and what admission adds, before an object is kept.

use serde_json::{Value, json};

use super::kind::Kind;
use super::store::suffix;

/// Sets what is not there.
fn fill(target: &mut Value, defaults: Value) {
    let (Some(target), Value::Object(defaults)) = (target.as_object_mut(), defaults) else { return };
    for (name, value) in defaults {
        target.entry(name).or_insert(value);
    }
}

/// The items of a list, which is not made by looking.
fn items<'v>(object: &'v mut Value, list: &str) -> impl Iterator<Item = &'v mut Value> {
    object.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten()
}

/// What the kind's defaults are.
pub(crate) fn fill_in(kind: &Kind, object: &mut Value) {
    if !kind.builtin {
        return;
    }
    if object["spec"].is_null() && kind.has("status") {
        object["spec"] = json!({});
    }
    if let Some(name) =
        object["metadata"]["name"].as_str().filter(|_| kind.is("", "namespaces")).map(str::to_owned)
    {
        if !object["metadata"]["labels"].is_object() {
            object["metadata"]["labels"] = json!({});
        }
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
    }
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "events") => fill(
            object,
            json!({"eventTime": null, "reportingComponent": "", "reportingInstance": "", "source": {},
                "firstTimestamp": null, "lastTimestamp": null}),
        ),
        ("", "secrets") => fill(object, json!({"type": "Opaque"})),
        _ => {}
    }
    let Some(spec) = object.get_mut("spec") else { return };
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => {
            pod_spec(spec);
            fill(spec, json!({"enableServiceLinks": true}));
        }
        ("", "services") => service(spec),
        ("", "namespaces") => fill(spec, json!({"finalizers": ["kubernetes"]})),
        ("apps", "deployments") => {
            pod_spec(&mut spec["template"]["spec"]);
            fill(
                spec,
                json!({"replicas": 1, "strategy": {"type": "RollingUpdate"}, "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": 600}),
            );
            if spec["strategy"]["type"] == "RollingUpdate" {
                fill(
                    &mut spec["strategy"],
                    json!({"rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}),
                );
            }
        }
        ("apps", "replicasets") => {
            pod_spec(&mut spec["template"]["spec"]);
            fill(spec, json!({"replicas": 1}));
        }
        ("apps", "statefulsets") => {
            pod_spec(&mut spec["template"]["spec"]);
            fill(
                spec,
                json!({"replicas": 1, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"}}),
            );
        }
        ("apps", "daemonsets") => {
            pod_spec(&mut spec["template"]["spec"]);
            fill(
                spec,
                json!({"revisionHistoryLimit": 10, "updateStrategy": {"type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}}),
            );
        }
        ("batch", "jobs") => job_spec(spec),
        ("batch", "cronjobs") => {
            fill(
                spec,
                json!({"concurrencyPolicy": "Allow", "suspend": false, "successfulJobsHistoryLimit": 3,
                "failedJobsHistoryLimit": 1}),
            );
            pod_spec(&mut spec["jobTemplate"]["spec"]["template"]["spec"]);
        }
        ("networking.k8s.io", _) => {
            let egress = spec["egress"].is_array();
            let types = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            fill(spec, json!({"podSelector": {}, "policyTypes": types}));
        }
        ("autoscaling", _) => fill(spec, json!({"minReplicas": 1})),
        ("apiextensions.k8s.io", _) => {
            fill(spec, json!({"conversion": {"strategy": "None"}}));
            let kind = spec["names"]["kind"].as_str().unwrap_or_default().to_owned();
            fill(
                &mut spec["names"],
                json!({"listKind": format!("{kind}List"), "singular": kind.to_lowercase()}),
            );
        }
        _ => {}
    }
}

fn pod_spec(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    fill(
        spec,
        json!({"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "securityContext": {}, "schedulerName": "default-scheduler"}),
    );
    for list in ["containers", "initContainers"] {
        for container in items(spec, list) {
            let image = container["image"].as_str().unwrap_or_default();
            let latest =
                image.ends_with(":latest") || !image.rsplit('/').next().unwrap_or_default().contains(':');
            let policy = if latest && !image.contains('@') { "Always" } else { "IfNotPresent" };
            fill(
                container,
                json!({"resources": {}, "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File", "imagePullPolicy": policy}),
            );
            for port in items(container, "ports") {
                fill(port, json!({"protocol": "TCP"}));
            }
        }
    }
    // A field the API keeps for old clients.
    if let Some(account) = spec["serviceAccountName"].as_str().map(str::to_owned) {
        fill(spec, json!({"serviceAccount": account}));
    }
}

fn service(spec: &mut Value) {
    fill(
        spec,
        json!({"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
        "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]}),
    );
    let address = format!("172.20.{}.{}", super::store::random() % 250, 1 + super::store::random() % 250);
    fill(spec, json!({"clusterIP": address}));
    let address = spec["clusterIP"].clone();
    fill(spec, json!({"clusterIPs": [address]}));
    for port in items(spec, "ports") {
        let number = port["port"].clone();
        fill(port, json!({"protocol": "TCP", "targetPort": number}));
    }
}

fn job_spec(spec: &mut Value) {
    pod_spec(&mut spec["template"]["spec"]);
    fill(
        spec,
        json!({"parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed",
        "suspend": false, "podReplacementPolicy": "TerminatingOrFailed", "manualSelector": false}),
    );
    if let Some(spec) = spec.as_object_mut().filter(|spec| spec["manualSelector"] == false) {
        spec.remove("manualSelector");
    }
}

/// What only becomes known with the object's UID.
pub(crate) fn with_uid(kind: &Kind, object: &mut Value) {
    if !kind.is("batch", "jobs") || object["spec"]["selector"].is_object() {
        return;
    }
    let (name, uid) = (object["metadata"]["name"].clone(), object["metadata"]["uid"].clone());
    object["spec"]["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    let template = &mut object["spec"]["template"];
    if !template["metadata"].is_object() {
        template["metadata"] = json!({});
    }
    if !template["metadata"]["labels"].is_object() {
        template["metadata"]["labels"] = json!({});
    }
    fill(
        &mut template["metadata"]["labels"],
        json!({"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name,
            "controller-uid": uid, "job-name": name}),
    );
}

/// What admission gives a new pod: its account and token, tolerations, priority.
pub(crate) fn admit_pod(pod: &mut Value) {
    let spec = &mut pod["spec"];
    fill(spec, json!({"serviceAccountName": "default"}));
    let account = spec["serviceAccountName"].clone();
    let token = spec["automountServiceAccountToken"] != false;
    fill(spec, json!({"serviceAccount": account, "priority": 0, "preemptionPolicy": "PreemptLowerPriority"}));
    let unready = |what: &str| {
        json!({"key": format!("node.kubernetes.io/{what}"), "operator": "Exists", "effect": "NoExecute",
            "tolerationSeconds": 300})
    };
    let tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    let missing = ["not-ready", "unreachable"].into_iter().map(unready).filter(|new| {
        !tolerations
            .iter()
            .any(|have| have["key"] == new["key"] || (have["key"].is_null() && have["operator"] == "Exists"))
    });
    let all: Vec<Value> = tolerations.iter().cloned().chain(missing).collect();
    spec["tolerations"] = all.into();
    if !token {
        return;
    }
    let name = format!("kube-api-access-{}", suffix(5));
    for list in ["initContainers", "containers"] {
        for container in items(spec, list) {
            let mount = json!({"name": name, "readOnly": true,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
            push(&mut container["volumeMounts"], mount);
        }
    }
    let volume = json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace",
            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}});
    push(&mut spec["volumes"], volume);
}

fn push(list: &mut Value, item: Value) {
    match list {
        Value::Array(items) => items.push(item),
        other => *other = json!([item]),
    }
}

/// The status a new object begins with, whatever its creator sent; none keeps what was sent.
pub(crate) fn first_status(kind: &Kind, object: &Value) -> Option<Value> {
    Some(match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => json!({"phase": "Pending", "qosClass": quality(&object["spec"])}),
        ("", "namespaces") => json!({"phase": "Active"}),
        ("", "nodes") => return None,
        ("", "services") => json!({"loadBalancer": {}}),
        ("apps", "replicasets") => json!({"replicas": 0}),
        ("apps", "statefulsets") => json!({"replicas": 0, "availableReplicas": 0}),
        ("apps", "daemonsets") => json!({"currentNumberScheduled": 0, "numberMisscheduled": 0,
            "desiredNumberScheduled": 0, "numberReady": 0}),
        ("policy", _) => {
            json!({"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0})
        }
        ("autoscaling", _) => json!({"desiredReplicas": 0, "currentMetrics": null}),
        ("apiextensions.k8s.io", _) => {
            let at = super::store::now();
            let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "lastTransitionTime": at, "reason": reason, "message": message});
            json!({"acceptedNames": object["spec"]["names"], "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ], "storedVersions": [object["spec"]["versions"][0]["name"]]})
        }
        _ if kind.builtin && kind.has("status") => json!({}),
        _ => return None,
    })
}

fn quality(spec: &Value) -> &'static str {
    let resources: Vec<&Value> = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| &container["resources"])
        .collect();
    let full = |r: &&Value| r["limits"]["cpu"].is_string() && r["limits"]["memory"].is_string();
    match () {
        () if resources.iter().all(|r| r["limits"].is_null() && r["requests"].is_null()) => "BestEffort",
        () if resources
            .iter()
            .all(|r| full(r) && (r["requests"].is_null() || r["requests"] == r["limits"])) =>
        {
            "Guaranteed"
        }
        () => "Burstable",
    }
}
